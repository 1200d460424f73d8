"""The round over all tokens: tells the LMS which ones end soon or have ended.

Every worker goes it, each on its own time. The registry keeps what was told with the event, in one transaction, so each
is told once however many look, and nothing is lost with whoever looked first.
"""

from collections.abc import Callable

import structlog

from schemas.ids import TenantId
from tenants.errors import PortUnavailableError, UnknownTenantError
from tenants.registry.lifetimes import due_news
from tenants.registry.port import Registry
from tenants.rounds import Round

log = structlog.get_logger(__name__)


class TokenRound(Round):
    """Looks at every tenant's tokens, again and again."""

    def __init__(self, registry: Registry, *, clock: Callable[[], float]) -> None:
        """Look into this registry."""
        self._registry = registry
        self._clock = clock

    async def go(self) -> None:
        """Tell what is due; what cannot be told now is told in the next round."""
        try:
            tenants = await self._registry.tenants()
        except PortUnavailableError as error:
            log.warning("Tokens could not be looked at", cause=str(error))
            return
        for tenant in tenants:
            await self._look_at(tenant.id)

    async def _look_at(self, tenant: TenantId) -> None:
        try:
            for token in await self._registry.tokens(tenant):
                news = due_news(token, self._clock())
                if news is not None and await self._registry.announce(news):
                    log.info("Token was told of", tenant=tenant, token=token.id, event_type=news.type.value)
        except PortUnavailableError as error:
            log.warning("A tenant's tokens could not be looked at", tenant=tenant, cause=str(error))
        except UnknownTenantError:
            log.info("Tenant went while its tokens were looked at", tenant=tenant)
