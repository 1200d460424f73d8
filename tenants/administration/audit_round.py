"""The round over all audit logs: removes what is older than each tenant keeps it.

Any number of processes may go it, each on its own time; what one has removed, the others do not find.
"""

from collections.abc import Callable

import structlog

from tenants.audit.port import AuditArchive
from tenants.audit.retention import forget_expired
from tenants.registry.port import Registry
from tenants.rounds import TenantRound
from tenants.tenant import Tenant

log = structlog.get_logger(__name__)


class AuditRound(TenantRound):
    """Looks at every tenant's audit log, again and again."""

    looks_at = "audit log"

    def __init__(self, registry: Registry, audit: AuditArchive, *, clock: Callable[[], float]) -> None:
        """Look into these."""
        super().__init__(registry)
        self._audit = audit
        self._clock = clock

    async def look_at(self, tenant: Tenant) -> None:
        """Remove what is due."""
        count = await forget_expired(self._audit, tenant.id, days=tenant.policies.audit_days, now=self._clock())
        if count:
            log.info("Audit entries were forgotten", tenant=tenant.id, entries=count)
