"""Deleting a resource: gone for the identity provider at once; the account goes as the policies say."""

from schemas.messages.commands import DeleteResource
from schemas.messages.outcomes import Applied, Outcome
from workers.operations.accounts import settle_leaver
from workers.operations.memberships import leave_all_groups, settle_removed_group
from workers.operations.records import audit, differences, existing
from workers.workspace import Workspace


def delete(command: DeleteResource, workspace: Workspace) -> Outcome:
    """Remove the resource from the directory and from every Group's members (RFC 7644, 3.6)."""
    resource = existing(workspace, command)
    leave_all_groups(workspace, resource.id)
    if resource.type == "User":
        settle_leaver(workspace, resource)
    else:
        settle_removed_group(workspace, resource)
    workspace.remove_resource(resource)
    details = {"changed": differences(resource.attributes, {})}
    workspace.note(audit(command, workspace.moment.at, outcome="applied", details=details))
    return Applied(
        command=command.id,
        sequence=workspace.sequence,
        resource_id=resource.id,
        version=resource.version,
        body=b"",
        changed=True,
    )
