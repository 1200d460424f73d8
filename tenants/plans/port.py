"""The plans of all tenants."""

from collections.abc import Sequence
from typing import Protocol

from schemas.ids import PlanId, TenantId
from tenants.plans.plan import Destruction, Plan

KEPT = 20
"""So many plans of a tenant are kept, the newest."""


class Plans(Protocol):
    """What administrators have reviewed.

    Raises:
        PortUnavailableError: The store cannot be reached (all methods).
    """

    async def add(self, plan: Plan, destructive: Sequence[Destruction]) -> None:
        """Keep a new plan with everything destructive in it; of the tenant's older ones the newest are kept.

        Raises:
            DuplicateError: The id is taken.
        """
        ...

    async def plan(self, tenant: TenantId, id: PlanId) -> Plan | None:
        """Return the tenant's plan, or None."""
        ...

    async def plans(self, tenant: TenantId, *, limit: int) -> Sequence[Plan]:
        """Return the tenant's latest plans, the newest first."""
        ...

    async def destructive(self, tenant: TenantId, id: PlanId) -> Sequence[Destruction]:
        """Return everything destructive in the plan, in order; nothing where there is no such plan."""
        ...
