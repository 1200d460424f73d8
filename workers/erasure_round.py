"""The round over erasures: takes what is left of people whose accounts were erased from everywhere.

The account and the User went with the transaction that wrote the erasure. What other stores still say of the person
goes here: events keep ids, audit entries their heads, receipts lose bodies, jobs and parked commands what they name.
Every worker goes the round, each on its own time. Each step may be done again, so whoever dies leaves nothing behind,
and an erasure is finished, with an audit entry that has no content, when all steps were done.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import structlog

from schemas.ids import TenantId
from schemas.timestamps import timestamp
from tenants.audit.port import AuditArchive
from tenants.bus.port import ParkedLane
from tenants.erasures.port import Erasure, Erasures
from tenants.errors import PortUnavailableError, UnknownTenantError
from tenants.jobs.port import Jobs
from tenants.outbox.port import Outbox
from tenants.rounds import Round

log = structlog.get_logger(__name__)

_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class ErasurePorts:
    """Where something of a person may be left."""

    erasures: Erasures
    outbox: Outbox
    audit: AuditArchive
    jobs: Jobs
    parked: ParkedLane


class ErasureRound(Round):
    """Looks for erasures that are due, again and again."""

    def __init__(self, ports: ErasurePorts, *, clock: Callable[[], float]) -> None:
        """Clean up there."""
        self._ports = ports
        self._clock = clock
        self._clean: set[Erasure] = set()
        """Those of whom nothing is left but, perhaps, in free places of the store's files."""

    async def go(self) -> None:
        """Finish what is due; what cannot be finished now is due in the next round."""
        try:
            async for tenant, erasures in self._due():
                await self._clean_up(tenant, [erasure for erasure in erasures if erasure not in self._clean])
            if self._clean and await self._ports.erasures.scrub():
                clean, self._clean = sorted(self._clean, key=_tenant_of), set()
                for tenant, finished in groupby(clean, key=_tenant_of):
                    await self._finish(tenant, list(finished))
        except PortUnavailableError as error:
            log.warning("Erasures could not be looked at", cause=str(error))

    async def _due(self) -> AsyncIterator[tuple[TenantId, Sequence[Erasure]]]:
        last: Erasure | None = None
        while due := await self._ports.erasures.due(after=last, limit=_AT_ONCE):
            last = due[-1]
            for tenant, erasures in groupby(due, key=_tenant_of):
                yield tenant, list(erasures)

    async def _clean_up(self, tenant: TenantId, erasures: Sequence[Erasure]) -> None:
        if not erasures:
            return
        try:
            if await self._take_away(tenant, erasures):
                self._clean.update(erasures)
            else:
                log.info("Erasures wait for a job that names them", tenant=tenant, erasures=len(erasures))
        except PortUnavailableError as error:
            log.warning("A tenant's erasures could not be carried out", tenant=tenant, cause=str(error))

    async def _take_away(self, tenant: TenantId, erasures: Sequence[Erasure]) -> bool:
        """Take away what is left of them, wherever it is; tell whether nothing is."""
        ports = self._ports
        accounts: dict[str, str] = {one.account: one.at for one in erasures if one.account is not None}
        users = {one.resource for one in erasures if one.resource is not None}
        # Who left and came back was another User each time; the events know which.
        ids = accounts.keys() | users | await ports.outbox.redact(tenant, accounts)
        for id in sorted(ids):
            await ports.audit.redact(tenant, id)
        await ports.parked.forget_people(tenant, ids)
        await ports.erasures.purge(tenant, ids)
        return await ports.jobs.forget_people(tenant, accounts)

    async def _finish(self, tenant: TenantId, erasures: Sequence[Erasure]) -> None:
        try:
            for start in range(0, len(erasures), _AT_ONCE):
                part = erasures[start : start + _AT_ONCE]
                count = await self._ports.erasures.finish(part, at=timestamp(self._clock()))
                log.info("Erasures were finished", tenant=tenant, erasures=count)
        except PortUnavailableError as error:
            log.warning("A tenant's erasures could not be finished", tenant=tenant, cause=str(error))
        except UnknownTenantError:
            log.info("Tenant went while its erasures were under way", tenant=tenant)


def _tenant_of(erasure: Erasure) -> TenantId:
    return erasure.tenant
