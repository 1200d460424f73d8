"""Members whom the guard holds may be kept in their cohorts, until an administrator or the directory says otherwise."""

from collections.abc import AsyncIterator

import pytest

from schemas.ids import ResourceId
from schemas.messages.administration import ReleaseResources, SetAside, TakeBack
from tenants.administration.preview import Preview, PreviewItem
from tenants.directory.pending import PendingKind
from tenants.directory.records import Hold
from tenants.policies.preview import Foreseen
from tenants.policies.settings import Deprovisioning, OperationMode, Policies
from tests.support.lane import Lane, open_lanes

EMPTIED = {"op": "remove", "path": "members"}


@pytest.fixture
async def acme() -> AsyncIterator[Lane]:
    async with open_lanes("acme", policies=Policies(mode=OperationMode.SYNC, guard_limit=0)) as (lane,):
        yield lane


@pytest.fixture
async def staff(acme: Lane) -> ResourceId:
    """A Group that has lost Ann and Bob: the guard holds them in its cohort."""
    people = [(await acme.made(acme.create(userName=name))).resource_id for name in ("ann", "bob")]
    members = [{"value": id} for id in people]
    group = (await acme.made(acme.create("Group", displayName="staff", members=members))).resource_id
    await acme.made(acme.patch(group, EMPTIED, resource_type="Group"))
    return group


async def kept(acme: Lane, staff: ResourceId) -> tuple[ResourceId, ResourceId]:
    """Have Ann kept; return (group, member)."""
    pair = (staff, ResourceId((await acme.cohort_members(staff))[0]))
    assert [item.failure for item in await acme.carried(acme.administer(SetAside, memberships=(pair,)))] == [None]
    return pair


async def previewed(acme: Lane) -> dict[str, PreviewItem]:
    preview = Preview(acme.stores.pending, acme.stores.writer, clock=lambda: acme.now)
    items = [item async for item in preview.items(acme.tenant)]
    return {item.id.partition("/")[2]: item for item in items if item.kind is PendingKind.MEMBERSHIP}


async def test_who_is_kept_stays_in_the_cohort_whatever_else_is_released(acme: Lane, staff: ResourceId) -> None:
    _, ann = await kept(acme, staff)
    await acme.release_all()
    await acme.carried(acme.administer(ReleaseResources, resources=(staff,)))
    assert (await acme.cohort_members(staff), await acme.members(staff)) == ([ann], [])


async def test_who_is_kept_is_previewed_as_set_aside(acme: Lane, staff: ResourceId) -> None:
    _, ann = await kept(acme, staff)
    told = await previewed(acme)
    assert (told[ann].hold, told[ann].counts_as, told[ann].effects) == (
        Hold.EXCLUDED,
        (Foreseen.EXCLUDED,),
        (Foreseen.LEAVE,),
    )
    assert [item.counts_as for id, item in told.items() if id != ann] == [(Foreseen.LEAVE,)]


async def test_a_group_that_was_set_aside_and_is_taken_back_keeps_whom_it_kept(acme: Lane, staff: ResourceId) -> None:
    _, ann = await kept(acme, staff)
    await acme.carried(acme.administer(SetAside, resources=(staff,)))
    await acme.carried(acme.administer(TakeBack, resources=(staff,)))
    assert await acme.cohort_members(staff) == [ann]


async def test_who_is_kept_is_released_by_name(acme: Lane, staff: ResourceId) -> None:
    pair = await kept(acme, staff)
    await acme.carried(acme.administer(ReleaseResources, memberships=(pair,)))
    assert pair[1] not in await acme.cohort_members(staff)


@pytest.mark.parametrize("has_room", [True, False])
async def test_who_is_kept_no_more_leaves_under_the_guard(acme: Lane, staff: ResourceId, *, has_room: bool) -> None:
    pair = await kept(acme, staff)
    await acme.set_policies(guard_limit=1 if has_room else 0)
    await acme.carried(acme.administer(TakeBack, memberships=(pair,)))
    assert (pair[1] in await acme.cohort_members(staff)) is not has_room
    await acme.release_all()
    assert await acme.cohort_members(staff) == []


async def test_who_is_kept_no_more_in_dry_run_is_pending_like_everything_else(acme: Lane, staff: ResourceId) -> None:
    pair = await kept(acme, staff)
    await acme.set_policies(mode=OperationMode.DRY_RUN)
    await acme.carried(acme.administer(TakeBack, memberships=(pair,)))
    assert pair[1] in await acme.cohort_members(staff)
    assert (await previewed(acme))[pair[1]].counts_as == (Foreseen.LEAVE,)


async def test_a_new_word_of_the_directory_ends_it(acme: Lane, staff: ResourceId) -> None:
    """Somebody who is a member again is kept by nobody; a second removal asks again."""
    _, ann = await kept(acme, staff)
    add = {"op": "add", "path": "members", "value": [{"value": ann}]}
    await acme.made(acme.patch(staff, add, resource_type="Group"))
    assert ann not in await previewed(acme)
    await acme.made(acme.patch(staff, EMPTIED, resource_type="Group"))
    assert (await previewed(acme))[ann].counts_as == (Foreseen.LEAVE,)


@pytest.mark.parametrize("deprovisioning", Deprovisioning)
async def test_who_is_deleted_leaves_the_cohorts_that_kept_them(
    acme: Lane, staff: ResourceId, deprovisioning: Deprovisioning
) -> None:
    _, ann = await kept(acme, staff)
    await acme.set_policies(deprovisioning=deprovisioning)
    # The guard holds the leave as well.
    await acme.made(acme.delete(ann))
    assert ann in await acme.cohort_members(staff)
    await acme.carried(acme.administer(ReleaseResources, resources=(ann,)))
    assert ann not in await acme.cohort_members(staff)


async def test_only_a_removal_that_is_pending_can_be_kept(acme: Lane, staff: ResourceId) -> None:
    cid = (await acme.made(acme.create(userName="cid"))).resource_id
    add = {"op": "add", "path": "members", "value": [{"value": cid}]}
    await acme.made(acme.patch(staff, add, resource_type="Group"))
    pairs = ((staff, cid), (staff, ResourceId("0" * 32)))
    items = await acme.carried(acme.administer(SetAside, memberships=pairs))
    assert [item.failure for item in items] == ["no removal of this member is pending"] * 2
