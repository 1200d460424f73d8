"""Where the bus inside one process keeps what it set aside.

A shelf that is a file lets other processes see it, and ask for things back: the process whose lanes they belong to
looks for what was asked for.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from schemas.ids import TenantId
from tenants.bus.parked import parked_id, without_people
from tenants.bus.port import ParkedDelivery, ParkedLane

_ALL = 1_000_000
"""More than anybody parks."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A parked delivery that is to go back on its lane."""

    delivery: ParkedDelivery
    patience_seconds: float
    """How long after that its commands may be carried out."""


class Shelf(Protocol):
    """What was set aside, kept.

    Raises:
        PortUnavailableError: It cannot be read or written now (all methods).
    """

    async def put(self, parked: ParkedDelivery) -> None:
        """Keep it; what is there under its id already is replaced."""
        ...

    async def parked(self, tenant: TenantId, *, limit: int) -> Sequence[ParkedDelivery]:
        """Return the oldest; what is wanted back is not among them."""
        ...

    async def want(
        self, tenant: TenantId, ids: Collection[str] | None, *, patience_seconds: float
    ) -> Sequence[ParkedDelivery]:
        """Mark these, or all, as wanted back, and return them; they stay here until they have returned.

        What cannot be read is left as it is.
        """
        ...

    async def wanted(self) -> Sequence[Wanted]:
        """Return what is wanted back, of all tenants, the oldest of each first."""
        ...

    async def returned(self, tenant: TenantId, id: str) -> None:
        """Remove what was wanted back: it is settled. What was parked again meanwhile stays."""
        ...

    async def discard(self, tenant: TenantId, ids: Collection[str] | None) -> Sequence[ParkedDelivery]:
        """Remove these, or all, and return them; what is wanted back stays."""
        ...


class MemoryShelf(Shelf):
    """A shelf that lasts as long as its process."""

    def __init__(self) -> None:
        self._parked: dict[tuple[TenantId, str], ParkedDelivery] = {}
        self._wanted: dict[tuple[TenantId, str], Wanted] = {}

    async def put(self, parked: ParkedDelivery) -> None:
        self._wanted.pop((parked.tenant, parked.id), None)
        self._parked[parked.tenant, parked.id] = parked

    async def parked(self, tenant: TenantId, *, limit: int) -> Sequence[ParkedDelivery]:
        return [one for one in self._parked.values() if one.tenant == tenant][:limit]

    async def want(
        self, tenant: TenantId, ids: Collection[str] | None, *, patience_seconds: float
    ) -> Sequence[ParkedDelivery]:
        found = await self.discard(tenant, ids)
        self._wanted.update({(tenant, one.id): Wanted(one, patience_seconds) for one in found})
        return found

    async def wanted(self) -> Sequence[Wanted]:
        return list(self._wanted.values())

    async def returned(self, tenant: TenantId, id: str) -> None:
        self._wanted.pop((tenant, id), None)

    async def discard(self, tenant: TenantId, ids: Collection[str] | None) -> Sequence[ParkedDelivery]:
        keys = [key for key in self._parked if key[0] == tenant and (ids is None or key[1] in ids)]
        return [self._parked.pop(key) for key in keys]


class ShelfParkedLane(ParkedLane):
    """What another process's lanes set aside: that process puts back what is wanted, within seconds while it runs."""

    def __init__(self, shelf: Shelf) -> None:
        """Look at, and ask for, what is on this shelf."""
        self._shelf = shelf

    async def parked(self, tenant: TenantId, *, limit: int) -> Sequence[ParkedDelivery]:
        return await self._shelf.parked(tenant, limit=limit)

    async def replay(
        self, tenant: TenantId, ids: Collection[str] | None, *, patience_seconds: float
    ) -> Sequence[ParkedDelivery]:
        return await self._shelf.want(tenant, ids, patience_seconds=patience_seconds)

    async def discard(self, tenant: TenantId, ids: Collection[str] | None) -> Sequence[ParkedDelivery]:
        return await self._shelf.discard(tenant, ids)

    async def forget_people(self, tenant: TenantId, ids: Collection[str]) -> int:
        count = 0
        for delivery in await self._shelf.parked(tenant, limit=_ALL):
            kept = without_people(delivery.commands, ids)
            if kept == delivery.commands:
                continue
            rest = replace(delivery, commands=kept, id=parked_id(kept))
            if kept:
                await self._shelf.put(rest)
            if rest.id != delivery.id:
                await self._shelf.discard(tenant, [delivery.id])
            count += 1
        return count
