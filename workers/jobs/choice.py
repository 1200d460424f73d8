"""Which of the running jobs a worker drives next. Pure."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from schemas.ids import JobId, TenantId, WorkerId
from tenants.jobs.job import Job
from tenants.jobs.parameters import is_chosen
from workers.jobs.settings import JobSettings

JobKey = tuple[TenantId, JobId]


def key_of(job: Job) -> JobKey:
    """Return what tells the job from all others."""
    return job.tenant, job.id


def claimable(
    running: Sequence[Job], driven: Collection[JobKey], worker: WorkerId, *, now: float, settings: JobSettings
) -> Iterator[Job]:
    """Yield jobs that the worker may claim, the oldest first; no more than it has room for.

    A job about all waits for the older ones of its tenant: who was set aside before a release of all stays aside. A
    chosen few wait for nobody.
    """
    room = settings.jobs_at_once - len(driven)
    of_tenant = Counter(tenant for tenant, _ in driven)
    older: set[TenantId] = set()
    for job in running:
        waits = not is_chosen(job) and job.tenant in older
        older.add(job.tenant)
        if waits or key_of(job) in driven or _is_elsewhere(job, worker, now):
            continue
        if room > 0 and of_tenant[job.tenant] < settings.jobs_per_tenant:
            room -= 1
            of_tenant[job.tenant] += 1
            yield job


def _is_elsewhere(job: Job, worker: WorkerId, now: float) -> bool:
    return job.driver not in {"", worker} and job.driven_until > now
