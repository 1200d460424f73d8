"""What differs between directory and LMS though nothing is pending: by class, and by what it can be mended. Pure.

What is pending or held is no drift: it is known, and has its own way. Effects are those of ``account_effects``, so that
a repair leaves nothing to report.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from schemas.ids import AccountId
from tenants.directory.records import Account, AccountStatus, Cohort, Edge, Reference, StoredResource
from tenants.policies.effects import EffectKind, account_effects, is_active, profile_of
from tenants.policies.settings import Policies


class DriftClass(StrEnum):
    """In what the two sides differ."""

    MISSING_ACCOUNT = "missing_account"
    ACCOUNT_OF_NOBODY = "account_of_nobody"
    """Linked to a User that is gone, without a leave that is pending."""
    ATTRIBUTES = "attributes_differ"
    STATUS = "status_differs"
    """Also where the account was changed by hand in the LMS."""
    SIGN_IN = "sign_in_differs"
    """Not as the tenant's present setting; a change of it leaves accounts as they are unless told otherwise."""
    MISSING_COHORT = "missing_cohort"
    COHORT_OF_NOBODY = "cohort_of_nobody"
    COHORT = "cohort_name_differs"
    MEMBERSHIP = "membership_differs"


class Cure(StrEnum):
    """By which kind of command a drift goes away."""

    REPAIR = "repair"
    ALIGN = "align"
    ACTIVATE = "activate"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference of one User, Group, account, cohort or membership."""

    kind: DriftClass
    id: str
    """The resource's id, living or dead; of a membership ``group/member``."""
    name: str = ""
    """The userName, displayName, login or cohort name, as far as there is one."""
    account: AccountId | None = None
    differences: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    """By attribute: (in the directory, in the LMS)."""
    cure: Cure | None = Cure.REPAIR
    """None: an administrator has to look at it."""


def is_pending(resource: StoredResource) -> bool:
    """Tell whether the resource's effects wait."""
    return resource.hold is not None or resource.applied_version < resource.version


def user_drift(user: StoredResource, account: Account | None, policies: Policies) -> tuple[Drift, ...]:
    """Return in what an account differs from its User, of whom nothing is pending."""
    if is_pending(user):
        return ()
    kinds = {effect.kind for effect in account_effects(user, account, policies)}
    name = str(user.attributes.get("userName", ""))
    if account is None:
        return (Drift(DriftClass.MISSING_ACCOUNT, user.id, name),) if EffectKind.CREATE in kinds else ()
    found: list[Drift] = []
    if EffectKind.UPDATE in kinds:
        found.append(Drift(DriftClass.ATTRIBUTES, user.id, name, account.id, _attributes(user, account)))
    wrong = _wrong_status(user, account, kinds)
    if wrong is not None:
        wanted, cure = wrong
        sides = {"status": (wanted.value, account.status.value)}
        found.append(Drift(DriftClass.STATUS, user.id, name, account.id, sides, cure))
    if account.sign_in != policies.authentication.value:
        sides = {"sign_in": (policies.authentication.value, account.sign_in)}
        found.append(Drift(DriftClass.SIGN_IN, user.id, name, account.id, sides, Cure.ALIGN))
    return tuple(found)


def group_drift(group: StoredResource, cohort: Cohort | None) -> tuple[Drift, ...]:
    """Return in what a cohort differs from its Group, of which nothing is pending."""
    if is_pending(group):
        return ()
    name = str(group.attributes.get("displayName", ""))
    if cohort is None:
        return (Drift(DriftClass.MISSING_COHORT, group.id, name),)
    sides = {"displayName": (name, cohort.name), "externalId": (group.external_id, cohort.external_id)}
    differing = {attribute: both for attribute, both in sides.items() if both[0] != both[1]}
    return (Drift(DriftClass.COHORT, group.id, name, differences=differing),) if differing else ()


def account_of_nobody(account: Account) -> Drift:
    """Return the drift of an account whose User is gone, without a leave that is pending."""
    id = account.resource or account.id
    return Drift(DriftClass.ACCOUNT_OF_NOBODY, id, account.login, account.id, cure=Cure.REPAIR)


def cohort_of_nobody(cohort: Cohort) -> Drift:
    """Return the drift of a cohort whose Group is gone, without a removal that is pending."""
    return Drift(DriftClass.COHORT_OF_NOBODY, cohort.resource, cohort.name, cure=Cure.REPAIR)


def membership_drift(
    edge: Edge, group: StoredResource | None, member: Reference | None, *, is_leave_pending: bool
) -> tuple[Drift, ...]:
    """Return how a membership differs, where nothing explains that.

    A person without an account joins when there is one; a leave may be held by the guard.

    Args:
        edge: The membership, in sync mode and while no release is under way.
        group: Its Group; None: it is gone.
        member: The User or Group in it; None: it is gone.
        is_leave_pending: Whether Group or member were deleted and their leave waits.
    """
    if edge.desired == edge.applied or is_leave_pending or (group is not None and is_pending(group)):
        return ()
    is_waiting = edge.desired and edge.member_type == "User" and member is not None and member.account is None
    is_guarded = not edge.desired and group is not None and member is not None
    if is_waiting or is_guarded:
        return ()
    sides = {"member": (edge.desired, edge.applied)}
    cure = Cure.RELEASE if group is not None else None
    return (Drift(DriftClass.MEMBERSHIP, f"{edge.group}/{edge.member}", differences=sides, cure=cure),)


def _wrong_status(
    user: StoredResource, account: Account, kinds: AbstractSet[EffectKind]
) -> tuple[AccountStatus, Cure | None] | None:
    """Return the status that the account should have, and the cure; None where it is right."""
    if EffectKind.DISABLE in kinds:
        return AccountStatus.DISABLED, Cure.REPAIR
    if EffectKind.ENABLE in kinds:
        return (AccountStatus.ACTIVE if account.activated else AccountStatus.AWAITING_ACTIVATION), Cure.REPAIR
    if not is_active(user):
        return None
    # Without an effect, only a hand in the LMS makes these: nobody is activated twice, and nobody is locked out.
    if account.status is AccountStatus.AWAITING_ACTIVATION and account.activated:
        return AccountStatus.ACTIVE, Cure.ACTIVATE
    if account.status is AccountStatus.ACTIVE and not account.activated:
        return AccountStatus.AWAITING_ACTIVATION, None
    return None


def _attributes(user: StoredResource, account: Account) -> dict[str, tuple[Any, Any]]:
    wanted = {**profile_of(user), "externalId": user.external_id}
    found = {**account.profile, "externalId": account.external_id}
    names = [*wanted, *(name for name in found if name not in wanted)]
    return {name: (wanted.get(name), found.get(name)) for name in names if wanted.get(name) != found.get(name)}
