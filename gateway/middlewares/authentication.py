"""Who is calling: the bearer token, verified against the registry."""

import hashlib
from collections import OrderedDict

from gateway.metrics import GatewayMetrics
from gateway.middlewares.refused_tokens import RefusedToken
from gateway.middlewares.token_uses import TokenUses
from gateway.refusal_tallies import RefusalTallies
from gateway.refusals import ForbiddenError, UnauthorizedError
from gateway.registry_memory import RegistryMemory
from gateway.settings import GatewaySettings
from gateway.surroundings import Surroundings
from gateway.visit import Visit
from schemas.ids import TenantId
from tenants.credentials import jwt
from tenants.credentials.scim_tokens import Cause, CredentialError, PresentedToken
from tenants.credentials.signing import SigningKeys
from tenants.credentials.verification import Principal, verify
from tenants.tenant import Tenant


class Authentication:
    """Lets in who has a live token of the tenant in the path; everybody else gets one and the same answer."""

    def __init__(
        self,
        memory: RegistryMemory,
        refused: RefusalTallies[RefusedToken],
        uses: TokenUses,
        settings: GatewaySettings,
        *,
        metrics: GatewayMetrics,
        surroundings: Surroundings,
    ) -> None:
        """Verify against this memory of the registry."""
        self._memory = memory
        self._refused = refused
        self._uses = uses
        self._metrics = metrics
        self._now = surroundings.now
        self._tokens = VerifiedTokens(settings.signing_keys, size=settings.memory_size)

    async def admit(self, authorization: str | None, tenant: TenantId, visit: Visit) -> tuple[Tenant, Principal]:
        """Return the tenant and the caller.

        Raises:
            UnauthorizedError: There is no live token of the tenant; the cause goes to the audit log.
            ForbiddenError: There is, but the tenant is suspended.
            PortUnavailableError: The registry cannot be reached.
        """
        token = bearer_token(authorization)
        if not token:
            raise self._refusal(Cause.MISSING, tenant, None, visit)
        try:
            presented = self._tokens.read(token)
        except CredentialError as error:
            raise self._refusal(error.cause, tenant, None, visit) from error
        return await self._admit_bearer(presented, tenant, visit)

    async def _admit_bearer(
        self, presented: PresentedToken, tenant: TenantId, visit: Visit
    ) -> tuple[Tenant, Principal]:
        claims, now = presented.claims, self._now()
        record = known = None
        if claims.tenant == tenant:
            # Only who holds a token that we signed for this tenant makes us ask the registry: whether there is a tenant
            # of some name cannot be told from the time that a refusal takes.
            known = await self._memory.tenant(tenant)
            record = await self._memory.token(tenant, claims.token)
        verified = verify(presented, asked_for=tenant, tenant=known, record=record, now=now)
        if isinstance(verified, Cause) or known is None:
            cause = verified if isinstance(verified, Cause) else Cause.UNKNOWN
            raise self._refusal(cause, tenant, presented, visit)
        visit.tenant, visit.principal, visit.name = tenant, verified.id, verified.name
        self._uses.note(verified, now, visit)
        return known, verified

    def _refusal(
        self, cause: Cause, tenant: TenantId, presented: PresentedToken | None, visit: Visit
    ) -> UnauthorizedError | ForbiddenError:
        self._metrics.token_refused(cause.value)
        # A token on another tenant's URL is told to its owner, not to the other.
        owner = presented.claims.tenant if presented is not None else tenant
        token = presented.claims.token if presented is not None else None
        self._refused.note(RefusedToken(owner, cause, token, visit.address), visit)
        if cause is Cause.SUSPENDED:
            return ForbiddenError("provisioning is suspended for this tenant")
        return UnauthorizedError(token_presented=cause is not Cause.MISSING)


class VerifiedTokens:
    """Tokens whose signature was found good lately, by their SHA-256: the same token comes with every request."""

    def __init__(self, keys: SigningKeys, *, size: int) -> None:
        """Remember ``size`` tokens that are signed with these keys."""
        self._keys = keys
        self._size = size
        self._known: OrderedDict[bytes, PresentedToken] = OrderedDict()

    def read(self, token: str) -> PresentedToken:
        """Return what the token claims.

        Raises:
            CredentialError: It is malformed, or not signed by us.
        """
        fingerprint = hashlib.sha256(token.encode(errors="surrogateescape")).digest()
        known = self._known.get(fingerprint)
        if known is None:
            known = self._known[fingerprint] = jwt.read(token, self._keys)
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(fingerprint)
        return known


def bearer_token(authorization: str | None) -> str:
    """Return the token of an ``Authorization`` header; nothing where there is none (RFC 6750, 2.1)."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
