"""Rounds: work that is looked for again and again, by any number of processes, each on its own time."""

import asyncio
from abc import ABC, abstractmethod
from typing import ClassVar

import structlog

from tenants.errors import PortUnavailableError, UnknownTenantError
from tenants.registry.port import Registry
from tenants.tenant import Tenant

log = structlog.get_logger(__name__)


class Round(ABC):
    """One kind of such work."""

    async def run(self, *, every_seconds: float) -> None:
        """Go the round at once, since a process may not live long, and then every so often until cancelled."""
        while True:
            await self.go()
            await asyncio.sleep(every_seconds)

    @abstractmethod
    async def go(self) -> None:
        """Do what is due; what cannot be done now is due in the next round."""


class TenantRound(Round):
    """A round over all tenants; what cannot be had of one keeps nobody from the next."""

    looks_at: ClassVar[str]
    """What the log says was looked at."""

    def __init__(self, registry: Registry) -> None:
        """Find the tenants there."""
        self._registry = registry

    async def go(self) -> None:
        try:
            tenants = await self._registry.tenants()
        except PortUnavailableError as error:
            log.warning("Tenants could not be looked at", what=self.looks_at, cause=str(error))
            return
        for tenant in tenants:
            try:
                await self.look_at(tenant)
            except PortUnavailableError as error:
                log.warning("A tenant could not be looked at", what=self.looks_at, tenant=tenant.id, cause=str(error))
            except UnknownTenantError:
                log.info("Tenant went while it was looked at", what=self.looks_at, tenant=tenant.id)

    @abstractmethod
    async def look_at(self, tenant: Tenant) -> None:
        """Do what is due at one tenant.

        Raises:
            PortUnavailableError: It cannot be done now.
            UnknownTenantError: There is no such tenant any more.
        """
