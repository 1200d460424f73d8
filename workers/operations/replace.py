"""Changing a resource: PUT puts attributes in the place of the old ones, PATCH applies operations to them."""

from collections.abc import Sequence
from typing import Any

from schemas.messages.commands import PatchResource, ReplaceResource
from schemas.messages.outcomes import Outcome
from schemas.scim.membership import MembershipEdit, ReplaceMembers, split_membership
from schemas.scim.patch import apply_patch
from schemas.scim.replacement import replaced
from tenants.directory.records import StoredResource
from workers.operations.accounts import settle_user
from workers.operations.memberships import MembershipChange, change_members, net_change, settle_group
from workers.operations.records import applied, audit, claim_name, differences, existing, listed, renewed
from workers.workspace import Workspace

_NO_EDITS: tuple[MembershipEdit, ...] = ()


def replace(command: ReplaceResource, workspace: Workspace) -> Outcome:
    """Put the attributes in the place of the resource's (RFC 7644, 3.5.1); what is omitted is cleared."""
    resource = existing(workspace, command)
    attributes = replaced(
        workspace.conformed(resource.type, resource.attributes),
        {name: value for name, value in command.attributes.items() if name != "members"},
        workspace.catalog.resource_type(command.resource_type),
    )
    edits: list[MembershipEdit] = []
    if command.resource_type == "Group":
        edits = [ReplaceMembers(tuple(member["value"] for member in command.attributes.get("members", ())))]
    return _change(command, workspace, resource, attributes, edits)


def patch(command: PatchResource, workspace: Workspace) -> Outcome:
    """Apply the operations in order, all of them or none (RFC 7644, 3.5.2)."""
    resource = existing(workspace, command)
    operations, edits = command.operations, _NO_EDITS
    if command.resource_type == "Group":
        operations, edits = split_membership(command.operations)
    attributes = apply_patch(
        workspace.conformed(resource.type, resource.attributes),
        operations,
        workspace.catalog.resource_type(command.resource_type),
        strict=workspace.is_strict,
    )
    return _change(command, workspace, resource, attributes, edits)


def _change(
    command: ReplaceResource | PatchResource,
    workspace: Workspace,
    resource: StoredResource,
    attributes: dict[str, Any],
    edits: Sequence[MembershipEdit],
) -> Outcome:
    members = net_change(workspace, resource.id, edits) if edits else MembershipChange()
    if attributes == workspace.conformed(resource.type, resource.attributes) and not members:
        workspace.note(audit(command, workspace.moment.at, outcome="unchanged", details={}))
        return applied(command, workspace, resource, changed=False)
    changed = renewed(workspace, resource, attributes)
    if changed.name != resource.name:
        claim_name(workspace, changed)
    # Whoever looks at it while it is settled, such as others who wait for a name, meets it as it is now.
    workspace.put_resource(changed)
    changed = _settle(workspace, changed, members)
    workspace.put_resource(changed)
    _note(command, workspace, resource, changed, members)
    return applied(command, workspace, changed, changed=True)


def _settle(workspace: Workspace, resource: StoredResource, members: MembershipChange) -> StoredResource:
    if resource.type == "User":
        return settle_user(workspace, resource)
    group = settle_group(workspace, resource)
    change_members(workspace, group, members)
    return group


def _note(
    command: ReplaceResource | PatchResource,
    workspace: Workspace,
    before: StoredResource,
    after: StoredResource,
    members: MembershipChange,
) -> None:
    details: dict[str, Any] = {"changed": differences(before.attributes, after.attributes)}
    if members.added:
        details["members_added"] = listed(members.added)
    if members.removed:
        details["members_removed"] = listed(members.removed)
    if after.hold is not None:
        details["hold"] = after.hold.value
    workspace.note(audit(command, workspace.moment.at, outcome="applied", details=details))
