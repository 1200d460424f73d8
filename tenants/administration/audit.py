"""Asking the audit log, following its chain, and how long it is kept."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

from schemas.ids import TenantId
from schemas.messages.notices import TenantChanged
from schemas.timestamps import timestamp
from tenants.administration.actor import Actor, RefusedError
from tenants.audit.chain import ChainBrokenError, Walk, begin, end, follow
from tenants.audit.port import AuditEntry, AuditQuery, ChainEnds
from tenants.audit.retention import forget_expired
from tenants.errors import RevisionConflictError
from tenants.policies.settings import AUDIT_DAYS_AT_LEAST
from tenants.ports import AdministrationPorts
from tenants.tenant import Tenant

_PAGE = 500
_LINKS_AT_ONCE = 50
"""A link is seldom more than some kilobytes, but may be some megabytes."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What following a tenant's chain showed."""

    first: int
    """The number of the oldest entry kept."""
    last: int
    entries: int
    """Entries that were followed."""
    redacted: int
    """Of these, how many have lost their details on purpose."""
    older: int
    """Of these, how many are older than the chain, so that nothing vouches for them."""
    fault: str = ""
    """Where the chain does not hold, and how; empty: it holds."""


class AuditAdministration:
    """An auditor's look at a tenant's log."""

    def __init__(self, ports: AdministrationPorts, *, clock: Callable[[], float]) -> None:
        """Keep the ports."""
        self._ports = ports
        self._clock = clock

    async def find(self, tenant: str, query: AuditQuery) -> Sequence[AuditEntry]:
        """Return a page of the entries that are asked for.

        Raises:
            RefusedError: No such tenant.
        """
        return await self._ports.audit.find((await self._tenant(tenant)).id, query)

    async def export(self, tenant: str, query: AuditQuery) -> AsyncIterator[AuditEntry]:
        """Yield all entries that are asked for, whatever the query's limit; a page at a time is in memory.

        Raises:
            RefusedError: No such tenant.
        """
        id = (await self._tenant(tenant)).id
        query = replace(query, limit=_PAGE)
        while True:
            page = await self._ports.audit.find(id, query)
            for entry in page:
                yield entry
            if len(page) < _PAGE:
                return
            query = replace(query, after=page[-1].number)

    async def verify(self, tenant: str, *, progress: Callable[[int, int], None] | None = None) -> Verified:
        """Follow the chain from the oldest entry kept to the newest there is now.

        Args:
            tenant: Whose log it is.
            progress: Told how many entries were followed, and how many there are.

        Raises:
            RefusedError: No such tenant.
        """
        id = (await self._tenant(tenant)).id
        while True:
            ends = await self._ports.audit.ends(id)
            verified = await self._verify(id, ends, progress)
            if not verified.fault or (await self._ports.audit.ends(id)).start == ends.start:
                return verified
            # What was looked at was forgotten meanwhile, as old as it was.

    async def keep_for(self, tenant: str, days: int, *, actor: Actor) -> Tenant:
        """Set how many days entries are kept.

        Raises:
            RefusedError: No such tenant, too few days, or somebody else changed the tenant meanwhile.
        """
        if days < AUDIT_DAYS_AT_LEAST:
            raise RefusedError(f"the audit log is kept for {AUDIT_DAYS_AT_LEAST} days at least")
        before = await self._tenant(tenant)
        old = before.policies.audit_days
        if days == old:
            return before
        policies = replace(before.policies, audit_days=days)
        after = replace(before, policies=policies, revision=before.revision + 1)
        try:
            await self._ports.registry.change_tenant(after)
        except RevisionConflictError as error:
            raise RefusedError("the tenant was changed by somebody else meanwhile; look again and repeat") from error
        changed = {"changed": {"audit_days": [old, days]}}
        entry = actor.did("tenant.changed", ("Tenant", after.id), changed, at=timestamp(self._clock()))
        await self._ports.audit.append(after.id, [entry])
        if self._ports.notices is not None:
            await self._ports.notices.publish(TenantChanged(after.id))
        return after

    async def forget_expired(self, tenant: str) -> int:
        """Remove what is older than the tenant keeps it; return how many entries went. The chain can still be followed.

        Raises:
            RefusedError: No such tenant.
        """
        record = await self._tenant(tenant)
        days = record.policies.audit_days
        return await forget_expired(self._ports.audit, record.id, days=days, now=self._clock())

    async def _verify(self, tenant: TenantId, ends: ChainEnds, progress: Callable[[int, int], None] | None) -> Verified:
        walk, fault = begin(ends), ""
        try:
            while walk.number < ends.last:
                walk, met = await self._follow_some(tenant, walk, ends)
                if progress is not None:
                    progress(walk.entries, ends.last - ends.start)
                if not met:
                    break
            end(walk, ends)
        except ChainBrokenError as error:
            fault = str(error)
        return Verified(ends.start + 1, ends.last, walk.entries, walk.redacted, walk.older, fault)

    async def _follow_some(self, tenant: TenantId, walk: Walk, ends: ChainEnds) -> tuple[Walk, int]:
        links = await self._ports.audit.links(tenant, after=walk.number, limit=_LINKS_AT_ONCE)
        for link in links:
            if walk.number >= ends.last:
                break
            walk = follow(tenant, walk, link)
        return walk, len(links)

    async def _tenant(self, name: str) -> Tenant:
        tenant = await self._ports.registry.tenant(TenantId(name))
        if tenant is None:
            raise RefusedError(f"there is no tenant named {name}")
        return tenant
