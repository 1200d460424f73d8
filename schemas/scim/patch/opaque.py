"""Changes of extensions that no schema describes (``schemas.scim.opaque``), and of attributes inside of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.scim.definitions.model import ResourceType
from schemas.scim.errors import InvalidPathError, InvalidValueError
from schemas.scim.opaque import is_opaque, opaque_names

_INSIDE = re.compile(r"([A-Za-z$][\w$-]*)(?:\.([A-Za-z$][\w$-]*))?", re.ASCII)
_TYPES = frozenset({"user", "group"})
"""Last segments by which schemas' URNs are told from what stands behind them."""


@dataclass(frozen=True, slots=True)
class OpaqueChange:
    """An operation on such an extension, ``urn:...``, or inside of it, ``urn:...:attribute[.sub]``."""

    op: str
    path: str
    value: Any = None
    """None unassigns."""


def changed_extension(
    change: OpaqueChange, attributes: Mapping[str, Any], resource_type: ResourceType
) -> tuple[str, dict[str, Any] | None]:
    """Return the extension's name, and the extension after the change; None when nothing is left of it.

    Raises:
        InvalidPathError: The path leads to no extension that could be kept.
        InvalidValueError: Something else than an object is given for an extension.
    """
    present = {name.lower(): name for name in opaque_names(attributes, resource_type)}
    uri, inside = _parted(change, present, resource_type)
    name = present.get(uri.lower(), uri)
    before = attributes.get(name, {})
    if inside is None:
        return name, _changed_whole(change, before, name)
    match = _INSIDE.fullmatch(inside)
    if match is None:
        raise InvalidPathError("the path leads to nothing inside of an extension")
    attribute, sub = match.groups()
    return name, _with(before, attribute, _changed_part(change, _member(before, attribute), sub)) or None


def _parted(change: OpaqueChange, present: Mapping[str, str], resource_type: ResourceType) -> tuple[str, str | None]:
    """Return the extension's URN and what is behind it. Without a schema only habits tell where a URN ends."""
    path = change.path
    before, _, last = path.rpartition(":")
    if path.lower() in present or last.lower() in _TYPES:
        return path, None
    if before.lower() in present or before.rpartition(":")[2].lower() in _TYPES:
        return before, last
    if isinstance(change.value, dict):
        return path, None
    if not is_opaque(before, resource_type):
        raise InvalidPathError("the path leads to no extension")
    return before, last


def _changed_whole(change: OpaqueChange, before: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    if change.op == "remove" or change.value is None:
        return None
    if not isinstance(change.value, dict):
        raise InvalidValueError(f"{name} must be an object", kept="an extension must be an object")
    after = dict(before)
    for key, value in change.value.items():
        after = _with(after, key, value)
    return after or None


def _changed_part(change: OpaqueChange, before: Any, sub: str | None) -> Any:
    if sub is not None:
        inner = before if isinstance(before, dict) else {}
        return _with(inner, sub, None if change.op == "remove" else change.value) or None
    if change.op == "remove" or change.value == "":
        return None
    if change.op == "add" and isinstance(before, list):
        values = change.value if isinstance(change.value, list) else [change.value]
        return [*before, *(value for value in values if value not in before)]
    return change.value


def _member(values: Mapping[str, Any], name: str) -> Any:
    return next((value for key, value in values.items() if key.lower() == name.lower()), None)


def _with(values: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """Return the values with one of them changed, in its place; None takes it out."""
    spelling = next((key for key in values if key.lower() == name.lower()), name)
    if value is None:
        return {key: kept for key, kept in values.items() if key != spelling}
    return {**values, spelling: value}
