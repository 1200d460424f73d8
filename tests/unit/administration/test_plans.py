"""Plans: only those are disabled or erased whom the administrator has seen."""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count

import pytest

from schemas.ids import PlanId, ResourceId
from tenants.administration.actor import Actor, RefusedError
from tenants.administration.plans import PlanAdministration, StalePlanError
from tenants.administration.preview import Preview
from tenants.plans.plan import Destruction, digest_of
from tenants.policies.settings import Deprovisioning, OperationMode, Policies
from tests.support.lane import Lane, open_lanes

ADA = Actor("operator:ada")
DISABLE = {"op": "replace", "path": "active", "value": False}


@pytest.fixture
async def lanes() -> AsyncIterator[list[Lane]]:
    async with open_lanes("acme", "globex", policies=Policies(mode=OperationMode.SYNC)) as lanes:
        yield lanes


@pytest.fixture
def acme(lanes: list[Lane]) -> Lane:
    return lanes[0]


@pytest.fixture
def globex(lanes: list[Lane]) -> Lane:
    return lanes[1]


@pytest.fixture
def plans(acme: Lane) -> PlanAdministration:
    preview = Preview(acme.stores.pending, acme.stores.writer, clock=lambda: acme.now)
    ids = count(1)
    return PlanAdministration(
        acme.stores.plans, preview, acme.stores.audit, clock=lambda: acme.now, new_id=lambda: f"p{next(ids)}"
    )


async def people(lane: Lane, *names: str) -> list[str]:
    """Return people who have accounts; the tenant is in dry-run afterwards."""
    made = [(await lane.made(lane.create(userName=name))).resource_id for name in names]
    await lane.set_policies(mode=OperationMode.DRY_RUN)
    return list(made)


async def test_a_plan_freezes_counts_and_who_is_destroyed(acme: Lane, plans: PlanAdministration) -> None:
    ann, _ = await people(acme, "ann", "bob")
    await acme.made(acme.patch(ann, DISABLE))
    await acme.made(acme.create(userName="cid"))
    plan = await plans.create("acme", actor=ADA)
    assert plan.counts == {"create": 1, "disable": 1}
    assert (plan.destructive, plan.erasures, plan.principal) == (1, 0, "operator:ada")
    assert await plans.destructive("acme", plan.id) == [Destruction(ResourceId(ann), "disable")]
    assert await plans.plan("acme") == plan


async def test_creates_and_updates_since_then_do_not_stop_it(acme: Lane, plans: PlanAdministration) -> None:
    ann, bob = await people(acme, "ann", "bob")
    await acme.made(acme.patch(ann, DISABLE))
    plan = await plans.create("acme", actor=ADA)
    await acme.made(acme.create(userName="cid"))
    await acme.made(acme.patch(bob, {"op": "replace", "path": "title", "value": "Dr"}))
    assert await plans.confirm("acme", plan.id, actor=ADA) == plan


async def test_who_is_no_longer_destroyed_does_not_stop_it(acme: Lane, plans: PlanAdministration) -> None:
    (ann,) = await people(acme, "ann")
    await acme.made(acme.patch(ann, DISABLE))
    plan = await plans.create("acme", actor=ADA)
    await acme.made(acme.patch(ann, {"op": "replace", "path": "active", "value": True}))
    assert await plans.confirm("acme", plan.id, actor=ADA) == plan


async def test_new_disables_make_it_stale_and_only_they_are_named(acme: Lane, plans: PlanAdministration) -> None:
    ann, bob = await people(acme, "ann", "bob")
    await acme.made(acme.patch(ann, DISABLE))
    plan = await plans.create("acme", actor=ADA)
    await acme.made(acme.patch(bob, DISABLE))
    with pytest.raises(StalePlanError, match="disable bob") as refused:
        await plans.confirm("acme", plan.id, actor=ADA)
    assert [item.resource for item in refused.value.added] == [bob]
    assert "ann" not in str(refused.value)
    assert refused.value.fresh.id in str(refused.value)
    assert await plans.confirm("acme", refused.value.fresh.id, actor=ADA) == refused.value.fresh


async def test_who_was_to_be_disabled_and_is_to_be_erased_is_new(acme: Lane, plans: PlanAdministration) -> None:
    (ann,) = await people(acme, "ann")
    await acme.made(acme.delete(ann))
    plan = await plans.create("acme", actor=ADA)
    await acme.set_policies(deprovisioning=Deprovisioning.DELETE)
    with pytest.raises(StalePlanError) as refused:
        await plans.confirm("acme", plan.id, erase=1, actor=ADA)
    assert [(item.resource, item.kind) for item in refused.value.added] == [(ann, "erase")]


async def test_erasures_are_confirmed_by_their_number(acme: Lane, plans: PlanAdministration) -> None:
    await acme.set_policies(deprovisioning=Deprovisioning.DELETE)
    for id in await people(acme, "ann", "bob"):
        await acme.made(acme.delete(id))
    plan = await plans.create("acme", actor=ADA)
    for wrong in (None, 0, 1, 3):
        with pytest.raises(RefusedError, match="erases 2 accounts"):
            await plans.confirm("acme", plan.id, erase=wrong, actor=ADA)
    assert await plans.confirm("acme", plan.id, erase=2, actor=ADA) == plan


async def test_a_plan_is_the_tenants_own(acme: Lane, globex: Lane, plans: PlanAdministration) -> None:
    plan = await plans.create("acme", actor=ADA)
    for name, id in (("globex", plan.id), ("acme", "nothing"), ("globex", "")):
        with pytest.raises(RefusedError):
            await plans.plan(name, id)
    with pytest.raises(RefusedError):
        await plans.confirm("globex", plan.id, actor=ADA)


async def test_a_plan_whose_items_were_tampered_with_is_refused(acme: Lane, plans: PlanAdministration) -> None:
    (ann,) = await people(acme, "ann")
    await acme.made(acme.patch(ann, DISABLE))
    plan = await plans.create("acme", actor=ADA)
    forged = replace(plan, id=PlanId("forged"), digest=digest_of([]))
    await acme.stores.plans.add(forged, await plans.destructive("acme", plan.id))
    with pytest.raises(RefusedError, match="damaged"):
        await plans.confirm("acme", "forged", actor=ADA)


async def test_reviews_and_confirmations_are_written_down(acme: Lane, plans: PlanAdministration) -> None:
    plan = await plans.create("acme", actor=ADA)
    await plans.confirm("acme", plan.id, actor=ADA)
    entries = [(entry.action, entry.target, entry.principal) for entry in await acme.audit()]
    assert entries[-2:] == [("plan.created", plan.id, "operator:ada"), ("plan.confirmed", plan.id, "operator:ada")]
