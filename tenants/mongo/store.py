"""The opened database: one client and its pool, and the threads in which the adapters' work is done.

A port's call is one function over the driver's synchronous client, carried out in one hop to a thread, however many
round trips to the server it takes (decision 0002). Motor holds the client; the pool is its pool.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from motor.motor_asyncio import AsyncIOMotorClient
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
_SOCKET_TIMEOUT_MS = 10_000
"""How long the server may be silent; ``MAX_TIME_MS`` ends slow searches before."""


class MongoStore:
    """An open MongoDB database, for the adapters to work in."""

    def __init__(self, database: Database, threads: ThreadPoolExecutor) -> None:
        self._database = database
        self._threads = threads

    async def run(self, work: Callable[[Database], T]) -> T:
        """Return what the work returns; it is done in a thread. Cancelled calls are finished there all the same.

        Raises:
            PortUnavailableError: There is no primary in reach, or it did not answer in time.
        """
        with port_errors():
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, self._database)


@asynccontextmanager
async def open_mongo(url: str, *, database: str) -> AsyncIterator[MongoStore]:
    """Yield the store with its collections and indexes; on leaving, finish what is under way and disconnect.

    Raises:
        PortUnavailableError: The server cannot be reached.
        ValueError: The server belongs to no replica set, so it has no transactions.
    """
    client = _connect(url)
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="mongo")
    try:
        store = MongoStore(client.delegate[database], threads)
        await store.run(_require_transactions)
        await store.run(prepare)
        yield store
    finally:
        await asyncio.to_thread(_close, threads, client)


def _connect(url: str) -> "AsyncIOMotorClient[Document]":
    # What is said here wins over the URL. Acknowledged means: journaled by a majority; reads ask the primary, which
    # has all that was acknowledged.
    return AsyncIOMotorClient(
        url,
        appname=APPLICATION,
        maxPoolSize=_THREADS + 8,
        serverSelectionTimeoutMS=_SELECTION_TIMEOUT_MS,
        connectTimeoutMS=_SELECTION_TIMEOUT_MS,
        socketTimeoutMS=_SOCKET_TIMEOUT_MS,
        readPreference="primary",
        readConcernLevel="local",
        retryReads=True,
        retryWrites=True,
        w="majority",
        journal=True,
    )


def _close(threads: ThreadPoolExecutor, client: "AsyncIOMotorClient[Document]") -> None:
    threads.shutdown()
    # Says goodbye to the server, so it may take a moment.
    client.close()


def _require_transactions(database: Database) -> None:
    hello = database.client.admin.command("hello", read_preference=ReadPreference.PRIMARY)
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise ValueError("MongoDB must run as a replica set (one member suffices): it has no transactions otherwise")
