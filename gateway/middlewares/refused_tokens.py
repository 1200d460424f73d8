"""Refused credentials, as they are counted and told to the audit log (``gateway.refusal_tallies``)."""

from dataclasses import dataclass

from gateway.refusal_tallies import MANY
from gateway.visit import Visit
from schemas.ids import TenantId, TokenId
from tenants.audit.port import AuditEntry
from tenants.credentials.scim_tokens import Cause


@dataclass(frozen=True, slots=True)
class RefusedToken:
    """Requests that were refused for one cause, with one token or none, from one address."""

    tenant: TenantId
    cause: Cause
    token: TokenId | None
    address: str

    def coarser(self) -> "RefusedToken":
        """Return one for any token and address."""
        return RefusedToken(self.tenant, self.cause, None, MANY)

    def entry(self, visit: Visit, count: int, *, at: str) -> AuditEntry:
        """Return what the audit log is told of so many, the last of which came with this visit."""
        return AuditEntry(
            at=at,
            action="token.refused",
            outcome="refused",
            principal=f"token:{self.token}" if self.token else "",
            address=self.address,
            agent=visit.agent,
            request_id=visit.request_id,
            target_type="token" if self.token else "",
            target=self.token or "",
            details={"cause": self.cause.value, "count": count},
        )
