"""The round over all tokens: tells the LMS which ones end soon or have ended.

Every worker goes it, each on its own time. The registry keeps what was told with the event, in one transaction, so each
is told once however many look, and nothing is lost with whoever looked first.
"""

from collections.abc import Callable

import structlog

from tenants.registry.lifetimes import due_news
from tenants.registry.port import Registry
from tenants.rounds import TenantRound
from tenants.tenant import Tenant

log = structlog.get_logger(__name__)


class TokenRound(TenantRound):
    """Looks at every tenant's tokens, again and again."""

    looks_at = "tokens"

    def __init__(self, registry: Registry, *, clock: Callable[[], float]) -> None:
        """Look into this registry."""
        super().__init__(registry)
        self._clock = clock

    async def look_at(self, tenant: Tenant) -> None:
        """Tell what is due."""
        for token in await self._registry.tokens(tenant.id):
            news = due_news(token, self._clock())
            if news is not None and await self._registry.announce(news):
                log.info("Token was told of", tenant=tenant.id, token=token.id, event_type=news.type.value)
