"""What a change of a User means for its account: effects decided by the policies, carried out or held."""

from dataclasses import replace
from typing import Any

from schemas.messages.events import EventType
from tenants.directory.records import Account, AccountStatus, Hold, StoredResource, Tombstone
from tenants.policies.effects import Effect, EffectKind, account_effects, carry_out
from tenants.policies.settings import OperationMode
from workers.operations.memberships import join_waiting_groups
from workers.workspace import Workspace


def settle_user(workspace: Workspace, user: StoredResource, *, is_new: bool = False) -> StoredResource:
    """Bring the account in line with the User, or hold the difference; return the User with its applied state."""
    account = None if is_new else workspace.account_of(user.id)
    adopted = account or _kept_account(workspace, user)
    effects = account_effects(user, adopted, workspace.policies)
    hold = _reason_to_hold(workspace, user, adopted, effects)
    if hold is not None:
        return replace(user, hold=hold)
    if effects:
        _apply(workspace, user, adopted, effects)
        if account is None and not is_new:
            join_waiting_groups(workspace, user.id)
    return replace(user, hold=None, applied_version=user.version)


def settle_leaver(workspace: Workspace, user: StoredResource) -> None:
    """Disable, detach or erase the account of a deleted User, or hold it with a tombstone."""
    account = workspace.account_of(user.id)
    if account is None:
        return
    effects = account_effects(None, account, workspace.policies)
    if workspace.policies.mode is OperationMode.DRY_RUN:
        workspace.put_tombstone(
            Tombstone("User", user.id, user.name, user.external_id, workspace.moment.at, Hold.DRY_RUN)
        )
        return
    _apply(workspace, None, account, effects)


def _kept_account(workspace: Workspace, user: StoredResource) -> Account | None:
    """Return the one account kept from a deleted User of the same externalId; a name alone links nothing."""
    if not user.external_id:
        return None
    kept = workspace.detached_accounts(user.external_id)
    return kept[0] if len(kept) == 1 else None


def _reason_to_hold(
    workspace: Workspace, user: StoredResource, account: Account | None, effects: tuple[Effect, ...]
) -> Hold | None:
    if not effects:
        return None
    if workspace.policies.mode is OperationMode.DRY_RUN:
        return Hold.DRY_RUN
    holder = workspace.account_with_login(user.name) if _takes_login(user, account) else None
    if holder is not None and (account is None or holder.id != account.id):
        return Hold.CONFLICT
    return None


def _takes_login(user: StoredResource, account: Account | None) -> bool:
    return account is None or account.login_key != user.name


def _apply(
    workspace: Workspace, user: StoredResource | None, account: Account | None, effects: tuple[Effect, ...]
) -> None:
    after = carry_out(effects, user, account, workspace.policies)
    if after is not None:
        workspace.put_account(after)
    elif account is not None:
        workspace.remove_account(account)
    subject = after or account
    if subject is None:
        return
    for event in _events(effects, subject):
        workspace.emit(event, subject.id, _payload(event, subject))


def _events(effects: tuple[Effect, ...], account: Account) -> list[EventType]:
    names = {
        EffectKind.CREATE: EventType.ACCOUNT_CREATED,
        EffectKind.LINK: EventType.ACCOUNT_UPDATED,
        EffectKind.UPDATE: EventType.ACCOUNT_UPDATED,
        EffectKind.DISABLE: EventType.ACCOUNT_DISABLED,
        # Its User is gone: told as well when it was disabled before.
        EffectKind.DETACH: EventType.ACCOUNT_DISABLED,
        EffectKind.ERASE: EventType.ACCOUNT_ERASED,
    }
    enabled = account.status is AccountStatus.ACTIVE
    names[EffectKind.ENABLE] = EventType.ACCOUNT_ENABLED if enabled else EventType.ACCOUNT_UPDATED
    return list(dict.fromkeys(names[effect.kind] for effect in effects if effect.kind in names))


def _payload(event: EventType, account: Account) -> dict[str, Any]:
    """Return what the LMS needs: who it is and how it now stands; of an erased account the id alone."""
    if event is EventType.ACCOUNT_ERASED:
        return {"account": account.id}
    payload: dict[str, Any] = {
        "account": account.id,
        "user": account.resource,
        "externalId": account.external_id,
        "login": account.login,
        "status": account.status.value,
        "sign_in": account.sign_in,
        "profile": account.profile,
    }
    if event is EventType.ACCOUNT_CREATED:
        payload["set_password"] = account.sign_in == "password"
    return payload
