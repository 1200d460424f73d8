"""The registry: which tenants and tokens exist."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.ids import TenantId, TokenId
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

    async def record_token_uses(self, uses: Sequence[tuple[TenantId, TokenId, TokenUse]]) -> None:
        """Keep the last use of each token; unknown tokens are passed over."""
        ...
