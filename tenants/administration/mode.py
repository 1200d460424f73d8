"""Going from dry-run to sync, which releases all that is pending, and back, which stops that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.ids import PlanId
from tenants.administration.actor import Actor
from tenants.administration.jobs import JobAdministration
from tenants.administration.tenants import SettingsChange, TenantAdministration
from tenants.directory.pending import PendingKind, PendingReader
from tenants.jobs.job import Job, JobKind, JobState
from tenants.policies.settings import OperationMode
from tenants.tenant import Tenant

BACK_TO_DRY_RUN = "the tenant went back to dry-run"


@dataclass(frozen=True, slots=True)
class Switched:
    """What a change of settings came to."""

    tenant: Tenant
    release: Job | None = None
    """The job that releases what was pending; None where the tenant is in dry-run, or nothing was."""
    stopped: Sequence[Job] = ()
    """Releases that were under way."""


class ModeAdministration:
    """The switch between dry-run and sync."""

    def __init__(self, tenants: TenantAdministration, jobs: JobAdministration, pending: PendingReader) -> None:
        """Switch by these."""
        self._tenants = tenants
        self._jobs = jobs
        self._pending = pending

    async def waiting(self, name: str) -> Mapping[PendingKind, int]:
        """Return how much is pending of each kind.

        Raises:
            RefusedError: There is no such tenant.
        """
        return await self._pending.counts((await self._tenants.tenant(name)).id)

    async def change(self, name: str, change: SettingsChange, *, plan: PlanId | None = None, actor: Actor) -> Switched:
        """Change settings; where the mode is among them, see to what is pending, whether or not it was another.

        To sync: what comes is applied at once from then on, and a job releases what is pending. Repeating it finishes
        what was interrupted between the two. To dry-run: releases of all are stopped; what they have not released
        stays pending.

        Args:
            name: The tenant's.
            change: What is to be another.
            plan: The plan that was confirmed. Whom it does not name is neither disabled nor erased by the release,
                however late that became pending. It takes the place of a release that goes by another plan, or none.
            actor: By whose word.

        Raises:
            RefusedError: There is no such tenant, the settings are at odds, or somebody else changed them meanwhile.
        """
        tenant = await self._tenants.change(name, change, actor=actor)
        match change.mode:
            case OperationMode.SYNC:
                return await self._in_sync(tenant, plan, actor)
            case OperationMode.DRY_RUN:
                stopped = await self._jobs.stop_releases_of_all(name, actor=actor, reason=BACK_TO_DRY_RUN)
                return Switched(tenant, stopped=stopped)
            case None:
                return Switched(tenant)

    async def _in_sync(self, tenant: Tenant, plan: PlanId | None, actor: Actor) -> Switched:
        stopped: Sequence[Job] = ()
        if plan is not None:
            reason = f"the plan {plan} was confirmed instead"
            stopped = await self._jobs.stop_releases_of_all(tenant.id, but_by=plan, actor=actor, reason=reason)
        return Switched(tenant, release=await self._release(tenant, plan, actor), stopped=stopped)

    async def _release(self, tenant: Tenant, plan: PlanId | None, actor: Actor) -> Job | None:
        """Return the job that releases all: one that has not ended, or a new one where anything is pending."""
        open_ones = await self._jobs.releases_of_all(tenant.id)
        if open_ones:
            return next((job for job in open_ones if job.state is JobState.RUNNING), open_ones[0])
        if not sum((await self._pending.counts(tenant.id)).values()):
            return None
        parameters = {"plan": plan} if plan is not None else {}
        return await self._jobs.start(tenant.id, JobKind.RELEASE, parameters, actor=actor)
