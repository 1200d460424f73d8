"""Bodies of PATCH."""

from dataclasses import dataclass
from typing import Any

from schemas.scim.definitions.model import ResourceType
from schemas.scim.dialects.entra import member_removals_by_value, removals_by_value
from schemas.scim.dialects.names import Target, find, schema_uri, unfolded
from schemas.scim.dialects.okta import is_read_only
from schemas.scim.dialects.values import Rewrite, shape
from schemas.scim.envelope import are_texts, schemas_of
from schemas.scim.membership import removal_by_path

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

_OPERATIONS = frozenset({"add", "remove", "replace"})
_KEYS = frozenset({"op", "path", "value"})

Operation = dict[str, Any]


def tolerate_patch_body(body: dict[str, Any], resource_type: ResourceType, used: set[str]) -> dict[str, Any]:
    """Return the PATCH in the RFC's form; the very same object when it has it, or is beyond repair."""
    if not are_texts(schemas_of(body)):
        return body
    operations = _operations(body, used)
    if operations.__class__ is not list:
        return body
    rewritten: list[Any] = []
    for operation in operations:
        rewritten += _rewritten(operation, resource_type, used)
    is_same = len(rewritten) == len(operations) and all(map(_is_same, rewritten, operations))
    if _has_envelope(body, used) and is_same:
        return body
    return {"schemas": [PATCH_OP], "Operations": rewritten}


def _operations(body: dict[str, Any], used: set[str]) -> Any:
    if "Operations" in body:
        return body["Operations"]
    name = next((name for name in body if name.lower() == "operations"), None)
    if name is None:
        return None
    used.add("operations_key_case")
    return body[name]


def _has_envelope(body: dict[str, Any], used: set[str]) -> bool:
    if "schemas" not in body:
        used.add("missing_schemas")
    elif body["schemas"] != [PATCH_OP]:
        used.add("foreign_schemas")
    elif len(body) > 2:  # noqa: PLR2004 - schemas and Operations
        used.add("extra_keys")
    else:
        return "Operations" in body
    return False


def _is_same(new: Any, old: Any) -> bool:
    return new is old


def _rewritten(operation: Any, resource_type: ResourceType, used: set[str]) -> list[Any]:
    """Return what the operation means as operations of the RFC, itself alone when it is one."""
    if operation.__class__ is not dict:
        return [operation]
    if resource_type.name == "Group" and (removals := _plain_member_removals(operation, used)):
        return removals
    operation = _op_in_lower_case(_with_known_keys(operation, used), used)
    op = operation.get("op")
    if op.__class__ is not str or op not in _OPERATIONS:
        return [operation]
    path = operation.get("path", operation)
    if path is None or path == "":
        used.add("empty_path")
        operation = {key: value for key, value in operation.items() if key != "path"}
        path = operation
    if path is operation:
        return _without_path(operation, resource_type, used)
    return _with_path(operation, resource_type, used) if path.__class__ is str else [operation]


def _plain_member_removals(operation: Operation, used: set[str]) -> list[Operation] | None:
    """Return the removals that the operation means where it is one of members in a form that comes by the thousand.

    What it returns is what the long way would; None sends the operation there.
    """
    path, op = operation.get("path"), operation.get("op")
    if not isinstance(path, str) or not isinstance(op, str) or op.lower() != "remove" or not operation.keys() <= _KEYS:
        return None
    noted = {"op_case"} if op != "remove" else set()
    if path == "members" and "value" in operation:
        noted.add("member_removal_by_value")
        removals = member_removals_by_value(path, operation["value"])
    else:
        noted |= {"removal_value"} if "value" in operation else set()
        removals = [{"op": "remove", "path": path} if noted else operation] if removal_by_path(path) else None
    if removals is not None:
        used |= noted
    return removals


def _with_known_keys(operation: Operation, used: set[str]) -> Operation:
    if operation.keys() <= _KEYS:
        return operation
    known = {key: value for key, value in operation.items() if key in _KEYS}
    for key, value in operation.items():
        if key not in _KEYS and key.lower() in _KEYS:
            used.add("operation_key_case")
            known.setdefault(key.lower(), value)
        elif key not in _KEYS:
            used.add("extra_operation_keys")
            if isinstance(value, list | dict) and "value" not in known:
                # Perhaps a misspelt `value`. A removal must not become "remove all" by losing it.
                known["value"] = None
    return known


def _op_in_lower_case(operation: Operation, used: set[str]) -> Operation:
    op = operation.get("op")
    if op.__class__ is not str or op in _OPERATIONS or op.strip().lower() not in _OPERATIONS:
        return operation
    used.add("op_case")
    return {**operation, "op": op.strip().lower()}


def _without_path(operation: Operation, resource_type: ResourceType, used: set[str]) -> list[Operation]:
    """Return the operation with the plain attributes of its value, and one operation for each key that needs a path."""
    values = operation.get("value")
    if operation["op"] == "remove" or values.__class__ is not dict:
        return [operation]
    apart: list[Operation] = []
    keys = _Keys(operation["op"], resource_type, used, apart)
    kept = keys.kept(unfolded(values, resource_type, used))
    if kept is values:
        return [operation]
    return [*([{**operation, "value": kept}] if kept or not apart else ()), *apart]


@dataclass(frozen=True, slots=True)
class _Keys:
    """Sorts the keys of a path-less value: those that stay, and those that become operations with a path."""

    op: str
    resource_type: ResourceType
    used: set[str]
    apart: list[Operation]

    def kept(self, values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
        """Return the values that stay; the very same object when all stay as they are."""
        kept: dict[str, Any] = {}
        for key, value in values.items():
            target = find(f"{prefix}{key}", self.resource_type)
            if target is None:
                kept |= self._extension(key, value, prefix)
            elif is_read_only(target.sub or target.attribute) or is_read_only(target.attribute):
                self.used.add("read_only_keys")
            else:
                kept |= self._attribute(key, value, target, prefix)
        is_same = len(kept) == len(values) and all(kept[key] is value for key, value in values.items())
        return values if is_same else kept

    def _extension(self, key: str, value: Any, prefix: str) -> dict[str, Any]:
        uri = None if prefix else schema_uri(key, self.resource_type)
        if uri is None or value.__class__ is not dict:
            return {key: value}
        inner = self.kept(value, f"{uri}:")
        return {key: inner} if inner or not value else {}

    def _attribute(self, key: str, value: Any, target: Target, prefix: str) -> dict[str, Any]:
        operation = {"op": self.op, "path": f"{prefix}{key}", "value": value}
        assigned = _assignment(operation, target, self.resource_type, self.used)
        is_plain = target.is_whole and not target.is_bare and target.written_with_urn == bool(prefix)
        if is_plain and (assigned["value"] is not None or assigned is operation):
            return {key: assigned["value"]}
        self._note(target, prefix)
        self.apart.append({**assigned, "path": target.path})
        return {}

    def _note(self, target: Target, prefix: str) -> None:
        if target.has_filter:
            self.used.add("filter_keys")
        elif target.sub is not None:
            self.used.add("dotted_keys")
        if target.is_bare:
            self.used.add("bare_extension_keys")
        elif target.written_with_urn and not prefix:
            self.used.add("urn_keys")


def _with_path(operation: Operation, resource_type: ResourceType, used: set[str]) -> list[Operation]:
    target = find(operation["path"], resource_type)
    if target is None:
        return _on_schema(operation, resource_type, used)
    if target.path != operation["path"]:
        used.add("bare_extension_path" if target.is_bare else "path_blanks")
        operation = {**operation, "path": target.path}
    if "value" not in operation:
        return [operation]
    if operation["op"] == "remove":
        return _removal(operation, target, used)
    return [_assignment(operation, target, resource_type, used)]


def _on_schema(operation: Operation, resource_type: ResourceType, used: set[str]) -> list[Operation]:
    """Return what is assigned to a whole schema by its URI as an operation without path."""
    uri = schema_uri(operation["path"], resource_type)
    if uri is None or operation["op"] == "remove" or operation.get("value").__class__ is not dict:
        return [operation]
    used.add("schema_path")
    value = operation["value"] if uri == resource_type.schema.id else {uri: operation["value"]}
    return _without_path({"op": operation["op"], "value": value}, resource_type, used)


def _removal(operation: Operation, target: Target, used: set[str]) -> list[Operation]:
    """Return a removal that carries a value as removals of the RFC, where the path alone says what goes."""
    value = operation["value"]
    is_members = target.attribute.name == "members"
    if not target.is_whole_list or (value is None and not is_members):
        used.add("removal_value")
        return [{"op": "remove", "path": operation["path"]}]
    removals = None
    if "value" in target.attribute.sub_attributes:
        if is_members:
            removals = member_removals_by_value(target.path, value)
        else:
            removals = removals_by_value(target.path, value, told_apart_by=("value", "type"))
    if removals is None:
        # Not usable: the value stays, for the operation to be refused. It must never become "remove all".
        return [operation]
    used.add("member_removal_by_value" if is_members else "element_removal_by_value")
    return removals


def _assignment(operation: Operation, target: Target, resource_type: ResourceType, used: set[str]) -> Operation:
    """Return the ``add`` or ``replace`` with its value rewritten; one that empties its target replaces it by null."""
    value = operation["value"]
    rewrite = _rewrite(target, value, resource_type)
    noted: set[str] = set()
    new = rewrite(value, noted) if rewrite else value
    if new is not None:
        used |= noted
        return operation if new is value else {**operation, "value": new}
    if operation["op"] == "add" and target.is_whole_list:
        # Adding nothing to a list must not empty it.
        return operation
    if operation["op"] == "replace" and value is None:
        return operation
    used |= noted or {"null_add"}
    return {"op": "replace", "path": operation["path"], "value": None}


def _rewrite(target: Target, value: Any, resource_type: ResourceType) -> Rewrite | None:
    places = shape(resource_type).places
    place = (target.urn, target.attribute.name)
    if target.sub is not None:
        return places.get((*place, target.sub.name))
    # RFC 7644, 3.5.2.1: a single object may be added to a list as it is.
    is_element = target.has_filter or value.__class__ is dict
    return places.get((*place, "[]")) if target.attribute.multi_valued and is_element else places.get(place)
