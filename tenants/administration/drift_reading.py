"""Directory and LMS side of a tenant compared, in bounded memory.

Both sides are read as streams, a page at a time. What looks like drift is then looked at once more, both sides at one
moment, so that changes under way are not taken for it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

from schemas.ids import ResourceId, TenantId
from tenants.administration.preview_pages import Facts
from tenants.directory.pending import PendingReader, PendingResource
from tenants.directory.port import AccountReader
from tenants.directory.records import Account
from tenants.directory.writer import Need, Snapshot
from tenants.policies.drift import (
    Drift,
    account_of_nobody,
    cohort_of_nobody,
    group_drift,
    membership_drift,
    user_drift,
)
from tenants.policies.settings import Policies
from tenants.tenant import Tenant

_PAGE = 1_000
_FIRST = ResourceId("")


class Comparison:
    """Finds what differs though nothing is pending."""

    def __init__(self, pending: PendingReader, accounts: AccountReader, facts: Facts) -> None:
        """Read by these."""
        self._pending = pending
        self._accounts = accounts
        self._facts = facts

    async def drift(self, tenant: Tenant, *, with_memberships: bool) -> AsyncIterator[Drift]:
        """Yield all of it: Users, accounts, Groups, cohorts, memberships."""
        async for drift in self._of_resources(tenant, "User"):
            yield drift
        async for drift in self._of_nobody(tenant.id, "User"):
            yield drift
        async for drift in self._of_resources(tenant, "Group"):
            yield drift
        async for drift in self._of_nobody(tenant.id, "Group"):
            yield drift
        if with_memberships:
            async for drift in self._of_memberships(tenant.id):
                yield drift

    # Each yields what still differs when both sides are read at one moment

    async def _of_resources(self, tenant: Tenant, resource_type: str) -> AsyncIterator[Drift]:
        page = await self._pending.resources(tenant.id, resource_type, after=_FIRST, limit=_PAGE)
        while page:
            # The store reads the next page while this one is compared.
            following, found = await asyncio.gather(
                self._following(tenant.id, resource_type, page), self._compared(tenant, page)
            )
            for drift in found:
                yield drift
            page = following

    async def _following(
        self, tenant: TenantId, resource_type: str, page: Sequence[PendingResource]
    ) -> Sequence[PendingResource]:
        if len(page) < _PAGE:
            return []
        return await self._pending.resources(tenant, resource_type, after=page[-1].id, limit=_PAGE)

    async def _compared(self, tenant: Tenant, page: Sequence[PendingResource]) -> list[Drift]:
        suspects = [found.id for found in page if _differs(found, tenant.policies)]
        if not suspects:
            return []
        snapshot = await self._facts.load(tenant.id, Need(resources=frozenset(suspects)))
        return _still_differing(suspects, snapshot)

    async def _of_nobody(self, tenant: TenantId, resource_type: str) -> AsyncIterator[Drift]:
        after = _FIRST
        while True:
            page = await self._accounts.of_nobody(tenant, resource_type, after=after, limit=_PAGE)
            if page:
                snapshot = await self._facts.load(tenant, _need_of_owners(page))
                for drift in _still_of_nobody(page, snapshot):
                    yield drift
            if len(page) < _PAGE:
                return
            after = page[-1]

    async def _of_memberships(self, tenant: TenantId) -> AsyncIterator[Drift]:
        after = (_FIRST, _FIRST)
        while True:
            page = await self._pending.pending_memberships(tenant, after=after, limit=_PAGE)
            keys = [(edge.group, edge.member) for edge in page]
            if keys:
                snapshot = await self._facts.load(tenant, _need_of(keys))
                for drift in _differing_memberships(keys, snapshot):
                    yield drift
            if len(page) < _PAGE:
                return
            after = keys[-1]


def _differs(found: PendingResource, policies: Policies) -> bool:
    resource = found.resource
    if resource is None:
        return False
    if resource.type == "Group":
        return bool(group_drift(resource, found.cohort))
    return bool(user_drift(resource, found.account, policies))


def _still_differing(ids: Sequence[ResourceId], snapshot: Snapshot) -> list[Drift]:
    accounts: dict[ResourceId | None, Account] = {account.resource: account for account in snapshot.accounts.values()}
    found: list[Drift] = []
    for id in ids:
        resource = snapshot.resources.get(id)
        if resource is None:
            continue
        if resource.type == "Group":
            found += group_drift(resource, snapshot.cohorts.get(id))
        else:
            found += user_drift(resource, accounts.get(id), snapshot.tenant.policies)
    return found


def _need_of_owners(ids: Sequence[ResourceId]) -> Need:
    return Need(references=frozenset(ids), tombstones=frozenset(ids))


def _still_of_nobody(ids: Sequence[ResourceId], snapshot: Snapshot) -> list[Drift]:
    """Return what these have who are neither in the directory, nor deleted with a leave that waits."""
    gone = {id for id in ids if id not in snapshot.references and id not in snapshot.tombstones}
    accounts = [account_of_nobody(one) for one in snapshot.accounts.values() if one.resource in gone]
    return accounts + [cohort_of_nobody(one) for one in snapshot.cohorts.values() if one.resource in gone]


def _need_of(memberships: Sequence[tuple[ResourceId, ResourceId]]) -> Need:
    groups = frozenset(group for group, _ in memberships)
    members = frozenset(member for _, member in memberships)
    return Need(memberships=frozenset(memberships), resources=groups, references=members, tombstones=groups | members)


def _differing_memberships(memberships: Sequence[tuple[ResourceId, ResourceId]], snapshot: Snapshot) -> list[Drift]:
    found: list[Drift] = []
    for group, member in memberships:
        edge = snapshot.edges.get((group, member))
        if edge is not None:
            found += membership_drift(
                edge,
                snapshot.resources.get(group),
                snapshot.references.get(member),
                is_leave_pending=group in snapshot.tombstones or member in snapshot.tombstones,
            )
    return found
