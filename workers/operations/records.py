"""Steps that operations share: finding, checking, renewing a resource, and noting what was done."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from schemas.ids import ResourceId
from schemas.messages.administration import AdministrationCommand
from schemas.messages.commands import DeleteResource, PatchResource, ReplaceResource, ResourceCommand
from schemas.messages.outcomes import Applied, Item
from schemas.scim.errors import PreconditionFailedError, ResourceNotFoundError, UniquenessError
from schemas.scim.rendering import entity_tag, render
from schemas.scim.search import prepared_name
from tenants.audit.port import AuditEntry
from tenants.directory.records import StoredResource
from workers.workspace import Workspace

_LISTED_AT_MOST = 100
_ALWAYS_NOTED = frozenset({"set_aside", "take_back", "flag"})
"""What an administrator says of somebody, whether or not it changes anything at once."""
_TARGETS = {"activate": "account", "erase": "account", "align": "account", "import": "account", "flag": "account"}


def existing(workspace: Workspace, command: ReplaceResource | PatchResource | DeleteResource) -> StoredResource:
    """Return the resource that a command is about.

    Raises:
        ResourceNotFoundError: There is none.
        PreconditionFailedError: It has not the version asked for, or one not wanted (RFC 9110, 13.1.1 and 13.1.2).
    """
    resource = workspace.resource(command.resource_type, command.resource_id)
    if resource is None:
        raise ResourceNotFoundError(f"{command.resource_type} does not exist")
    tag = entity_tag(resource.version)
    if command.if_match and not {"*", tag}.intersection(command.if_match):
        raise PreconditionFailedError("the resource has another version than If-Match names")
    if {"*", tag}.intersection(command.if_none_match):
        raise PreconditionFailedError("the resource has the version that If-None-Match names")
    return resource


def fresh(workspace: Workspace, resource_type: str, id: ResourceId, attributes: dict[str, Any]) -> StoredResource:
    """Return a new resource of the first version."""
    return _rendered(
        workspace,
        StoredResource(
            type=resource_type,
            id=id,
            version=1,
            created=workspace.moment.at,
            modified=workspace.moment.at,
            name="",
            external_id=None,
            attributes=attributes,
            search={},
            rendered=b"",
        ),
    )


def renewed(workspace: Workspace, resource: StoredResource, attributes: dict[str, Any]) -> StoredResource:
    """Return the resource's next version with the attributes."""
    modified = max(workspace.moment.at, resource.modified)
    return _rendered(
        workspace, structs.replace(resource, version=resource.version + 1, modified=modified, attributes=attributes)
    )


def _rendered(workspace: Workspace, resource: StoredResource) -> StoredResource:
    resource_type = workspace.catalog.resource_type(resource.type)
    attributes = workspace.conformed(resource.type, resource.attributes)
    return structs.replace(
        resource,
        attributes=attributes,
        name=prepared_name(resource.type, attributes[resource_type.unique_name]),
        # An empty one identifies nobody, and no filter finds it.
        external_id=attributes.get("externalId") or None,
        rendered=render(
            resource_type,
            resource.id,
            attributes,
            created=resource.created,
            modified=resource.modified,
            version=resource.version,
        ),
    )


def claim_name(workspace: Workspace, resource: StoredResource) -> None:
    """See that no other resource of the type has the resource's unique name.

    Raises:
        UniquenessError: Another one has it.
    """
    holder = workspace.holder(resource.type, resource.name)
    if holder is not None and holder != resource.id:
        attribute = workspace.catalog.resource_type(resource.type).unique_name
        raise UniquenessError(f"{attribute} is taken by another {resource.type}")


def applied(
    command: ResourceCommand, workspace: Workspace, resource: StoredResource, *, changed: bool, created: bool = False
) -> Applied:
    """Return the outcome of a command that left the resource as it is now."""
    return Applied(
        command=command.id,
        sequence=workspace.sequence,
        resource_id=resource.id,
        version=resource.version,
        body=resource.rendered,
        changed=changed,
        created=created,
    )


def audit(command: ResourceCommand, at: str, *, outcome: str, details: Mapping[str, Any]) -> AuditEntry:
    """Return the audit entry of a command."""
    caller = command.caller
    return AuditEntry(
        at=at,
        action=f"scim.{type(command).__struct_config__.tag}",
        outcome=outcome,
        principal=caller.principal,
        name=caller.name,
        address=caller.address,
        agent=caller.agent,
        request_id=caller.request_id,
        target_type=command.resource_type,
        target=command.resource_id,
        details=dict(details),
    )


def noted(command: AdministrationCommand, workspace: Workspace, items: Sequence[Item], *, reason: str = "") -> None:
    """Note an administrator's command in the audit log, an entry for each item that it did, or could not."""
    tag = type(command).__struct_config__.tag
    caller = command.caller
    for item in items:
        if not item.effects and item.failure is None and tag not in _ALWAYS_NOTED:
            continue
        details: dict[str, Any] = {"effects": list(item.effects)}
        if item.failure is not None:
            details["failure"] = item.failure
        if reason:
            details["reason"] = reason
        workspace.note(
            AuditEntry(
                at=workspace.moment.at,
                action=f"admin.{tag}",
                outcome="applied" if item.failure is None else "failed",
                principal=caller.principal,
                name=caller.name,
                address=caller.address,
                agent=caller.agent,
                request_id=caller.request_id,
                target_type=_TARGETS.get(str(tag), "resource"),
                target=item.id,
                details=details,
            )
        )


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return each attribute that differs, as ``[old, new]``."""
    changed = {name: [old, new] for name, old in before.items() if (new := after.get(name)) != old}
    added = {name: [None, new] for name, new in after.items() if new is not None and name not in before}
    return changed | added


def listed(ids: Sequence[str]) -> dict[str, Any]:
    """Return how many there are, and the first of them: an audit entry stays of bounded size."""
    return {"count": len(ids), "ids": list(ids[:_LISTED_AT_MOST])}
