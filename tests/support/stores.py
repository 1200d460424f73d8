"""The store ports of one technology, opened for a test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tenants.audit.mongo import MongoAuditLog
from tenants.audit.port import AuditLog
from tenants.audit.sqlite import SqliteAuditLog
from tenants.directory.mongo import MongoAccountReader, MongoDirectoryReader, MongoDirectoryWriter
from tenants.directory.port import AccountReader, DirectoryReader
from tenants.directory.sqlite import SqliteAccountReader, SqliteDirectoryReader, SqliteDirectoryWriter
from tenants.directory.writer import DirectoryWriter
from tenants.mongo import open_mongo
from tenants.outbox.mongo import MongoOutbox
from tenants.outbox.port import Outbox
from tenants.outbox.sqlite import SqliteOutbox
from tenants.read_cache.mongo import MongoReadCache
from tenants.read_cache.port import ReadCache
from tenants.read_cache.sqlite import SqliteReadCache
from tenants.registry.mongo import MongoRegistry
from tenants.registry.port import Registry
from tenants.registry.sqlite import SqliteRegistry
from tenants.sqlite import open_sqlite


@dataclass(frozen=True, slots=True)
class Stores:
    """All store ports over one database."""

    registry: Registry
    directory: DirectoryReader
    accounts: AccountReader
    writer: DirectoryWriter
    read_cache: ReadCache
    audit: AuditLog
    outbox: Outbox


@asynccontextmanager
async def open_sqlite_stores(path: str) -> AsyncIterator[Stores]:
    """Open the ports over a SQLite file or ``:memory:``."""
    async with open_sqlite(path) as store:
        yield Stores(
            registry=SqliteRegistry(store),
            directory=SqliteDirectoryReader(store),
            accounts=SqliteAccountReader(store),
            writer=SqliteDirectoryWriter(store),
            read_cache=SqliteReadCache(store),
            audit=SqliteAuditLog(store),
            outbox=SqliteOutbox(store),
        )


@asynccontextmanager
async def open_mongo_stores(url: str, *, database: str) -> AsyncIterator[Stores]:
    """Open the ports over a MongoDB database."""
    async with open_mongo(url, database=database) as store:
        yield Stores(
            registry=MongoRegistry(store),
            directory=MongoDirectoryReader(store),
            accounts=MongoAccountReader(store),
            writer=MongoDirectoryWriter(store),
            read_cache=MongoReadCache(store),
            audit=MongoAuditLog(store),
            outbox=MongoOutbox(store),
        )
