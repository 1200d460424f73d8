"""What has come in for one reader of a stream, until it is read."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import TypeVar

T = TypeVar("T")


class Inbox(AsyncIterator[T]):
    """Items in the order in which they came in; iterating waits for more and ends once the inbox is closed."""

    def __init__(self, *, keep: int | None = None) -> None:
        """Make an inbox that keeps every item, or the newest ``keep`` while nobody reads."""
        self._items: deque[T] = deque(maxlen=keep)
        self._changed = asyncio.Event()
        self._is_closed = False

    def put(self, item: T) -> None:
        """Add an item behind the others."""
        self._items.append(item)
        self._changed.set()

    def close(self) -> None:
        """End the iteration after what has come in."""
        self._is_closed = True
        self._changed.set()

    async def __anext__(self) -> T:
        while not self._items:
            if self._is_closed:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._items.popleft()
