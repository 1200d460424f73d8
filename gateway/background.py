"""Work that goes on beside the requests, owned by the application."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

_FINISH_SECONDS = 5.0
log = structlog.get_logger()


class Background:
    """Tasks that live as long as the gateway."""

    def __init__(self) -> None:
        """Begin with none."""
        self._endless: list[asyncio.Task[None]] = []
        self._rounds: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()

    @property
    def is_whole(self) -> bool:
        """Whether everything that was started still runs."""
        return not any(task.done() for task in (*self._endless, *self._rounds))

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Let endless work go on beside the requests; its end before ``stop`` makes the gateway unready."""
        self._endless.append(_started(name, work))

    def start_rounds(self, name: str, work: Callable[[], Awaitable[None]], *, every_seconds: float) -> None:
        """Do the work again and again; a round under way at ``stop`` is finished, not cut off."""
        self._rounds.append(_started(name, self._go_round(work, every_seconds)))

    async def stop(self) -> None:
        """End all of it; return when it has ended."""
        self._stopping.set()
        if self._rounds:
            await asyncio.wait(self._rounds, timeout=_FINISH_SECONDS)
        tasks = [*self._endless, *self._rounds]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _go_round(self, work: Callable[[], Awaitable[None]], every_seconds: float) -> None:
        while True:
            try:
                async with asyncio.timeout(every_seconds):
                    await self._stopping.wait()
                return
            except TimeoutError:
                pass  # Nobody said stop: it is time for another round.
            await work()


def _started(name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    task = asyncio.get_running_loop().create_task(work, name=name)
    task.add_done_callback(_tell_failure)
    return task


def _tell_failure(task: "asyncio.Task[None]") -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("Background work failed", work=task.get_name(), exc_info=error)
