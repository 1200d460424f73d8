"""URL scheme → adapter: the only place, beside tests, that names adapters. What is opened is closed in reverse."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tenants.audit.mongo import MongoAuditLog
from tenants.audit.port import AuditArchive
from tenants.audit.sqlite import SqliteAuditLog
from tenants.bus.inprocess import open_inprocess
from tenants.bus.port import CommandSender, LaneReader, Notices, ParkedLane
from tenants.bus.rabbitmq import open_rabbitmq
from tenants.bus.shelf import Shelf
from tenants.bus.sqlite import SqliteShelf
from tenants.directory.mongo import (
    MongoAccountReader,
    MongoDirectoryReader,
    MongoDirectoryWriter,
    MongoPendingReader,
)
from tenants.directory.pending import PendingReader
from tenants.directory.port import AccountReader, DirectoryReader
from tenants.directory.sqlite import (
    SqliteAccountReader,
    SqliteDirectoryReader,
    SqliteDirectoryWriter,
    SqlitePendingReader,
)
from tenants.directory.writer import DirectoryWriter
from tenants.erasures.mongo import MongoErasures
from tenants.erasures.port import Erasures
from tenants.erasures.sqlite import SqliteErasures
from tenants.jobs.mongo import MongoJobs
from tenants.jobs.port import Jobs
from tenants.jobs.sqlite import SqliteJobs
from tenants.mongo import open_mongo
from tenants.outbox.mongo import MongoOutbox
from tenants.outbox.port import Outbox
from tenants.outbox.sqlite import SqliteOutbox
from tenants.plans.mongo import MongoPlans
from tenants.plans.port import Plans
from tenants.plans.sqlite import SqlitePlans
from tenants.ports import AdministrationPorts
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
    audit: AuditArchive
    outbox: Outbox
    jobs: Jobs
    pending: PendingReader
    plans: Plans
    erasures: Erasures
    shelf: Shelf | None = None
    """For what a bus in this process sets aside, where the store offers one."""


@dataclass(frozen=True, slots=True)
class Bus:
    """All ports of the bus over one connection."""

    sender: CommandSender
    lanes: LaneReader
    notices: Notices
    parked: ParkedLane
    jobs_sender: CommandSender
    """For the steps of jobs, beside the gateway's in the same process."""


@asynccontextmanager
async def open_stores(url: str) -> AsyncIterator[Stores]:
    """Open the database of the URL: ``sqlite:///relative``, ``sqlite:////absolute`` or ``mongodb://.../database``.

    Raises:
        PortUnavailableError: It cannot be reached.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        opened = open_sqlite_stores(parts.path[1:])
    else:
        opened = open_mongo_stores(url, database=parts.path.strip("/") or "rollcall")
    async with opened as stores:
        yield stores


@asynccontextmanager
async def open_sqlite_stores(path: str) -> AsyncIterator[Stores]:
    """Open the ports over a SQLite file, whose folder is made when it is missing, or ``:memory:``."""
    if path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    async with open_sqlite(path) as store:
        yield Stores(
            registry=SqliteRegistry(store),
            directory=SqliteDirectoryReader(store),
            accounts=SqliteAccountReader(store),
            writer=SqliteDirectoryWriter(store),
            read_cache=SqliteReadCache(store),
            audit=SqliteAuditLog(store),
            outbox=SqliteOutbox(store),
            jobs=SqliteJobs(store),
            pending=SqlitePendingReader(store),
            plans=SqlitePlans(store),
            erasures=SqliteErasures(store),
            shelf=SqliteShelf(store),
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
            jobs=MongoJobs(store),
            pending=MongoPendingReader(store),
            plans=MongoPlans(store),
            erasures=MongoErasures(store),
        )


def administration_ports(stores: Stores, notices: Notices | None = None) -> AdministrationPorts:
    """Return what the administration's use cases get; no notices where the bus is in another process."""
    return AdministrationPorts(
        registry=stores.registry,
        accounts=stores.accounts,
        audit=stores.audit,
        outbox=stores.outbox,
        jobs=stores.jobs,
        pending=stores.pending,
        notices=notices,
    )


@asynccontextmanager
async def open_bus(
    url: str, *, name: str, quorum: bool = True, namespace: str = "rollcall", shelf: Shelf | None = None
) -> AsyncIterator[Bus]:
    """Open the bus of the URL: ``inprocess://`` or ``amqp://...``.

    Args:
        url: Where it is.
        name: What the broker's operator sees of this process.
        quorum: Whether lanes are quorum queues.
        namespace: What the names of the broker's queues begin with.
        shelf: Where ``inprocess://`` keeps what is parked; None: in memory. A broker has its own place.

    Raises:
        PortUnavailableError: It cannot be reached.
    """
    if urlsplit(url).scheme == "inprocess":
        async with open_inprocess(shelf=shelf) as bus:
            yield Bus(bus.sender(), bus.reader(), bus.notices(), bus.parked_lane(), bus.sender())
    else:
        async with open_rabbitmq(url, name=name, quorum=quorum, namespace=namespace) as rabbit:
            yield Bus(
                await rabbit.sender(),
                await rabbit.reader(),
                await rabbit.notices(),
                rabbit.parked_lane(),
                await rabbit.sender(),
            )
