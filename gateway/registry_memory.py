"""Tenant records and token states as the gateway remembers them: seconds at most, dropped on notices."""

import asyncio
from collections.abc import Callable

import structlog

from gateway.patience import in_time
from gateway.remembering import Remembered
from gateway.settings import GatewaySettings
from schemas.ids import TenantId, TokenId
from schemas.messages.notices import TenantChanged, TokenChanged
from tenants.bus.port import Notices
from tenants.errors import PortUnavailableError
from tenants.registry.port import Registry, TokenRecord
from tenants.tenant import Tenant

_AGAIN_SECONDS = 1.0
log = structlog.get_logger()


class RegistryMemory:
    """The registry, seconds old at most."""

    def __init__(self, registry: Registry, settings: GatewaySettings, monotonic: Callable[[], float]) -> None:
        """Remember what this registry says."""
        self._registry = registry
        self._timeout_seconds = settings.read_timeout_seconds
        seconds, size = settings.memory_seconds, settings.memory_size
        self._tenants = Remembered(self._load_tenant, seconds=seconds, size=size, monotonic=monotonic)
        self._tokens = Remembered(self._load_token, seconds=seconds, size=size, monotonic=monotonic)

    async def tenant(self, tenant: TenantId) -> Tenant | None:
        """Return the tenant's record, or None when there is none.

        Raises:
            PortUnavailableError: The registry cannot be reached (so does ``token``).
        """
        return await self._tenants.get(tenant)

    async def token(self, tenant: TenantId, token: TokenId) -> TokenRecord | None:
        """Return the tenant's token, or None."""
        return await self._tokens.get((tenant, token))

    async def follow(self, notices: Notices) -> None:
        """Drop what notices tell to have changed, until the bus closes. A lost notice costs seconds at most."""
        while True:
            try:
                async for notice in notices.subscribe():
                    match notice:
                        case TenantChanged(tenant):
                            self._tenants.forget(tenant)
                        case TokenChanged(tenant, token):
                            self._tokens.forget((tenant, token))
                return
            except PortUnavailableError:
                log.warning("Notices were lost", again_seconds=_AGAIN_SECONDS)
                await asyncio.sleep(_AGAIN_SECONDS)

    async def close(self) -> None:
        """Drop what is being loaded."""
        await self._tenants.close()
        await self._tokens.close()

    async def _load_tenant(self, tenant: TenantId) -> Tenant | None:
        return await in_time(self._registry.tenant(tenant), self._timeout_seconds)

    async def _load_token(self, key: tuple[TenantId, TokenId]) -> TokenRecord | None:
        return await in_time(self._registry.token(*key), self._timeout_seconds)
