"""Groups questions: what is asked in one burst, or while a call is under way, travels together. No timer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Generic, TypeVar

from gateway.patience import in_time
from tenants.bursts import Burst

K = TypeVar("K")
V = TypeVar("V")


class Grouped(Generic[K, V]):
    """One kind of question about keys, asked for many waiting requests at a time.

    A question never joins a call that is already under way: the answer is never older than the question.
    """

    def __init__(
        self,
        call: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]],
        *,
        limit: int,
        in_flight: int,
        timeout_seconds: float,
        observe: Callable[[int], None],
    ) -> None:
        """Group into calls of at most ``limit`` keys, ``in_flight`` of them at a time; tell ``observe`` their sizes."""
        self._call = call
        self._limit = limit
        self._free = in_flight
        self._timeout_seconds = timeout_seconds
        self._observe = observe
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._burst = Burst(lambda: len(self._waiting), self._start, enough=limit)
        self._calls: set[asyncio.Task[Mapping[K, V]]] = set()

    def ask(self, key: K) -> "asyncio.Future[V | None]":
        """Return the future answer: None when there is none for the key.

        The future raises what the call raises; PortUnavailableError too when it takes too long.
        """
        answer: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(answer)
        self._start_soon()
        return answer

    async def close(self) -> None:
        """Drop the calls under way, and the questions that wait for the next one."""
        waiting, self._waiting = self._waiting, {}
        for answers in waiting.values():
            for answer in answers:
                answer.cancel()
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def _start_soon(self) -> None:
        if self._free and self._waiting:
            self._burst.await_end()

    def _start(self) -> None:
        while self._free and self._waiting:
            batch = self._take()
            self._observe(len(batch))
            self._free -= 1
            call = asyncio.get_running_loop().create_task(self._call_in_time(list(batch)))
            self._calls.add(call)
            call.add_done_callback(partial(self._answer, batch))

    def _take(self) -> dict[K, list["asyncio.Future[V | None]"]]:
        if len(self._waiting) <= self._limit:
            batch, self._waiting = self._waiting, {}
            return batch
        return {key: self._waiting.pop(key) for key in list(self._waiting)[: self._limit]}

    async def _call_in_time(self, keys: Sequence[K]) -> Mapping[K, V]:
        return await in_time(self._call(keys), self._timeout_seconds)

    def _answer(self, batch: dict[K, list["asyncio.Future[V | None]"]], call: "asyncio.Task[Mapping[K, V]]") -> None:
        self._calls.discard(call)
        self._free += 1
        waiting = [(key, answer) for key, answers in batch.items() for answer in answers if not answer.done()]
        if call.cancelled():
            for _, answer in waiting:
                answer.cancel()
        elif (error := call.exception()) is not None:
            for _, answer in waiting:
                answer.set_exception(error)
                answer.exception()  # Whoever lost interest since is not missed.
        else:
            found = call.result()
            for key, answer in waiting:
                answer.set_result(found.get(key))
        self._start_soon()
