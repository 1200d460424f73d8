"""A gateway whose commands nobody carries out, unless a worker is started: over a store and a bus of its own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from aiohttp import web
from pymongo import MongoClient

from deploy.commands.session import session_over
from deploy.processes import working
from deploy.settings import Settings
from deploy.signing import keys_of
from deploy.wiring import Bus, Stores
from gateway.app import create_app
from gateway.settings import GatewaySettings
from tenants.ports import GatewayPorts
from tests.support.conformance_service import ConformanceService, opened_ports
from tests.support.services.waiting import free_port


@dataclass(frozen=True, slots=True)
class LoneGateway:
    """A service without a worker."""

    service: ConformanceService
    stores: Stores
    bus: Bus

    @contextmanager
    def worked_for(self) -> Iterator[None]:
        """Let a worker carry out what was sent, and what is sent meanwhile."""
        with self.service.held(lambda: working(self.service.session.settings, self.stores, self.bus)):
            yield


@contextmanager
def lone_gateway(beside: ConformanceService, **settings: Any) -> Iterator[LoneGateway]:
    """Run a gateway with these of ``GatewaySettings``, on the technologies and the event loop of a running service."""
    with beside.held(lambda: _served(beside, settings)) as gateway:
        yield gateway
    _remove(gateway.service.store_url)


@asynccontextmanager
async def _served(beside: ConformanceService, changes: dict[str, Any]) -> AsyncIterator[LoneGateway]:
    name, port = f"lone_{uuid4().hex[:12]}", free_port()
    address = f"127.0.0.1:{port}"
    settings = replace(
        beside.session.settings,
        store_url=_store_beside(beside.store_url, name),
        public_url=f"http://{address}",
        port=port,
    )
    async with opened_ports(settings, name) as (stores, bus):
        runner = web.AppRunner(create_app(_ports(stores, bus), _gateway_settings(settings, changes)), access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
            session = session_over(settings, stores, bus.notices)
            yield LoneGateway(ConformanceService((address,), settings.store_url, session, beside.loop), stores, bus)
        finally:
            await runner.cleanup()


def _store_beside(url: str, name: str) -> str:
    """Return the URL of another file in the same folder, or of another database on the same server."""
    place, _, options = url.partition("?")
    return f"{place.rpartition('/')[0]}/{name}" + (f"?{options}" if options else "")


def _remove(store_url: str) -> None:
    if store_url.startswith("mongodb"):
        with MongoClient[dict[str, object]](store_url) as client:
            client.drop_database(client.get_default_database().name)


def _gateway_settings(settings: Settings, changes: dict[str, Any]) -> GatewaySettings:
    return replace(GatewaySettings(settings.public_url, keys_of(settings)), **changes)


def _ports(stores: Stores, bus: Bus) -> GatewayPorts:
    return GatewayPorts(
        registry=stores.registry,
        directory=stores.directory,
        read_cache=stores.read_cache,
        audit=stores.audit,
        sender=bus.sender,
        notices=bus.notices,
    )
