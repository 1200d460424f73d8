"""Commands and outcomes for tests of the bus, and waits that end."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import TypeVar

from schemas.ids import CommandId, ResourceId, TenantId
from schemas.messages.callers import Caller
from schemas.messages.commands import Command, CreateResource
from schemas.messages.outcomes import Applied, Outcome
from tenants.bus.port import CommandSender, Delivery, LaneReader

T = TypeVar("T")

ACME = TenantId("acme")
GLOBEX = TenantId("globex")
UNKNOWN = TenantId("initech")
_CALLER = Caller("token:t1", "Entra", "192.0.2.7", "Entra SCIM", "r1")


def command(tenant: TenantId, id: str) -> Command:
    return CreateResource(
        id=CommandId(id),
        tenant=tenant,
        caller=_CALLER,
        deadline=1795618165.0,
        resource_type="User",
        resource_id=ResourceId("01" * 16),
        attributes={"userName": f"{id}@example.com"},
    )


def commands(tenant: TenantId, *ids: str) -> Sequence[Command]:
    return [command(tenant, id) for id in ids]


def outcomes(deliveries: Iterable[Delivery]) -> Sequence[Outcome]:
    return [_applied(command) for delivery in deliveries for command in delivery.commands]


def _applied(command: Command) -> Outcome:
    assert isinstance(command, CreateResource)
    return Applied(command.id, 1, command.resource_id, 1, b"{}", changed=True)


def ids(deliveries: Iterable[Delivery]) -> Sequence[str]:
    return [command.id for delivery in deliveries for command in delivery.commands]


async def soon(awaitable: Awaitable[T]) -> T:
    """Return what comes; a wait that would never end fails."""
    return await asyncio.wait_for(awaitable, 60)


async def take(worker: LaneReader, *, limit: int = 64) -> Sequence[Delivery]:
    return await soon(worker.take(limit=limit))


async def settle(worker: LaneReader, deliveries: Sequence[Delivery]) -> None:
    await worker.settle(deliveries, outcomes(deliveries))


async def answered(gateway: CommandSender, count: int) -> Sequence[str]:
    """Return the ids of the next commands that were answered."""
    found: list[str] = []
    stream = gateway.outcomes()
    while len(found) < count:
        found += [outcome.command for outcome in await soon(anext(stream))]
    return found
