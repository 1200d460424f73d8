"""Administrators' words about accounts: activate, align, import, flag, tell again, repair."""

from typing import Any

import pytest

from schemas.ids import AccountId
from schemas.messages.administration import (
    ActivateAccounts,
    AlignAccounts,
    FlagAccount,
    ImportAccounts,
    LmsAccount,
    RepairAccounts,
    RepeatState,
)
from schemas.messages.events import EventType
from tenants.directory.records import AccountStatus
from tenants.directory.writer import Need
from tenants.policies.settings import Activation, Authentication, Deprovisioning
from tests.support import builders
from tests.support.lane import Lane


async def only(lane: Lane) -> Any:
    (account,) = await lane.accounts()
    return account


async def test_who_waits_is_let_in_once_and_the_identity_provider_sees_no_difference(acme: Lane) -> None:
    await acme.set_policies(activation=Activation.MANUAL)
    ann = await acme.made(acme.create(userName="ann"))
    waiting = await only(acme)
    before = await acme.read(ann.resource_id)
    assert waiting.status is AccountStatus.AWAITING_ACTIVATION
    for effects in (("activate",), ()):
        (item,) = await acme.carried(acme.administer(ActivateAccounts, accounts=(waiting.id,)))
        assert item.effects == effects
    assert ((await only(acme)).status, await acme.read(ann.resource_id)) == (AccountStatus.ACTIVE, before)
    assert [event.type for event in await acme.events()] == [EventType.ACCOUNT_CREATED, EventType.ACCOUNT_ACTIVATED]


async def test_one_tenants_account_is_unknown_to_the_other(acme: Lane, globex: Lane) -> None:
    await acme.made(acme.create(userName="ann"))
    account = await only(acme)
    (item,) = await globex.carried(globex.administer(ActivateAccounts, accounts=(account.id,)))
    assert item.failure == "there is no such account"


async def test_aligned_accounts_sign_in_as_the_tenant_has_chosen_and_wait_no_more(acme: Lane) -> None:
    await acme.set_policies(activation=Activation.MANUAL)
    await acme.made(acme.create(userName="ann"))
    await acme.set_policies(authentication=Authentication.SSO)
    account = await only(acme)
    (item,) = await acme.carried(acme.administer(AlignAccounts, accounts=(account.id,)))
    assert item.effects == ("update", "activate")
    assert ((await only(acme)).sign_in, (await only(acme)).status) == ("sso", AccountStatus.ACTIVE)


async def test_an_import_takes_nobodys_name_and_tells_the_lms_nothing(acme: Lane) -> None:
    await acme.made(acme.create(userName="ann"))
    told = len(await acme.events())
    given = (LmsAccount("1", "ANN"), LmsAccount("2", "bob"), LmsAccount("a/b", "cy"), LmsAccount("4", ""))
    items = await acme.carried(acme.administer(ImportAccounts, accounts=given))
    assert [item.effects for item in items] == [(), ("import",), (), ()]
    assert [item.failure is None for item in items] == [False, True, False, False]
    assert len(await acme.events()) == told


async def test_an_import_repeated_changes_what_differs(acme: Lane) -> None:
    for login, effects in (("bob", ("import",)), ("bob", ()), ("bobby", ("import",))):
        (item,) = await acme.carried(acme.administer(ImportAccounts, accounts=(LmsAccount("2", login),)))
        assert item.effects == effects
    assert (await only(acme)).login == "bobby"


async def test_a_legal_hold_keeps_what_would_be_erased(acme: Lane) -> None:
    await acme.set_policies(deprovisioning=Deprovisioning.DELETE)
    ann = await acme.made(acme.create(userName="ann"))
    account = await only(acme)
    await acme.carried(acme.administer(FlagAccount, account=account.id, has_legal_hold=True))
    await acme.made(acme.delete(ann.resource_id))
    kept = await only(acme)
    assert (kept.id, kept.status, kept.resource) == (account.id, AccountStatus.DISABLED, None)


@pytest.mark.parametrize("status", ["disabled", "no such status"])
async def test_a_flag_says_what_was_changed_by_hand(acme: Lane, status: str) -> None:
    await acme.made(acme.create(userName="ann"))
    account = await only(acme)
    (item,) = await acme.carried(acme.administer(FlagAccount, account=account.id, status=status))
    assert (item.failure is None) == (status == "disabled")
    assert (await only(acme)).status == ("disabled" if item.failure is None else "active")


async def test_a_repair_brings_back_what_was_changed_by_hand(acme: Lane) -> None:
    ann = await acme.made(acme.create(userName="ann"))
    account = await only(acme)
    await acme.carried(acme.administer(FlagAccount, account=account.id, status="disabled"))
    (item,) = await acme.carried(acme.administer(RepairAccounts, resources=(ann.resource_id,)))
    assert (item.effects, (await only(acme)).status) == ((EventType.ACCOUNT_ENABLED,), AccountStatus.ACTIVE)
    (again,) = await acme.carried(acme.administer(RepairAccounts, resources=(ann.resource_id,)))
    assert again.effects == ()


async def test_what_stands_is_told_again(acme: Lane) -> None:
    ann = await acme.made(acme.create(userName="ann"))
    group = await acme.made(acme.create("Group", displayName="staff", members=[{"value": ann.resource_id}]))
    told = len(await acme.events())
    await acme.carried(acme.administer(RepeatState, resources=(ann.resource_id, group.resource_id)))
    again = [(event.type, event.subject) for event in (await acme.events())[told:]]
    assert again == [
        (EventType.ACCOUNT_UPDATED, ann.resource_id),
        (EventType.MEMBER_ADDED, group.resource_id),
        (EventType.COHORT_UPDATED, group.resource_id),
    ]


async def test_every_word_is_in_the_audit_log(acme: Lane) -> None:
    await acme.carried(acme.administer(ImportAccounts, accounts=(LmsAccount("2", "bob"),)))
    await acme.carried(acme.administer(FlagAccount, account=AccountId("2"), has_legal_hold=True))
    entries = [(entry.action, entry.principal, entry.target) for entry in await acme.audit()]
    assert entries == [("admin.import", "operator:ann", "2"), ("admin.flag", "operator:ann", "2")]


async def test_a_repair_lets_go_of_accounts_and_cohorts_of_nobody(acme: Lane) -> None:
    user, group = builders.user(71), builders.group(72)
    lost = builders.Content(accounts_inserted=[builders.account(71, user)], cohorts_put=[builders.cohort(group)])
    snapshot = await acme.stores.writer.load(acme.tenant, Need())
    await acme.stores.writer.commit(builders.changes(snapshot, lost))
    items = await acme.carried(acme.administer(RepairAccounts, resources=(user.id, group.id)))
    assert [item.effects for item in items] == [(EventType.ACCOUNT_DISABLED,), (EventType.COHORT_REMOVED,)]
    assert ((await only(acme)).resource, await acme.stores.accounts.cohorts(acme.tenant, after="", limit=9)) == (
        None,
        [],
    )
