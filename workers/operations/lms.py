"""Administrators' words about accounts as the LMS has them: let people in, align, import, flag, tell again."""

import re

from msgspec import structs

from schemas.ids import AccountId, ResourceId
from schemas.messages.administration import (
    ActivateAccounts,
    AlignAccounts,
    FlagAccount,
    ImportAccounts,
    LmsAccount,
    RepeatState,
)
from schemas.messages.events import EventType
from schemas.messages.outcomes import Carried, Item, Outcome
from schemas.scim.search import fold, prepared_name
from tenants.directory.records import Account, AccountStatus, StoredResource
from tenants.policies.settings import Activation
from workers.operations.accounts import tell
from workers.operations.memberships import tell_of_cohort, tell_of_membership
from workers.operations.records import noted
from workers.workspace import Workspace

_UNKNOWN = "there is no such account"
_LMS_ID = re.compile(r"[A-Za-z0-9._:@-]{1,128}")


def activate(command: ActivateAccounts, workspace: Workspace) -> Outcome:
    """Let the persons in who wait for it; who does not wait is left as they are."""
    items = [_activated(workspace, id) for id in command.accounts]
    noted(command, workspace, items)
    return Carried(command.id, workspace.sequence, tuple(items))


def align(command: AlignAccounts, workspace: Workspace) -> Outcome:
    """Give the accounts the sign-in that the tenant has chosen; where activation is automatic nobody waits."""
    items = [_aligned(workspace, id) for id in command.accounts]
    noted(command, workspace, items)
    return Carried(command.id, workspace.sequence, tuple(items))


def take_in(command: ImportAccounts, workspace: Workspace) -> Outcome:
    """Take in the accounts that the LMS had before; the LMS has nothing to do, so no event tells of it."""
    items = [_taken_in(workspace, account) for account in command.accounts]
    noted(command, workspace, items)
    return Carried(command.id, workspace.sequence, tuple(items))


def flag(command: FlagAccount, workspace: Workspace) -> Outcome:
    """Set or lift a legal hold, or take note of what was changed by hand in the LMS."""
    item = _flagged(command, workspace)
    noted(command, workspace, [item])
    return Carried(command.id, workspace.sequence, (item,))


def repeat(command: RepeatState, workspace: Workspace) -> Outcome:
    """Tell the LMS again how accounts and cohorts stand."""
    items = [_repeated(workspace, id) for id in command.resources]
    noted(command, workspace, items)
    return Carried(command.id, workspace.sequence, tuple(items))


def _activated(workspace: Workspace, id: AccountId) -> Item:
    account = workspace.account(id)
    if account is None:
        return Item(id, failure=_UNKNOWN)
    if account.status is not AccountStatus.AWAITING_ACTIVATION:
        return Item(id)
    active = structs.replace(account, status=AccountStatus.ACTIVE, activated=True)
    workspace.put_account(active)
    tell(workspace, EventType.ACCOUNT_ACTIVATED, active)
    return Item(id, ("activate",))


def _aligned(workspace: Workspace, id: AccountId) -> Item:
    account = workspace.account(id)
    if account is None:
        return Item(id, failure=_UNKNOWN)
    if account.resource is None:
        return Item(id)
    done: list[str] = []
    if account.sign_in != workspace.policies.authentication.value:
        account = structs.replace(account, sign_in=workspace.policies.authentication.value)
        workspace.put_account(account)
        tell(workspace, EventType.ACCOUNT_UPDATED, account)
        done.append("update")
    if workspace.policies.effective_activation is Activation.AUTOMATIC:
        done += _activated(workspace, id).effects
    return Item(id, tuple(done))


def _taken_in(workspace: Workspace, given: LmsAccount) -> Item:
    if not _LMS_ID.fullmatch(given.lms_id):
        return Item(given.lms_id, failure="an id has 1 to 128 letters, digits and . _ : @ -")
    id = AccountId(given.lms_id)
    before = workspace.account(id)
    if before is not None and not before.is_imported:
        return Item(id)
    account = _imported(id, given)
    if not account.login_key:
        return Item(id, failure="it has no login name")
    holder = workspace.account_with_login(account.login_key)
    if holder is not None and holder.id != id:
        return Item(id, failure="another account has its login name")
    if account == before:
        return Item(id)
    workspace.put_account(account)
    return Item(id, ("import",))


def _imported(id: AccountId, given: LmsAccount) -> Account:
    profile: dict[str, object] = {"userName": given.login}
    if given.email:
        profile["emails"] = [{"value": given.email}]
    return Account(
        id=id,
        resource=None,
        external_id=given.external_id or None,
        login=given.login,
        login_key=prepared_name("User", given.login),
        status=AccountStatus.ACTIVE if given.is_active else AccountStatus.DISABLED,
        sign_in="password",
        profile=profile,
        activated=True,
        is_imported=True,
        email=fold(given.email) if given.email and given.is_verified else None,
    )


def _flagged(command: FlagAccount, workspace: Workspace) -> Item:
    account = workspace.account(command.account)
    if account is None:
        return Item(command.account, failure=_UNKNOWN)
    after = account
    if command.has_legal_hold is not None:
        after = structs.replace(after, has_legal_hold=command.has_legal_hold)
    if command.status is not None:
        try:
            after = structs.replace(after, status=AccountStatus(command.status))
        except ValueError:
            return Item(command.account, failure="there is no such status")
    if after == account:
        return Item(command.account)
    workspace.put_account(after)
    return Item(command.account, ("flag",))


def _repeated(workspace: Workspace, id: ResourceId) -> Item:
    resource = workspace.any_resource(id)
    if resource is None:
        return Item(id, failure="there is no such User or Group")
    before = workspace.told
    if resource.type == "Group":
        tell_of_cohort(workspace, id)
    else:
        _tell_of_user(workspace, resource)
    return Item(id, workspace.told_since(before))


def _tell_of_user(workspace: Workspace, user: StoredResource) -> None:
    account = workspace.account_of(user.id)
    if account is None:
        return
    tell(workspace, EventType.ACCOUNT_UPDATED, account)
    for edge in workspace.edges_of_member(user.id):
        if edge.applied:
            tell_of_membership(workspace, edge)
