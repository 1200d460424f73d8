"""Plans: what an administrator reviewed is frozen, and only that is destroyed when they confirm it."""

from collections.abc import Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from schemas.ids import PlanId, ResourceId, TenantId
from schemas.timestamps import timestamp
from tenants.administration.actor import Actor, RefusedError
from tenants.administration.preview import Preview, PreviewItem, PreviewQuery
from tenants.audit.port import AuditArchive
from tenants.plans.plan import Destruction, Plan, digest_of
from tenants.plans.port import Plans
from tenants.policies.preview import DESTRUCTIVE, Foreseen

_NAMED_AT_MOST = 20


class StalePlanError(RefusedError):
    """The release would disable or erase somebody whom the plan does not name."""

    def __init__(self, plan: Plan, added: Sequence[Destruction], named: Sequence[PreviewItem], fresh: Plan) -> None:
        """Say who is new, and offer the plan that names them too."""
        lines = [f"the plan is stale: {len(added)} that it does not name would be disabled or erased now"]
        lines += [f"  {_destruction(item)} {item.name} ({item.id})" for item in named]
        if len(added) > len(named):
            lines.append(f"  and {len(added) - len(named)} more")
        lines.append(f"look at them and confirm the fresh plan instead: {fresh.id}")
        super().__init__("\n".join(lines))
        self.plan = plan
        self.added = tuple(added)
        self.fresh = fresh


@dataclass(frozen=True, slots=True)
class PlanAdministration:
    """Reviewing and confirming."""

    plans: Plans
    preview: Preview
    audit: AuditArchive
    clock: Callable[[], float]
    new_id: Callable[[], str]

    async def create(self, name: str, *, actor: Actor) -> Plan:
        """Freeze what a release would do now.

        Raises:
            RefusedError: There is no such tenant.
        """
        summary = await self.preview.summary(name)
        destructive = await self._destructive(name)
        plan = Plan(
            id=PlanId(self.new_id()),
            tenant=TenantId(name),
            created=timestamp(self.clock()),
            principal=actor.principal,
            sequence=summary.sequence,
            digest=digest_of(destructive),
            destructive=len(destructive),
            erasures=_erasures(destructive),
            counts={kind.value: count for kind, count in summary.counts.items() if count},
        )
        await self.plans.add(plan, destructive)
        details: dict[str, object] = {"counts": dict(plan.counts), "digest": plan.digest}
        await self._note(plan, "plan.created", details, actor)
        return plan

    async def plan(self, name: str, id: str = "") -> Plan:
        """Return the tenant's plan; without an id its latest.

        Raises:
            RefusedError: There is none.
        """
        tenant = TenantId(name)
        if id:
            plan = await self.plans.plan(tenant, PlanId(id))
        else:
            plan = next(iter(await self.plans.plans(tenant, limit=1)), None)
        if plan is None:
            raise RefusedError(f"there is no plan {id} of {name}" if id else f"{name} has no plan; make one first")
        return plan

    async def destructive(self, name: str, id: str) -> Sequence[Destruction]:
        """Return whom a plan disables or erases.

        Raises:
            RefusedError: There is no such plan.
        """
        plan = await self.plan(name, id)
        return await self.plans.destructive(plan.tenant, plan.id)

    async def confirm(self, name: str, id: str, *, erase: int | None = None, actor: Actor) -> Plan:
        """Return the plan if all that a release would destroy now was in it, and write down that it was confirmed.

        Creates and updates that came since are simply part of the release. This starts no release and changes no
        mode: whoever calls it does so next.

        Args:
            name: The tenant's.
            id: The plan's.
            erase: How many accounts the administrator knows will be erased for good.
            actor: Who confirms.

        Raises:
            StalePlanError: Somebody would be disabled or erased whom the plan does not name.
            RefusedError: There is no such plan, or the number of erasures is another.
        """
        plan = await self.plan(name, id)
        planned = await self.plans.destructive(plan.tenant, plan.id)
        if digest_of(planned) != plan.digest:
            raise RefusedError(f"plan {plan.id} is damaged; make another")
        now = await self._destructive(name)
        added = sorted(set(now) - set(planned))
        if added:
            named = await self._named(name, {item.resource for item in added})
            raise StalePlanError(plan, added, named, await self.create(name, actor=actor))
        _check_erasures(_erasures(now), erase)
        details: dict[str, object] = {"digest": plan.digest, "destructive": len(now), "erasures": _erasures(now)}
        await self._note(plan, "plan.confirmed", details, actor)
        return plan

    async def _destructive(self, name: str) -> list[Destruction]:
        found = await self.preview.destructive(name)
        return sorted(Destruction(id, kind.value) for id, kind in found.items())

    async def _named(self, name: str, ids: Collection[ResourceId]) -> list[PreviewItem]:
        """Return the first of the items, to be shown."""
        found: list[PreviewItem] = []
        async with aclosing(self.preview.items(name, PreviewQuery(effects=DESTRUCTIVE))) as items:
            async for item in items:
                if item.id in ids:
                    found.append(item)
                if len(found) == min(len(ids), _NAMED_AT_MOST):
                    break
        return found

    async def _note(self, plan: Plan, action: str, details: dict[str, object], actor: Actor) -> None:
        entry = actor.did(action, ("Plan", plan.id), details, at=timestamp(self.clock()))
        await self.audit.append(plan.tenant, [entry])


def _erasures(destructive: Collection[Destruction]) -> int:
    return sum(item.kind == Foreseen.ERASE for item in destructive)


def _check_erasures(erasures: int, erase: int | None) -> None:
    if erasures and erase is None:
        raise RefusedError(f"this erases {erasures} accounts for good; say that you know: --erase {erasures}")
    if erase is not None and erase != erasures:
        raise RefusedError(f"this erases {erasures} accounts for good, not {erase}; look at the plan again")


def _destruction(item: PreviewItem) -> str:
    return next((kind.value for kind in item.counts_as if kind in DESTRUCTIVE), "")
