"""Reading whom a job's next step is about, from place to place."""

from collections.abc import Sequence

from schemas.ids import ResourceId, TenantId
from tenants.directory.pending import PendingKind, PendingReader
from tenants.directory.port import AccountReader
from tenants.directory.records import AccountStatus
from workers.jobs.planning import Part
from workers.jobs.stages import Source, membership_id, membership_of

_ACCOUNTS_LOOKED_AT = 1_000
_PENDING = {
    Source.PENDING_USERS: PendingKind.USER,
    Source.PENDING_GROUPS: PendingKind.GROUP,
    Source.PENDING_LEAVERS: PendingKind.LEAVER,
}


class Reading:
    """Reads the items of stages."""

    def __init__(self, pending: PendingReader, accounts: AccountReader) -> None:
        """Read from these."""
        self._pending = pending
        self._accounts = accounts

    async def part(self, tenant: TenantId, source: Source, *, after: str, limit: int) -> Part:
        """Return the items that come after the place."""
        match source:
            case Source.PENDING_USERS | Source.PENDING_GROUPS | Source.PENDING_LEAVERS:
                return await self._pending_part(tenant, _PENDING[source], after, limit)
            case Source.PENDING_MEMBERSHIPS:
                edges = await self._pending.pending_memberships(tenant, after=membership_of(after), limit=limit)
                return _whole([membership_id(edge.group, edge.member) for edge in edges])
            case Source.ALL_USERS:
                return await self._resources(tenant, "User", after, limit)
            case Source.ALL_GROUPS:
                return await self._resources(tenant, "Group", after, limit)
            case Source.ALL_ACCOUNTS:
                accounts = await self._accounts.accounts(tenant, after=after, limit=limit)
                return _whole([account.id for account in accounts])
            case Source.AWAITING_ACCOUNTS:
                return await self._awaiting(tenant, after, limit)
            case _:
                raise ValueError(f"{source} is chosen, not read")

    async def counts(self, tenant: TenantId) -> dict[PendingKind, int]:
        """Return how much is pending of each kind."""
        return await self._pending.counts(tenant)

    async def _pending_part(self, tenant: TenantId, kind: PendingKind, after: str, limit: int) -> Part:
        found = await self._pending.pending(tenant, kind, after=ResourceId(after), limit=limit)
        return _whole([pending.id for pending in found])

    async def _resources(self, tenant: TenantId, resource_type: str, after: str, limit: int) -> Part:
        found = await self._pending.resources(tenant, resource_type, after=ResourceId(after), limit=limit)
        return _whole([resource.id for resource in found])

    async def _awaiting(self, tenant: TenantId, after: str, limit: int) -> Part:
        """Few of many may wait, so many are looked at for one step."""
        accounts = await self._accounts.accounts(tenant, after=after, limit=_ACCOUNTS_LOOKED_AT)
        awaiting = [account.id for account in accounts if account.status is AccountStatus.AWAITING_ACTIVATION]
        if len(awaiting) > limit:
            return _whole(awaiting[:limit])
        return Part(accounts[-1].id, tuple(awaiting)) if accounts else Part("")


def _whole(ids: Sequence[str]) -> Part:
    return Part(ids[-1] if ids else "", tuple(ids))
