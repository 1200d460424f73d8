"""The plans' promises: kept whole, the newest of each tenant, each tenant its own."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.ids import PlanId, ResourceId, TenantId
from tenants.directory.writer import DirectoryWriter, Need
from tenants.errors import DuplicateError
from tenants.plans.plan import Destruction, Plan, digest_of
from tenants.plans.port import KEPT, Plans
from tests.support import builders
from tests.support.stores import Stores


@pytest.fixture
def plans(stores: Stores) -> Plans:
    return stores.plans


def plan(tenant: TenantId, id: str = "p1", **fields: Any) -> Plan:
    """Return a plan with something in every field."""
    whole = Plan(
        id=PlanId(id),
        tenant=tenant,
        created=builders.NOW,
        principal="operator:Ünï'\"",
        sequence=17,
        digest="5e" * 32,
        destructive=3,
        erasures=1,
        counts={"create": 100_000, "erase": 1, "disable": 2},
    )
    return replace(whole, **fields)


def destructive(*numbers: int, kind: str = "disable") -> list[Destruction]:
    return [Destruction(builders.resource_id(number), kind) for number in numbers]


async def test_a_plan_is_returned_as_it_was_added(plans: Plans, acme: TenantId) -> None:
    await plans.add(plan(acme), [])
    assert await plans.plan(acme, PlanId("p1")) == plan(acme)


async def test_what_is_destructive_is_returned_in_order_whatever_the_order_of_adding(
    plans: Plans, acme: TenantId
) -> None:
    items = [*destructive(3, 1), *destructive(2, kind="erase")]
    await plans.add(plan(acme), items)
    assert await plans.destructive(acme, PlanId("p1")) == sorted(items)


async def test_a_plan_may_destroy_tens_of_thousands(plans: Plans, acme: TenantId) -> None:
    items = destructive(*range(45_000))
    await plans.add(plan(acme), items)
    assert await plans.destructive(acme, PlanId("p1")) == items


async def test_a_batch_learns_what_a_plan_says_of_single_ones(
    plans: Plans, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    await plans.add(plan(acme), destructive(*range(0, 5_000, 2)))
    await plans.add(plan(acme, "p2"), destructive(1, kind="erase"))
    asked = [("p1", 0), ("p1", 1), ("p1", 4_998), ("p1", 9_999), ("p2", 1), ("p2", 2), ("gone", 1)]
    need = Need(planned=frozenset((PlanId(id), builders.resource_id(number)) for id, number in asked))

    assert (await writer.load(acme, need)).planned == {
        (PlanId("p1"), builders.resource_id(0)): "disable",
        (PlanId("p1"), builders.resource_id(4_998)): "disable",
        (PlanId("p2"), builders.resource_id(1)): "erase",
    }
    assert (await writer.load(globex, need)).planned == {}


async def test_one_tenant_never_sees_anothers_plans(plans: Plans, acme: TenantId, globex: TenantId) -> None:
    await plans.add(plan(acme), destructive(1))
    assert await plans.plan(globex, PlanId("p1")) is None
    assert await plans.plans(globex, limit=10) == []
    assert await plans.destructive(globex, PlanId("p1")) == []


async def test_tenants_may_use_the_same_id(plans: Plans, acme: TenantId, globex: TenantId) -> None:
    await plans.add(plan(acme), destructive(1))
    await plans.add(plan(globex, sequence=2), destructive(2))
    assert await plans.destructive(acme, PlanId("p1")) == destructive(1)
    assert await plans.plan(globex, PlanId("p1")) == plan(globex, sequence=2)


async def test_an_id_is_taken_once_and_the_first_stands(plans: Plans, acme: TenantId) -> None:
    await plans.add(plan(acme), destructive(1))
    with pytest.raises(DuplicateError):
        await plans.add(plan(acme, sequence=99), destructive(2))
    assert await plans.plan(acme, PlanId("p1")) == plan(acme)
    assert await plans.destructive(acme, PlanId("p1")) == destructive(1)


async def test_the_newest_come_first_as_many_as_are_asked_for(plans: Plans, acme: TenantId) -> None:
    for number in (2, 1, 3):
        await plans.add(plan(acme, f"p{number}", created=f"2026-11-2{number}T00:00:00.000Z"), [])
    assert [found.id for found in await plans.plans(acme, limit=2)] == ["p3", "p2"]
    assert await plans.plans(acme, limit=0) == []


async def test_older_plans_are_forgotten_with_all_that_is_in_them(
    plans: Plans, acme: TenantId, globex: TenantId
) -> None:
    await plans.add(plan(globex, "p00", created="2026-01-01T00:00:00.000Z"), destructive(7))
    for number in range(KEPT + 2):
        added = plan(acme, f"p{number:02}", created=f"2026-11-25T00:00:{number:02}.000Z")
        await plans.add(added, destructive(number))
    kept = await plans.plans(acme, limit=KEPT + 2)
    assert [found.id for found in kept] == [f"p{number:02}" for number in range(KEPT + 1, 1, -1)]
    assert await plans.destructive(acme, PlanId("p01")) == []
    assert await plans.destructive(acme, PlanId("p02")) == destructive(2)
    assert await plans.destructive(globex, PlanId("p00")) == destructive(7)


async def test_an_unknown_plan_is_none_and_destroys_nobody(plans: Plans, acme: TenantId) -> None:
    assert await plans.plan(acme, PlanId("nothing")) is None
    assert await plans.destructive(acme, PlanId("nothing")) == []


def test_the_digest_is_that_of_the_set_and_tells_kinds_apart() -> None:
    one, other = Destruction(ResourceId("a"), "disable"), Destruction(ResourceId("b"), "disable")
    assert digest_of([one, other]) == digest_of([other, one])
    assert len({digest_of([]), digest_of([one]), digest_of([replace(one, kind="erase")]), digest_of([other])}) == 4
