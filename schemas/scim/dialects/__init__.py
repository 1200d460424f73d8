"""Dialects: what real provisioning clients send, rewritten to the RFC's form before validation.

Pure functions; a provider's own deviations are in the module of its name. Each rewrite has a name, by which it is
counted:

* ``boolean_text``, ``boolean_list``: ``"False"``, ``[true]`` become a boolean (Entra).
* ``empty_text``: ``""`` where text is optional becomes null; in a PATCH the attribute is replaced by null (Entra).
* ``manager_text``, ``manager_list``, ``manager_reference``: an id, a list of one, a ``$ref`` alone become
  ``{"value": id}`` (Entra). ``manager_id_key``: ``managerId`` becomes ``value`` (OneLogin).
* ``single_value``, ``scalar_element``: one value becomes a list of one; a text for an element ``{"value": text}``.
* ``dotted_keys``, ``urn_keys``, ``filter_keys``: the keys ``name.givenName``, ``urn:...:department`` and
  ``emails[...].value`` go where they belong; in a PATCH an operation is made of each (Entra).
* ``bare_extension_keys``, ``bare_extension_path``: ``manager`` gets the URN of its extension (Entra).
* ``op_case``, ``operations_key_case``, ``operation_key_case``: ``Add``, ``operations``, ``Op`` are spelt as in the
  RFC (Entra).
* ``missing_schemas``, ``foreign_schemas``, ``extra_keys``, ``extra_operation_keys``: a PATCH becomes exactly the
  PatchOp message (Entra).
* ``empty_path``, ``path_blanks``, ``schema_path``: null, blanks around and a schema's URI as path are resolved.
* ``read_only_keys``: ``id``, ``meta``, ... in a path-less value are passed over (Okta).
* ``member_removal_by_value``, ``element_removal_by_value``: a removal with a list becomes one removal per value, by
  filter (Entra, JumpCloud).
* ``removal_value``: a value in a removal whose path already says what goes is left out (Entra).
* ``null_add``: adding null becomes replacing by null.

What cannot be understood stays as it is, for validation to refuse: a malformed removal never empties a Group.
"""

from schemas.scim.definitions.model import ResourceType
from schemas.scim.dialects.bodies import tolerate_body
from schemas.scim.dialects.patches import tolerate_patch_body


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
