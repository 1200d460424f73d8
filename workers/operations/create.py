"""Creating a resource; and reviving the inactive User that a returning person still has."""

from msgspec import structs

from schemas.ids import ResourceId
from schemas.messages.commands import CreateResource
from schemas.messages.outcomes import Outcome
from schemas.scim.membership import AddMembers
from tenants.directory.records import StoredResource
from tenants.policies.effects import is_active
from tenants.policies.settings import OnReturn
from workers.operations.accounts import settle_user
from workers.operations.memberships import change_members, net_change, settle_group
from workers.operations.records import applied, audit, claim_name, differences, fresh, listed, renewed
from workers.workspace import Workspace


def create(command: CreateResource, workspace: Workspace) -> Outcome:
    """Make the resource, with its account or cohort as the policies say."""
    if command.resource_type == "Group":
        return _create_group(command, workspace)
    user = fresh(workspace, "User", command.resource_id, command.attributes)
    returning = _returning(workspace, user)
    if returning is not None:
        return _revive(command, workspace, returning)
    claim_name(workspace, user)
    user = settle_user(workspace, user, is_new=True)
    workspace.put_resource(user, is_new=True)
    _note(command, workspace, user)
    return applied(command, workspace, user, changed=True, created=True)


def _create_group(command: CreateResource, workspace: Workspace) -> Outcome:
    attributes = {name: value for name, value in command.attributes.items() if name != "members"}
    group = fresh(workspace, "Group", command.resource_id, attributes)
    claim_name(workspace, group)
    members = tuple(member["value"] for member in command.attributes.get("members", ()))
    workspace.expect_new(group.id)
    change = net_change(workspace, group.id, [AddMembers(members)])
    group = settle_group(workspace, group)
    workspace.put_resource(group, is_new=True)
    change_members(workspace, group, change)
    _note(command, workspace, group, added=change.added)
    return applied(command, workspace, group, changed=True, created=True)


def _returning(workspace: Workspace, user: StoredResource) -> StoredResource | None:
    """Return the inactive User with the same non-empty externalId and userName, where the tenant revives."""
    holder = workspace.holder("User", user.name)
    if holder is None or not user.external_id or workspace.policies.on_return is OnReturn.CONFLICT:
        return None
    present = workspace.resource("User", holder)
    if present is None or is_active(present) is not False or present.external_id != user.external_id:
        return None
    return present


def _revive(command: CreateResource, workspace: Workspace, present: StoredResource) -> Outcome:
    user = settle_user(workspace, renewed(workspace, present, command.attributes))
    workspace.put_resource(user)
    details = {"revived": True, "changed": differences(present.attributes, user.attributes)}
    entry = audit(command, workspace.moment.at, outcome="applied", details=details)
    # The id that the command brought along is nobody's.
    workspace.note(structs.replace(entry, target=user.id))
    return applied(command, workspace, user, changed=True, created=True)


def _note(
    command: CreateResource, workspace: Workspace, resource: StoredResource, *, added: tuple[ResourceId, ...] = ()
) -> None:
    details: dict[str, object] = {"changed": differences({}, resource.attributes)}
    if resource.hold is not None:
        details["hold"] = resource.hold.value
    if added:
        details["members_added"] = listed(added)
    workspace.note(audit(command, workspace.moment.at, outcome="applied", details=details))
