"""Drift: what differs between directory and LMS side, reported by class, and mended by the commands that do it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.ids import TenantId
from tenants.administration.actor import Actor, RefusedError
from tenants.administration.drift_reading import Comparison
from tenants.administration.jobs import MOST_CHOSEN, JobAdministration
from tenants.administration.preview_pages import Facts
from tenants.jobs.job import Job, JobKind
from tenants.policies.drift import Cure, Drift, DriftClass
from tenants.policies.settings import OperationMode
from tenants.ports import AdministrationPorts
from tenants.tenant import Tenant


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What was found."""

    counts: Mapping[DriftClass, int]
    """All of them, those that do not occur as 0."""
    items: Sequence[Drift]
    """The first of those that were asked for."""
    leaves_memberships_out: bool
    """In dry-run, and while a release is under way, any membership that differs is pending."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What was started."""

    jobs: Sequence[Job]
    incurable: Mapping[DriftClass, int]
    """What no command mends: an administrator has to look at it."""


class DriftAdministration:
    """The administrator's view of drift."""

    def __init__(self, ports: AdministrationPorts, facts: Facts, jobs: JobAdministration) -> None:
        """Read by the ports and ``facts``; repair by jobs."""
        self._registry = ports.registry
        self._comparison = Comparison(ports.pending, ports.accounts, facts)
        self._jobs = jobs

    async def report(self, tenant: str, classes: Collection[DriftClass] = (), *, limit: int) -> DriftReport:
        """Count all drift, and return the first of the classes asked for (none: of all).

        Raises:
            RefusedError: There is no such tenant.
        """
        record = await self._existing(tenant)
        leaves_memberships_out = await self._memberships_are_pending(record)
        counts: Counter[DriftClass] = Counter(dict.fromkeys(DriftClass, 0))
        items: list[Drift] = []
        async for drift in self._comparison.drift(record, with_memberships=not leaves_memberships_out):
            counts[drift.kind] += 1
            if len(items) < limit and (not classes or drift.kind in classes):
                items.append(drift)
        return DriftReport(counts, items, leaves_memberships_out)

    async def repair(self, tenant: str, classes: Collection[DriftClass] = (), *, actor: Actor) -> Repair:
        """Start the jobs that mend the drift of these classes (none: of all); the guard counts what they disable.

        Raises:
            RefusedError: There is no such tenant, or it is in dry-run.
        """
        record = await self._existing(tenant)
        if record.policies.mode is OperationMode.DRY_RUN:
            raise RefusedError("the tenant is in dry-run: nothing reaches the LMS; go to sync first")
        chosen: defaultdict[Cure, dict[str, None]] = defaultdict(dict)
        incurable: Counter[DriftClass] = Counter()
        with_memberships = not await self._memberships_are_pending(record)
        async for drift in self._comparison.drift(record, with_memberships=with_memberships):
            if classes and drift.kind not in classes:
                continue
            if drift.cure is None:
                incurable[drift.kind] += 1
            else:
                chosen[drift.cure][_subject(drift)] = None
        jobs = [job for cure in Cure for job in await self._started(tenant, cure, list(chosen[cure]), actor)]
        return Repair(jobs, incurable)

    async def _started(self, tenant: str, cure: Cure, ids: Sequence[str], actor: Actor) -> list[Job]:
        parts = [ids[start : start + MOST_CHOSEN] for start in range(0, len(ids), MOST_CHOSEN)]
        return [await self._jobs.start(tenant, *_job_of(cure, part), actor=actor) for part in parts]

    async def _existing(self, tenant: str) -> Tenant:
        found = await self._registry.tenant(TenantId(tenant))
        if found is None:
            raise RefusedError(f"there is no tenant named {tenant}")
        return found

    async def _memberships_are_pending(self, tenant: Tenant) -> bool:
        if tenant.policies.mode is OperationMode.DRY_RUN:
            return True
        return bool(await self._jobs.releases_of_all(tenant.id))


def _subject(drift: Drift) -> str:
    """Return whom the command that mends it is about."""
    if drift.cure in {Cure.ALIGN, Cure.ACTIVATE} and drift.account is not None:
        return drift.account
    return drift.id


def _job_of(cure: Cure, ids: Sequence[str]) -> tuple[JobKind, dict[str, Any]]:
    match cure:
        case Cure.REPAIR:
            return JobKind.REPAIR, {"resources": list(ids)}
        case Cure.ALIGN:
            return JobKind.ALIGN, {"accounts": list(ids)}
        case Cure.ACTIVATE:
            return JobKind.ACTIVATE, {"accounts": list(ids)}
        case Cure.RELEASE:
            return JobKind.RELEASE, {"memberships": [id.split("/", 1) for id in ids]}
