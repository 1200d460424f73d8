"""The audit log: who did what, from where, with which outcome; append-only, in order, in a chain, per tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from msgspec import structs

from schemas.ids import TenantId


# A struct, as stored resources are: there is one for each command.
class AuditEntry(msgspec.Struct, frozen=True):
    """One fact of the audit log."""

    at: str
    action: str
    """``scim.create``, ``scim.patch``, ``token.refused``, ``tenant.changed``, ..."""
    outcome: str
    """``applied``, ``unchanged``; ``rejected`` by a worker, ``refused`` by a gateway; ``put_off``, ``failed``."""
    principal: str
    name: str = ""
    address: str = ""
    agent: str = ""
    request_id: str = ""
    target_type: str = ""
    target: str = ""
    """The id of what was acted on."""
    details: dict[str, Any] = msgspec.field(default_factory=dict)
    """Attributes changed with old and new values, the reason of a refusal, ...; never a token or password."""
    number: int = 0
    """Counts the tenant's entries from 1, without gaps; given by the log or the transaction."""
    sequence: int = 0
    """The transaction that wrote it; 0 outside of the lane."""
    redacted: bool = False
    """Whether the details were taken away, with what they held of a person."""


def numbered(entries: Sequence[AuditEntry], *, after: int) -> tuple[AuditEntry, ...]:
    """Return the entries with the numbers that follow ``after``."""
    return tuple(structs.replace(entry, number=after + offset) for offset, entry in enumerate(entries, 1))


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries are wanted; what is left empty does not matter."""

    since: str = ""
    """From this moment on; RFC 3339, UTC, milliseconds."""
    until: str = ""
    """Before this moment."""
    actor: str = ""
    """The principal."""
    target: str = ""
    """The id of the person, group, token, ... that was acted on."""
    request_id: str = ""
    action: str = ""
    """``scim.create``, or a family of actions: ``scim``."""
    outcome: str = ""
    after: int = 0
    """The number where the page before ended; 0: the first page."""
    newest_first: bool = False
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain: entries that were written together, as they are kept (``tenants.audit.links``)."""

    first: int
    """The number of the first entry."""
    last: int
    sequence: int
    heads: str
    """All of the entries but their details: a JSON array."""
    details: str
    """A JSON array: of each entry a salt and the details, or, where they were redacted, the digest of both."""
    digest: str
    """SHA-256, hexadecimal, over the digest before it and the entries; empty: older than the chain."""


@dataclass(frozen=True, slots=True)
class ChainEnds:
    """Between what the chain has to hold."""

    start: int
    """The number of the last entry that was forgotten; 0: none."""
    start_digest: str
    last: int
    last_digest: str


class AuditLog(Protocol):
    """Who did what, append-only."""

    async def append(self, tenant: TenantId, entries: Sequence[AuditEntry]) -> None:
        """Keep entries that happen outside of a lane's transactions (refused tokens, administration).

        Their numbers are given here, in one order and one chain with those written by transactions. A worker's
        transaction under way is not failed by it for longer than a retry.

        Raises:
            UnknownTenantError: There is no such tenant.
            PortUnavailableError: The store cannot be reached.
        """
        ...

    async def entries(self, tenant: TenantId, *, after: int, limit: int) -> Sequence[AuditEntry]:
        """Return entries with numbers greater than ``after``, in order."""
        ...


class AuditArchive(AuditLog, Protocol):
    """The log as administrators see and keep it."""

    async def find(self, tenant: TenantId, query: AuditQuery) -> Sequence[AuditEntry]:
        """Return a page of the entries that are asked for; memory is that of the page, however much is looked through.

        Raises:
            PortUnavailableError: The store cannot be reached (so do all methods here).
        """
        ...

    async def ends(self, tenant: TenantId) -> ChainEnds:
        """Return where the chain begins and ends now.

        Raises:
            UnknownTenantError: There is no such tenant.
        """
        ...

    async def links(self, tenant: TenantId, *, after: int, limit: int) -> Sequence[Link]:
        """Return links whose last numbers are greater than ``after``, in order, exactly as they are kept."""
        ...

    async def redact(self, tenant: TenantId, target: str) -> int:
        """Take the details of all entries about the target away for good; return of how many. The chain still holds."""
        ...

    async def forget(self, tenant: TenantId, *, before: str, limit: int) -> int:
        """Remove the oldest links, ``limit`` at most, while all of their entries are older than that; return how many.

        The digest of the last one is remembered, so that the chain can be followed from there.
        """
        ...
