"""The laws of effects: what applying changes, and that it is done once."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from schemas.ids import AccountId, ResourceId
from tenants.directory.records import Account, AccountStatus, StoredResource
from tenants.policies.effects import EffectKind, account_effects, carry_out, profile_of
from tenants.policies.settings import Activation, Authentication, Deprovisioning, OperationMode, Policies

SYNC = Policies(mode=OperationMode.SYNC)
MANUAL = replace(SYNC, activation=Activation.MANUAL)
SSO = replace(MANUAL, authentication=Authentication.SSO)


def user(id: str = "u1", *, active: bool | None = True, **attributes: Any) -> StoredResource:
    said = {} if active is None else {"active": active}
    attributes = {"userName": "barbara", **attributes, **said}
    return StoredResource(
        type="User",
        id=ResourceId(id),
        version=1,
        created="2026-01-01T00:00:00.000Z",
        modified="2026-01-01T00:00:00.000Z",
        name=attributes["userName"],
        external_id=attributes.get("externalId"),
        attributes=attributes,
        search={},
        rendered=b"",
    )


def kinds(desired: StoredResource | None, account: Account | None, policies: Policies) -> list[EffectKind]:
    return [effect.kind for effect in account_effects(desired, account, policies)]


def settled(desired: StoredResource | None, account: Account | None, policies: Policies) -> Account | None:
    return carry_out(account_effects(desired, account, policies), desired, account, policies)


def account_of(desired: StoredResource, policies: Policies = SYNC) -> Account:
    account = settled(desired, None, policies)
    assert account is not None
    return account


def test_a_new_person_gets_an_account_that_can_sign_in() -> None:
    account = account_of(user())
    assert account.status is AccountStatus.ACTIVE
    assert account.sign_in == "password"


def test_with_manual_activation_a_new_account_waits() -> None:
    assert account_of(user(), MANUAL).status is AccountStatus.AWAITING_ACTIVATION


def test_single_sign_on_activates_whatever_is_stored() -> None:
    account = account_of(user(), SSO)
    assert (account.status, account.sign_in) == (AccountStatus.ACTIVE, "sso")


def test_somebody_who_never_was_active_gets_no_account() -> None:
    assert kinds(user(active=False), None, SYNC) == []


def test_an_account_stays_as_it_is_when_active_is_taken_back() -> None:
    account = account_of(user())
    disabled = settled(user(active=False), account, SYNC)
    assert kinds(user(active=None), account, SYNC) == []
    assert kinds(user(active=None), disabled, SYNC) == []
    assert kinds(user(active=None), None, SYNC) == []


def test_deactivation_disables_and_keeps() -> None:
    account = settled(user(active=False), account_of(user()), replace(SYNC, deprovisioning=Deprovisioning.DELETE))
    assert account is not None
    assert account.status is AccountStatus.DISABLED


def test_return_of_an_activated_account_asks_for_no_second_activation() -> None:
    disabled = settled(user(active=False), account_of(user(), SYNC), MANUAL)
    returned = settled(user(), disabled, MANUAL)
    assert returned is not None
    assert returned.status is AccountStatus.ACTIVE


def test_return_of_an_account_that_never_was_activated_waits_again() -> None:
    disabled = settled(user(active=False), account_of(user(), MANUAL), MANUAL)
    returned = settled(user(), disabled, MANUAL)
    assert returned is not None
    assert returned.status is AccountStatus.AWAITING_ACTIVATION


def test_deletion_under_disable_keeps_a_detached_account() -> None:
    account = settled(None, account_of(user()), SYNC)
    assert account is not None
    assert (account.resource, account.status) == (None, AccountStatus.DISABLED)


def test_deletion_under_delete_leaves_nothing() -> None:
    assert settled(None, account_of(user()), replace(SYNC, deprovisioning=Deprovisioning.DELETE)) is None


def test_a_kept_account_is_linked_and_enabled_when_its_person_returns() -> None:
    kept = settled(None, account_of(user("u1", externalId="e")), SYNC)
    assert kinds(user("u2", externalId="e"), kept, SYNC) == [EffectKind.LINK, EffectKind.ENABLE]


def test_a_rename_moves_the_login() -> None:
    account = settled(user(userName="babs"), account_of(user()), SYNC)
    assert account is not None
    assert account.login_key == "babs"


people = st.builds(
    user,
    active=st.booleans(),
    userName=st.sampled_from(["barbara", "babs"]),
    title=st.sampled_from(["Dr", "Prof"]),
    externalId=st.sampled_from(["e1", "e2"]),
)
policies = st.builds(
    Policies,
    mode=st.just(OperationMode.SYNC),
    authentication=st.sampled_from(Authentication),
    activation=st.sampled_from(Activation),
    deprovisioning=st.sampled_from(Deprovisioning),
)
histories = st.lists(st.tuples(st.none() | people, policies), min_size=1, max_size=8)


@given(histories)
def test_after_carrying_out_the_effects_there_are_none(history: list[tuple[StoredResource | None, Policies]]) -> None:
    account: Account | None = None
    for desired, chosen in history:
        account = settled(desired, account, chosen)
        assert kinds(desired, account, chosen) == []


@given(histories)
def test_a_settled_account_equals_its_person(history: list[tuple[StoredResource | None, Policies]]) -> None:
    account: Account | None = None
    for desired, chosen in history:
        account = settled(desired, account, chosen)
        if desired is not None and account is not None:
            assert account.profile == profile_of(desired)
            assert (account.status is AccountStatus.DISABLED) == (desired.attributes["active"] is False)


@given(histories)
def test_an_account_once_activated_never_waits_again(history: list[tuple[StoredResource | None, Policies]]) -> None:
    account: Account | None = None
    for desired, chosen in history:
        before = account
        account = settled(desired, account, chosen)
        if before is not None and before.activated and account is not None:
            assert account.status is not AccountStatus.AWAITING_ACTIVATION


@pytest.mark.parametrize("desired", [user(), user(active=False), None])
def test_effects_do_not_depend_on_the_mode(desired: StoredResource | None) -> None:
    account = structs.replace(account_of(user(title="Dr")), id=AccountId("a"))
    assert kinds(desired, account, SYNC) == kinds(desired, account, Policies())
