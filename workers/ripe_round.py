"""The round over accounts whose moment to be erased has come.

Tenants choose to have accounts erased so many days after their Users were deleted, or deactivated. The command is
decided and committed as those of the lane are, behind the same fence: where the identity provider, or another worker,
comes first it is decided again, and whoever came back stays.
"""

from collections.abc import Callable

import structlog

from schemas.ids import CommandId
from schemas.messages.administration import EraseAccounts
from schemas.messages.callers import Caller
from schemas.timestamps import timestamp
from tenants.erasures.port import Erasures
from tenants.policies.settings import OperationMode
from tenants.registry.port import Registry
from tenants.rounds import TenantRound
from tenants.tenant import Tenant
from workers.execution import Execution

log = structlog.get_logger(__name__)

_AT_ONCE = 50
_PATIENCE_SECONDS = 15.0
_CLOCKWORK = Caller("rollcall", "", "", "", "")


class RipeRound(TenantRound):
    """Looks for such accounts, again and again."""

    looks_at = "accounts to be erased"

    def __init__(
        self,
        registry: Registry,
        erasures: Erasures,
        execution: Execution,
        *,
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        """Look there, and erase by this."""
        super().__init__(registry)
        self._erasures = erasures
        self._execution = execution
        self._clock = clock
        self._new_id = new_id

    async def look_at(self, tenant: Tenant) -> None:
        """Erase what is ripe, in sync mode."""
        if tenant.policies.mode is not OperationMode.SYNC:
            return
        passed: set[str] = set()
        while True:
            # Those that stay stand in front of the others: they are looked over.
            limit = len(passed) + _AT_ONCE
            ripe = await self._erasures.ripe(tenant.id, now=timestamp(self._clock()), limit=limit)
            accounts = tuple(account for account in ripe if account not in passed)[:_AT_ONCE]
            if not accounts:
                return
            passed.update(accounts)
            deadline = self._clock() + _PATIENCE_SECONDS
            command = EraseAccounts(CommandId(self._new_id()), tenant.id, _CLOCKWORK, deadline, accounts)
            await self._execution.execute(tenant.id, [command], may_repeat=False)
            log.info("Accounts were erased whose time had come", tenant=tenant.id, asked=len(accounts))
