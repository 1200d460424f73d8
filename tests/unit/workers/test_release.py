"""What is pending, and what administrators do with it: release, set aside, take back, decide."""

import pytest
from msgspec import structs

from schemas.messages.administration import (
    ImportAccounts,
    LmsAccount,
    ReleaseResources,
    ResolveConflict,
    SetAside,
    TakeBack,
)
from schemas.messages.events import EventType
from schemas.messages.outcomes import Item, Rejected
from tenants.directory.records import AccountStatus
from tenants.policies.settings import Deprovisioning, LinkRule, OperationMode
from tests.support.lane import Lane

RENAME = {"op": "replace", "path": "userName"}


async def dry(lane: Lane) -> None:
    await lane.set_policies(mode=OperationMode.DRY_RUN)


async def go_live(lane: Lane) -> None:
    await lane.set_policies(mode=OperationMode.SYNC)
    await lane.release_all()


async def logins(lane: Lane) -> dict[str, str]:
    return {account.id: account.login for account in await lane.accounts()}


async def test_what_came_in_dry_run_reaches_the_lms_by_the_release(acme: Lane) -> None:
    await dry(acme)
    user = await acme.made(acme.create(userName="ann"))
    group = await acme.made(acme.create("Group", displayName="staff", members=[{"value": user.resource_id}]))
    assert (await acme.accounts(), await acme.events()) == ([], [])
    await go_live(acme)
    assert [account.login for account in await acme.accounts()] == ["ann"]
    assert await acme.cohort_members(group.resource_id) == [user.resource_id]


async def test_a_release_of_all_does_nothing_in_dry_run(acme: Lane) -> None:
    await dry(acme)
    user = await acme.made(acme.create(userName="ann"))
    (refused,) = await acme.run(acme.administer(ReleaseResources, resources=(user.resource_id,), is_chosen=False))
    assert isinstance(refused, Rejected)
    assert await acme.accounts() == []


async def test_one_person_is_released_without_leaving_dry_run(acme: Lane) -> None:
    await dry(acme)
    ann, bob = [await acme.made(acme.create(userName=name)) for name in ("ann", "bob")]
    (item,) = await acme.carried(acme.administer(ReleaseResources, resources=(ann.resource_id,)))
    assert item.effects == (EventType.ACCOUNT_CREATED,)
    assert [account.resource for account in await acme.accounts()] == [ann.resource_id]
    assert bob.resource_id not in {account.resource for account in await acme.accounts()}


async def test_released_twice_is_released_once(acme: Lane) -> None:
    await dry(acme)
    ann = await acme.made(acme.create(userName="ann"))
    release = acme.administer(ReleaseResources, resources=(ann.resource_id,))
    await acme.carried(release)
    (again,) = await acme.carried(acme.administer(ReleaseResources, resources=(ann.resource_id,)))
    assert again.effects == ()
    assert await acme.carried(release) == (Item(ann.resource_id, (EventType.ACCOUNT_CREATED,)),)
    assert len(await acme.events()) == 1


async def test_created_and_deleted_in_dry_run_leaves_nothing(acme: Lane) -> None:
    await dry(acme)
    ann = await acme.made(acme.create(userName="ann"))
    await acme.made(acme.delete(ann.resource_id))
    await go_live(acme)
    assert (await acme.accounts(), await acme.events()) == ([], [])


@pytest.mark.parametrize("leaving", Deprovisioning)
async def test_deleted_in_dry_run_leaves_by_the_release(acme: Lane, leaving: Deprovisioning) -> None:
    await acme.set_policies(deprovisioning=leaving)
    ann = await acme.made(acme.create(userName="ann"))
    await dry(acme)
    await acme.made(acme.delete(ann.resource_id))
    (before,) = await acme.accounts()
    assert before.status is AccountStatus.ACTIVE
    await go_live(acme)
    left = [(account.resource, account.status) for account in await acme.accounts()]
    assert left == ([] if leaving is Deprovisioning.DELETE else [(None, AccountStatus.DISABLED)])


async def test_a_deleted_group_that_is_released_alone_leaves_the_cohorts_that_it_is_in(acme: Lane) -> None:
    inner = (await acme.made(acme.create("Group", displayName="inner"))).resource_id
    outer = (await acme.made(acme.create("Group", displayName="outer", members=[{"value": inner}]))).resource_id
    await dry(acme)
    await acme.made(acme.delete(inner, "Group"))
    assert await acme.cohort_members(outer) == [inner]
    await acme.carried(acme.administer(ReleaseResources, resources=(inner,)))
    assert await acme.cohort_members(outer) == []
    assert [event.type for event in (await acme.events())[-2:]] == [EventType.MEMBER_REMOVED, EventType.COHORT_REMOVED]


async def test_deleted_and_made_again_in_dry_run_keeps_the_account(acme: Lane) -> None:
    ann = await acme.made(acme.create(userName="ann", externalId="e1"))
    (before,) = await acme.accounts()
    await dry(acme)
    await acme.made(acme.delete(ann.resource_id))
    again = await acme.made(acme.create(userName="ann", externalId="e1"))
    events = len(await acme.events())
    await go_live(acme)
    (after,) = await acme.accounts()
    assert after == structs.replace(before, resource=again.resource_id)
    assert [event.type for event in (await acme.events())[events:]] == [EventType.ACCOUNT_UPDATED]


async def test_under_delete_an_account_that_is_to_be_erased_does_not_come_back(acme: Lane) -> None:
    await acme.set_policies(deprovisioning=Deprovisioning.DELETE)
    ann = await acme.made(acme.create(userName="ann", externalId="e1"))
    await dry(acme)
    await acme.made(acme.delete(ann.resource_id))
    again = await acme.made(acme.create(userName="ann", externalId="e1"))
    await go_live(acme)
    (after,) = await acme.accounts()
    assert (after.resource, str(after.id)) == (again.resource_id, str(again.resource_id))


async def test_a_ring_of_renames_goes_through_a_passing_name(acme: Lane) -> None:
    users = [await acme.made(acme.create(userName=name)) for name in ("a", "b", "c")]
    await dry(acme)
    for user, name in zip(users, ("x", "y", "z"), strict=True):
        await acme.made(acme.patch(user.resource_id, {**RENAME, "value": name}))
    for user, name in zip(users, ("b", "c", "a"), strict=True):
        await acme.made(acme.patch(user.resource_id, {**RENAME, "value": name}))
    await go_live(acme)
    assert sorted((await logins(acme)).values()) == ["a", "b", "c"]
    assert (await logins(acme))[users[0].resource_id] == "b"
    taken: dict[str, str] = {}
    for event in await acme.events():
        taken[event.subject] = event.payload["login"]
        assert len(set(taken.values())) == len(taken), "two accounts had one name"


async def test_who_needs_a_name_waits_for_its_holder(acme: Lane) -> None:
    await acme.set_policies(deprovisioning=Deprovisioning.DELETE)
    old = await acme.made(acme.create(userName="ann"))
    await dry(acme)
    await acme.made(acme.delete(old.resource_id))
    new = await acme.made(acme.create(userName="ann"))
    (item,) = await acme.carried(acme.administer(ReleaseResources, resources=(new.resource_id,)))
    assert item.failure is not None
    await go_live(acme)
    assert [account.resource for account in await acme.accounts()] == [new.resource_id]


async def test_who_waits_for_a_login_name_is_locked_out_by_the_release_all_the_same(acme: Lane) -> None:
    leaver = await acme.made(acme.create(userName="kim", externalId="e1"))
    await acme.made(acme.delete(leaver.resource_id))
    ann = (await acme.made(acme.create(userName="ann", externalId="e2"))).resource_id
    await dry(acme)
    await acme.made(acme.patch(ann, RENAME | {"value": "kim"}, {"op": "replace", "path": "active", "value": False}))
    await acme.set_policies(mode=OperationMode.SYNC)
    items = await acme.release_all()
    assert [(item.effects, item.failure is None) for item in items] == [((EventType.ACCOUNT_DISABLED,), False)]
    (account,) = [account for account in await acme.accounts() if account.resource == ann]
    assert (account.login, account.status) == ("ann", AccountStatus.DISABLED)
    assert [item.effects for item in await acme.release_all()] == [()]


async def test_what_is_set_aside_stays_until_it_is_taken_back(acme: Lane) -> None:
    await dry(acme)
    ann = await acme.made(acme.create(userName="ann"))
    await acme.carried(acme.administer(SetAside, resources=(ann.resource_id,), reason="not ours"))
    await go_live(acme)
    await acme.made(acme.patch(ann.resource_id, {"op": "replace", "path": "title", "value": "t"}))
    assert await acme.accounts() == []
    await acme.carried(acme.administer(TakeBack, resources=(ann.resource_id,)))
    assert [account.login for account in await acme.accounts()] == ["ann"]


async def test_an_account_that_the_lms_had_is_linked_by_its_name(acme: Lane) -> None:
    await acme.carried(
        acme.administer(ImportAccounts, accounts=(LmsAccount("lms-1", "ann"), LmsAccount("lms-2", "bob")))
    )
    ann = await acme.made(acme.create(userName="Ann", title="Dr"))
    linked = {account.resource: account for account in await acme.accounts()}[ann.resource_id]
    assert (linked.id, linked.profile["title"]) == ("lms-1", "Dr")
    assert EventType.ACCOUNT_CREATED not in {event.type for event in await acme.events()}


async def test_a_link_that_changes_the_login_name_waits_for_a_look(acme: Lane) -> None:
    await acme.set_policies(link_by=(LinkRule.EXTERNAL_ID,))
    await acme.carried(acme.administer(ImportAccounts, accounts=(LmsAccount("lms-1", "ann.old", "e1"),)))
    ann = await acme.made(acme.create(userName="ann", externalId="e1"))
    assert [account.login for account in await acme.accounts()] == ["ann.old"]
    await acme.carried(acme.administer(ReleaseResources, resources=(ann.resource_id,)))
    assert [(account.id, account.login) for account in await acme.accounts()] == [("lms-1", "ann")]


async def test_several_that_fit_are_a_conflict_for_an_administrator(acme: Lane) -> None:
    await acme.set_policies(link_by=(LinkRule.EMAIL,), owned_domains=("example.com",))
    accounts = [LmsAccount(f"lms-{n}", f"ann{n}", None, "Ann@Example.com", True) for n in (1, 2)]
    await acme.carried(acme.administer(ImportAccounts, accounts=tuple(accounts)))
    ann = await acme.made(acme.create(userName="ann", emails=[{"value": "ann@example.com"}]))
    assert {account.resource for account in await acme.accounts()} == {None}
    decided = acme.administer(ResolveConflict, resource=ann.resource_id, link="lms-2")
    (item,) = await acme.carried(decided)
    assert item.failure is None
    assert {account.id: account.resource for account in await acme.accounts()} == {
        "lms-1": None,
        "lms-2": ann.resource_id,
    }


async def test_a_kept_account_gives_its_name_up_by_decision(acme: Lane) -> None:
    old = await acme.made(acme.create(userName="ann"))
    await acme.made(acme.delete(old.resource_id))
    new = await acme.made(acme.create(userName="ann"))
    assert [account.resource for account in await acme.accounts()] == [None]
    await acme.carried(acme.administer(ResolveConflict, resource=new.resource_id))
    assert {account.resource: account.login for account in await acme.accounts()} == {
        None: f"ann~{old.resource_id}",
        new.resource_id: "ann",
    }


async def test_who_waits_for_a_leavers_name_does_not_end_what_somebody_else_comes_back_to(acme: Lane) -> None:
    ann = (await acme.made(acme.create(userName="ann", externalId="e1"))).resource_id
    await dry(acme)
    await acme.made(acme.delete(ann))
    # Somebody else gets the name; then Ann comes back under another one, to the account that still has the old one.
    await acme.made(acme.create(userName="ann", externalId="e2"))
    await acme.made(acme.create(userName="anna", externalId="e1"))
    told = len(await acme.events())
    await go_live(acme)
    assert [event.type for event in (await acme.events())[told:]] == [
        EventType.ACCOUNT_UPDATED,
        EventType.ACCOUNT_CREATED,
    ]
