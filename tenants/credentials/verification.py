"""The one decision whether a presented token lets its bearer in."""

import hmac

import msgspec

from schemas.ids import TenantId, TokenId
from schemas.timestamps import unix_seconds
from tenants.credentials.scim_tokens import Cause, PresentedToken
from tenants.registry.port import TokenRecord
from tenants.tenant import Tenant, TenantStatus


class Principal(msgspec.Struct, frozen=True):
    """The authenticated caller: a provisioning client, known by its token."""

    tenant: TenantId
    token: TokenId
    name: str
    """The token's name as the administrator gave it."""

    @property
    def id(self) -> str:
        """How logs and the audit name it."""
        return f"token:{self.token}"


def verify(
    presented: PresentedToken,
    *,
    asked_for: TenantId,
    tenant: Tenant | None,
    record: TokenRecord | None,
    now: float,
) -> Principal | Cause:
    """Return the principal, or why there is none.

    ``tenant`` and ``record`` are what the registry has of the tenant in the path and of the presented token. A good
    signature alone never suffices: the token must be known, the very one that was issued, and live.
    """
    claims = presented.claims
    if claims.tenant != asked_for:
        return Cause.FOREIGN_TENANT
    if tenant is None or record is None or not hmac.compare_digest(record.digest, presented.digest):
        return Cause.UNKNOWN
    if record.revoked is not None and unix_seconds(record.revoked) <= now:
        return Cause.REVOKED
    if claims.expires <= now:
        return Cause.EXPIRED
    if tenant.status is TenantStatus.SUSPENDED:
        return Cause.SUSPENDED
    return Principal(claims.tenant, claims.token, record.name)
