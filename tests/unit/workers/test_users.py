"""Users: what commands do to the directory, the accounts and the events."""

from typing import Any

import pytest

from schemas.ids import AccountId
from schemas.messages.administration import ResolveConflict
from schemas.messages.events import EventType
from schemas.messages.outcomes import Abandoned, Applied, Rejected
from tenants.directory.records import AccountStatus, Hold
from tenants.policies.settings import Deprovisioning, OnReturn, OperationMode
from tests.support.lane import Lane


def replace_active(value: bool) -> dict[str, Any]:
    return {"op": "replace", "path": "active", "value": value}


async def test_a_created_user_is_read_back_and_has_an_account(acme: Lane) -> None:
    made = await acme.made(acme.create(userName="Barbara", displayName="Babs"))
    resource = await acme.read(made.resource_id)
    assert resource is not None
    assert (resource["userName"], resource["active"], resource["meta"]["version"]) == ("Barbara", True, 'W/"1"')
    (account,) = await acme.accounts()
    assert (account.login, account.login_key, account.resource) == ("Barbara", "barbara", made.resource_id)


async def test_a_name_is_taken_without_case_but_not_across_tenants(acme: Lane, globex: Lane) -> None:
    await acme.made(acme.create(userName="barbara"))
    (refused,) = await acme.run(acme.create(userName="BARBARA"))
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.scim_type) == (409, "uniqueness")
    assert (await globex.made(globex.create(userName="barbara"))).created


async def test_of_two_creations_in_one_batch_the_first_gets_the_name(acme: Lane) -> None:
    first, second = await acme.run(acme.create(userName="barbara"), acme.create(userName="Barbara"))
    assert isinstance(first, Applied)
    assert isinstance(second, Rejected)


async def test_a_renamed_users_old_name_is_free_in_the_same_batch(acme: Lane) -> None:
    made = await acme.made(acme.create(userName="barbara"))
    rename = acme.patch(made.resource_id, {"op": "replace", "path": "userName", "value": "babs"})
    outcomes = await acme.run(rename, acme.create(userName="barbara"))
    assert all(isinstance(outcome, Applied) for outcome in outcomes)
    assert sorted(account.login for account in await acme.accounts()) == ["babs", "barbara"]


async def test_patches_of_one_user_in_a_batch_each_answer_their_own_state(acme: Lane) -> None:
    made = await acme.made(acme.create(userName="barbara"))
    titles = [acme.patch(made.resource_id, {"op": "replace", "path": "title", "value": f"t{n}"}) for n in range(3)]
    outcomes = await acme.run(*titles)
    assert [outcome.version for outcome in outcomes if isinstance(outcome, Applied)] == [2, 3, 4]
    resource = await acme.read(made.resource_id)
    assert resource is not None
    assert resource["title"] == "t2"


async def test_a_patch_that_changes_nothing_keeps_the_version_and_tells_nobody(acme: Lane) -> None:
    made = await acme.made(acme.create(userName="barbara"))
    again = await acme.made(acme.patch(made.resource_id, replace_active(True)))
    assert (again.version, again.changed, again.body) == (1, False, made.body)
    assert len(await acme.events()) == 1


async def test_deactivation_disables_the_account_and_activation_enables_it(acme: Lane) -> None:
    made = await acme.made(acme.create(userName="barbara"))
    await acme.made(acme.patch(made.resource_id, replace_active(False)))
    assert (await acme.accounts())[0].status is AccountStatus.DISABLED
    await acme.made(acme.patch(made.resource_id, replace_active(True)))
    assert (await acme.accounts())[0].status is AccountStatus.ACTIVE
    types = [event.type for event in await acme.events()]
    assert types == [EventType.ACCOUNT_CREATED, EventType.ACCOUNT_DISABLED, EventType.ACCOUNT_ENABLED]


async def test_replace_clears_what_is_left_out(acme: Lane) -> None:
    made = await acme.made(acme.create(userName="barbara", title="Dr"))
    await acme.made(acme.replace(made.resource_id, userName="barbara"))
    resource = await acme.read(made.resource_id)
    assert resource is not None
    assert "title" not in resource


@pytest.mark.parametrize(("tag", "status"), [('W/"1"', 200), ("*", 200), ('W/"7"', 412)])
async def test_if_match_decides_where_the_change_is_applied(acme: Lane, tag: str, status: int) -> None:
    made = await acme.made(acme.create(userName="barbara"))
    (outcome,) = await acme.run(acme.delete(made.resource_id, if_match=(tag,)))
    assert (outcome.status if isinstance(outcome, Rejected) else 200) == status


async def test_delete_under_disable_keeps_a_detached_account_and_frees_the_name(acme: Lane) -> None:
    made = await acme.made(acme.create(userName="barbara", externalId="e1"))
    await acme.made(acme.delete(made.resource_id))
    assert await acme.read(made.resource_id) is None
    (account,) = await acme.accounts()
    assert (account.resource, account.status) == (None, AccountStatus.DISABLED)


async def test_the_lms_is_told_that_a_disabled_account_has_lost_its_user(acme: Lane) -> None:
    made = await acme.made(acme.create(userName="barbara"))
    await acme.made(acme.patch(made.resource_id, replace_active(False)))
    await acme.made(acme.delete(made.resource_id))
    event = (await acme.events())[-1]
    assert (event.type, event.payload["user"]) == (EventType.ACCOUNT_DISABLED, None)


async def test_delete_under_delete_erases_the_account(acme: Lane) -> None:
    await acme.set_policies(deprovisioning=Deprovisioning.DELETE)
    made = await acme.made(acme.create(userName="barbara"))
    await acme.made(acme.delete(made.resource_id))
    assert await acme.accounts() == []
    event = (await acme.events())[-1]
    assert (event.type, event.payload) == (EventType.ACCOUNT_ERASED, {"account": made.resource_id})


async def test_who_returns_with_the_same_external_id_gets_the_kept_account(acme: Lane) -> None:
    made = await acme.made(acme.create(userName="barbara", externalId="e1"))
    (kept,) = await acme.accounts()
    await acme.made(acme.delete(made.resource_id))
    back = await acme.made(acme.create(userName="barbara", externalId="e1"))
    (account,) = await acme.accounts()
    assert (account.id, account.resource, account.status) == (kept.id, back.resource_id, AccountStatus.ACTIVE)


async def test_a_newcomer_with_a_leavers_name_never_gets_the_leavers_account(acme: Lane) -> None:
    made = await acme.made(acme.create(userName="barbara", externalId="e1"))
    await acme.made(acme.delete(made.resource_id))
    await acme.made(acme.create(userName="barbara", externalId="e2"))
    (account,) = await acme.accounts()
    assert (account.resource, account.status) == (None, AccountStatus.DISABLED)
    assert (await acme.audit())[-1].details["hold"] == Hold.CONFLICT.value


async def test_who_waits_for_a_login_name_is_locked_out_and_let_in_at_once_all_the_same(acme: Lane) -> None:
    leaver = await acme.made(acme.create(userName="kim", externalId="e1"))
    await acme.made(acme.delete(leaver.resource_id))
    ann = (await acme.made(acme.create(userName="ann", externalId="e2"))).resource_id
    rename = {"op": "replace", "path": "userName", "value": "kim"}
    for active, status in ((False, AccountStatus.DISABLED), (True, AccountStatus.ACTIVE)):
        await acme.made(acme.patch(ann, rename, {"op": "replace", "path": "active", "value": active}))
        assert [(a.login, a.status) for a in await acme.accounts() if a.resource == ann] == [("ann", status)]
    assert [event.type for event in (await acme.events())[-2:]] == [
        EventType.ACCOUNT_DISABLED,
        EventType.ACCOUNT_ENABLED,
    ]


async def test_who_gets_a_kept_account_by_a_change_is_not_served_as_they_were_before_it(acme: Lane) -> None:
    leaver = await acme.made(acme.create(userName="kim", externalId="e1"))
    await acme.made(acme.delete(leaver.resource_id))
    # The name is the kept account's, so the newcomer waits; then they turn out to be the leaver, under a new name.
    again = (await acme.made(acme.create(userName="kim"))).resource_id
    await acme.made(acme.replace(again, userName="kimberly", externalId="e1", active=False))
    (account,) = await acme.accounts()
    assert (account.resource, account.login, account.status) == (again, "kimberly", AccountStatus.DISABLED)


async def test_who_is_being_deleted_is_not_served_with_the_name_that_their_own_end_sets_free(acme: Lane) -> None:
    # Two kept accounts fit Val, until one of them is another's; Una waits for the other one's name, and Val for Una's.
    kept = [(await acme.made(acme.create(userName=name, externalId="e1"))).resource_id for name in ("kim", "kit")]
    await acme.run(*(acme.delete(id) for id in kept))
    una = (await acme.made(acme.create(userName="una"))).resource_id
    await acme.made(acme.patch(una, {"op": "replace", "path": "userName", "value": "kim"}))
    val = (await acme.made(acme.create(userName="una", externalId="e1"))).resource_id
    wes = (await acme.made(acme.create(userName="wes", externalId="e2", active=False))).resource_id
    await acme.carried(acme.administer(ResolveConflict, resource=wes, link=AccountId(kept[1])))
    await acme.set_policies(deprovisioning=Deprovisioning.DELETE)
    await acme.made(acme.delete(una))
    assert {(account.login, account.resource) for account in await acme.accounts()} == {("una", val), ("wes", wes)}


async def test_an_inactive_user_is_revived_in_place(acme: Lane) -> None:
    made = await acme.made(acme.create(userName="barbara", externalId="e1"))
    await acme.made(acme.patch(made.resource_id, replace_active(False)))
    back = await acme.made(acme.create(userName="Barbara", externalId="e1"))
    assert (back.resource_id, back.created) == (made.resource_id, True)
    assert (await acme.accounts())[0].status is AccountStatus.ACTIVE


async def test_a_tenant_may_choose_409_for_who_returns(acme: Lane) -> None:
    await acme.set_policies(on_return=OnReturn.CONFLICT)
    made = await acme.made(acme.create(userName="barbara", externalId="e1"))
    await acme.made(acme.patch(made.resource_id, replace_active(False)))
    (refused,) = await acme.run(acme.create(userName="barbara", externalId="e1"))
    assert isinstance(refused, Rejected)


async def test_in_dry_run_nothing_reaches_the_lms_side(acme: Lane) -> None:
    await acme.set_policies(mode=OperationMode.DRY_RUN)
    made = await acme.made(acme.create(userName="barbara"))
    await acme.made(acme.patch(made.resource_id, {"op": "replace", "path": "title", "value": "Dr"}))
    assert (await acme.accounts(), await acme.events()) == ([], [])
    assert await acme.read(made.resource_id) is not None


async def test_in_dry_run_a_provisioned_account_stays_as_it_is(acme: Lane) -> None:
    made = await acme.made(acme.create(userName="barbara"))
    before = await acme.accounts()
    await acme.set_policies(mode=OperationMode.DRY_RUN)
    await acme.made(acme.patch(made.resource_id, replace_active(False)))
    await acme.made(acme.delete(made.resource_id))
    assert await acme.accounts() == before


async def test_a_pending_user_met_in_sync_mode_gets_the_net_effect(acme: Lane) -> None:
    await acme.set_policies(mode=OperationMode.DRY_RUN)
    made = await acme.made(acme.create(userName="barbara"))
    await acme.set_policies(mode=OperationMode.SYNC)
    await acme.made(acme.patch(made.resource_id, {"op": "replace", "path": "title", "value": "Dr"}))
    (account,) = await acme.accounts()
    assert account.profile["title"] == "Dr"
    assert [event.type for event in await acme.events()] == [EventType.ACCOUNT_CREATED]


async def test_a_command_met_after_its_deadline_is_abandoned(acme: Lane) -> None:
    command = acme.create(userName="barbara")
    acme.now += 16
    assert isinstance((await acme.run(command))[0], Abandoned)
    assert await acme.audit() == []


async def test_a_redelivered_command_answers_its_first_outcome_and_changes_nothing(acme: Lane) -> None:
    create, refused = acme.create(userName="barbara"), acme.create(userName="barbara")
    first = await acme.run(create, refused)
    entries = await acme.audit()
    again = await acme.execute(create, refused, may_repeat=True)
    assert list(again.outcomes) == list(first)
    assert await acme.audit() == entries


async def test_a_repetition_that_the_bus_did_not_tell_of_is_found_by_its_receipt(acme: Lane) -> None:
    create, patch = acme.create(userName="barbara"), acme.create(userName="other")
    first = await acme.run(create)
    again = await acme.execute(create, patch, may_repeat=False)
    assert again.outcomes[0] == first[0]
    assert isinstance(again.outcomes[1], Applied)
    assert len(await acme.accounts()) == 2


async def test_a_refusal_is_in_the_audit_log_with_its_reason_and_without_values(acme: Lane) -> None:
    await acme.run(acme.create(userName="barbara"), acme.create(userName="barbara"))
    entry = (await acme.audit())[-1]
    assert (entry.outcome, entry.details["scimType"], entry.principal) == ("rejected", "uniqueness", "token:t1")
    assert "barbara" not in entry.details["reason"]


async def test_audit_and_events_are_numbered_without_gaps(acme: Lane, globex: Lane) -> None:
    for number in range(3):
        await acme.run(acme.create(userName=f"u{number}a"), acme.create(userName=f"u{number}b"))
        await globex.run(globex.create(userName=f"u{number}"))
    assert [event.number for event in await acme.events()] == [1, 2, 3, 4, 5, 6]
    assert [entry.number for entry in await globex.audit()] == [1, 2, 3]
