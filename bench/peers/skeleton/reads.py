"""Grouped finds: look-ups that arrive while two finds are under way travel together in the next one."""

import asyncio
from typing import Any

from motor.motor_asyncio import AsyncIOMotorCollection

_FINDS_IN_FLIGHT = 2
_MOST_PER_FIND = 256


class GroupedFinds:
    """Looks stored bodies up by the values of one indexed field."""

    def __init__(self, collection: AsyncIOMotorCollection[dict[str, Any]], field: str) -> None:
        self._collection = collection
        self._field = field
        self._waiting: dict[str, asyncio.Future[bytes | None]] = {}
        self._finds: set[asyncio.Task[None]] = set()

    async def find(self, value: str) -> bytes | None:
        """Return the stored body; None when there is none."""
        future = self._waiting.get(value)
        if future is None:
            future = self._waiting[value] = asyncio.get_running_loop().create_future()
            self._start_find()
        return await future

    def _start_find(self) -> None:
        if self._waiting and len(self._finds) < _FINDS_IN_FLIGHT:
            find = asyncio.create_task(self._find_waiting())
            self._finds.add(find)
            find.add_done_callback(self._end_find)

    def _end_find(self, find: asyncio.Task[None]) -> None:
        self._finds.discard(find)
        self._start_find()

    async def _find_waiting(self) -> None:
        # One turn of the loop: requests that arrived in the same moment are read together.
        await asyncio.sleep(0)
        values = list(self._waiting)[:_MOST_PER_FIND]
        taken = {value: self._waiting.pop(value) for value in values}
        cursor = self._collection.find({self._field: {"$in": values}}, {self._field: 1, "body": 1})
        found = {document[self._field]: document["body"] for document in await cursor.to_list(None)}
        for value, future in taken.items():
            if not future.done():
                future.set_result(found.get(value))
