"""Administrators' words about what is pending: apply it, set it aside, take it back, decide a conflict."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain

from msgspec import structs

from schemas.ids import ResourceId
from schemas.messages.administration import (
    ReleaseResources,
    RepairAccounts,
    ResolveConflict,
    SetAside,
    TakeBack,
)
from schemas.messages.outcomes import Carried, Item, Outcome, Rejected
from tenants.directory.records import Hold, StoredResource, Tombstone
from tenants.directory.writer import Need
from tenants.policies.matching import owned_addresses_of
from tenants.policies.settings import OperationMode
from workers.operations.accounts import give_login, release_leaver, settle_user
from workers.operations.memberships import (
    catch_up,
    keep_member,
    leave_cohorts,
    let_go_of_member,
    release_group,
    remove_cohort,
    settle_group,
)
from workers.operations.records import noted
from workers.operations.releases import INLINE, Release, Word
from workers.workspace import Workspace

_NONE = "there is nothing pending under this id"
_REASONS = {
    Hold.CONFLICT: "its login name or its account is in conflict; an administrator has to decide",
    Hold.GUARD: "the guard holds it",
    Hold.EXCLUDED: "it is set aside",
    Hold.DRY_RUN: "the tenant is in dry-run",
    Hold.UNREVIEWED: "the plan is stale: it does not name this one, who would be disabled or erased; review another",
}


def release(command: ReleaseResources, workspace: Workspace) -> Outcome:
    """Apply what is pending of the resources, in the order given, and of the memberships."""
    if not command.is_chosen and workspace.policies.mode is OperationMode.DRY_RUN:
        return Rejected(command.id, 409, "the tenant is in dry-run")
    meant = command.resources
    if not command.with_deleted:
        meant = tuple(id for id in meant if workspace.any_resource(id) is not None)
    chosen = Release(Word.CHOSEN, frozenset(meant))
    how = chosen if command.is_chosen else Release(Word.ALL, plan=command.plan)
    _require_facts(workspace, meant)
    items = [_each(workspace, id, lambda id: _release_one(workspace, id, how)) for id in meant]
    items += [_release_membership(workspace, group, member, how) for group, member in command.memberships]
    noted(command, workspace, items)
    return Carried(command.id, workspace.sequence, tuple(items))


def set_aside(command: SetAside, workspace: Workspace) -> Outcome:
    """Hold the resources until they are taken back."""
    items = [_each(workspace, id, lambda id: _hold(workspace, id, Hold.EXCLUDED)) for id in command.resources]
    items += [_keep_membership(workspace, group, member) for group, member in command.memberships]
    noted(command, workspace, items, reason=command.reason)
    return Carried(command.id, workspace.sequence, tuple(items))


def take_back(command: TakeBack, workspace: Workspace) -> Outcome:
    """End the exclusion: what is pending waits like everything else in dry-run, and is applied in sync mode."""
    _require_facts(workspace, command.resources)
    items = [_each(workspace, id, lambda id: _take_back_one(workspace, id)) for id in command.resources]
    items += [_take_back_membership(workspace, group, member) for group, member in command.memberships]
    noted(command, workspace, items)
    return Carried(command.id, workspace.sequence, tuple(items))


def resolve(command: ResolveConflict, workspace: Workspace) -> Outcome:
    """Link the User to the account that was decided on, or have the login name's holder give it up."""
    user = workspace.resource("User", command.resource)
    item = Item(command.resource, failure=_NONE) if user is None else _resolved(command, workspace, user)
    noted(command, workspace, [item])
    return Carried(command.id, workspace.sequence, (item,))


def repair(command: RepairAccounts, workspace: Workspace) -> Outcome:
    """Bring accounts and cohorts in line with the directory again, where nothing is held; the guard counts."""
    _require_facts(workspace, command.resources)
    items = [_each(workspace, id, lambda id: _repair_one(workspace, id)) for id in command.resources]
    noted(command, workspace, items)
    return Carried(command.id, workspace.sequence, tuple(items))


def _require_facts(workspace: Workspace, ids: Sequence[ResourceId]) -> None:
    """Ask for all that settling the resources will ask for, as far as it can be told beforehand, in two round trips."""
    found = [resource for id in ids if (resource := workspace.any_resource(id)) is not None]
    users = [resource for resource in found if resource.type == "User"]
    dead = set(ids) - {resource.id for resource in found}
    addresses = (owned_addresses_of(user, workspace.policies) for user in users)
    workspace.require(
        Need(
            logins=frozenset(user.name for user in users),
            external_ids=frozenset(user.external_id for user in users if user.external_id),
            emails=frozenset(chain.from_iterable(addresses)),
            groups_of=frozenset(dead.union(user.id for user in users if workspace.account_of(user.id) is None)),
        )
    )
    holders = [holder for user in users if (holder := workspace.account_with_login(user.name)) is not None]
    living = frozenset(one.resource for one in holders if one.resource is not None and not one.is_leaving)
    leaving = frozenset(one.resource for one in holders if one.resource is not None and one.is_leaving)
    workspace.require(Need(resources=living, tombstones=leaving))


def _each(workspace: Workspace, id: ResourceId, work: Callable[[ResourceId], str | None]) -> Item:
    """Return what the work did, told by the events that it staged."""
    before = workspace.told
    failure = work(id)
    return Item(id, workspace.told_since(before), failure)


def _release_one(workspace: Workspace, id: ResourceId, how: Release) -> str | None:
    resource = workspace.any_resource(id)
    if resource is None:
        return _release_dead(workspace, id, how)
    if resource.type == "Group":
        return _release_group(workspace, resource, how)
    after = settle_user(workspace, resource, release=how)
    _keep(workspace, resource, after)
    # What somebody keeps back on purpose is no failure of a release of all.
    kept_back = {None} if how.word is Word.CHOSEN else {None, Hold.EXCLUDED, Hold.GUARD}
    return _REASONS[after.hold] if after.hold is not None and after.hold not in kept_back else None


def _release_group(workspace: Workspace, group: StoredResource, how: Release) -> str | None:
    if group.hold is Hold.EXCLUDED and how.word is not Word.CHOSEN:
        return None
    after = release_group(workspace, group)
    _keep(workspace, group, after)
    if how.word is Word.CHOSEN:
        for edge in workspace.edges_of_group(group.id):
            catch_up(workspace, edge)
    return None


def _release_dead(workspace: Workspace, id: ResourceId, how: Release) -> str | None:
    tombstone = workspace.tombstone(id)
    if tombstone is None:
        # It was released already, along with somebody who waited for its name.
        return None if how.word is Word.ALL else _NONE
    if how.word is Word.ALL and tombstone.hold in {Hold.EXCLUDED, Hold.GUARD}:
        return None
    return None if _leave(workspace, tombstone, how) else _REASONS[Hold.UNREVIEWED]


def _leave(workspace: Workspace, tombstone: Tombstone, how: Release) -> bool:
    if tombstone.type == "User":
        return release_leaver(workspace, tombstone, how)
    leave_cohorts(workspace, tombstone.id)
    remove_cohort(workspace, tombstone.id)
    workspace.remove_tombstone(tombstone)
    return True


def _release_membership(workspace: Workspace, group: ResourceId, member: ResourceId, how: Release) -> Item:
    id = f"{group}/{member}"
    edge = workspace.edge(group, member)
    of = workspace.resource("Group", group)
    if edge is None or of is None or of.hold is not None:
        return Item(id)
    done = catch_up(workspace, edge, lets_go=how.word is Word.CHOSEN)
    return Item(id, (done,) if done else ())


def _keep_membership(workspace: Workspace, group: ResourceId, member: ResourceId) -> Item:
    is_kept = keep_member(workspace, workspace.edge(group, member))
    return Item(f"{group}/{member}", failure=None if is_kept else "no removal of this member is pending")


def _take_back_membership(workspace: Workspace, group: ResourceId, member: ResourceId) -> Item:
    id, edge = f"{group}/{member}", workspace.edge(group, member)
    if edge is None:
        return Item(id, failure=_NONE)
    before = workspace.told
    if edge.is_kept:
        let_go_of_member(workspace, edge)
    return Item(id, workspace.told_since(before))


def _hold(workspace: Workspace, id: ResourceId, hold: Hold) -> str | None:
    resource = workspace.any_resource(id)
    if resource is not None:
        _keep(workspace, resource, structs.replace(resource, hold=hold))
        return None
    tombstone = workspace.tombstone(id)
    if tombstone is None:
        return _NONE
    workspace.put_tombstone(replace(tombstone, hold=hold))
    return None


def _take_back_one(workspace: Workspace, id: ResourceId) -> str | None:
    resource = workspace.any_resource(id)
    if resource is None:
        return _take_back_dead(workspace, id)
    if resource.hold is not Hold.EXCLUDED:
        return None
    free = structs.replace(resource, hold=Hold.DRY_RUN)
    after = settle_user(workspace, free) if resource.type == "User" else settle_group(workspace, free)
    _keep(workspace, resource, after)
    return None


def _take_back_dead(workspace: Workspace, id: ResourceId) -> str | None:
    tombstone = workspace.tombstone(id)
    if tombstone is None:
        return _NONE
    if workspace.policies.mode is OperationMode.DRY_RUN:
        workspace.put_tombstone(replace(tombstone, hold=Hold.DRY_RUN))
    elif tombstone.hold is Hold.EXCLUDED:
        _leave(workspace, tombstone, INLINE)
    return None


def _resolved(command: ResolveConflict, workspace: Workspace, user: StoredResource) -> Item:
    failure = _cannot_link(command, workspace, user) if command.link is not None else _free_name(workspace, user)
    if failure is not None:
        return Item(user.id, failure=failure)
    how = Release(Word.CHOSEN, frozenset([user.id]), command.link)
    return _each(workspace, user.id, lambda id: _release_one(workspace, id, how))


def _cannot_link(command: ResolveConflict, workspace: Workspace, user: StoredResource) -> str | None:
    account = workspace.account(command.link) if command.link is not None else None
    if account is None:
        return "there is no such account"
    if account.resource is not None and not account.is_leaving:
        return "the account belongs to another User"
    return "the User has an account already" if workspace.account_of(user.id) is not None else None


def _free_name(workspace: Workspace, user: StoredResource) -> str | None:
    holder = workspace.account_with_login(user.name)
    if holder is None or holder.resource == user.id:
        return None
    if holder.resource is not None:
        return "the login name belongs to an account that is in use"
    give_login(workspace, holder, f"{holder.login}~{holder.id}", f"{holder.login_key}~{holder.id}")
    return None


def _repair_one(workspace: Workspace, id: ResourceId) -> str | None:
    resource = workspace.any_resource(id)
    if resource is None:
        return _repair_dead(workspace, id)
    if resource.hold is not None:
        return None
    if workspace.policies.mode is OperationMode.DRY_RUN:
        return _REASONS[Hold.DRY_RUN]
    if resource.type == "Group":
        after = release_group(workspace, resource)
    else:
        after = settle_user(workspace, resource, release=INLINE)
    _keep(workspace, resource, after)
    return _REASONS[after.hold] if after.hold is not None else None


def _repair_dead(workspace: Workspace, id: ResourceId) -> str | None:
    """Let go of the account or the cohort of somebody who is gone without a trace; what is pending is not touched."""
    if workspace.tombstone(id) is not None:
        return None
    if workspace.policies.mode is OperationMode.DRY_RUN:
        return _REASONS[Hold.DRY_RUN]
    if workspace.cohort(id) is not None:
        members = sum(edge.applied for edge in workspace.edges_of_group(id))
        if not workspace.guard.admit(members):
            return _REASONS[Hold.GUARD]
        remove_cohort(workspace, id)
    account = workspace.account_of(id)
    if account is None:
        return None
    if not workspace.guard.admit():
        return _REASONS[Hold.GUARD]
    release_leaver(workspace, Tombstone("User", id, account.login_key, None, workspace.moment.at, Hold.DRY_RUN))
    return None


def _keep(workspace: Workspace, before: StoredResource, after: StoredResource) -> None:
    if after != before:
        workspace.put_resource(after)
