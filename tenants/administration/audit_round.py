"""The round over all audit logs: removes what is older than each tenant keeps it.

Any number of processes may go it, each on its own time; what one has removed, the others do not find.
"""

from collections.abc import Callable

import structlog

from tenants.audit.port import AuditArchive
from tenants.audit.retention import forget_expired
from tenants.errors import PortUnavailableError, UnknownTenantError
from tenants.registry.port import Registry
from tenants.rounds import Round
from tenants.tenant import Tenant

log = structlog.get_logger(__name__)


class AuditRound(Round):
    """Looks at every tenant's audit log, again and again."""

    def __init__(self, registry: Registry, audit: AuditArchive, *, clock: Callable[[], float]) -> None:
        """Look into these."""
        self._registry = registry
        self._audit = audit
        self._clock = clock

    async def go(self) -> None:
        """Remove what is due; what cannot be removed now is removed in the next round."""
        try:
            tenants = await self._registry.tenants()
        except PortUnavailableError as error:
            log.warning("Audit logs could not be looked at", cause=str(error))
            return
        for tenant in tenants:
            await self._look_at(tenant)

    async def _look_at(self, tenant: Tenant) -> None:
        try:
            count = await forget_expired(self._audit, tenant.id, days=tenant.policies.audit_days, now=self._clock())
        except PortUnavailableError as error:
            log.warning("An audit log could not be looked at", tenant=tenant.id, cause=str(error))
        except UnknownTenantError:
            log.info("Tenant went while its audit log was looked at", tenant=tenant.id)
        else:
            if count:
                log.info("Audit entries were forgotten", tenant=tenant.id, entries=count)
