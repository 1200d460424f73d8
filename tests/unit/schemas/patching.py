"""PATCH as the service carries it out: parsed, carried as operations, applied."""

from dataclasses import replace
from typing import Any

from schemas.messages.commands import PatchOperation
from schemas.scim.definitions.catalog import compile_schema, core_catalog
from schemas.scim.definitions.model import Extension, ResourceType
from schemas.scim.patch import apply_patch, parse_patch

USER = core_catalog().resource_type("User")
GROUP = core_catalog().resource_type("Group")
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BADGES = "urn:example:2.0:Badges"

_BADGES = compile_schema(
    {
        "id": BADGES,
        "name": "Badges",
        "attributes": [
            {"name": "number", "type": "string", "mutability": "immutable"},
            {"name": "level", "type": "integer", "required": True},
            {"name": "tags", "type": "string", "multiValued": True},
            {"name": "issuedBy", "type": "string", "mutability": "readOnly"},
            {"name": "pin", "type": "string", "mutability": "writeOnly", "returned": "never"},
            {
                "name": "doors",
                "type": "complex",
                "multiValued": True,
                "subAttributes": [
                    {"name": "value", "type": "string", "required": True, "mutability": "immutable"},
                    {"name": "type", "type": "string"},
                    {"name": "hours", "type": "string", "multiValued": True},
                ],
            },
            {
                "name": "holder",
                "type": "complex",
                "subAttributes": [
                    {"name": "name", "type": "string", "required": True},
                    {"name": "note", "type": "string"},
                ],
            },
        ],
    }
)
BADGED = replace(USER, extensions={**USER.extensions, BADGES.lower(): Extension(_BADGES)})
"""Users with a tenant's own extension, which has what the RFC's schemas have not."""


def message(*operations: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a PATCH."""
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def parsed(
    *operations: dict[str, Any], resource_type: ResourceType = USER, strict: bool = False
) -> tuple[PatchOperation, ...]:
    """Return the operations as a command carries them."""
    return parse_patch(message(*operations), resource_type, strict=strict)


def patched(
    attributes: dict[str, Any], *operations: dict[str, Any], resource_type: ResourceType = USER, strict: bool = False
) -> dict[str, Any]:
    """Return the attributes after a PATCH with the operations."""
    carried = parsed(*operations, resource_type=resource_type, strict=strict)
    return apply_patch(attributes, carried, resource_type, strict=strict)
