"""The registry: which tenants and tokens exist."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from schemas.ids import TenantId, TokenId
from schemas.messages.events import EventType
from tenants.tenant import Tenant


@dataclass(frozen=True, slots=True)
class TokenUse:
    """When, from where and by what a token was last used."""

    at: str
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """What is kept of a SCIM token; never the token itself."""

    tenant: TenantId
    id: TokenId
    name: str
    last_four: str
    digest: str
    """Keyed digest (HMAC-SHA-256, hexadecimal) of the token."""
    created: str
    created_by: str
    expires: str
    revoked: str | None = None
    """When it was (or will be) revoked; RFC 3339, UTC."""
    last_use: TokenUse | None = None
    replaced_by: TokenId | None = None
    """The token that a rotation put in its place; it is on its way out, though it may live on for a while."""
    warned: int | None = None
    """The last threshold, in days before its end, that the LMS was told of; 0: it was told of the end."""


@dataclass(frozen=True, slots=True)
class TokenNews:
    """What the LMS is to be told of a token, once."""

    tenant: TenantId
    token: TokenId
    type: EventType
    at: str
    payload: dict[str, Any]
    follows: int | None
    """The token's ``warned`` that it follows."""
    warned: int
    """The token's ``warned`` afterwards."""


class Registry(Protocol):
    """Which tenants and tokens exist; the source of truth behind every process's short memory of it."""

    async def tenant(self, tenant: TenantId) -> Tenant | None:
        """Return the tenant's record, or None when there is none.

        Raises:
            PortUnavailableError: The store cannot be reached (so do all methods here).
        """
        ...

    async def tenants(self) -> Sequence[Tenant]:
        """Return all tenants in the order of their ids."""
        ...

    async def add_tenant(self, tenant: Tenant) -> None:
        """Keep a new tenant, with its counters at zero.

        Raises:
            DuplicateError: The name is taken.
        """
        ...

    async def change_tenant(self, tenant: Tenant) -> None:
        """Put the record in the place of the one whose revision is one less.

        From the moment of return no worker transaction commits under the old record.

        Raises:
            RevisionConflictError: The stored revision is another (or the tenant does not exist).
        """
        ...

    async def token(self, tenant: TenantId, token: TokenId) -> TokenRecord | None:
        """Return the tenant's token, or None; another tenant's token is None as well."""
        ...

    async def tokens(self, tenant: TenantId) -> Sequence[TokenRecord]:
        """Return the tenant's tokens, oldest first."""
        ...

    async def add_token(self, record: TokenRecord) -> None:
        """Keep a new token.

        Raises:
            DuplicateError: The id is taken.
        """
        ...

    async def revoke_token(self, tenant: TenantId, token: TokenId, *, at: str) -> bool:
        """Set the moment of revocation; an earlier one stands. False when the tenant has no such token."""
        ...

    async def rename_token(self, tenant: TenantId, token: TokenId, name: str) -> bool:
        """Give the token another name. False when the tenant has no such token."""
        ...

    async def rotate_token(self, new: TokenRecord, old: TokenId, *, stops: str | None) -> bool:
        """Keep a new token in the place of an old one of its tenant, both or neither.

        False, and nothing is kept, when there is no such old token or it was revoked or replaced meanwhile.

        Args:
            new: The new token's record.
            old: What it replaces.
            stops: When the old one is revoked; None: it lives until its own end.

        Raises:
            DuplicateError: The new token's id is taken.
        """
        ...

    async def announce(self, news: TokenNews) -> bool:
        """Write the event into the tenant's feed and what was told into the token's record, both or neither.

        The event takes the tenant's next sequence number, as a transaction of its lane does, so a worker that decided
        before it decides again. False, and nothing is written, when the token's record is not as the news expects:
        somebody else told it first.

        Raises:
            UnknownTenantError: There is no such tenant.
        """
        ...

    async def record_token_uses(self, uses: Sequence[tuple[TenantId, TokenId, TokenUse]]) -> None:
        """Keep the last use of each token; unknown tokens are passed over."""
        ...
