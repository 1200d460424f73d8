"""The jobs of all tenants: kept where every worker finds them, so that each goes on whoever dies."""

from collections.abc import Collection, Sequence
from typing import Protocol

from schemas.ids import JobId, TenantId
from tenants.jobs.job import Job


class Jobs(Protocol):
    """Which jobs there are, and how far they have come.

    Raises:
        PortUnavailableError: The store cannot be reached (all methods).
    """

    async def add(self, job: Job) -> None:
        """Keep a new job.

        Raises:
            DuplicateError: The id is taken.
        """
        ...

    async def job(self, tenant: TenantId, id: JobId) -> Job | None:
        """Return the tenant's job, or None."""
        ...

    async def jobs(self, tenant: TenantId, *, limit: int) -> Sequence[Job]:
        """Return the tenant's latest jobs, the newest first."""
        ...

    async def running(self) -> Sequence[Job]:
        """Return the running jobs of all tenants, oldest first."""
        ...

    async def claim(self, tenant: TenantId, id: JobId, *, driver: str, now: float, until: float) -> Job | None:
        """Become or stay the driver until then, and return the job as it is now.

        None where it is not running, or another driver has it beyond ``now``.
        """
        ...

    async def advance(self, job: Job) -> bool:
        """Put the job in the place of itself one step earlier (``step - 1``) under the same driver and still running.

        False where it is not so any more: it was stopped, or another driver has taken over.
        """
        ...

    async def change_state(self, job: Job) -> bool:
        """Put state, reason, ``updated`` and ``ended`` of this job; False when there is no such job.

        The driver and the place stand; a job that is running again may be claimed at once.
        """
        ...

    async def forget_people(self, tenant: TenantId, accounts: Collection[str]) -> bool:
        """Take from all jobs of the tenant that have ended what their parameters say of people beside ids, for good.

        False where a job that has not ended still names one of these accounts, since it goes by its parameters: an
        import; or, for all that is known, one whose people a filter finds.
        """
        ...
