"""Dialects: what real provisioning clients send, rewritten to the RFC's form before validation.

Pure functions; a provider's own deviations are in the module of its name, what they are carried out by in the others.
Each rewrite has a name, by which it is counted; docs/dialects.md tells of each what is sent, by whom, and what a strict
tenant answers to it.

What cannot be understood stays as it is, for validation to refuse: a malformed removal never empties a Group.
"""

from schemas.scim.definitions.model import ResourceType
from schemas.scim.dialects.bodies import tolerate_body
from schemas.scim.dialects.patches import tolerate_patch_body

REWRITES = frozenset(
    {
        *("boolean_text", "boolean_list", "empty_text", "null_add"),
        *("manager_text", "manager_list", "manager_reference", "manager_id_key"),
        *("single_value", "scalar_element"),
        *("dotted_keys", "urn_keys", "filter_keys", "bare_extension_keys", "bare_extension_path"),
        *("op_case", "operations_key_case", "operation_key_case"),
        *("missing_schemas", "foreign_schemas", "extra_keys", "extra_operation_keys"),
        *("empty_path", "path_blanks", "schema_path", "read_only_keys"),
        *("member_removal_by_value", "element_removal_by_value", "removal_value"),
    }
)
"""The names of all rewrites."""


def tolerate(payload: object, resource_type: ResourceType) -> tuple[object, tuple[str, ...]]:
    """Return the body of a POST or PUT in the RFC's form, and the names of the rewrites used.

    Nothing used: the very same object.
    """
    if not isinstance(payload, dict):
        return payload, ()
    used: set[str] = set()
    return tolerate_body(payload, resource_type, used), tuple(sorted(used))


def tolerate_patch(payload: object, resource_type: ResourceType) -> tuple[object, tuple[str, ...]]:
    """Return the body of a PATCH in the RFC's form, and the names of the rewrites used.

    Nothing used: the very same object.
    """
    if not isinstance(payload, dict):
        return payload, ()
    used: set[str] = set()
    return tolerate_patch_body(payload, resource_type, used), tuple(sorted(used))
