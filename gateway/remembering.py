"""A short, bounded memory of what a store says."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """Answers of a store, each remembered for a moment at most and dropped when it is told to have changed."""

    def __init__(
        self, load: Callable[[K], Awaitable[V]], *, seconds: float, size: int, monotonic: Callable[[], float]
    ) -> None:
        """Ask ``load`` for what is not remembered; keep ``size`` answers."""
        self._load = load
        self._seconds = seconds
        self._size = size
        self._monotonic = monotonic
        self._answers: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._loading: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """Return the answer; who asks for the same while it is loaded shares it.

        Raises:
            PortUnavailableError: The store cannot be reached.
        """
        known = self._answers.get(key)
        if known is not None and known[0] > self._monotonic():
            return known[1]
        return await asyncio.shield(self._loading.get(key) or self._start_loading(key))

    def forget(self, key: K) -> None:
        """Drop the answer; one that is being loaded may be old already and will not be remembered."""
        self._answers.pop(key, None)
        self._loading.pop(key, None)

    async def close(self) -> None:
        """Drop what is being loaded."""
        loading = list(self._loading.values())
        for task in loading:
            task.cancel()
        await asyncio.gather(*loading, return_exceptions=True)

    def _start_loading(self, key: K) -> "asyncio.Task[V]":
        # What is asked from now on counts as of now, not as of when the answer comes.
        expires = self._monotonic() + self._seconds
        task = asyncio.ensure_future(self._load(key))
        self._loading[key] = task
        task.add_done_callback(partial(self._loaded, key, expires))
        return task

    def _loaded(self, key: K, expires: float, task: "asyncio.Task[V]") -> None:
        failed = task.cancelled() or task.exception() is not None
        if self._loading.get(key) is not task:
            return
        del self._loading[key]
        if not failed:
            self._answers[key] = expires, task.result()
            self._answers.move_to_end(key)
            while len(self._answers) > self._size:
                self._answers.popitem(last=False)
