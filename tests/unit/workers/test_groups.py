"""Groups: members come and go as edges, cohorts follow."""

from typing import Any

import msgspec

from schemas.ids import CommandId
from schemas.messages.commands import PatchOperation
from schemas.messages.events import EventType
from schemas.messages.outcomes import Rejected
from tenants.policies.settings import OperationMode
from tests.support.lane import Lane


def add(*members: str) -> dict[str, Any]:
    return {"op": "add", "path": "members", "value": [{"value": member} for member in members]}


def remove(member: str) -> dict[str, Any]:
    return {"op": "remove", "path": f'members[value eq "{member}"]'}


async def people(lane: Lane, *names: str) -> list[str]:
    return [(await lane.made(lane.create(userName=name))).resource_id for name in names]


async def group_of(lane: Lane, *members: str, name: str = "Tutors") -> str:
    command = lane.create("Group", displayName=name, members=[{"value": member} for member in members])
    return (await lane.made(command)).resource_id


async def test_a_group_is_made_with_its_members_and_a_cohort(acme: Lane) -> None:
    barbara, (ada,) = (await people(acme, "barbara"))[0], await people(acme, "ada")
    group = await group_of(acme, barbara, ada)
    assert await acme.members(group) == sorted([barbara, ada])
    assert await acme.cohort_members(group) == sorted([barbara, ada])


async def test_members_come_and_go_one_by_one_in_one_batch(acme: Lane) -> None:
    one, two, three = await people(acme, "one", "two", "three")
    group = await group_of(acme, one)
    await acme.run(
        acme.patch(group, add(two), resource_type="Group"),
        acme.patch(group, remove(one), resource_type="Group"),
        acme.patch(group, add(three), resource_type="Group"),
    )
    assert await acme.members(group) == sorted([two, three])
    types = [event.type for event in await acme.events()]
    assert types.count(EventType.MEMBER_ADDED) == 3
    assert types.count(EventType.MEMBER_REMOVED) == 1


async def test_adding_a_member_again_changes_nothing(acme: Lane) -> None:
    (one,) = await people(acme, "one")
    group = await group_of(acme, one)
    again = await acme.made(acme.patch(group, add(one), resource_type="Group"))
    assert (again.changed, again.version) == (False, 1)


async def test_removing_somebody_who_is_no_member_changes_nothing(acme: Lane) -> None:
    one, two = await people(acme, "one", "two")
    group = await group_of(acme, one)
    outcome = await acme.made(acme.patch(group, remove(two), remove("nobody"), resource_type="Group"))
    assert not outcome.changed
    assert await acme.members(group) == [one]


async def test_a_member_of_another_tenant_is_refused_and_the_whole_patch_with_it(acme: Lane, globex: Lane) -> None:
    (one,) = await people(acme, "one")
    await people(globex, "x", "y", "z")
    foreign = (await people(globex, "foreign"))[0]
    group = await group_of(acme)
    (refused,) = await acme.run(
        acme.patch(
            group, {"op": "replace", "path": "displayName", "value": "X"}, add(one, foreign), resource_type="Group"
        )
    )
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.scim_type) == (400, "invalidValue")
    resource = await acme.read(group, "Group")
    assert resource is not None
    assert resource["displayName"] == "Tutors"
    assert await acme.members(group) == []


async def test_a_rename_keeps_the_members(acme: Lane) -> None:
    (one,) = await people(acme, "one")
    group = await group_of(acme, one)
    await acme.made(
        acme.patch(group, {"op": "replace", "path": "displayName", "value": "Teachers"}, resource_type="Group")
    )
    assert await acme.members(group) == [one]


async def test_replacing_the_group_puts_its_members_in_the_place_of_the_old_ones(acme: Lane) -> None:
    one, two, three = await people(acme, "one", "two", "three")
    group = await group_of(acme, one, two)
    members = [{"value": two}, {"value": three}]
    await acme.made(acme.replace(group, "Group", displayName="Tutors", members=members))
    assert await acme.members(group) == sorted([two, three])
    assert await acme.cohort_members(group) == sorted([two, three])


async def test_a_deleted_user_leaves_every_group_and_the_groups_get_their_next_version(acme: Lane) -> None:
    one, two = await people(acme, "one", "two")
    group = await group_of(acme, one, two)
    await acme.made(acme.delete(one))
    assert await acme.members(group) == [two]
    resource = await acme.read(group, "Group")
    assert resource is not None
    assert resource["meta"]["version"] == 'W/"2"'


async def test_a_deleted_group_leaves_its_users(acme: Lane) -> None:
    (one,) = await people(acme, "one")
    group = await group_of(acme, one)
    await acme.made(acme.delete(group, "Group"))
    assert await acme.read(one) is not None
    assert await acme.cohort_members(group) == []
    assert (await acme.events())[-1].type is EventType.COHORT_REMOVED


async def test_a_group_can_be_a_member_but_not_of_itself(acme: Lane) -> None:
    inner = await group_of(acme, name="Inner")
    outer = await group_of(acme, inner, name="Outer")
    assert await acme.members(outer) == [inner]
    (refused,) = await acme.run(acme.patch(inner, add(inner), resource_type="Group"))
    assert isinstance(refused, Rejected)


async def test_a_person_without_an_account_joins_the_cohort_when_there_is_one(acme: Lane) -> None:
    late = (await acme.made(acme.create(userName="late", active=False))).resource_id
    group = await group_of(acme, late)
    assert (await acme.members(group), await acme.cohort_members(group)) == ([late], [])
    await acme.made(acme.patch(late, {"op": "replace", "path": "active", "value": True}))
    assert await acme.cohort_members(group) == [late]


async def test_a_held_group_met_in_sync_mode_is_applied_with_all_its_members(acme: Lane) -> None:
    one, two = await people(acme, "one", "two")
    await acme.set_policies(mode=OperationMode.DRY_RUN)
    group = await group_of(acme, one)
    assert await acme.cohort_members(group) == []
    await acme.set_policies(mode=OperationMode.SYNC)
    before = len(await acme.events())
    await acme.made(acme.patch(group, add(two), resource_type="Group"))
    assert await acme.cohort_members(group) == sorted([one, two])
    # An LMS that follows the events knows the cohort before it meets its members.
    assert [event.type for event in (await acme.events())[before:]] == [
        EventType.COHORT_CREATED,
        EventType.MEMBER_ADDED,
        EventType.MEMBER_ADDED,
    ]


async def test_in_dry_run_a_provisioned_cohort_keeps_its_members(acme: Lane) -> None:
    one, two = await people(acme, "one", "two")
    group = await group_of(acme, one)
    await acme.set_policies(mode=OperationMode.DRY_RUN)
    await acme.run(acme.patch(group, remove(one), add(two), resource_type="Group"))
    assert (await acme.members(group), await acme.cohort_members(group)) == ([two], [one])
    await acme.made(acme.delete(group, "Group"))
    assert (await acme.members(group), await acme.cohort_members(group)) == ([], [one])


async def test_two_tenants_groups_of_one_name_are_strangers(acme: Lane, globex: Lane) -> None:
    await group_of(acme)
    await group_of(globex)
    (refused,) = await acme.run(acme.create("Group", displayName="TUTORS"))
    assert isinstance(refused, Rejected)


async def test_operations_that_only_the_worker_finds_wrong_are_refused_there(acme: Lane) -> None:
    group = await group_of(acme)
    command = acme.patch(group, add(group), resource_type="Group")
    command = msgspec.structs.replace(
        command, operations=(PatchOperation("remove", 'members[value eq ""]'),), id=CommandId("by-hand")
    )
    (refused,) = await acme.run(command)
    assert isinstance(refused, Rejected)
    assert refused.status == 400
