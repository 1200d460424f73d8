"""Each port's promises are stated once and kept by every store: SQLite (file and memory) and MongoDB.

The MongoDB of a run is one database; tests keep apart by tenant names of their own.
"""

from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from pymongo import MongoClient

from schemas.ids import TenantId
from tenants.audit.port import AuditArchive
from tenants.directory.pending import PendingReader
from tenants.directory.port import AccountReader, DirectoryReader
from tenants.directory.writer import DirectoryWriter
from tenants.jobs.port import Jobs
from tenants.outbox.port import Outbox
from tenants.read_cache.port import ReadCache
from tenants.registry.port import Registry
from tests.support import builders
from tests.support.stores import Stores, open_mongo_stores, open_sqlite_stores

_names = count(1)


@pytest.fixture(params=["sqlite", "sqlite-memory", "mongo"])
def technology(request: pytest.FixtureRequest) -> str:
    """The store under test."""
    return str(request.param)


@pytest.fixture(scope="session")
def mongo_database(mongodb_url: str) -> Iterator[str]:
    """The run's own database, dropped at the end."""
    name = f"contract_{uuid4().hex[:12]}"
    yield name
    with MongoClient[dict[str, object]](mongodb_url) as client:
        client.drop_database(name)


@pytest.fixture
def mongo_place(technology: str, request: pytest.FixtureRequest) -> tuple[str, str]:
    """URL and database; MongoDB is started only when a test runs on it."""
    if technology != "mongo":
        return "", ""
    return request.getfixturevalue("mongodb_url"), request.getfixturevalue("mongo_database")


@pytest.fixture
async def stores(technology: str, mongo_place: tuple[str, str], tmp_path: Path) -> AsyncIterator[Stores]:
    """All ports of the store under test."""
    url, database = mongo_place
    match technology:
        case "mongo":
            opened = open_mongo_stores(url, database=database)
        case "sqlite":
            opened = open_sqlite_stores(str(tmp_path / "rollcall.db"))
        case _:
            opened = open_sqlite_stores(":memory:")
    async with opened as stores:
        yield stores


@pytest.fixture
async def mongo_stores(mongodb_url: str, mongo_database: str) -> AsyncIterator[Stores]:
    """All ports of MongoDB, for what is particular to it."""
    async with open_mongo_stores(mongodb_url, database=mongo_database) as stores:
        yield stores


@pytest.fixture
async def acme(stores: Stores) -> TenantId:
    """A tenant, with a name of this test."""
    return await _added(stores, "acme")


@pytest.fixture
async def globex(stores: Stores) -> TenantId:
    """Another tenant of the same store."""
    return await _added(stores, "globex")


async def _added(stores: Stores, name: str) -> TenantId:
    tenant = TenantId(f"{name}-{next(_names)}")
    await stores.registry.add_tenant(builders.tenant(tenant))
    return tenant


@pytest.fixture
def registry(stores: Stores) -> Registry:
    return stores.registry


@pytest.fixture
def directory(stores: Stores) -> DirectoryReader:
    return stores.directory


@pytest.fixture
def accounts(stores: Stores) -> AccountReader:
    return stores.accounts


@pytest.fixture
def writer(stores: Stores) -> DirectoryWriter:
    return stores.writer


@pytest.fixture
def read_cache(stores: Stores) -> ReadCache:
    return stores.read_cache


@pytest.fixture
def audit(stores: Stores) -> AuditArchive:
    return stores.audit


@pytest.fixture
def outbox(stores: Stores) -> Outbox:
    return stores.outbox


@pytest.fixture
def pending(stores: Stores) -> PendingReader:
    return stores.pending


@pytest.fixture
def jobs(stores: Stores) -> Jobs:
    return stores.jobs
