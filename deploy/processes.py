"""The process shapes: embedded (everything in one), gateway, worker."""

import asyncio
import gc
import secrets
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from deploy.settings import Settings
from deploy.signing import keys_of
from deploy.wiring import Bus, Stores, open_bus, open_stores
from gateway.app import create_app
from gateway.settings import GatewaySettings
from gateway.site import GatewaySite
from schemas.ids import WorkerId
from schemas.scim.definitions.catalog import core_catalog
from tenants.administration.audit_round import AuditRound
from tenants.ports import GatewayPorts, WorkerPorts
from workers.erasure_round import ErasurePorts, ErasureRound
from workers.execution import Execution
from workers.ripe_round import RipeRound
from workers.worker import Worker, WorkerSettings

log = structlog.get_logger(__name__)

_FINISH_SECONDS = 20.0
_POLL_SECONDS = 5.0
_AUDIT_ROUND_SECONDS = 3600.0
_ERASURE_ROUND_SECONDS = 2.0
_RIPE_ROUND_SECONDS = 60.0
_EMBEDDED_POLL_SECONDS = 1.0
"""The command line is another process and has no way to notify an in-process bus."""


async def run_gateway(settings: Settings) -> None:
    """Serve SCIM until told to stop."""
    async with _opened(settings, "gateway") as (stores, bus), serving(settings, stores, bus):
        await _told_to_stop()


async def run_worker(settings: Settings) -> None:
    """Carry out commands until told to stop; what is in hand then is finished."""
    async with _opened(settings, "worker") as (stores, bus), working(settings, stores, bus):
        await _told_to_stop()


async def run_embedded(settings: Settings, *, started: Callable[[Stores], Awaitable[None]] | None = None) -> None:
    """Serve SCIM and carry out commands in this one process until told to stop.

    Args:
        settings: Store and address.
        started: Called when requests are served.
    """
    async with (
        _opened(settings, "embedded") as (stores, bus),
        working(settings, stores, bus),
        serving(settings, stores, bus),
    ):
        if started is not None:
            await started(stores)
        await _told_to_stop()


@asynccontextmanager
async def _opened(settings: Settings, name: str) -> AsyncIterator[tuple[Stores, Bus]]:
    async with (
        open_stores(settings.store_url) as stores,
        open_bus(settings.bus_url, name=name, quorum=settings.uses_quorum, shelf=stores.shelf) as bus,
    ):
        yield stores, bus


@asynccontextmanager
async def serving(settings: Settings, stores: Stores, bus: Bus) -> AsyncIterator[None]:
    """Serve SCIM over the ports, from before the entry to the exit."""
    ports = GatewayPorts(
        registry=stores.registry,
        directory=stores.directory,
        read_cache=stores.read_cache,
        audit=stores.audit,
        sender=bus.sender,
        notices=bus.notices,
    )
    gateway_settings = GatewaySettings(
        public_url=settings.public_url,
        signing_keys=keys_of(settings),
        deadline_seconds=settings.deadline_seconds,
        batch_limit=settings.batch_size,
    )
    app = create_app(ports, gateway_settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_FINISH_SECONDS)
    await runner.setup()
    try:
        await GatewaySite(runner, settings.host, settings.port).start()
        log.info("Gateway started", host=settings.host, port=settings.port)
        yield
    finally:
        await runner.cleanup()
        log.info("Gateway stopped")


@asynccontextmanager
async def working(settings: Settings, stores: Stores, bus: Bus) -> AsyncIterator[None]:
    """Carry out commands over the ports; at the exit what is in hand is finished."""
    worker = Worker(
        WorkerId(f"{socket.gethostname()}-{secrets.token_hex(4)}"),
        WorkerPorts(
            registry=stores.registry,
            directory=stores.writer,
            lanes=bus.lanes,
            notices=bus.notices,
            jobs=stores.jobs,
            pending=stores.pending,
            accounts=stores.accounts,
            reader=stores.directory,
            sender=bus.jobs_sender,
        ),
        catalog=core_catalog(),
        settings=WorkerSettings(
            batch_size=settings.batch_size,
            lanes_at_once=settings.lanes_at_once,
            poll_seconds=_EMBEDDED_POLL_SECONDS if settings.is_embedded else _POLL_SECONDS,
        ),
        clock=time.time,
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run())
        audits = AuditRound(stores.registry, stores.audit, clock=time.time)
        rounds = [
            tasks.create_task(audits.run(every_seconds=_AUDIT_ROUND_SECONDS)),
            tasks.create_task(_erasures(stores, bus).run(every_seconds=_ERASURE_ROUND_SECONDS)),
            tasks.create_task(_ripe(stores).run(every_seconds=_RIPE_ROUND_SECONDS)),
        ]
        log.info("Worker started")
        try:
            yield
        finally:
            for each in rounds:
                each.cancel()
            worker.stop()
    log.info("Worker stopped")


def _erasures(stores: Stores, bus: Bus) -> ErasureRound:
    ports = ErasurePorts(
        erasures=stores.erasures, outbox=stores.outbox, audit=stores.audit, jobs=stores.jobs, parked=bus.parked
    )
    return ErasureRound(ports, clock=time.time)


def _ripe(stores: Stores) -> RipeRound:
    execution = Execution(stores.writer, catalog=core_catalog(), clock=time.time)
    return RipeRound(stores.registry, stores.erasures, execution, clock=time.time, new_id=lambda: secrets.token_hex(16))


async def _told_to_stop() -> None:
    _spare_the_collector()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    await stopping.wait()
    log.info("Stop was asked for")


def _spare_the_collector() -> None:
    """Keep what start-up made, which stays, out of garbage collections: each would stop all requests for 50 ms."""
    gc.collect()
    gc.freeze()
