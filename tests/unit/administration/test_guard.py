"""The administrator's word about what the guard holds: people, and members that a Group has lost."""

import time
from collections.abc import AsyncIterator

import pytest

from schemas.ids import ResourceId
from tenants.administration.actor import RefusedError
from tenants.administration.guard import GuardAdministration
from tenants.directory.pending import PendingKind
from tenants.jobs.job import JobKind, JobState
from tenants.policies.drift import DriftClass
from tenants.policies.settings import OperationMode, Policies
from tests.support.administering import ADA, Office, open_office
from tests.support.lane import Lane


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with open_office("acme", "globex", policies=Policies(mode=OperationMode.SYNC, guard_limit=0)) as office:
        for lane in office.lanes:
            lane.now = time.time()
        yield office


@pytest.fixture
def acme(office: Office) -> Lane:
    return office.lanes[0]


@pytest.fixture
def guard(office: Office) -> GuardAdministration:
    stores = office.stores
    return GuardAdministration(office.tenants, office.jobs, stores.pending, stores.writer, clock=time.time)


async def shrunk(lane: Lane, *names: str) -> ResourceId:
    """Return a Group that has lost these people: the guard keeps them in its cohort."""
    members = [{"value": (await lane.made(lane.create(userName=name))).resource_id} for name in names]
    group = await lane.made(lane.create("Group", displayName="staff", members=members))
    await lane.made(lane.patch(group.resource_id, {"op": "remove", "path": "members"}, resource_type="Group"))
    return group.resource_id


async def test_members_whom_the_guard_holds_are_rejected_and_stay_in_the_cohort(
    office: Office, acme: Lane, guard: GuardAdministration
) -> None:
    group = await shrunk(acme, "ann", "bob")
    await shrunk(office.lanes[1], "cid")
    members = await acme.cohort_members(group)
    async with office.working():
        job = await office.ended(await guard.reject("acme", [], reason="a mistake", actor=ADA))
    assert (job.state, job.done, job.failed) == (JobState.DONE, 2, 0)
    assert (await guard.state("acme")).held == []
    assert await acme.cohort_members(group) == members
    assert (await office.drift.report("acme", limit=9)).counts[DriftClass.MEMBERSHIP] == 0
    told = [entry for entry in await acme.audit() if entry.action == "admin.set_aside"]
    assert [entry.target for entry in told] == [f"{group}/{member}" for member in members]
    assert [entry.details["reason"] for entry in told] == ["a mistake"] * 2
    assert len((await guard.state("globex")).held) == 1


async def test_some_are_rejected_and_the_others_released(
    office: Office, acme: Lane, guard: GuardAdministration
) -> None:
    group = await shrunk(acme, "ann", "bob", "cid")
    first, *others = [held.id for held in (await guard.state("acme")).held]
    async with office.working():
        await office.ended(await guard.reject("acme", [first], reason="", actor=ADA))
        await office.ended(await guard.release("acme", others, actor=ADA))
    assert [f"{group}/{member}" for member in await acme.cohort_members(group)] == [first]
    with pytest.raises(RefusedError, match="does not hold"):
        await guard.release("acme", [first], actor=ADA)


async def test_who_was_rejected_is_taken_back_and_held_again_or_leaves(
    office: Office, acme: Lane, guard: GuardAdministration
) -> None:
    group = await shrunk(acme, "ann")
    (held,) = (await guard.state("acme")).held
    taken_back = {"memberships": [held.id.split("/")]}
    async with office.working():
        await office.ended(await guard.reject("acme", [], reason="", actor=ADA))
        await office.ended(await office.jobs.start("acme", JobKind.TAKE_BACK, taken_back, actor=ADA))
        assert (await guard.state("acme")).held == [held]
        await office.ended(await guard.reject("acme", [], reason="", actor=ADA))
        await acme.set_policies(guard_limit=1)
        await office.ended(await office.jobs.start("acme", JobKind.TAKE_BACK, taken_back, actor=ADA))
    assert (await guard.state("acme")).held == []
    assert await acme.cohort_members(group) == []
    assert (await acme.stores.pending.counts(acme.tenant))[PendingKind.MEMBERSHIP] == 0
