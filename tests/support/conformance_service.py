"""Rollcall in either shape behind real sockets, on a thread of this process: one for a whole run of conformance tests.

The embedded shape is a gateway and a worker over a SQLite file; the distributed one two of each over MongoDB and
RabbitMQ, with a namespace of its own on the broker.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import aio_pika

from deploy.commands.session import Session, session_over
from deploy.processes import serving, working
from deploy.settings import Settings
from deploy.wiring import Bus, Stores, open_bus, open_stores
from schemas.ids import TenantId
from tenants.administration.tenants import SettingsChange
from tenants.bus.rabbitmq.topology import Topology
from tenants.credentials.signing import signing_keys
from tenants.policies.settings import OperationMode
from tenants.tenant import Dialect
from tests.support.conformance_store import everything_in
from tests.support.services.waiting import free_port

T = TypeVar("T")

_KEYS = signing_keys("a signing key of the conformance tests")
_ANSWER_SECONDS = 60.0
_names = count(1)


@dataclass(frozen=True, slots=True)
class Admission:
    """What a provisioning client of a tenant is given."""

    tenant: str
    token: str


@dataclass(frozen=True, slots=True)
class ConformanceService:
    """A running Rollcall, and a hand on its tenants."""

    addresses: tuple[str, ...]
    """``host:port`` of each gateway; the first one is the public one."""
    store_url: str
    session: Session
    """The administration's use cases, to be called by ``run``."""
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work on the service's own event loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(_ANSWER_SECONDS)

    def stored(self) -> bytes:
        """Return all that is in the store, to look for what must not be there."""
        return everything_in(self.store_url)

    def admit(self, dialect: Dialect, mode: OperationMode = OperationMode.SYNC) -> Admission:
        """Make a tenant of its own name, with a token."""
        return self.run(self._admit(f"tenant-{next(_names)}", SettingsChange(dialect=dialect, mode=mode)))

    @contextmanager
    def held(self, open_one: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
        """Hold something open on the service's own event loop."""
        opened: Future[T] = Future()
        closing: Future[None] = Future()
        held = asyncio.run_coroutine_threadsafe(_hold(open_one, opened, closing), self.loop)
        try:
            yield opened.result(_ANSWER_SECONDS)
        finally:
            closing.set_result(None)
            held.result(_ANSWER_SECONDS)

    async def _admit(self, name: str, change: SettingsChange) -> Admission:
        session = self.session
        await session.tenants.create(name, change, actor=session.actor)
        issued = await session.tokens.create(name, name="provisioning", expires=None, actor=session.actor)
        return Admission(name, issued.token)


@contextmanager
def run_embedded_shape(folder: Path) -> Iterator[ConformanceService]:
    """Run the embedded shape over the folder."""
    settings = _settings(f"sqlite:///{folder}/rollcall.sqlite", "inprocess://", free_port())
    with _on_a_thread(lambda: _embedded(settings)) as service:
        yield service


@contextmanager
def run_distributed_shape(*, store_url: str, bus_url: str, namespace: str) -> Iterator[ConformanceService]:
    """Run the distributed shape over a database and a namespace of its own."""
    settings = _settings(store_url, bus_url, free_port())
    with _on_a_thread(lambda: _distributed(settings, namespace)) as service:
        yield service
        tenants = [tenant.id for tenant in service.run(service.session.tenants.tenants())]
    asyncio.run(_remove_queues(bus_url, namespace, tenants))


async def _remove_queues(bus_url: str, namespace: str, tenants: Sequence[TenantId]) -> None:
    """Leave nothing on the broker: thousands of queues would keep whoever restarts it waiting."""
    topology = Topology(namespace, quorum=False)
    async with await aio_pika.connect(bus_url) as connection, connection.channel() as channel:
        for tenant in tenants:
            await channel.queue_delete(topology.lane(tenant))
            await channel.queue_delete(topology.parked(tenant))
        await channel.exchange_delete(topology.notices)


def _settings(store_url: str, bus_url: str, port: int) -> Settings:
    # Hundreds of short-lived tenants: classic lanes are cheaper to make.
    return Settings(
        store_url, bus_url, f"http://127.0.0.1:{port}", _KEYS, port=port, lane_queues="classic", log_level="error"
    )


@asynccontextmanager
async def _embedded(settings: Settings) -> AsyncIterator[ConformanceService]:
    async with (
        opened_ports(settings, "rollcall") as (stores, bus),
        working(settings, stores, bus),
        serving(settings, stores, bus),
    ):
        yield _service([settings], stores, bus)


@asynccontextmanager
async def _distributed(settings: Settings, namespace: str) -> AsyncIterator[ConformanceService]:
    gateways = [settings, replace(settings, port=free_port())]
    async with AsyncExitStack() as stack:
        for _ in range(2):
            stores, bus = await stack.enter_async_context(opened_ports(settings, namespace))
            await stack.enter_async_context(working(settings, stores, bus))
        for gateway in gateways:
            stores, bus = await stack.enter_async_context(opened_ports(gateway, namespace))
            await stack.enter_async_context(serving(gateway, stores, bus))
        stores, bus = await stack.enter_async_context(opened_ports(settings, namespace))
        yield _service(gateways, stores, bus)


@asynccontextmanager
async def opened_ports(settings: Settings, namespace: str) -> AsyncIterator[tuple[Stores, Bus]]:
    """Open all ports; queues of the namespace are this bus's own."""
    async with (
        open_stores(settings.store_url) as stores,
        open_bus(settings.bus_url, name=namespace, quorum=settings.uses_quorum, namespace=namespace) as bus,
    ):
        yield stores, bus


def _service(gateways: list[Settings], stores: Stores, bus: Bus) -> ConformanceService:
    addresses = tuple(f"{gateway.host}:{gateway.port}" for gateway in gateways)
    session = session_over(gateways[0], stores, bus.notices)
    return ConformanceService(addresses, gateways[0].store_url, session, asyncio.get_running_loop())


@contextmanager
def _on_a_thread(
    open_service: Callable[[], AbstractAsyncContextManager[ConformanceService]],
) -> Iterator[ConformanceService]:
    """Yield the service, opened and later closed by one task of a loop on another thread."""
    started: Future[ConformanceService] = Future()
    stopping: Future[None] = Future()

    thread = threading.Thread(
        target=lambda: asyncio.run(_hold(open_service, started, stopping)), name="conformance service"
    )
    thread.start()
    try:
        yield started.result(_ANSWER_SECONDS)
    finally:
        stopping.set_result(None)
        thread.join()


async def _hold(
    open_one: Callable[[], AbstractAsyncContextManager[T]], opened: Future[T], closing: Future[None]
) -> None:
    """Open, tell, and close when told to, all in one task."""
    try:
        async with open_one() as one:
            opened.set_result(one)
            await asyncio.wrap_future(closing)
    except BaseException as error:
        if opened.done():
            raise
        opened.set_exception(error)
