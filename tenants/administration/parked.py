"""Commands that no worker could carry out: shown, put back on the lane, or thrown away."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from schemas.ids import TenantId
from schemas.messages.commands import Command, ResourceCommand
from schemas.timestamps import timestamp
from tenants.administration.actor import Actor, RefusedError
from tenants.bus.port import ParkedDelivery, ParkedLane
from tenants.ports import AdministrationPorts

PATIENCE_SECONDS = 3600.0
"""A command that is replayed is abandoned when no worker comes to it within this time: what is older than that would
surprise whoever asked for it."""


class ParkedAdministration:
    """The administrator's hand on what was parked."""

    def __init__(self, ports: AdministrationPorts, lane: ParkedLane | None, *, clock: Callable[[], float]) -> None:
        """Keep the ports; without a lane everything is refused."""
        self._ports = ports
        self._lane = lane
        self._clock = clock

    async def parked(self, tenant: str, *, limit: int) -> Sequence[ParkedDelivery]:
        """Return the oldest parked deliveries.

        Raises:
            RefusedError: There is no such tenant, or its parked lane cannot be reached from here.
        """
        return await self._reachable().parked(await self._existing(tenant), limit=limit)

    async def replay(self, tenant: str, ids: Collection[str] | None, *, actor: Actor) -> Sequence[ParkedDelivery]:
        """Put these, or all, back on the lane, and return them; what becomes of each stands in the audit log.

        A command is carried out as it was made, on top of whatever came since, and once only: one that had been
        carried out after all changes nothing.

        Raises:
            RefusedError: There is no such tenant, none of these is parked, or the lane cannot be reached from here.
        """
        id, lane = await self._existing(tenant), self._reachable()
        replayed = await lane.replay(id, ids, patience_seconds=PATIENCE_SECONDS)
        _check_found(ids, replayed, "cannot be read, or is not parked")
        await self._note(id, "parked.replayed", replayed, actor)
        return replayed

    async def discard(self, tenant: str, ids: Collection[str] | None, *, actor: Actor) -> Sequence[ParkedDelivery]:
        """Throw these, or all, away for good, and return them.

        Raises:
            RefusedError: There is no such tenant, none of these is parked, or the lane cannot be reached from here.
        """
        id, lane = await self._existing(tenant), self._reachable()
        discarded = await lane.discard(id, ids)
        _check_found(ids, discarded, "is not parked")
        await self._note(id, "parked.discarded", discarded, actor)
        return discarded

    def _reachable(self) -> ParkedLane:
        if self._lane is None:
            raise RefusedError(
                "the parked lane cannot be reached: the broker is away, or the serving process keeps it in its memory "
                "(with inprocess:// only a SQLite store lets other processes see it)"
            )
        return self._lane

    async def _existing(self, tenant: str) -> TenantId:
        found = await self._ports.registry.tenant(TenantId(tenant))
        if found is None:
            raise RefusedError(f"there is no tenant named {tenant}")
        return found.id

    async def _note(self, tenant: TenantId, action: str, parked: Sequence[ParkedDelivery], actor: Actor) -> None:
        at = timestamp(self._clock())
        entries = [actor.did(action, ("Parked", delivery.id), _details(delivery), at=at) for delivery in parked]
        if entries:
            await self._ports.audit.append(tenant, entries)


def described(command: Command) -> dict[str, Any]:
    """Return what people need to know of a command: never an attribute's value."""
    kind = str(command.__struct_config__.tag)
    if isinstance(command, ResourceCommand):
        return {"id": command.id, "kind": kind, "type": command.resource_type, "resource": command.resource_id}
    return {"id": command.id, "kind": kind, "type": None, "resource": None}


def _details(delivery: ParkedDelivery) -> dict[str, Any]:
    commands = [described(command) for command in delivery.commands]
    return {"reason": delivery.reason, "parked": delivery.parked, "commands": commands}


def _check_found(ids: Collection[str] | None, found: Sequence[ParkedDelivery], why: str) -> None:
    if ids and not found:
        raise RefusedError(f"{', '.join(sorted(ids))} {why}; `rollcall parked list` shows what is")
