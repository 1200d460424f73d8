"""Forgetting what is older than a tenant keeps it."""

import asyncio
from datetime import UTC, datetime, timedelta

from schemas.ids import TenantId
from schemas.timestamps import timestamp
from tenants.audit.port import AuditArchive

_LINKS_AT_ONCE = 50
"""A link is seldom more than some kilobytes, but may be some megabytes."""
_PAUSE_SECONDS = 0.05
"""Between two steps: each makes a transaction of the tenant's lane that is under way be decided again."""


async def forget_expired(audit: AuditArchive, tenant: TenantId, *, days: int, now: float) -> int:
    """Remove entries that are older than so many days; return how many. The chain can still be followed.

    Raises:
        UnknownTenantError: There is no such tenant.
        PortUnavailableError: The store cannot be reached; what was removed stays so.
    """
    oldest = datetime.fromtimestamp(now, UTC) - timedelta(days=days)
    before = timestamp(oldest.timestamp())
    start = (await audit.ends(tenant)).start
    while True:
        forgotten = await audit.forget(tenant, before=before, limit=_LINKS_AT_ONCE)
        if forgotten < _LINKS_AT_ONCE:
            break
        await asyncio.sleep(_PAUSE_SECONDS)
    return (await audit.ends(tenant)).start - start
