"""What counts as drift, and what does not; what can be mended is mended by the effects alone."""

from dataclasses import replace

import pytest
from msgspec import structs

from schemas.ids import AccountId
from tenants.directory.records import Account, AccountStatus, Edge, Hold, Reference, StoredResource
from tenants.policies.drift import Cure, Drift, DriftClass, group_drift, membership_drift, user_drift
from tenants.policies.effects import account_effects, carry_out
from tenants.policies.settings import Activation, Authentication, OperationMode, Policies
from tests.support import builders

SYNC = Policies(mode=OperationMode.SYNC)
ANN, GROUP = builders.user(1, "ann"), builders.group(5, "Staff")
INACTIVE = structs.replace(ANN, attributes={"userName": "ann", "active": False})
WITH_ACCOUNT = Reference("User", AccountId("a1"))
WITHOUT_ACCOUNT = Reference("User", None)


def account(user: StoredResource = ANN, policies: Policies = SYNC) -> Account:
    made = carry_out(account_effects(user, None, policies), user, None, policies)
    assert made is not None
    return made


def kinds(found: tuple[Drift, ...]) -> list[DriftClass]:
    return [drift.kind for drift in found]


def test_an_account_as_the_directory_wants_it_is_no_drift() -> None:
    assert user_drift(ANN, account(), SYNC) == ()


def test_a_person_without_an_account_is_drift_only_where_there_should_be_one() -> None:
    assert kinds(user_drift(ANN, None, SYNC)) == [DriftClass.MISSING_ACCOUNT]
    assert user_drift(INACTIVE, None, SYNC) == ()


@pytest.mark.parametrize("hold", Hold)
def test_what_is_held_is_no_drift(hold: Hold) -> None:
    assert user_drift(structs.replace(ANN, hold=hold), None, SYNC) == ()
    assert group_drift(structs.replace(GROUP, hold=hold), None) == ()


def test_what_is_pending_is_no_drift() -> None:
    assert user_drift(structs.replace(ANN, version=2), None, SYNC) == ()
    assert group_drift(structs.replace(GROUP, version=2), None) == ()


def test_attributes_that_differ_are_named_with_both_sides() -> None:
    changed = structs.replace(account(), profile={"userName": "ann", "title": "Dr"}, external_id="e9")
    (drift,) = user_drift(ANN, changed, SYNC)
    assert (drift.kind, drift.differences) == (
        DriftClass.ATTRIBUTES,
        {"title": (None, "Dr"), "externalId": (None, "e9")},
    )


def test_a_person_disabled_by_hand_is_drift_with_a_cure() -> None:
    (drift,) = user_drift(ANN, structs.replace(account(), status=AccountStatus.DISABLED), SYNC)
    assert (drift.kind, drift.cure, drift.differences) == (
        DriftClass.STATUS,
        Cure.REPAIR,
        {"status": ("active", "disabled")},
    )


def test_whom_the_identity_provider_locks_out_and_the_lms_lets_in_is_drift() -> None:
    (drift,) = user_drift(INACTIVE, structs.replace(account(), profile={"userName": "ann"}), SYNC)
    assert (drift.kind, drift.cure) == (DriftClass.STATUS, Cure.REPAIR)


def test_who_awaits_activation_is_no_drift_whatever_the_setting_is_now() -> None:
    manual = replace(SYNC, activation=Activation.MANUAL)
    assert user_drift(ANN, account(policies=manual), manual) == ()
    assert user_drift(ANN, account(policies=manual), SYNC) == ()


def test_an_activation_taken_back_by_hand_is_mended_by_activating() -> None:
    (drift,) = user_drift(ANN, structs.replace(account(), status=AccountStatus.AWAITING_ACTIVATION), SYNC)
    assert (drift.kind, drift.cure) == (DriftClass.STATUS, Cure.ACTIVATE)


def test_nobody_who_was_let_in_by_hand_is_locked_out_by_a_repair() -> None:
    waiting = account(policies=replace(SYNC, activation=Activation.MANUAL))
    (drift,) = user_drift(ANN, structs.replace(waiting, status=AccountStatus.ACTIVE), SYNC)
    assert (drift.kind, drift.cure) == (DriftClass.STATUS, None)


def test_a_sign_in_other_than_the_settings_is_a_class_of_its_own() -> None:
    (drift,) = user_drift(ANN, account(), replace(SYNC, authentication=Authentication.SSO))
    assert (drift.kind, drift.cure) == (DriftClass.SIGN_IN, Cure.ALIGN)


def test_cohorts_are_compared_by_name_and_external_id() -> None:
    cohort = builders.cohort(GROUP)
    assert group_drift(GROUP, cohort) == ()
    assert kinds(group_drift(GROUP, None)) == [DriftClass.MISSING_COHORT]
    (drift,) = group_drift(GROUP, replace(cohort, name="Stuff"))
    assert (drift.kind, drift.differences) == (DriftClass.COHORT, {"displayName": ("Staff", "Stuff")})


def edge(*, desired: bool, applied: bool) -> Edge:
    return builders.edge(GROUP, ANN, desired=desired, applied=applied)


def test_a_member_that_the_cohort_lacks_is_drift() -> None:
    (drift,) = membership_drift(edge(desired=True, applied=False), GROUP, WITH_ACCOUNT, is_leave_pending=False)
    assert (drift.kind, drift.id, drift.cure) == (DriftClass.MEMBERSHIP, f"{GROUP.id}/{ANN.id}", Cure.RELEASE)


def test_a_member_whom_the_cohort_has_kept_though_nobody_is_there_is_drift() -> None:
    assert kinds(membership_drift(edge(desired=False, applied=True), GROUP, None, is_leave_pending=False)) == [
        DriftClass.MEMBERSHIP
    ]


@pytest.mark.parametrize(
    ("desired", "group", "member", "is_leave_pending"),
    [
        pytest.param(True, GROUP, WITHOUT_ACCOUNT, False, id="waits for an account"),
        pytest.param(True, structs.replace(GROUP, hold=Hold.EXCLUDED), WITH_ACCOUNT, False, id="group held"),
        pytest.param(False, GROUP, WITH_ACCOUNT, False, id="may be held by the guard"),
        pytest.param(False, GROUP, None, True, id="leave pending"),
        pytest.param(False, None, WITH_ACCOUNT, True, id="removal of the group pending"),
    ],
)
def test_what_explains_a_membership_that_differs_makes_it_no_drift(
    desired: bool, group: StoredResource | None, member: Reference | None, is_leave_pending: bool
) -> None:
    differing = edge(desired=desired, applied=not desired)
    assert membership_drift(differing, group, member, is_leave_pending=is_leave_pending) == ()


def test_repairing_by_the_effects_leaves_no_drift_that_they_cure() -> None:
    found = [
        structs.replace(account(), profile={}),
        structs.replace(account(), status=AccountStatus.DISABLED),
        structs.replace(account(), external_id="e1", status=AccountStatus.DISABLED, profile={"title": "Dr"}),
    ]
    mended = [carry_out(account_effects(ANN, one, SYNC), ANN, one, SYNC) for one in found]
    assert [user_drift(ANN, one, SYNC) for one in mended] == [(), (), ()]
