"""What a change of a Group, or of who is in it, means for cohorts: applied at once, or held as edges that differ."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from schemas.ids import ResourceId
from schemas.messages.events import EventType
from schemas.scim.errors import InvalidValueError
from schemas.scim.membership import AddMembers, MembershipEdit, RemoveAllMembers, RemoveMembers, ReplaceMembers
from tenants.directory.records import Cohort, Edge, Hold, Reference, StoredResource, Tombstone
from tenants.policies.settings import OperationMode
from workers.operations.records import renewed
from workers.workspace import Workspace


@dataclass(frozen=True, slots=True)
class MembershipChange:
    """Who comes and who goes, net."""

    added: tuple[ResourceId, ...] = ()
    removed: tuple[ResourceId, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether anything changes."""
        return bool(self.added or self.removed)


def net_change(workspace: Workspace, group: ResourceId, edits: Sequence[MembershipEdit]) -> MembershipChange:
    """Return what the edits, one after the other, change in the directory; nothing is staged.

    Raises:
        InvalidValueError: A new member is no resource of this tenant, or the Group itself.
    """
    wanted: dict[ResourceId, bool] = {}
    for edit in edits:
        _follow(workspace, group, edit, wanted)
    added = tuple(id for id, is_in in wanted.items() if is_in and not _is_member(workspace, group, id))
    removed = tuple(id for id, is_in in wanted.items() if not is_in and _is_member(workspace, group, id))
    for id in added:
        _check_member(workspace, group, id)
    return MembershipChange(added, removed)


def _follow(workspace: Workspace, group: ResourceId, edit: MembershipEdit, wanted: dict[ResourceId, bool]) -> None:
    match edit:
        case AddMembers(ids):
            wanted.update((ResourceId(id), True) for id in ids)
        case RemoveMembers(ids):
            wanted.update((ResourceId(id), False) for id in ids)
        case RemoveAllMembers():
            _want_none(workspace, group, wanted)
        case ReplaceMembers(ids):
            _want_none(workspace, group, wanted)
            wanted.update((ResourceId(id), True) for id in ids)


def _want_none(workspace: Workspace, group: ResourceId, wanted: dict[ResourceId, bool]) -> None:
    wanted.update(dict.fromkeys(wanted, False))
    wanted.update((edge.member, False) for edge in workspace.edges_of_group(group) if edge.desired)


def _is_member(workspace: Workspace, group: ResourceId, member: ResourceId) -> bool:
    edge = workspace.edge(group, member)
    return edge is not None and edge.desired


def _check_member(workspace: Workspace, group: ResourceId, member: ResourceId) -> Reference:
    reference = workspace.reference(member)
    if reference is None or member == group:
        raise InvalidValueError("members.value does not name another User or Group of this tenant")
    return reference


def change_members(workspace: Workspace, group: StoredResource, change: MembershipChange) -> None:
    """Stage the change of edges, and of the cohort where it is in sync."""
    applies = group.hold is None and workspace.policies.mode is OperationMode.SYNC
    for member in change.removed:
        _leave(workspace, group.id, member, applies=applies, is_guarded=True)
    for member in change.added:
        _join(workspace, group.id, member, applies=applies)


def _join(workspace: Workspace, group: ResourceId, member: ResourceId, *, applies: bool) -> None:
    before = workspace.edge(group, member)
    reference = _check_member(workspace, group, member)
    applied = before is not None and before.applied
    edge = Edge(group, member, reference.type, desired=True, applied=applied)
    workspace.put_edge(_joined(workspace, edge, reference) if applies else edge)


def _joined(workspace: Workspace, edge: Edge, reference: Reference) -> Edge:
    """Return the edge as it is after joining the cohort; a person without an account joins when there is one."""
    if edge.applied or (edge.member_type == "User" and reference.account is None):
        return edge
    _emit(workspace, EventType.MEMBER_ADDED, edge, reference)
    return replace(edge, applied=True)


def _leave(
    workspace: Workspace, group: ResourceId, member: ResourceId, *, applies: bool, is_guarded: bool = False
) -> None:
    before = workspace.edge(group, member)
    if before is None:
        return
    edge = replace(before, desired=False)
    # What the guard keeps back is an edge that the directory has not any more, and the LMS still has.
    may_leave = applies and (not is_guarded or not edge.applied or workspace.guard.admit())
    workspace.put_edge(_left(workspace, edge) if may_leave else edge)


def _left(workspace: Workspace, edge: Edge) -> Edge:
    if edge.applied:
        _emit(workspace, EventType.MEMBER_REMOVED, edge, workspace.reference(edge.member))
    return replace(edge, applied=False)


def _emit(workspace: Workspace, type: EventType, edge: Edge, reference: Reference | None) -> None:
    member: dict[str, str | None] = {"cohort_member": edge.member}
    if edge.member_type == "User":
        # Somebody deleted, whose leave was held, still has an account.
        leaving = workspace.account_of(edge.member) if reference is None else None
        member = {"account": reference.account if reference is not None else leaving.id if leaving else None}
    workspace.emit(type, edge.group, {"cohort": edge.group, "user": edge.member, **member})


def settle_group(workspace: Workspace, group: StoredResource) -> StoredResource:
    """Bring the cohort in line with the Group's own attributes, or hold; return the Group with its applied state.

    A Group that was held before and is met in sync mode is applied whole, with all its members.
    """
    if group.hold is Hold.EXCLUDED:
        return group
    if workspace.policies.mode is OperationMode.DRY_RUN:
        return structs.replace(group, hold=Hold.DRY_RUN)
    # First the cohort, then who is in it: whoever follows the events meets no members of a cohort not made yet.
    settled = release_group(workspace, group)
    if group.hold is not None:
        for edge in workspace.edges_of_group(group.id):
            catch_up(workspace, edge)
    return settled


def release_group(workspace: Workspace, group: StoredResource) -> StoredResource:
    """Bring the cohort itself in line with the Group, whatever holds it; its memberships are a matter of their own."""
    _apply_cohort(workspace, group)
    return structs.replace(group, hold=None, applied_version=group.version)


def catch_up(workspace: Workspace, edge: Edge, *, lets_go: bool = False) -> str | None:
    """Bring the cohort in line with the edge; return what was done, ``join`` or ``leave``.

    Who is kept in the cohort by an administrator leaves only where that comes to its end (``lets_go``).
    """
    if edge.desired and not edge.applied:
        reference = workspace.reference(edge.member)
        after = _joined(workspace, edge, reference) if reference is not None else edge
        if after.applied:
            workspace.put_edge(after)
            return "join"
    elif edge.applied and not edge.desired and (lets_go or not edge.is_kept):
        workspace.put_edge(_left(workspace, edge))
        return "leave"
    return None


def keep_member(workspace: Workspace, edge: Edge | None) -> bool:
    """Keep the member in the cohort though the directory has it no more; False where no such removal is pending."""
    if edge is None or edge.desired or not edge.applied:
        return False
    workspace.put_edge(replace(edge, is_kept=True))
    return True


def let_go_of_member(workspace: Workspace, edge: Edge) -> None:
    """End that the member is kept: it leaves under the guard where the Group is in sync, or is pending again."""
    edge = replace(edge, is_kept=False)
    group = workspace.resource("Group", edge.group)
    is_in_sync = workspace.policies.mode is OperationMode.SYNC and group is not None and group.hold is None
    workspace.put_edge(edge)
    if is_in_sync and workspace.guard.admit():
        catch_up(workspace, edge)


def leave_cohorts(workspace: Workspace, member: ResourceId) -> None:
    """Take somebody deleted, whose leave was held, out of the cohorts that still have them."""
    for edge in workspace.edges_of_member(member):
        if not edge.desired:
            catch_up(workspace, edge, lets_go=True)


def leave_all_cohorts(workspace: Workspace, member: ResourceId) -> None:
    """Take somebody whose account ends out of all cohorts; Groups that they are in stand."""
    for edge in workspace.edges_of_member(member):
        if edge.applied:
            workspace.put_edge(_left(workspace, edge))


def _apply_cohort(workspace: Workspace, group: StoredResource) -> None:
    before = workspace.cohort(group.id)
    after = Cohort(group.id, group.attributes["displayName"], group.external_id)
    if before == after:
        return
    workspace.put_cohort(after)
    _tell(workspace, EventType.COHORT_CREATED if before is None else EventType.COHORT_UPDATED, after)


def _tell(workspace: Workspace, event: EventType, cohort: Cohort) -> None:
    payload = {"cohort": cohort.resource, "name": cohort.name, "externalId": cohort.external_id}
    workspace.emit(event, cohort.resource, payload)


def tell_of_cohort(workspace: Workspace, group: ResourceId) -> None:
    """Stage an event with the cohort as it is, where there is one."""
    cohort = workspace.cohort(group)
    if cohort is not None:
        _tell(workspace, EventType.COHORT_UPDATED, cohort)


def tell_of_membership(workspace: Workspace, edge: Edge) -> None:
    """Stage an event with a membership that the LMS has already."""
    _emit(workspace, EventType.MEMBER_ADDED, edge, workspace.reference(edge.member))


def settle_removed_group(workspace: Workspace, group: StoredResource) -> None:
    """Remove the cohort of a deleted Group, or hold that; its edges go with it."""
    if workspace.cohort(group.id) is None:
        workspace.clear_group(group.id)
        return
    hold = _hold_of_removal(workspace, group)
    if hold is None:
        remove_cohort(workspace, group.id)
        return
    workspace.put_tombstone(
        Tombstone("Group", group.id, group.name, group.external_id, workspace.moment.at, hold),
    )
    for edge in workspace.edges_of_group(group.id):
        workspace.put_edge(replace(edge, desired=False))


def _hold_of_removal(workspace: Workspace, group: StoredResource) -> Hold | None:
    if group.hold is Hold.EXCLUDED:
        return Hold.EXCLUDED
    if workspace.policies.mode is OperationMode.DRY_RUN:
        return Hold.DRY_RUN
    if workspace.guard.limit is None:
        # Nobody has to know how many members it has.
        return None
    members = sum(edge.applied for edge in workspace.edges_of_group(group.id))
    return None if workspace.guard.admit(members) else Hold.GUARD


def remove_cohort(workspace: Workspace, group: ResourceId) -> None:
    """Remove the cohort of a Group that is gone, with all its members."""
    workspace.clear_group(group)
    if workspace.cohort(group) is not None:
        workspace.remove_cohort(group)
        workspace.emit(EventType.COHORT_REMOVED, group, {"cohort": group})


def leave_all_groups(workspace: Workspace, member: ResourceId, *, stays_in_cohorts: bool) -> None:
    """Take a deleted resource out of every Group; each that loses a member gets its next version.

    Where its leave is held the cohorts keep it until then.
    """
    for edge in workspace.edges_of_member(member):
        group = workspace.resource("Group", edge.group)
        is_in_sync = workspace.policies.mode is OperationMode.SYNC and (group is None or group.hold is None)
        _leave(workspace, edge.group, member, applies=is_in_sync and not stays_in_cohorts)
        if group is not None and edge.desired:
            after = renewed(workspace, group, group.attributes)
            workspace.put_resource(after if after.hold else structs.replace(after, applied_version=after.version))


def join_waiting_groups(workspace: Workspace, member: ResourceId) -> None:
    """Let a person whose account came into being join the cohorts that waited for it."""
    for edge in workspace.edges_of_member(member):
        group = workspace.resource("Group", edge.group)
        if edge.desired and not edge.applied and group is not None and group.hold is None:
            catch_up(workspace, edge)
