"""When tokens were last used, recorded every few seconds instead of with every request."""

import structlog

from gateway.visit import Visit
from schemas.ids import TenantId, TokenId
from schemas.timestamps import timestamp
from tenants.credentials.verification import Principal
from tenants.errors import PortUnavailableError
from tenants.registry.port import Registry, TokenUse

log = structlog.get_logger()


class TokenUses:
    """The last use of each token since it was last recorded."""

    def __init__(self, registry: Registry) -> None:
        """Record in this registry."""
        self._registry = registry
        self._uses: dict[tuple[TenantId, TokenId], tuple[float, Visit]] = {}

    def note(self, principal: Principal, now: float, visit: Visit) -> None:
        """Remember the use until it is recorded."""
        self._uses[principal.tenant, principal.token] = now, visit

    async def record_now(self) -> None:
        """Record what was remembered; what cannot be recorded now is kept."""
        uses, self._uses = self._uses, {}
        if not uses:
            return
        try:
            await self._registry.record_token_uses(
                [
                    (tenant, token, TokenUse(timestamp(at), visit.address, visit.agent))
                    for (tenant, token), (at, visit) in uses.items()
                ]
            )
        except PortUnavailableError:
            log.warning("Token uses were not recorded yet", tokens=len(uses))
            self._uses = uses | self._uses
