"""Steps: operations with their targets found and their values in canonical form, one target each."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from schemas.messages.commands import PatchOperation
from schemas.scim.definitions.model import Extension, ResourceType
from schemas.scim.errors import InvalidPathError, InvalidValueError, MutabilityError
from schemas.scim.membership import MembershipEdit, edit_operation, read_edit, removal_by_path
from schemas.scim.opaque import is_opaque
from schemas.scim.patch.opaque import OpaqueChange
from schemas.scim.patch.targets import Target, find_target

_NAME_SHOWN = 128
"""So many characters of an unknown name are told back."""


@dataclass(frozen=True, slots=True)
class Change:
    """One operation on one target."""

    op: str
    target: Target
    value: Any = None
    """Canonical; None unassigns. Of ``remove``: the elements to go, None for all."""
    cleared: frozenset[str] = frozenset()
    """Sub-attributes that an object as value unassigns, by null or an empty value."""


@dataclass(frozen=True, slots=True)
class ExtensionRemoval:
    """All attributes of an extension go."""

    uri: str


Step = Change | ExtensionRemoval | OpaqueChange | MembershipEdit


def read_steps(operation: PatchOperation, resource_type: ResourceType, *, strict: bool) -> Iterator[Step]:
    """Yield the operation's steps: several where it has no path, none where all of it is dropped or ignored.

    Raises:
        ScimError: The operation is not allowed, whatever the resource holds.
    """
    path = operation.path
    if operation.op == "remove" and resource_type.name == "Group" and (removal := removal_by_path(path or "")):
        yield removal
    elif path is None:
        yield from _pathless_steps(operation, resource_type, strict=strict)
    elif path.lower() in resource_type.extensions:
        yield from _extension_steps(operation, resource_type.extensions[path.lower()], resource_type, strict=strict)
    elif not strict and is_opaque(path, resource_type):
        yield from _opaque_steps(operation, path, resource_type)
    else:
        target = find_target(path, resource_type, strict=strict)
        if target.is_never_kept or (target.is_derived and not strict):
            return
        _check_writable(target)
        yield _step(operation, target, strict=strict)


def step_operation(step: Step) -> PatchOperation:
    """Return the step as an operation, from which the same step is read again."""
    if isinstance(step, ExtensionRemoval):
        return PatchOperation("remove", step.uri)
    if isinstance(step, OpaqueChange):
        return PatchOperation(step.op, step.path, step.value, has_value=step.op != "remove")
    if not isinstance(step, Change):
        return edit_operation(step)
    value = (step.value or {}) | dict.fromkeys(sorted(step.cleared)) if step.cleared else step.value
    return PatchOperation(step.op, step.target.text, value, has_value=step.op != "remove" or value is not None)


def _pathless_steps(operation: PatchOperation, resource_type: ResourceType, *, strict: bool) -> Iterator[Step]:
    """Yield a step for each member: what RFC 7644, 3.5.2.1 and 3.5.2.3, say of a value without a path comes to that."""
    for name, value in operation.value.items():
        part = PatchOperation(operation.op, name, value, has_value=True)
        if name.lower() in resource_type.extensions:
            yield from _extension_steps(part, resource_type.extensions[name.lower()], resource_type, strict=strict)
        elif not strict and is_opaque(name, resource_type):
            with suppress(InvalidPathError):
                yield from _opaque_steps(part, name, resource_type)
        else:
            yield from _member_steps(part, name, resource_type, strict=strict)


def _extension_steps(
    operation: PatchOperation, extension: Extension, resource_type: ResourceType, *, strict: bool
) -> Iterator[Step]:
    uri = extension.schema.id
    value = operation.value
    if operation.op == "remove":
        if extension.required:
            raise MutabilityError(f"{uri} is required")
        yield ExtensionRemoval(uri)
    elif _is_empty(value, strict=strict):
        if extension.required:
            raise InvalidValueError(f"{uri} is required")
        if operation.op == "replace":
            yield ExtensionRemoval(uri)
    elif isinstance(value, dict):
        for name, member in value.items():
            if name.lower() == "schemas":
                # Some libraries say inside of an extension, too, which one it is.
                continue
            part = PatchOperation(operation.op, f"{uri}:{name}", member, has_value=True)
            yield from _member_steps(part, name, resource_type, strict=strict)
    else:
        raise InvalidValueError(f"{uri} must be an object")


def _opaque_steps(operation: PatchOperation, path: str, resource_type: ResourceType) -> Iterator[Step]:
    # Adding nothing is nothing; replacing by nothing unassigns.
    value = None if operation.op == "remove" or operation.value in ("", {}) else operation.value
    is_whole = value is None or isinstance(value, dict)
    if not is_whole and not is_opaque(path.rpartition(":")[0], resource_type):
        told = f"is no extension of {resource_type.name}"
        raise InvalidPathError(f"{path[:_NAME_SHOWN]} {told}", kept=f"the path {told}")
    if operation.op != "add" or value is not None:
        yield OpaqueChange(operation.op, path, value)


def _member_steps(operation: PatchOperation, name: str, resource_type: ResourceType, *, strict: bool) -> Iterator[Step]:
    """Yield the step for a member of a value: what clients cannot change is ignored, or refused where strict."""
    try:
        target = find_target(operation.path or "", resource_type, strict=strict)
    except InvalidPathError:
        if strict:
            raise
        return
    if strict and name.lower() != target.attribute.name.lower():
        told = f"is no attribute of {resource_type.name}"
        raise InvalidPathError(f"{name[:_NAME_SHOWN]} {told}", kept=f"a member of the value {told}")
    if target.is_never_kept or (target.is_members and operation.value is None):
        return
    if strict:
        _check_writable(target)
    elif target.is_read_only or target.is_derived:
        return
    yield _step(operation, target, strict=strict)


def _check_writable(target: Target) -> None:
    if target.is_read_only or target.is_derived:
        raise MutabilityError(f"{target.name} cannot be changed by clients")


def _step(operation: PatchOperation, target: Target, *, strict: bool) -> Step:
    if target.is_members:
        return _edit(operation, target)
    if operation.op == "remove":
        return _removal(operation, target, strict=strict)
    value = _as_list(operation.value) if target.takes_list else operation.value
    cleared = _cleared(value, target, strict=strict) if isinstance(value, dict) else frozenset[str]()
    canonical = _canonical(value, target, strict=strict)
    if canonical is None and not cleared and target.must_stay:
        raise InvalidValueError(f"{target.name} must have a value")
    return Change(operation.op, target, canonical, cleared)


def _edit(operation: PatchOperation, target: Target) -> MembershipEdit:
    value = operation.value
    if target.takes_list and operation.has_value and value is not None and value != []:
        value = target.check(_as_list(value))
    return read_edit(PatchOperation(operation.op, target.text, value, operation.has_value))


def _removal(operation: PatchOperation, target: Target, *, strict: bool) -> Change:
    if target.must_stay:
        # RFC 7644, 3.5.2.2.
        raise MutabilityError(f"{target.name} is required")
    if not target.takes_list or target.sub is not None or _is_empty(operation.value, strict=False):
        return Change("remove", target)
    # The RFC knows no value here; clients name by it what is to go, and never mean the rest.
    value = _canonical(_as_list(operation.value), target, strict=strict)
    if value is None:
        raise InvalidValueError(f"{target.name} cannot be removed by this value")
    return Change("remove", target, value)


def _as_list(value: Any) -> Any:
    # RFC 7644, 3.5.2.1: one value is as good as a list of one. Null and empty text stand for no value.
    return value if value is None or value == "" or isinstance(value, list) else [value]


def _cleared(value: Mapping[str, Any], target: Target, *, strict: bool) -> frozenset[str]:
    subs = (target.attribute.sub(name) for name, given in value.items() if _is_empty(given, strict=strict))
    cleared = [sub for sub in subs if sub is not None]
    for sub in cleared:
        if sub.required:
            raise InvalidValueError(f"{target.name}.{sub.name} must have a value")
    return frozenset(sub.name for sub in cleared)


def _canonical(value: Any, target: Target, *, strict: bool) -> Any:
    if _is_empty(value, strict=strict):
        return None
    if isinstance(value, dict):
        value = {name: member for name, member in value.items() if not _is_empty(member, strict=strict)}
    return target.check(value)


def _is_empty(value: Any, *, strict: bool) -> bool:
    # RFC 7643, 2.5: null and empty lists are no value; nor is empty text, where tolerant.
    return value is None or value == [] or (value == "" and not strict)
