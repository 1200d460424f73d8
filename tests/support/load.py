"""Work at so many at once, and what happens to brokers and databases meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

from tests.support.services import Service

T = TypeVar("T")
R = TypeVar("R")


class Crew:
    """Does the same with many items, so many at once; others can wait until enough is done."""

    def __init__(self, at_once: int) -> None:
        """Have done nothing yet."""
        self._at_once = at_once
        self._done = 0
        self._progress = asyncio.Condition()

    async def work(self, do: Callable[[T], Awaitable[R]], items: Iterable[T]) -> list[R]:
        """Return what comes of the items, in their order; the first failure ends it."""
        waiting = list(enumerate(items))
        results: dict[int, R] = {}

        async def work_on() -> None:
            while waiting:
                number, item = waiting.pop(0)
                results[number] = await do(item)
                await self._count()

        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._at_once):
                tasks.create_task(work_on())
        return [results[number] for number in sorted(results)]

    async def reach(self, count: int) -> None:
        """Return once so many items are done, over all that this crew worked on."""
        async with self._progress:
            await self._progress.wait_for(lambda: self._done >= count)

    async def _count(self) -> None:
        async with self._progress:
            self._done += 1
            self._progress.notify_all()


@asynccontextmanager
async def stopped(service: Service) -> AsyncIterator[None]:
    """Stop the service in good order, and start it again afterwards, whatever happened."""
    await asyncio.to_thread(service.stop)
    try:
        yield
    finally:
        await asyncio.to_thread(service.ensure_running)


@asynccontextmanager
async def background(work: Awaitable[None]) -> AsyncIterator[None]:
    """Let endless work go on meanwhile; its failure is the test's."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        if not task.done():
            task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()


async def eventually(holds: Callable[[], Awaitable[bool]], *, within_seconds: float, what: str) -> None:
    """Return once the condition holds; fail when it does not in time."""
    try:
        async with asyncio.timeout(within_seconds):
            while not await holds():  # noqa: ASYNC110 - what is waited for happens in other processes
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"waited {within_seconds:g} s in vain: {what}") from None
