"""Finding whom a job's next step is about where a filter says it: by the directory's own search, from id to id."""

from tenants.directory.port import DirectoryReader
from tenants.jobs.found import query_of
from tenants.jobs.job import Job
from tenants.registry.port import Registry
from workers.jobs.planning import Part


class Finding:
    """Asks the directory what a job's filter asks for, under the schemas that the tenant has by then."""

    def __init__(self, registry: Registry, directory: DirectoryReader) -> None:
        """Ask these."""
        self._registry = registry
        self._directory = directory

    async def count(self, job: Job) -> int:
        """Return how many the filter finds now.

        Raises:
            InvalidFilterError: The tenant's schemas cannot answer the filter any more (so does ``part``).
        """
        tenant = await self._registry.tenant(job.tenant)
        if tenant is None:
            return 0
        return (await self._directory.search(tenant.id, query_of(job.parameters, tenant))).total

    async def part(self, job: Job, *, after: str, limit: int) -> Part:
        """Return those that come after the place."""
        tenant = await self._registry.tenant(job.tenant)
        if tenant is None:
            return Part("")
        query = query_of(job.parameters, tenant, after=after, limit=limit, total=job.total)
        ids = tuple(found.id for found in (await self._directory.search(tenant.id, query)).resources)
        return Part(ids[-1] if ids else "", ids)
