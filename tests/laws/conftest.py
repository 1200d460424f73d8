"""Both shapes' stores and buses, opened once for all histories of a test; each history is a new tenant there."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from pymongo import MongoClient

from schemas.ids import TenantId
from tests.laws.buses import Buses, forget_namespace, inprocess_buses, rabbit_buses
from tests.support.stores import Stores, open_mongo_stores, open_sqlite_stores

_names = count(1)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where histories take place."""

    stores: Stores
    open_buses: Callable[[TenantId], AbstractAsyncContextManager[Buses]]
    may_lose_bus: bool
    """Whether a worker that dies takes the bus with it: they are one process."""

    def new_name(self) -> TenantId:
        """Return a tenant that nobody had before."""
        return TenantId(f"tenant-{next(_names)}")


@pytest.fixture(scope="session")
def mongo_database(mongodb_url: str) -> Iterator[str]:
    """The run's own database, dropped at the end."""
    name = f"laws_{uuid4().hex[:12]}"
    yield name
    with MongoClient[dict[str, object]](mongodb_url) as client:
        client.drop_database(name)


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[Ground]:
    """A SQLite file and a bus in the same process."""
    async with open_sqlite_stores(str(tmp_path / "rollcall.db")) as stores:
        yield Ground(stores, lambda _: inprocess_buses(), may_lose_bus=True)


@pytest.fixture
async def mongo(mongodb_url: str, mongo_database: str) -> AsyncIterator[Ground]:
    """MongoDB, and a bus that outlives the workers."""
    async with open_mongo_stores(mongodb_url, database=mongo_database) as stores:
        yield Ground(stores, lambda _: inprocess_buses(), may_lose_bus=False)


@pytest.fixture
async def distributed(mongodb_url: str, mongo_database: str, amqp_url: str) -> AsyncIterator[Ground]:
    """MongoDB and RabbitMQ."""
    namespace = f"laws-{uuid4().hex[:12]}"
    async with open_mongo_stores(mongodb_url, database=mongo_database) as stores:
        yield Ground(stores, lambda tenant: rabbit_buses(amqp_url, namespace, tenant), may_lose_bus=False)
    await forget_namespace(amqp_url, namespace)
