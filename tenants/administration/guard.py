"""The guard as administrators see it: its limit, what it holds, and the word that lets it go or keeps it back."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from schemas.ids import ResourceId, TenantId
from tenants.administration.actor import Actor, RefusedError
from tenants.administration.jobs import MOST_CHOSEN, JobAdministration
from tenants.administration.tenants import TenantAdministration
from tenants.directory.pending import PendingKind, PendingReader
from tenants.directory.records import Hold
from tenants.directory.writer import DirectoryWriter, Need
from tenants.jobs.job import Job, JobKind
from tenants.policies.guard import limit_of, within_window
from tenants.policies.settings import OperationMode

_PAGE = 1000
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody whose leave the guard holds, or a member that it keeps in a cohort."""

    kind: PendingKind
    id: str
    """A resource's id; of a membership ``group/member``."""
    name: str


@dataclass(frozen=True, slots=True)
class GuardState:
    """How the guard stands."""

    limit: int | None
    """How many may be deprovisioned within an hour; None where it is off."""
    managed_accounts: int
    used: int
    """How many were, within the last hour, by the identity provider's word."""
    tripped: str
    """When it last began to hold; empty: never."""
    held: Sequence[Held]


class GuardAdministration:
    """The administrator's hand on the guard."""

    def __init__(
        self,
        tenants: TenantAdministration,
        jobs: JobAdministration,
        pending: PendingReader,
        directory: DirectoryWriter,
        *,
        clock: Callable[[], float],
    ) -> None:
        """Keep what is needed."""
        self._tenants = tenants
        self._jobs = jobs
        self._pending = pending
        self._directory = directory
        self._clock = clock

    async def state(self, name: str) -> GuardState:
        """Return how the guard stands, with all that it holds.

        Raises:
            RefusedError: There is no such tenant.
        """
        tenant = await self._tenants.tenant(name)
        counters = (await self._directory.load(tenant.id, Need())).counters
        leaves = within_window(counters.leaves, int(self._clock()) // _MINUTE)
        return GuardState(
            limit=limit_of(tenant.policies, counters.accounts, leaves),
            managed_accounts=counters.accounts,
            used=sum(count for _, count in leaves),
            tripped=counters.guard_tripped,
            held=[held async for held in self._held(tenant.id, is_in_sync=tenant.policies.mode is OperationMode.SYNC)],
        )

    async def set(self, name: str, *, limit: int | None, is_on: bool, actor: Actor) -> None:
        """Set the limit, None for the usual one; or switch the guard off.

        Raises:
            RefusedError: There is no such tenant, or somebody else changed it meanwhile.
        """
        tenant = await self._tenants.tenant(name)
        policies = replace(tenant.policies, has_guard=is_on, guard_limit=limit)
        await self._tenants.put(tenant, replace(tenant, policies=policies), actor=actor)

    async def release(self, name: str, ids: Sequence[str], *, actor: Actor) -> Job:
        """Start a job that lets go of these, or of all that is held without any, and return it.

        Raises:
            RefusedError: There is no such tenant, or nothing of the kind is held.
        """
        parameters = await self._chosen(name, ids)
        return await self._jobs.start(name, JobKind.RELEASE, parameters, actor=actor)

    async def reject(self, name: str, ids: Sequence[str], *, reason: str, actor: Actor) -> Job:
        """Start a job that sets these aside, or all without any: the LMS keeps people, cohorts and their members.

        Raises:
            RefusedError: There is no such tenant, or nothing of the kind is held.
        """
        parameters = {**await self._chosen(name, ids), "reason": reason}
        return await self._jobs.start(name, JobKind.SET_ASIDE, parameters, actor=actor)

    async def _chosen(self, name: str, ids: Sequence[str]) -> dict[str, Any]:
        """Return those of the held ones, as a job's parameters."""
        held = {one.id: one for one in (await self.state(name)).held}
        unknown = [id for id in ids if id not in held]
        if unknown:
            raise RefusedError(f"the guard does not hold {', '.join(unknown)}")
        chosen = [held[id] for id in dict.fromkeys(ids)] if ids else list(held.values())
        if not chosen:
            raise RefusedError(f"the guard holds nothing of {name}")
        chosen = chosen[:MOST_CHOSEN]
        return {
            "resources": [held.id for held in chosen if held.kind is not PendingKind.MEMBERSHIP],
            "memberships": [held.id.split("/") for held in chosen if held.kind is PendingKind.MEMBERSHIP],
        }

    async def _held(self, tenant: TenantId, *, is_in_sync: bool) -> AsyncIterator[Held]:
        for kind in (PendingKind.USER, PendingKind.LEAVER):
            after = ResourceId("")
            while found := await self._pending.pending(tenant, kind, after=after, limit=_PAGE):
                after = found[-1].id
                for one in found:
                    marked = one.resource or one.tombstone
                    if marked is not None and marked.hold is Hold.GUARD:
                        yield Held(kind, one.id, marked.name)
        if is_in_sync:
            async for held in self._kept_members(tenant):
                yield held

    async def _kept_members(self, tenant: TenantId) -> AsyncIterator[Held]:
        """Yield memberships that the directory has given up and only the guard keeps."""
        place = (ResourceId(""), ResourceId(""))
        while edges := await self._pending.pending_memberships(tenant, after=place, limit=_PAGE):
            place = (edges[-1].group, edges[-1].member)
            leaving = [edge for edge in edges if edge.applied and not edge.desired and not edge.is_kept]
            need = Need(resources=frozenset(edge.group for edge in leaving))
            groups = (await self._directory.load(tenant, need)).resources if leaving else {}
            for edge in leaving:
                group = groups.get(edge.group)
                if group is not None and group.hold is None:
                    yield Held(PendingKind.MEMBERSHIP, f"{edge.group}/{edge.member}", group.name)
