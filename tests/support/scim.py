"""A gateway as provisioning clients meet it: over HTTP, with a worker on the in-process bus and SQLite in memory."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from aiohttp import ClientResponse, ClientSession, web
from prometheus_client import CollectorRegistry
from yarl import URL

from gateway.app import create_app
from gateway.settings import GatewaySettings
from gateway.site import GatewaySite
from gateway.surroundings import Surroundings
from schemas.ids import TenantId, TokenId, WorkerId
from schemas.scim.definitions.catalog import core_catalog
from tenants.bus.inprocess import InProcessBus
from tenants.credentials import jwt
from tenants.credentials.scim_tokens import digest, last_four
from tenants.credentials.signing import signing_keys
from tenants.ports import GatewayPorts, WorkerPorts
from tenants.registry.port import TokenRecord
from tests.support import builders
from tests.support.stores import Stores, open_sqlite_stores
from workers.worker import Worker, WorkerSettings

KEYS = signing_keys("a signing key of the tests, long enough")
PUBLIC_URL = "https://scim.example.org"
ACME = TenantId("acme")
GLOBEX = TenantId("globex")
START = 1_800_000_000.0
SETTINGS = GatewaySettings(public_url=PUBLIC_URL, signing_keys=KEYS, refusal_look_seconds=0.005)


@dataclass(slots=True)
class Clock:
    """A clock that stands still unless moved."""

    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body as JSON."""
        content: dict[str, Any] = orjson.loads(self.body)
        return content


@dataclass(slots=True)
class Scim:
    """A running gateway, and what it runs on."""

    session: ClientSession
    runner: web.AppRunner
    stores: Stores
    bus: InProcessBus
    clock: Clock
    series: CollectorRegistry
    tokens: dict[TenantId, str] = field(default_factory=dict)
    """A live token of each tenant."""

    async def stop(self) -> None:
        """Stop the gateway as it is stopped in production."""
        await self.runner.cleanup()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection to the gateway, for what no client would send."""
        host, port = self.runner.addresses[0][:2]
        return await asyncio.open_connection(host, port)

    async def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        tenant: TenantId = ACME,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request below the tenant's URL with its token; bytes as they are, anything else as SCIM's JSON."""
        content = body if isinstance(body, bytes) or body is None else orjson.dumps(body)
        defaults = {"Authorization": f"Bearer {self.tokens[tenant]}", "Content-Type": "application/scim+json"}
        return await self.send(method, f"/scim/v2/{tenant}{path}", content, headers=defaults | dict(headers or {}))

    async def send(
        self, method: str, path: str, body: bytes | None = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request just so; the path is percent-encoded already."""
        url = URL(path, encoded=True)
        response: ClientResponse = await self.session.request(
            method,
            url,
            data=io.BytesIO(body) if body is not None else None,
            headers=headers,
            skip_auto_headers=["Content-Type"],
        )
        async with response:
            return Answer(response.status, response.headers, await response.read())

    async def issue(self, tenant: TenantId, id: str, *, days: float = 365, **fields: Any) -> str:
        """Issue a token and keep its record."""
        expires = int(self.clock.now + days * 86_400)
        token = jwt.issue(KEYS, tenant=tenant, token_id=TokenId(id), issued=int(self.clock.now), expires=expires)
        record = TokenRecord(
            tenant=tenant,
            id=TokenId(id),
            name=f"Entra ID of {tenant}",
            last_four=last_four(token),
            digest=digest(token, KEYS.current),
            created=builders.NOW,
            created_by="operator:ada",
            expires=moment(expires),
        )
        await self.stores.registry.add_token(replace(record, **fields))
        return token

    def count(self, name: str, **labels: str) -> float:
        """Return the value of a series; 0 when nothing was counted."""
        return self.series.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def open_scim(
    *,
    settings: GatewaySettings = SETTINGS,
    with_worker: bool = True,
    change: Callable[[GatewayPorts], GatewayPorts] = lambda ports: ports,
) -> AsyncIterator[Scim]:
    """Open a gateway with the tenants ACME and GLOBEX; ``change`` may put other ports in its ports' places."""
    async with open_sqlite_stores(":memory:") as stores, asyncio.TaskGroup() as tasks:
        bus, clock, series = InProcessBus(), Clock(), CollectorRegistry()
        for tenant in (ACME, GLOBEX):
            await stores.registry.add_tenant(builders.tenant(tenant))
        worker = _worker(stores, bus, clock)
        if with_worker:
            tasks.create_task(worker.run())
        app = create_app(
            change(_gateway_ports(stores, bus)),
            settings,
            surroundings=Surroundings(now=clock, monotonic=clock),
            series=series,
        )
        # As in production: what a client that is gone has asked for goes on.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await GatewaySite(runner, "127.0.0.1", 0).start()
        async with ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as session:
            scim = Scim(session, runner, stores, bus, clock, series)
            for tenant in (ACME, GLOBEX):
                scim.tokens[tenant] = await scim.issue(tenant, f"{tenant}-1")
            yield scim
        await runner.cleanup()
        worker.stop()


def moment(unix_seconds: float) -> str:
    """Return a moment as it is kept."""
    text = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=unix_seconds)).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _gateway_ports(stores: Stores, bus: InProcessBus) -> GatewayPorts:
    return GatewayPorts(
        registry=stores.registry,
        directory=stores.directory,
        read_cache=stores.read_cache,
        audit=stores.audit,
        sender=bus.sender(),
        notices=bus.notices(),
    )


def _worker(stores: Stores, bus: InProcessBus, clock: Clock) -> Worker:
    ports = WorkerPorts(
        registry=stores.registry,
        directory=stores.writer,
        lanes=bus.reader(),
        notices=bus.notices(),
        jobs=stores.jobs,
        pending=stores.pending,
        accounts=stores.accounts,
        reader=stores.directory,
        sender=bus.sender(),
    )
    return Worker(WorkerId("worker-1"), ports, catalog=core_catalog(), settings=WorkerSettings(), clock=clock)
