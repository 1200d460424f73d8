"""What a change of a User means for its account: effects decided by the policies, carried out or held.

Login names are unique among a tenant's accounts, so effects wait for one another: who needs a name waits for the
pending effect of its holder. Where they go round in a ring, one of them gets a passing name, so that whoever follows
the events never meets a name twice.
"""

from dataclasses import replace
from typing import Any

from msgspec import structs

from schemas.messages.events import EventType
from tenants.directory.records import Account, AccountStatus, Hold, StoredResource, Tombstone
from tenants.policies.effects import Effect, EffectKind, account_effects, carry_out, erase_at, erases
from tenants.policies.matching import Match, match, owned_addresses_of
from tenants.policies.settings import Deprovisioning, LinkRule, OperationMode
from workers.operations.memberships import join_waiting_groups, leave_all_cohorts, leave_cohorts
from workers.operations.releases import INLINE, Release, Word, hold_of, is_reviewed
from workers.workspace import Workspace

_EVENTS = {
    EffectKind.CREATE: EventType.ACCOUNT_CREATED,
    EffectKind.LINK: EventType.ACCOUNT_UPDATED,
    EffectKind.UPDATE: EventType.ACCOUNT_UPDATED,
    EffectKind.DISABLE: EventType.ACCOUNT_DISABLED,
    EffectKind.ENABLE: EventType.ACCOUNT_ENABLED,
    # Its User is gone: told as well when it was disabled before.
    EffectKind.DETACH: EventType.ACCOUNT_DISABLED,
    EffectKind.ERASE: EventType.ACCOUNT_ERASED,
}
_LONGEST_LINE = 40
"""So many may wait for one another within a transaction; longer lines are served from their ends, one pass each."""


def settle_user(
    workspace: Workspace, user: StoredResource, *, is_new: bool = False, release: Release = INLINE
) -> StoredResource:
    """Bring the account in line with the User, or hold the difference; return the User with its applied state."""
    account = None if is_new else workspace.account_of(user.id)
    matched = Match(account) if account is not None else _matched(workspace, user, release)
    effects = account_effects(user, matched.account, workspace.policies)
    hold = hold_of(workspace, user, matched, effects, release)
    if hold is Hold.UNREVIEWED and account is None and _login_is_kept(workspace, user, matched.account, release):
        # No plan names whoever is only to be linked as long as that is so: the preview tells of the conflict.
        hold = Hold.CONFLICT
    if hold is None and effects and not _login_is_free(workspace, user, matched.account, release):
        hold = Hold.CONFLICT
        _let_in_or_lock_out(workspace, account, effects)
    if hold is not None:
        return structs.replace(user, hold=hold)
    if effects:
        _apply(workspace, user, _as_it_is(workspace, matched.account), effects, release)
        if account is None and not is_new:
            join_waiting_groups(workspace, user.id)
    return structs.replace(user, hold=None, applied_version=user.version)


def hold_of_leaver(workspace: Workspace, user: StoredResource) -> Hold | None:
    """Return why the leave of a User that is being deleted has to wait."""
    account = workspace.account_of(user.id)
    effects = account_effects(None, account, workspace.policies)
    return hold_of(workspace, user, Match(account), effects, INLINE)


def settle_leaver(workspace: Workspace, user: StoredResource, hold: Hold | None) -> None:
    """Disable, detach or erase the account of a User that is being deleted, or hold that with a tombstone."""
    account = workspace.account_of(user.id)
    if account is None:
        if workspace.policies.deprovisioning is Deprovisioning.DELETE:
            workspace.erase_traces(user.id)
        return
    if hold is None:
        _apply(workspace, None, account, account_effects(None, account, workspace.policies))
        return
    workspace.put_account(structs.replace(account, is_leaving=True))
    workspace.put_tombstone(Tombstone("User", user.id, user.name, user.external_id, workspace.moment.at, hold))


def release_leaver(workspace: Workspace, tombstone: Tombstone, release: Release = INLINE) -> bool:
    """Carry out the pending leave of a deleted User, which is nothing where somebody returned meanwhile.

    False where that has to wait: the release goes by a plan, which does not name it.
    """
    account = workspace.account_of(tombstone.id)
    effects = account_effects(None, account, workspace.policies)
    if not is_reviewed(workspace, tombstone.id, effects, release):
        workspace.put_tombstone(replace(tombstone, hold=Hold.UNREVIEWED))
        return False
    leave_cohorts(workspace, tombstone.id)
    if account is not None:
        _apply(workspace, None, account, effects, release)
    workspace.remove_tombstone(tombstone)
    return True


def erase(workspace: Workspace, account: Account, reason: str) -> None:
    """End an account for good, which the cohorts that have it lose first."""
    if account.resource is not None:
        leave_all_cohorts(workspace, account.resource)
    _apply(workspace, None, account, (Effect(EffectKind.ERASE, reason),))


def give_login(workspace: Workspace, account: Account, login: str, login_key: str) -> Account:
    """Give the account another login name, as the LMS is told, and return it."""
    renamed = structs.replace(account, login=login, login_key=login_key)
    workspace.put_account(renamed)
    tell(workspace, EventType.ACCOUNT_UPDATED, renamed)
    return renamed


def tell(workspace: Workspace, event: EventType, account: Account) -> None:
    """Stage the event with what the LMS needs: who it is and how it now stands; of an erased account the id alone."""
    workspace.emit(event, account.id, _payload(event, account))


def _matched(workspace: Workspace, user: StoredResource, release: Release) -> Match:
    """Return the account that nobody has and that is the User's by the tenant's rules, or by a decision."""
    if release.link is not None:
        return Match(workspace.account(release.link))
    unlinked: dict[str, Account] = {}
    if user.external_id:
        unlinked |= {account.id: account for account in workspace.unlinked_accounts(user.external_id)}
    if LinkRule.USER_NAME in workspace.policies.link_by:
        holder = workspace.account_with_login(user.name)
        if holder is not None and holder.is_imported:
            unlinked[holder.id] = holder
    for address in owned_addresses_of(user, workspace.policies):
        unlinked |= {account.id: account for account in workspace.imported_accounts(address)}
    return match(user, unlinked.values(), workspace.policies)


def _login_is_free(workspace: Workspace, user: StoredResource, account: Account | None, release: Release) -> bool:
    if account is not None and account.login_key == user.name:
        return True
    holder = workspace.account_with_login(user.name)
    if holder is None or (account is not None and holder.id == account.id):
        return True
    under_way = {user.id, *([account.id] if account is not None else ())}
    workspace.under_way |= under_way
    try:
        return _give_up_login(workspace, holder, release)
    finally:
        workspace.under_way -= under_way


def _login_is_kept(workspace: Workspace, user: StoredResource, account: Account | None, release: Release) -> bool:
    """Tell whether a release of all leaves the login name to another account; nobody is made to give it up here."""
    if release.word is not Word.ALL or (account is not None and account.login_key == user.name):
        return False
    login, met = user.name, set[str]()
    while (holder := workspace.account_with_login(login)) is not None and holder.id not in met:
        met.add(holder.id)
        if holder.resource is None:
            return True
        if holder.is_leaving:
            tombstone = workspace.tombstone(holder.resource)
            goes = tombstone is not None and release.covers(tombstone.id, tombstone.hold)
            return not (goes and erases(holder, workspace.policies))
        mover = workspace.resource("User", holder.resource)
        if mover is None or mover.name == login or not release.covers(mover.id, mover.hold):
            return True
        login = mover.name
    return False


def _let_in_or_lock_out(workspace: Workspace, account: Account | None, effects: tuple[Effect, ...]) -> None:
    """Enable or disable the User's own account though the rest waits for a login name: that needs none."""
    status = tuple(effect for effect in effects if effect.kind in {EffectKind.DISABLE, EffectKind.ENABLE})
    if account is not None and status:
        _apply(workspace, None, _as_it_is(workspace, account), status)


def _give_up_login(workspace: Workspace, holder: Account, release: Release) -> bool:
    """Have the holder give up its login name if that is pending and may be applied now; tell whether it is free."""
    if holder.id in workspace.under_way:
        give_login(workspace, holder, f"~{holder.id}", f"~{holder.id}")
        return True
    if holder.resource is None or len(workspace.under_way) > 2 * _LONGEST_LINE:
        return False
    wanted, id = holder.login_key, holder.resource
    if holder.is_leaving:
        # Only an erasure frees the name; an account that is kept may be somebody's who comes back.
        tombstone = workspace.tombstone(id) if erases(holder, workspace.policies) else None
        if tombstone is not None and release.covers(id, tombstone.hold):
            release_leaver(workspace, tombstone, release)
    else:
        user = workspace.resource("User", id)
        if user is not None and user.name != wanted and release.covers(id, user.hold):
            workspace.put_resource(settle_user(workspace, user, release=release))
    return workspace.account_with_login(wanted) is None


def _serve_waiting(workspace: Workspace, login_key: str, release: Release) -> None:
    """Apply the User who waits for a login name that has just become free; a release of all is about them as well."""
    if workspace.policies.mode is OperationMode.DRY_RUN or workspace.account_with_login(login_key) is not None:
        return
    id = workspace.holder("User", login_key)
    user = workspace.resource("User", id) if id is not None and id not in workspace.under_way else None
    if user is not None and user.hold is Hold.CONFLICT:
        how = release if release.word is Word.ALL else INLINE
        workspace.put_resource(settle_user(workspace, user, release=how))


def _as_it_is(workspace: Workspace, account: Account | None) -> Account | None:
    """Return the account as it is now: freeing a name may have given it another one for a moment."""
    return workspace.account(account.id) if account is not None else None


def _apply(
    workspace: Workspace,
    user: StoredResource | None,
    account: Account | None,
    effects: tuple[Effect, ...],
    release: Release = INLINE,
) -> None:
    after = carry_out(effects, user, account, workspace.policies)
    if after is not None:
        moment = erase_at(after, effects, workspace.policies, now=workspace.moment.unix_seconds)
        workspace.put_account(structs.replace(after, erase_at=moment))
    elif account is not None:
        workspace.remove_account(account)
    subject = after or account
    if subject is None:
        return
    for event in _events(effects, subject):
        tell(workspace, event, subject)
    if account is not None and (after is None or after.login_key != account.login_key):
        _serve_waiting(workspace, account.login_key, release)


def _events(effects: tuple[Effect, ...], account: Account) -> list[EventType]:
    return list(dict.fromkeys(_event(effect.kind, account) for effect in effects))


def _event(kind: EffectKind, account: Account) -> EventType:
    if kind is EffectKind.ENABLE and account.status is not AccountStatus.ACTIVE:
        return EventType.ACCOUNT_UPDATED
    return _EVENTS[kind]


def _payload(event: EventType, account: Account) -> dict[str, Any]:
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
