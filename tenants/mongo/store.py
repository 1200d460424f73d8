"""The opened database: one client and its pool, and the threads in which the adapters' work is done.

A port's call is one function over the driver's synchronous client, carried out in one hop to a thread, however many
round trips to the server it takes (decision 0002). Motor holds the client; the pool is its pool. What is a single small
question, and most of a gateway's traffic, is asked on the event loop instead (decision 0012).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.read_preferences import ReadPreference

from tenants.mongo.documents import Database, Document
from tenants.mongo.failures import port_errors
from tenants.mongo.indexes import prepare
from tenants.mongo.orphans import APPLICATION

T = TypeVar("T")

_THREADS = 32
"""Calls under way at once; the rest wait in line. The pool is a little larger, so no thread waits for a connection."""
_SELECTION_TIMEOUT_MS = 3_000
"""How long a call waits for a primary: most elections end sooner, and clients get their 503 in good time."""
_BATCH = 10_000
"""Documents in one answer of the server, as far as 16 MB reach."""
_SOCKET_TIMEOUT_MS = 10_000
"""How long the server may be silent; ``MAX_TIME_MS`` ends slow searches before."""
# What is said here wins over the URL. Acknowledged means: journaled by a majority; reads ask the primary, which has all
# that was acknowledged.
_PROMISES: dict[str, Any] = {
    "appname": APPLICATION,
    "serverSelectionTimeoutMS": _SELECTION_TIMEOUT_MS,
    "connectTimeoutMS": _SELECTION_TIMEOUT_MS,
    "socketTimeoutMS": _SOCKET_TIMEOUT_MS,
    "readPreference": "primary",
    "readConcernLevel": "local",
    "retryReads": True,
    "retryWrites": True,
    "w": "majority",
    "journal": True,
}


class MongoStore:
    """An open MongoDB database, for the adapters to work in."""

    def __init__(self, database: Database, threads: ThreadPoolExecutor, on_the_loop: "AsyncDatabase[Document]") -> None:
        self._database = database
        self._threads = threads
        self._on_the_loop = on_the_loop

    async def run(self, work: Callable[[Database], T]) -> T:
        """Return what the work returns; it is done in a thread. Cancelled calls are finished there all the same.

        Raises:
            PortUnavailableError: There is no primary in reach, or it did not answer in time.
        """
        with port_errors():
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, self._database)

    async def find(self, collection: str, condition: Document, fields: Document) -> Sequence[Document]:
        """Return the documents, all of them, which are few or small; asked on the event loop.

        Raises:
            PortUnavailableError: There is no primary in reach, or it did not answer in time.
        """
        with port_errors():
            found = self._on_the_loop[collection].find(condition, fields, batch_size=_BATCH)
            return await found.to_list()


@asynccontextmanager
async def open_mongo(url: str, *, database: str) -> AsyncIterator[MongoStore]:
    """Yield the store with its collections and indexes; on leaving, finish what is under way and disconnect.

    Raises:
        PortUnavailableError: The server cannot be reached.
        ValueError: The server belongs to no replica set, so it has no transactions.
    """
    client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(url, maxPoolSize=_THREADS + 8, **_PROMISES)
    # Connects when it is first asked something.
    on_the_loop: AsyncMongoClient[Document] = AsyncMongoClient(url, **_PROMISES)
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="mongo")
    try:
        store = MongoStore(client.delegate[database], threads, on_the_loop[database])
        await store.run(_require_transactions)
        await store.run(prepare)
        yield store
    finally:
        # At once: each says goodbye to the server, and waits for one that is gone.
        await asyncio.gather(on_the_loop.close(), asyncio.to_thread(_close, threads, client))


def _close(threads: ThreadPoolExecutor, client: "AsyncIOMotorClient[Document]") -> None:
    threads.shutdown()
    client.close()


def _require_transactions(database: Database) -> None:
    hello = database.client.admin.command("hello", read_preference=ReadPreference.PRIMARY)
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise ValueError("MongoDB must run as a replica set (one member suffices): it has no transactions otherwise")
