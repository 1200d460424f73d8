"""A release by a plan destroys what was reviewed and nothing else, whatever comes in between, on every store."""

from collections.abc import AsyncIterator
from itertools import count

import pytest

from schemas.ids import ResourceId, TenantId
from schemas.messages.administration import ImportAccounts, LmsAccount
from tenants.administration.plans import PlanAdministration
from tenants.administration.preview import Preview, PreviewQuery
from tenants.bus.inprocess import open_inprocess
from tenants.directory.records import Hold
from tenants.jobs.job import Job, JobState
from tenants.plans.plan import Plan
from tenants.policies.settings import Deprovisioning, LinkRule
from tests.support.lane import Lane
from tests.support.office import ADA, DRY_RUN, SYNC, Office, office_over
from tests.support.stores import Stores

DISABLE = {"op": "replace", "path": "active", "value": False}


@pytest.fixture
async def office(stores: Stores, acme: TenantId, globex: TenantId) -> AsyncIterator[Office]:
    """The office over the store; both tenants are in sync mode, without a guard."""
    lane, other = Lane(stores, acme), Lane(stores, globex)
    for one in (lane, other):
        await one.set_policies(mode=SYNC, has_guard=False)
    async with open_inprocess() as bus:
        yield office_over(lane, other, bus)


@pytest.fixture
def plans(office: Office) -> PlanAdministration:
    lane, ids = office.acme, count(1)
    preview = Preview(lane.stores.pending, lane.stores.writer, clock=lambda: lane.now)
    return PlanAdministration(
        lane.stores.plans, preview, lane.stores.audit, clock=lambda: lane.now, new_id=lambda: f"p{next(ids)}"
    )


async def people(lane: Lane, *names: str) -> list[ResourceId]:
    """Return people who have accounts; the tenant is in dry-run afterwards."""
    made = [(await lane.made(lane.create(userName=name, externalId=f"e-{name}"))).resource_id for name in names]
    await lane.set_policies(mode=DRY_RUN)
    return made


async def confirmed(office: Office, plans: PlanAdministration, *, erase: int | None = None) -> Plan:
    """Return a plan of acme's that was reviewed and, a moment later, confirmed."""
    plan = await plans.create(office.acme.tenant, actor=ADA)
    return await plans.confirm(office.acme.tenant, plan.id, erase=erase, actor=ADA)


async def released(office: Office, plan: Plan) -> Job:
    """Return the plan's release when it has ended."""
    async with office.working():
        switched = await office.switch(office.acme.tenant, SYNC, plan=plan.id)
        assert switched.release is not None
        return await office.ended(switched.release)


async def statuses(lane: Lane) -> dict[str, str]:
    """Return login → status of all accounts."""
    return {account.login: account.status.value for account in await lane.accounts()}


async def unreviewed(lane: Lane) -> list[str]:
    """Return the names of those that wait for a review."""
    preview = Preview(lane.stores.pending, lane.stores.writer, clock=lambda: lane.now)
    found = await preview.page(lane.tenant, PreviewQuery(holds=frozenset({Hold.UNREVIEWED})), limit=100)
    return [item.name for item in found]


async def test_a_disable_between_confirming_and_the_change_of_mode_waits_for_a_review(
    office: Office, plans: PlanAdministration
) -> None:
    acme = office.acme
    ann, bob = await people(acme, "ann", "bob")
    await acme.made(acme.patch(ann, DISABLE))
    plan = await confirmed(office, plans)
    await acme.made(acme.patch(bob, DISABLE))
    await acme.made(acme.create(userName="cid"))
    job = await released(office, plan)
    assert (job.state, job.done, [failure.item for failure in job.failures]) == (JobState.DONE, 2, [bob])
    assert "plan is stale" in job.failures[0].reason
    assert await statuses(acme) == {"ann": "disabled", "bob": "active", "cid": "active"}
    assert await unreviewed(acme) == ["bob"]
    job = await released(office, await confirmed(office, plans))
    assert (job.done, job.failed, (await statuses(acme))["bob"]) == (1, 0, "disabled")


async def test_an_erasure_between_confirming_and_the_change_of_mode_waits_for_a_review(
    office: Office, plans: PlanAdministration
) -> None:
    acme = office.acme
    await acme.set_policies(deprovisioning=Deprovisioning.DELETE)
    ann, bob = await people(acme, "ann", "bob")
    await acme.made(acme.delete(ann))
    plan = await confirmed(office, plans, erase=1)
    await acme.made(acme.delete(bob))
    job = await released(office, plan)
    assert [failure.item for failure in job.failures] == [bob]
    assert (await statuses(acme), await unreviewed(acme)) == ({"bob": "active"}, ["bob"])
    await released(office, await confirmed(office, plans, erase=1))
    assert await statuses(acme) == {}


async def test_who_was_to_be_disabled_is_not_erased_by_a_change_of_settings_meanwhile(
    office: Office, plans: PlanAdministration
) -> None:
    acme = office.acme
    (ann,) = await people(acme, "ann")
    await acme.made(acme.delete(ann))
    plan = await confirmed(office, plans)
    await acme.set_policies(deprovisioning=Deprovisioning.DELETE)
    assert (await released(office, plan)).failed == 1
    assert (await statuses(acme), await unreviewed(acme)) == ({"ann": "active"}, ["ann"])


async def test_who_waits_for_a_leavers_name_does_not_pull_an_unreviewed_leave_forward(
    office: Office, plans: PlanAdministration
) -> None:
    acme = office.acme
    await acme.set_policies(deprovisioning=Deprovisioning.DELETE)
    ann, bob = await people(acme, "ann", "bob")
    await acme.made(acme.delete(ann))
    plan = await confirmed(office, plans, erase=1)
    await acme.made(acme.delete(bob))
    newcomers = [await acme.made(acme.create(userName=name, externalId=f"new-{name}")) for name in ("ann", "bob")]
    job = await released(office, plan)
    assert {failure.item for failure in job.failures} == {bob, newcomers[1].resource_id}
    accounts = {account.login: account.resource for account in await acme.accounts()}
    assert accounts == {"ann": newcomers[0].resource_id, "bob": bob}


async def test_what_waits_for_a_review_is_not_applied_by_a_later_change_of_something_else(
    office: Office, plans: PlanAdministration
) -> None:
    acme = office.acme
    ann, bob = await people(acme, "ann", "bob")
    plan = await confirmed(office, plans)
    for id in (ann, bob):
        await acme.made(acme.patch(id, DISABLE))
    await released(office, plan)
    await acme.made(acme.patch(ann, {"op": "replace", "path": "title", "value": "Dr"}))
    await acme.made(acme.patch(bob, {"op": "replace", "path": "active", "value": True}))
    assert await statuses(acme) == {"ann": "active", "bob": "active"}
    assert await unreviewed(acme) == ["ann"]


async def test_what_comes_once_the_mode_has_changed_is_applied_as_ever_under_the_guard(
    office: Office, plans: PlanAdministration
) -> None:
    acme = office.acme
    await acme.set_policies(has_guard=True, guard_limit=1)
    ann, bob, cid = await people(acme, "ann", "bob", "cid")
    await acme.made(acme.patch(ann, DISABLE))
    plan = await confirmed(office, plans)
    switched = await office.switch(acme.tenant, SYNC, plan=plan.id)
    assert switched.release is not None
    for id in (bob, cid):
        await acme.made(acme.patch(id, DISABLE))
    async with office.working():
        job = await office.ended(switched.release)
    assert (job.state, job.failed) == (JobState.DONE, 0)
    assert await statuses(acme) == {"ann": "disabled", "bob": "disabled", "cid": "active"}


async def test_a_plan_that_is_confirmed_takes_the_place_of_another_release(
    office: Office, plans: PlanAdministration
) -> None:
    acme = office.acme
    (ann,) = await people(acme, "ann")
    first = await confirmed(office, plans)
    await acme.made(acme.patch(ann, DISABLE))
    begun = await office.switch(acme.tenant, SYNC, plan=first.id)
    assert begun.release is not None
    again = await office.switch(acme.tenant, SYNC, plan=first.id)
    assert (again.release, again.stopped) == (begun.release, [])
    second = await confirmed(office, plans)
    switched = await office.switch(acme.tenant, SYNC, plan=second.id)
    assert [job.id for job in switched.stopped] == [begun.release.id]
    async with office.working():
        assert switched.release is not None
        assert (await office.ended(switched.release)).failed == 0
    assert await statuses(acme) == {"ann": "disabled"}


async def test_who_waits_for_a_name_that_nobody_gives_up_is_locked_out_by_the_plan_that_says_so(
    office: Office, plans: PlanAdministration
) -> None:
    acme = office.acme
    kept = await acme.made(acme.create(userName="kim", externalId="e-kim"))
    await acme.made(acme.delete(kept.resource_id))
    ann, bob = await people(acme, "ann", "bob")
    await acme.made(acme.patch(ann, DISABLE, {"op": "replace", "path": "userName", "value": "kim"}))
    plan = await confirmed(office, plans)
    assert plan.counts == {"conflict": 1, "disable": 1}
    await acme.made(acme.patch(bob, DISABLE, {"op": "replace", "path": "userName", "value": "KIM2"}))
    failures = {failure.item: failure.reason for failure in (await released(office, plan)).failures}
    assert ("conflict" in failures[ann], "plan is stale" in failures[bob]) == (True, True)
    assert await statuses(acme) == {"kim": "disabled", "ann": "disabled", "bob": "active"}


async def test_who_would_be_linked_but_for_a_name_that_nobody_gives_up_is_in_conflict_and_waits_for_no_other_plan(
    office: Office, plans: PlanAdministration
) -> None:
    acme = office.acme
    kept = await acme.made(acme.create(userName="kim", externalId="e-kim"))
    await acme.made(acme.delete(kept.resource_id))
    await acme.set_policies(link_by=(LinkRule.EXTERNAL_ID,))
    await acme.carried(acme.administer(ImportAccounts, accounts=(LmsAccount("7", "ann", external_id="e-ann"),)))
    await people(acme)
    ann = await acme.made(acme.create(userName="kim", externalId="e-ann", active=False))
    plan = await confirmed(office, plans)
    assert plan.counts == {"conflict": 1}
    (failure,) = (await released(office, plan)).failures
    assert (failure.item, "conflict" in failure.reason, await unreviewed(acme)) == (ann.resource_id, True, [])
    assert await statuses(acme) == {"kim": "disabled", "ann": "active"}
