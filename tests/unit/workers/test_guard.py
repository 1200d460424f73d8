"""The guard: a runaway provisioning client deprovisions no more than the limit; the rest waits for an administrator."""

from schemas.ids import ResourceId
from schemas.messages.administration import ReleaseResources, SetAside
from schemas.messages.events import EventType
from schemas.messages.outcomes import Applied
from tenants.directory.pending import PendingKind
from tenants.directory.records import AccountStatus, Hold
from tests.support.lane import Lane

MINUTE = 60


async def people(lane: Lane, count: int) -> list[ResourceId]:
    made = await lane.run(*(lane.create(userName=f"u{number}") for number in range(count)))
    return [outcome.resource_id for outcome in made if isinstance(outcome, Applied)]


async def disabled(lane: Lane) -> int:
    return sum(account.status is AccountStatus.DISABLED for account in await lane.accounts())


async def held(lane: Lane) -> list[ResourceId]:
    found = await lane.stores.pending.pending(lane.tenant, PendingKind.LEAVER, after=ResourceId(""), limit=1000)
    return [one.id for one in found if one.tombstone is not None and one.tombstone.hold is Hold.GUARD]


async def test_a_runaway_deletes_no_more_than_the_limit_and_is_answered_as_ever(acme: Lane) -> None:
    ids = await people(acme, 60)
    outcomes = [(await acme.run(acme.delete(id)))[0] for id in ids[:36]]
    assert all(isinstance(outcome, Applied) for outcome in outcomes)
    assert (await disabled(acme), len(await held(acme))) == (20, 16)
    assert [event.type for event in await acme.events()].count(EventType.GUARD_TRIPPED) == 1


async def test_of_many_people_a_tenth_may_leave_within_an_hour(acme: Lane) -> None:
    ids = await people(acme, 300)
    await acme.run(*(acme.delete(id) for id in ids[:180]))
    assert await disabled(acme) == 30


async def test_the_window_slides(acme: Lane) -> None:
    ids = await people(acme, 60)
    await acme.run(*(acme.delete(id) for id in ids[:25]))
    acme.now += 61 * MINUTE
    await acme.run(*(acme.delete(id) for id in ids[30:40]))
    assert await disabled(acme) == 30


async def test_what_is_held_is_released_in_one_operation(acme: Lane) -> None:
    ids = await people(acme, 60)
    await acme.run(*(acme.delete(id) for id in ids[:36]))
    await acme.carried(acme.administer(ReleaseResources, resources=tuple(await held(acme))))
    assert (await disabled(acme), await held(acme)) == (36, [])


async def test_what_is_held_is_rejected_in_one_operation(acme: Lane) -> None:
    ids = await people(acme, 60)
    await acme.run(*(acme.delete(id) for id in ids[:36]))
    await acme.carried(acme.administer(SetAside, resources=tuple(await held(acme)), reason="a mistake"))
    await acme.release_all()
    assert (await disabled(acme), await held(acme)) == (20, [])


async def test_who_is_active_again_is_held_no_more(acme: Lane) -> None:
    ids = await people(acme, 30)
    await acme.run(*(acme.patch(id, {"op": "replace", "path": "active", "value": False}) for id in ids))
    assert await disabled(acme) == 20
    await acme.run(*(acme.patch(id, {"op": "replace", "path": "active", "value": True}) for id in ids))
    assert (await disabled(acme), (await acme.stores.pending.counts(acme.tenant))[PendingKind.USER]) == (0, 0)


async def test_members_that_leave_a_group_count_as_well(acme: Lane) -> None:
    ids = await people(acme, 40)
    group = await acme.made(acme.create("Group", displayName="staff", members=[{"value": id} for id in ids]))
    await acme.made(acme.patch(group.resource_id, {"op": "remove", "path": "members"}, resource_type="Group"))
    assert (await acme.members(group.resource_id), len(await acme.cohort_members(group.resource_id))) == ([], 20)


async def test_the_guard_can_be_set_and_switched_off(acme: Lane, globex: Lane) -> None:
    await acme.set_policies(guard_limit=5)
    await globex.set_policies(has_guard=False)
    for lane in (acme, globex):
        ids = await people(lane, 40)
        await lane.run(*(lane.delete(id) for id in ids))
    assert (await disabled(acme), await disabled(globex)) == (5, 40)
