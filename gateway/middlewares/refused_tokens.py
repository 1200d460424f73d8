"""Refused credentials, told to the tenant's audit log: at once the first time, then counted, once a minute."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from gateway.settings import GatewaySettings
from gateway.surroundings import Surroundings
from gateway.visit import Visit
from schemas.ids import TenantId, TokenId, tenant_id
from schemas.timestamps import timestamp
from tenants.audit.port import AuditEntry, AuditLog
from tenants.credentials.scim_tokens import Cause
from tenants.errors import PortUnavailableError, UnknownTenantError

_MOST_KINDS = 10_000
_MOST_KINDS_OF_TENANT = 100
_MANY_ADDRESSES = "many"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Kind:
    """Refusals that are told together."""

    tenant: TenantId
    cause: Cause
    token: TokenId | None
    address: str


@dataclass(slots=True)
class _Tally:
    """How often one kind happened since it was last told, and what it looked like the last time."""

    due: float
    count: int
    at: float
    visit: Visit


class RefusedTokens:
    """Counts refusals of one kind and tells them once in a while, so that no guesser can flood the audit log."""

    def __init__(self, audit: AuditLog, settings: GatewaySettings, surroundings: Surroundings) -> None:
        """Tell this audit log."""
        self._audit = audit
        self._pause = settings.refusal_seconds
        self._now = surroundings.now
        self._tallies: dict[_Kind, _Tally] = {}
        self._kinds: Counter[TenantId] = Counter()

    def note(self, tenant: TenantId, cause: Cause, token: TokenId | None, visit: Visit) -> None:
        """Count a refusal. Whether there is such a tenant is found out later, apart from the answer."""
        kind = _Kind(tenant, cause, token, visit.address)
        if kind not in self._tallies and self._kinds[tenant] >= _MOST_KINDS_OF_TENANT:
            kind = _Kind(tenant, cause, None, _MANY_ADDRESSES)
        now = self._now()
        tally = self._tallies.get(kind)
        if tally is not None:
            tally.count, tally.at, tally.visit = tally.count + 1, now, visit
        elif len(self._tallies) < _MOST_KINDS and _is_name(tenant):
            self._tallies[kind] = _Tally(due=now, count=1, at=now, visit=visit)
            self._kinds[tenant] += 1

    async def tell_due(self, *, all_of_them: bool = False) -> None:
        """Tell what is due now; at the end of a gateway's life, all that was counted.

        All of a tenant is told together: each entry that is added delays a transaction under way in its lane.
        """
        now = self._now()
        due = {kind: tally for kind, tally in self._tallies.items() if tally.due <= now or all_of_them}
        told: dict[TenantId, list[tuple[_Kind, _Tally]]] = {}
        for kind, tally in due.items():
            if tally.count:
                told.setdefault(kind.tenant, []).append((kind, tally))
            else:
                self._drop(kind)
        for tenant, tallies in told.items():
            await self._tell_tenant(tenant, tallies, next_due=now + self._pause)

    def _drop(self, kind: _Kind) -> None:
        del self._tallies[kind]
        self._kinds[kind.tenant] -= 1
        if not self._kinds[kind.tenant]:
            del self._kinds[kind.tenant]

    async def _tell_tenant(self, tenant: TenantId, tallies: Sequence[tuple[_Kind, _Tally]], *, next_due: float) -> None:
        counts = [tally.count for _, tally in tallies]
        try:
            await self._audit.append(tenant, [_entry(kind, tally) for kind, tally in tallies])
        except UnknownTenantError:
            pass  # Somebody guesses names; there is no audit log to tell.
        except PortUnavailableError:
            log.warning("Refused tokens were not told yet", tenant=tenant)
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


def _entry(kind: _Kind, tally: _Tally) -> AuditEntry:
    return AuditEntry(
        at=timestamp(tally.at),
        action="token.refused",
        outcome="refused",
        principal=f"token:{kind.token}" if kind.token else "",
        address=kind.address,
        agent=tally.visit.agent,
        request_id=tally.visit.request_id,
        target_type="token" if kind.token else "",
        target=kind.token or "",
        details={"cause": kind.cause.value, "count": tally.count},
    )
