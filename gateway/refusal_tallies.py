"""Refusals, told to the audit log: at once the first time, then counted, and told once in a while.

What is refused is no part of any transaction, and whoever causes it could do so without end. So refusals of one kind
are one entry with their number, what is kept of them is bounded, and the lane is disturbed once for all that is due.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

import structlog

from gateway.settings import GatewaySettings
from gateway.surroundings import Surroundings
from gateway.visit import Visit
from schemas.ids import TenantId, tenant_id
from schemas.timestamps import timestamp
from tenants.audit.port import AuditEntry, AuditLog
from tenants.errors import PortUnavailableError, UnknownTenantError

MANY = "many"
"""The address of refusals that are counted together though they are of several kinds."""
_MOST_KINDS = 10_000
_MOST_KINDS_OF_TENANT = 100
log = structlog.get_logger()


class Refusal(Protocol):
    """Refusals that are told together: a value that can be a dictionary's key."""

    @property
    def tenant(self) -> TenantId:
        """Whose audit log is told."""
        ...

    def coarser(self) -> Self:
        """Return what it is counted as where a tenant has too many kinds; there are few of those."""
        ...

    def entry(self, visit: Visit, count: int, *, at: str) -> AuditEntry:
        """Return what the audit log is told of so many, the last of which came with this visit."""
        ...


@dataclass(slots=True)
class _Tally:
    """How often one kind happened since it was last told, and what it looked like the last time."""

    due: float
    count: int
    at: float
    visit: Visit


R = TypeVar("R", bound=Refusal)


class RefusalTallies(Generic[R]):
    """Counts refusals of one kind and tells them once in a while, so that nobody can flood the audit log."""

    def __init__(self, audit: AuditLog, settings: GatewaySettings, surroundings: Surroundings) -> None:
        """Tell this audit log."""
        self._audit = audit
        self._pause = settings.refusal_seconds
        self._now = surroundings.now
        self._tallies: dict[R, _Tally] = {}
        self._kinds: Counter[TenantId] = Counter()

    def note(self, refusal: R, visit: Visit) -> None:
        """Count a refusal. Whether there is such a tenant is found out later, apart from the answer."""
        if refusal not in self._tallies and self._kinds[refusal.tenant] >= _MOST_KINDS_OF_TENANT:
            refusal = refusal.coarser()
        now = self._now()
        tally = self._tallies.get(refusal)
        if tally is not None:
            tally.count, tally.at, tally.visit = tally.count + 1, now, visit
        elif len(self._tallies) < _MOST_KINDS and _is_name(refusal.tenant):
            self._tallies[refusal] = _Tally(due=now, count=1, at=now, visit=visit)
            self._kinds[refusal.tenant] += 1

    async def tell_due(self, *, all_of_them: bool = False) -> None:
        """Tell what is due now; at the end of a gateway's life, all that was counted.

        All of a tenant is told together: each entry that is added delays a transaction under way in its lane.
        """
        now = self._now()
        due = {refusal: tally for refusal, tally in self._tallies.items() if tally.due <= now or all_of_them}
        told: dict[TenantId, list[tuple[R, _Tally]]] = {}
        for refusal, tally in due.items():
            if tally.count:
                told.setdefault(refusal.tenant, []).append((refusal, tally))
            else:
                self._drop(refusal)
        for tenant, tallies in told.items():
            await self._tell_tenant(tenant, tallies, next_due=now + self._pause)

    def _drop(self, refusal: R) -> None:
        del self._tallies[refusal]
        self._kinds[refusal.tenant] -= 1
        if not self._kinds[refusal.tenant]:
            del self._kinds[refusal.tenant]

    async def _tell_tenant(self, tenant: TenantId, tallies: Sequence[tuple[R, _Tally]], *, next_due: float) -> None:
        counts = [tally.count for _, tally in tallies]
        entries = [refusal.entry(tally.visit, tally.count, at=timestamp(tally.at)) for refusal, tally in tallies]
        try:
            await self._audit.append(tenant, entries)
        except UnknownTenantError:
            pass  # Somebody guesses names; there is no audit log to tell.
        except PortUnavailableError as error:
            log.warning("Refusals were not told yet", tenant=tenant, cause=str(error))
            return
        for (_, tally), count in zip(tallies, counts, strict=True):
            tally.count -= count
            tally.due = next_due


def _is_name(tenant: TenantId) -> bool:
    try:
        tenant_id(tenant)
    except ValueError:
        return False
    return True
