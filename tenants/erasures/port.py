"""Erasures: whose account was erased, and of whom something may still be kept.

The transaction that erases an account writes its erasure. A round then takes the person's data from everywhere else
(``workers.erasure_round``) and finishes it; until then it is due, whoever dies.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.ids import AccountId, ResourceId, TenantId


@dataclass(frozen=True, slots=True)
class Erasure:
    """One person of whom nothing is to be left but ids."""

    tenant: TenantId
    account: AccountId | None
    """None: there never was one, or not any more."""
    resource: ResourceId | None
    """The User, as it was linked in the end; one of the two there is."""
    at: str
    """When the account was erased; RFC 3339, UTC, milliseconds."""

    @property
    def id(self) -> str:
        """Return the account's id; the User's where there was no account."""
        return self.account or self.resource or ""


class Erasures(Protocol):
    """What is still to be done of them.

    Raises:
        PortUnavailableError: The store cannot be reached (all methods).
    """

    async def due(self, *, after: Erasure | None, limit: int) -> Sequence[Erasure]:
        """Return erasures of all tenants that are not finished, by tenant and id, from the one after that on."""
        ...

    async def ripe(self, tenant: TenantId, *, now: str, limit: int) -> Sequence[AccountId]:
        """Return accounts whose moment to be erased has come, and that no legal hold keeps, the oldest first."""
        ...

    async def purge(self, tenant: TenantId, ids: Collection[str]) -> None:
        """Empty what the directory keeps besides of these resources: bodies in receipts, names in tombstones."""
        ...

    async def scrub(self) -> bool:
        """See that what was removed before the call is not in the store's own files any more.

        False: not now; where that is dear it is done for many erasures together, every now and then.
        """
        ...

    async def finish(self, erasures: Sequence[Erasure], *, at: str) -> int:
        """End those of one tenant, each with an entry in the audit log that has no content.

        Those that were ended before, or came up anew since, are passed over; return how many were not.
        """
        ...
