"""Rollcall in either shape behind real sockets, on a thread of this process: one for a whole run of conformance tests.

The embedded shape is a gateway and a worker over a SQLite file; the distributed one two of each over MongoDB and
RabbitMQ, with a namespace of its own on the broker.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from deploy.commands.session import Session, session_over
from deploy.processes import serving, working
from deploy.settings import Settings
from deploy.wiring import Bus, Stores, open_bus, open_stores
from tenants.administration.tenants import SettingsChange
from tenants.credentials.signing import signing_keys
from tenants.policies.settings import OperationMode
from tenants.tenant import Dialect
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
    session: Session
    """The administration's use cases, to be called by ``run``."""
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work on the service's own event loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(_ANSWER_SECONDS)

    def admit(self, dialect: Dialect, mode: OperationMode = OperationMode.SYNC) -> Admission:
        """Make a tenant of its own name, with a token."""
        return self.run(self._admit(f"tenant-{next(_names)}", SettingsChange(dialect=dialect, mode=mode)))

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


def _settings(store_url: str, bus_url: str, port: int) -> Settings:
    # Hundreds of short-lived tenants: classic lanes are cheaper to make.
    return Settings(
        store_url, bus_url, f"http://127.0.0.1:{port}", _KEYS, port=port, lane_queues="classic", log_level="error"
    )


@asynccontextmanager
async def _embedded(settings: Settings) -> AsyncIterator[ConformanceService]:
    async with (
        _opened(settings, "rollcall") as (stores, bus),
        working(settings, stores, bus),
        serving(settings, stores, bus),
    ):
        yield _service([settings], stores, bus)


@asynccontextmanager
async def _distributed(settings: Settings, namespace: str) -> AsyncIterator[ConformanceService]:
    gateways = [settings, replace(settings, port=free_port())]
    async with AsyncExitStack() as stack:
        for _ in range(2):
            stores, bus = await stack.enter_async_context(_opened(settings, namespace))
            await stack.enter_async_context(working(settings, stores, bus))
        for gateway in gateways:
            stores, bus = await stack.enter_async_context(_opened(gateway, namespace))
            await stack.enter_async_context(serving(gateway, stores, bus))
        stores, bus = await stack.enter_async_context(_opened(settings, namespace))
        yield _service(gateways, stores, bus)


@asynccontextmanager
async def _opened(settings: Settings, namespace: str) -> AsyncIterator[tuple[Stores, Bus]]:
    async with (
        open_stores(settings.store_url) as stores,
        open_bus(settings.bus_url, name=namespace, quorum=settings.uses_quorum, namespace=namespace) as bus,
    ):
        yield stores, bus


def _service(gateways: list[Settings], stores: Stores, bus: Bus) -> ConformanceService:
    addresses = tuple(f"{gateway.host}:{gateway.port}" for gateway in gateways)
    return ConformanceService(addresses, session_over(gateways[0], stores, bus.notices), asyncio.get_running_loop())


@contextmanager
def _on_a_thread(
    open_service: Callable[[], AbstractAsyncContextManager[ConformanceService]],
) -> Iterator[ConformanceService]:
    """Yield the service, opened and later closed by one task of a loop on another thread."""
    started: Future[ConformanceService] = Future()
    stopping: Future[None] = Future()

    async def serve() -> None:
        async with open_service() as service:
            started.set_result(service)
            await asyncio.wrap_future(stopping)

    def work() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=work, name="conformance service")
    thread.start()
    try:
        yield started.result(_ANSWER_SECONDS)
    finally:
        stopping.set_result(None)
        thread.join()


def now() -> float:
    """Return Unix seconds, as the service knows them: it runs on this machine."""
    return time.time()
