"""Deleting a resource: gone for the identity provider at once; the account goes as the policies say."""

from typing import Any

from schemas.messages.commands import DeleteResource
from schemas.messages.outcomes import Applied, Outcome
from workers.operations.accounts import hold_of_leaver, settle_leaver
from workers.operations.memberships import leave_all_groups, settle_removed_group
from workers.operations.records import audit, differences, existing
from workers.workspace import Workspace


def delete(command: DeleteResource, workspace: Workspace) -> Outcome:
    """Remove the resource from the directory and from every Group's members (RFC 7644, 3.6)."""
    resource = existing(workspace, command)
    hold = hold_of_leaver(workspace, resource) if resource.type == "User" else None
    leave_all_groups(workspace, resource.id, stays_in_cohorts=hold is not None)
    # It is gone before others are served with its login name: it waits for none any more.
    workspace.remove_resource(resource)
    if resource.type == "User":
        settle_leaver(workspace, resource, hold)
    else:
        settle_removed_group(workspace, resource)
    details: dict[str, Any] = {"changed": differences(resource.attributes, {})}
    if hold is not None:
        details["hold"] = hold.value
    workspace.note(audit(command, workspace.moment.at, outcome="applied", details=details))
    return Applied(
        command=command.id,
        sequence=workspace.sequence,
        resource_id=resource.id,
        version=resource.version,
        body=b"",
        changed=True,
    )
