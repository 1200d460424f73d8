"""Administrators' commands: they move people, so they travel on the tenant's lane like an identity provider's.

Each is about named resources or accounts and may be repeated: what is as it should be already is left as it is. Long
work is a job (``tenants.jobs``) that sends such commands one after another.
"""

import msgspec

from schemas.ids import AccountId, PlanId, ResourceId
from schemas.messages.addressed import Addressed


class ReleaseResources(Addressed, frozen=True, tag="release"):
    """Apply what is pending of these resources, and of these memberships, whatever holds it."""

    resources: tuple[ResourceId, ...] = ()
    memberships: tuple[tuple[ResourceId, ResourceId], ...] = ()
    """(group, member)."""
    is_chosen: bool = True
    """Whether an administrator chose these very ones.

    Otherwise they are all that is pending when a tenant goes to sync: then what an administrator or the guard keeps
    back stays, and nothing happens once the tenant is in dry-run again.
    """
    plan: PlanId | None = None
    """The plan that was confirmed: who would be disabled or erased otherwise than it says waits for a review."""
    with_deleted: bool = True
    """Whether deleted ones are meant, too: not where they were found among the living, and deleted since."""


class SetAside(Addressed, frozen=True, tag="set_aside"):
    """Hold these resources, deleted ones too, as ``excluded``, until they are taken back.

    Of memberships those whom the directory has removed stay in the cohort, until then or until it has them again.
    """

    resources: tuple[ResourceId, ...] = ()
    reason: str = ""
    memberships: tuple[tuple[ResourceId, ResourceId], ...] = ()
    """(group, member)."""


class TakeBack(Addressed, frozen=True, tag="take_back"):
    """End the exclusion of these: they are pending again in dry-run, and applied in sync mode."""

    resources: tuple[ResourceId, ...] = ()
    memberships: tuple[tuple[ResourceId, ResourceId], ...] = ()
    """(group, member)."""


class ActivateAccounts(Addressed, frozen=True, tag="activate"):
    """Let the persons of these accounts in, who wait for it."""

    accounts: tuple[AccountId, ...]


class AlignAccounts(Addressed, frozen=True, tag="align"):
    """Bring the sign-in of these accounts in line with the tenant's present settings."""

    accounts: tuple[AccountId, ...]


class LmsAccount(msgspec.Struct, frozen=True):
    """An account as the LMS had it before Rollcall came."""

    lms_id: str
    login: str
    external_id: str | None = None
    email: str | None = None
    is_verified: bool = False
    """Whether the LMS has verified the e-mail address."""
    is_active: bool = True


class ImportAccounts(Addressed, frozen=True, tag="import"):
    """Take these accounts into the LMS side, linked to nobody yet."""

    accounts: tuple[LmsAccount, ...]


class ResolveConflict(Addressed, frozen=True, tag="resolve"):
    """Decide a conflict: link the User to an account, or free the name that a kept account has and make a new one."""

    resource: ResourceId
    link: AccountId | None = None
    """The account to link to; None: whoever has the wanted login gives it up."""


class RepairAccounts(Addressed, frozen=True, tag="repair"):
    """Bring the accounts of these Users in line with the directory again, under the guard."""

    resources: tuple[ResourceId, ...]


class RepeatState(Addressed, frozen=True, tag="repeat"):
    """Tell the LMS once more how the accounts and cohorts of these resources stand."""

    resources: tuple[ResourceId, ...]


class FlagAccount(Addressed, frozen=True, tag="flag"):
    """Set or lift a legal hold, or mark that the account was changed by hand in the LMS; None leaves it as it is."""

    account: AccountId
    has_legal_hold: bool | None = None
    status: str | None = None
    """The status that the account was given by hand."""


class EraseAccounts(Addressed, frozen=True, tag="erase"):
    """End these accounts for good if their moment to be erased has come; the passing of time asks, nobody else."""

    accounts: tuple[AccountId, ...]


AdministrationCommand = (
    ReleaseResources
    | SetAside
    | TakeBack
    | ActivateAccounts
    | AlignAccounts
    | ImportAccounts
    | ResolveConflict
    | RepairAccounts
    | RepeatState
    | FlagAccount
    | EraseAccounts
)
