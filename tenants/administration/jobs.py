"""Long work on a tenant's people: started, followed, stopped and resumed; workers carry it out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from msgspec import structs

from schemas.ids import JobId, PlanId, TenantId
from schemas.messages.notices import JobChanged
from schemas.scim.errors import InvalidFilterError
from schemas.timestamps import timestamp, unix_seconds
from tenants.administration.actor import Actor, RefusedError
from tenants.jobs.found import is_by_filter, query_of, type_of
from tenants.jobs.job import Job, JobKind, JobState
from tenants.jobs.parameters import check_parameters, count_chosen, is_chosen, plan_of
from tenants.ports import AdministrationPorts
from tenants.tenant import Tenant

MOST_CHOSEN = 20_000
"""A job's parameters are read and kept as one piece."""
_NAMED_AT_MOST = 100
_ID_LISTS = ("resources", "memberships")
_LATEST = 100
_LOOK_SECONDS = 0.2


class JobAdministration:
    """The administrator's hand on jobs."""

    def __init__(self, ports: AdministrationPorts, *, clock: Callable[[], float], new_id: Callable[[], str]) -> None:
        """Keep the ports; ``new_id`` gives ids that nobody had before."""
        self._ports = ports
        self._clock = clock
        self._new_id = new_id

    async def start(self, tenant: str, kind: JobKind, parameters: Mapping[str, Any], *, actor: Actor) -> Job:
        """Start a job; workers begin with it at once, or within a second or two.

        Args:
            tenant: Whose people it is about.
            kind: What is to be done.
            parameters: ``resources`` (ids), ``memberships`` (pairs of group and member), ``accounts`` (ids; for an
                import the accounts themselves), or nothing for all; of a release or replay instead ``filter`` and
                ``type`` (``User``, ``Group``), asked as it goes on; of a release of all the ``plan`` that it goes by;
                of a conflict ``resource`` and ``link``; of a flag ``account``, ``has_legal_hold`` and ``status``.
            actor: By whose word.

        Raises:
            RefusedError: There is no such tenant, or the kind cannot read the parameters, or they are too many, or the
                filter is none that the tenant's schemas can answer.
        """
        record = await self._record(tenant)
        _check(kind, parameters, record)
        now = timestamp(self._clock())
        job = Job(JobId(self._new_id()), record.id, kind, now, actor.principal, dict(parameters), updated=now)
        await self._ports.jobs.add(job)
        await self._note(job, "job.started", _told(job), actor)
        return job

    async def job(self, tenant: str, job: str) -> Job:
        """Return the job as it is now.

        Raises:
            RefusedError: There is no such tenant or job.
        """
        found = await self._ports.jobs.job(await self._existing(tenant), JobId(job))
        if found is None:
            raise RefusedError(f"{tenant} has no job {job}")
        return found

    async def jobs(self, tenant: str, *, limit: int) -> Sequence[Job]:
        """Return the tenant's latest jobs, the newest first.

        Raises:
            RefusedError: There is no such tenant.
        """
        return await self._ports.jobs.jobs(await self._existing(tenant), limit=limit)

    async def stop(self, tenant: str, job: str, *, actor: Actor, reason: str = "") -> Job:
        """Stop a job for good; what it has done stands, what it has not is as it was. A step under way may finish.

        Raises:
            RefusedError: There is no such tenant or job, or it has ended already.
        """
        found = await self.job(tenant, job)
        if found.state not in {JobState.RUNNING, JobState.PAUSED}:
            raise RefusedError(f"the job has ended already: it is {found.state}")
        return await self._change(found, JobState.STOPPED, reason or f"{actor.principal} stopped it", "stopped", actor)

    async def resume(self, tenant: str, job: str, *, actor: Actor) -> Job:
        """Let a paused job go on where it was.

        Raises:
            RefusedError: There is no such tenant or job, or it is not paused.
        """
        found = await self.job(tenant, job)
        if found.state is not JobState.PAUSED:
            raise RefusedError(f"only a paused job can be resumed; this one is {found.state}")
        return await self._change(found, JobState.RUNNING, "", "resumed", actor)

    async def stop_releases_of_all(
        self, tenant: str, *, but_by: PlanId | None = None, actor: Actor, reason: str
    ) -> Sequence[Job]:
        """Stop every job that releases all that is pending, and return them; those of chosen ones go on.

        ``but_by`` names a plan whose own release goes on.

        Raises:
            RefusedError: There is no such tenant.
        """
        return [
            await self._change(job, JobState.STOPPED, reason, "stopped", actor)
            for job in await self.releases_of_all(tenant)
            if but_by is None or plan_of(job) != but_by
        ]

    async def releases_of_all(self, tenant: str) -> Sequence[Job]:
        """Return the jobs that release all that is pending and have not ended, the newest first.

        Raises:
            RefusedError: There is no such tenant.
        """
        id = await self._existing(tenant)
        latest = {job.id: job for job in await self._ports.jobs.jobs(id, limit=_LATEST)}
        # A running one is never too old to be found.
        latest |= {job.id: job for job in await self._ports.jobs.running() if job.tenant == id}
        return [job for job in latest.values() if _is_open(job) and job.kind is JobKind.RELEASE and not is_chosen(job)]

    async def follow(self, tenant: str, job: str, *, every_seconds: float = _LOOK_SECONDS) -> AsyncIterator[Job]:
        """Yield the job as it is now, and again whenever it has come further, until it runs no more.

        Raises:
            RefusedError: There is no such tenant or job.
        """
        found = await self.job(tenant, job)
        yield found
        while found.state is JobState.RUNNING:
            await asyncio.sleep(every_seconds)
            before, found = found, await self.job(tenant, job)
            if (found.step, found.state) != (before.step, before.state):
                yield found

    async def _change(self, job: Job, state: JobState, reason: str, what: str, actor: Actor) -> Job:
        now = timestamp(self._clock())
        ended = now if state is JobState.STOPPED else ""
        changed = replace(job, state=state, reason=reason, updated=now, ended=ended)
        await self._ports.jobs.change_state(changed)
        details = {"kind": job.kind.value, "done": job.done, "failed": job.failed, "total": job.total}
        await self._note(changed, f"job.{what}", {**details, "reason": reason} if reason else details, actor)
        return changed

    async def _note(self, job: Job, action: str, details: dict[str, Any], actor: Actor) -> None:
        entry = actor.did(action, ("Job", job.id), details, at=timestamp(self._clock()))
        # By the job's id the timeline finds its start with all that came of it.
        await self._ports.audit.append(job.tenant, [structs.replace(entry, request_id=job.id)])
        if self._ports.notices is not None:
            await self._ports.notices.publish(JobChanged(job.tenant))

    async def _existing(self, tenant: str) -> TenantId:
        return (await self._record(tenant)).id

    async def _record(self, tenant: str) -> Tenant:
        found = await self._ports.registry.tenant(TenantId(tenant))
        if found is None:
            raise RefusedError(f"there is no tenant named {tenant}")
        return found


def rate_of(job: Job) -> float:
    """Return how many items a second the job has come to, from its start to its last step."""
    seconds = unix_seconds(job.updated or job.created) - unix_seconds(job.created)
    return (job.done + job.failed) / seconds if seconds > 0 else 0.0


def _check(kind: JobKind, parameters: Mapping[str, Any], tenant: Tenant) -> None:
    try:
        check_parameters(kind, parameters)
        if is_by_filter(parameters):
            query_of(parameters, tenant)
    except ValueError as error:
        raise RefusedError(str(error)) from error
    except InvalidFilterError as error:
        raise RefusedError(error.detail) from error
    if count_chosen(parameters) > MOST_CHOSEN:
        raise RefusedError(f"one job is about {MOST_CHOSEN:,} chosen ones at most")


def _told(job: Job) -> dict[str, Any]:
    """Return what the audit log says of a job's start: ids where they are few, never what it says of people else."""
    if is_by_filter(job.parameters):
        return {"kind": job.kind.value, "about": "filter", "type": type_of(job.parameters)}
    details: dict[str, Any] = {"kind": job.kind.value, "about": "chosen" if is_chosen(job) else "all"}
    if is_chosen(job):
        details["count"] = count_chosen(job.parameters)
    named = set(_ID_LISTS) if job.kind is JobKind.IMPORT else {*_ID_LISTS, "accounts"}
    return details | {
        name: value
        for name, value in job.parameters.items()
        if not isinstance(value, list) or (name in named and len(value) <= _NAMED_AT_MOST)
    }


def _is_open(job: Job) -> bool:
    return job.state in {JobState.RUNNING, JobState.PAUSED}
