"""The audit log: who did what, from where, with which outcome; append-only, in order, per tenant."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from schemas.ids import TenantId


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One fact of the audit log."""

    at: str
    action: str
    """``scim.create``, ``scim.patch``, ``token.refused``, ``tenant.changed``, ..."""
    outcome: str
    """``applied``, ``unchanged``, ``rejected``, ``refused``."""
    principal: str
    name: str = ""
    address: str = ""
    agent: str = ""
    request_id: str = ""
    target_type: str = ""
    target: str = ""
    """The id of what was acted on."""
    details: dict[str, Any] = field(default_factory=dict)
    """Attributes changed with old and new values, the reason of a refusal, ...; never a token or password."""
    number: int = 0
    """Counts the tenant's entries from 1, without gaps; given by the log or the transaction."""
    sequence: int = 0
    """The transaction that wrote it; 0 outside of the lane."""


def numbered(entries: Sequence[AuditEntry], *, after: int) -> tuple[AuditEntry, ...]:
    """Return the entries with the numbers that follow ``after``."""
    return tuple(replace(entry, number=after + offset) for offset, entry in enumerate(entries, 1))


class AuditLog(Protocol):
    """Who did what, append-only."""

    async def append(self, tenant: TenantId, entries: Sequence[AuditEntry]) -> None:
        """Keep entries that happen outside of a lane's transactions (refused tokens, administration).

        Their numbers are given here, in one order with those written by transactions. A worker's transaction under way
        is not failed by it for longer than a retry.

        Raises:
            UnknownTenantError: There is no such tenant.
            PortUnavailableError: The store cannot be reached.
        """
        ...

    async def entries(self, tenant: TenantId, *, after: int, limit: int) -> Sequence[AuditEntry]:
        """Return entries with numbers greater than ``after``, in order."""
        ...
