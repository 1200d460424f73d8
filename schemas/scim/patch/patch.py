"""The two halves of a PATCH: what can be checked without the resource, and what it makes of the resource."""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.messages.commands import PatchOperation
from schemas.scim.definitions.model import Mutability, ResourceType
from schemas.scim.errors import InvalidValueError, MutabilityError
from schemas.scim.membership import MembershipEdit, edited, joined
from schemas.scim.opaque import check_opaque, opaque_names
from schemas.scim.patch.changes import changed_value
from schemas.scim.patch.limits import ElementWork, check_work
from schemas.scim.patch.message import read_message
from schemas.scim.patch.opaque import OpaqueChange, changed_extension
from schemas.scim.patch.steps import Change, ExtensionRemoval, Step, read_steps, step_operation
from schemas.scim.patch.targets import Target


def parse_patch(payload: object, resource_type: ResourceType, *, strict: bool) -> tuple[PatchOperation, ...]:
    """Return the operations of a PATCH message, checked in all that needs no knowledge of the resource.

    Names are spelt as in the schemas, values are canonical, each operation has a path, and what is to be ignored (a
    ``password`` always) is left out. The same operations result when they are read again.

    Raises:
        ScimError: The message is none, or asks for what cannot be, whatever the resource holds.
    """
    steps = [
        step
        for operation in read_message(payload, strict=strict)
        for step in read_steps(operation, resource_type, strict=strict)
    ]
    check_work(steps)
    return tuple(map(step_operation, joined(steps)))


def apply_patch(
    attributes: Mapping[str, Any], operations: Iterable[PatchOperation], resource_type: ResourceType, *, strict: bool
) -> dict[str, Any]:
    """Return the attributes after the operations, equal to those before when nothing changes.

    Each operation sees the result of those before it. The attributes given stay as they are.

    Raises:
        ScimError: One of the operations cannot be carried out, so that none is.
    """
    draft = _Draft(attributes, resource_type, strict=strict)
    for operation in operations:
        for step in read_steps(operation, resource_type, strict=strict):
            draft.take(step)
    return draft.finished()


class _Draft:
    """A resource's attributes while operations are applied to them."""

    def __init__(self, attributes: Mapping[str, Any], resource_type: ResourceType, *, strict: bool) -> None:
        self._attributes = dict(attributes)
        self._resource_type = resource_type
        self._strict = strict
        self._structured: dict[tuple[str | None, str], Target] = {}
        self._extensions: set[str] = set()
        self._has_opaque_changes = False
        self._element_work = ElementWork()

    def take(self, step: Step) -> None:
        """Carry out one step."""
        match step:
            case Change():
                self._change(step)
            case ExtensionRemoval(uri):
                self._remove_extension(uri)
            case OpaqueChange():
                self._change_opaque(step)
            case _:
                self._edit_members(step)

    def finished(self) -> dict[str, Any]:
        """Return the attributes, which are canonical again."""
        for target in self._structured.values():
            value = self._value(target)
            if value is not None:
                self._put(target, target.check_whole(value))
        for uri in self._extensions:
            self._check_extension(uri)
        if self._has_opaque_changes:
            names = opaque_names(self._attributes, self._resource_type)
            check_opaque({name: self._attributes[name] for name in names})
        return self._attributes

    def _change(self, change: Change) -> None:
        target = change.target
        before = self._value(target)
        if before is not None and target.attribute.multi_valued:
            self._element_work.count(change, len(before))
        after = changed_value(change, before, strict=self._strict)
        if after == before:
            return
        self._put(target, after)
        if target.is_complex or target.attribute.multi_valued:
            self._structured[target.extension, target.attribute.name] = target
        if target.extension is not None:
            self._extensions.add(target.extension)

    def _value(self, target: Target) -> Any:
        if target.extension is None:
            return self._attributes.get(target.attribute.name)
        return self._attributes.get(target.extension, {}).get(target.attribute.name)

    def _put(self, target: Target, value: Any) -> None:
        if target.extension is None:
            _set(self._attributes, target.attribute.name, value)
            return
        extension = dict(self._attributes.get(target.extension, {}))
        _set(extension, target.attribute.name, value)
        _set(self._attributes, target.extension, extension or None)

    def _remove_extension(self, uri: str) -> None:
        present = self._attributes.pop(uri, {})
        for attribute in self._resource_type.extensions[uri.lower()].schema.attributes.values():
            if attribute.mutability is Mutability.IMMUTABLE and attribute.name in present:
                raise MutabilityError(f"{uri}:{attribute.name} is immutable")

    def _change_opaque(self, change: OpaqueChange) -> None:
        name, after = changed_extension(change, self._attributes, self._resource_type)
        _set(self._attributes, name, after)
        self._has_opaque_changes = True

    def _check_extension(self, uri: str) -> None:
        extension = self._resource_type.extensions[uri.lower()]
        present = self._attributes.get(uri)
        if present is None:
            if extension.required:
                raise MutabilityError(f"{uri} is required")
            return
        for attribute in extension.schema.attributes.values():
            if attribute.required and attribute.name not in present:
                raise InvalidValueError(f"{uri}:{attribute.name} is required")

    def _edit_members(self, edit: MembershipEdit) -> None:
        ids = [member["value"] for member in self._attributes.get("members", ())]
        _set(self._attributes, "members", [{"value": id} for id in edited(ids, (edit,))] or None)


def _set(values: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        values.pop(name, None)
    else:
        values[name] = value
