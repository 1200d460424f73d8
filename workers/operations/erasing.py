"""Ending accounts whose moment to be erased has come."""

from schemas.ids import AccountId, ResourceId
from schemas.messages.administration import EraseAccounts
from schemas.messages.outcomes import Carried, Item, Outcome
from tenants.directory.records import Account
from tenants.directory.writer import Need
from tenants.policies.effects import is_active
from tenants.policies.settings import OperationMode
from workers.operations.accounts import erase
from workers.operations.records import noted
from workers.workspace import Workspace


def erase_ripe(command: EraseAccounts, workspace: Workspace) -> Outcome:
    """Erase the accounts for which it is still so; whoever came back, or is held, stays."""
    found = [account for id in command.accounts if (account := workspace.account(id)) is not None]
    users = frozenset(account.resource for account in found if account.resource is not None)
    workspace.require(Need(resources=users, groups_of=users))
    items = [_erased(workspace, id) for id in command.accounts]
    noted(command, workspace, items)
    return Carried(command.id, workspace.sequence, tuple(items))


def _erased(workspace: Workspace, id: AccountId) -> Item:
    account = workspace.account(id)
    if account is None or not _is_ripe(workspace, account):
        return Item(id)
    before = workspace.told
    erase(workspace, account, "its time had come")
    return Item(id, workspace.told_since(before))


def _is_ripe(workspace: Workspace, account: Account) -> bool:
    if account.erase_at is None or account.erase_at > workspace.moment.at or account.has_legal_hold:
        return False
    if workspace.policies.mode is OperationMode.DRY_RUN:
        return False
    return account.resource is None or _stays_away(workspace, account.resource)


def _stays_away(workspace: Workspace, id: ResourceId) -> bool:
    """Tell whether the User is inactive still, and nothing about that waits."""
    user = workspace.resource("User", id)
    return user is not None and user.hold is None and is_active(user) is False
