"""Bodies of POST and PUT."""

from collections.abc import Mapping
from typing import Any

from schemas.scim.definitions.model import ResourceType
from schemas.scim.dialects.names import Target, find, unfolded
from schemas.scim.dialects.values import rewrite_object, shape


def tolerate_body(body: dict[str, Any], resource_type: ResourceType, used: set[str]) -> dict[str, Any]:
    """Return the body in the RFC's form; the very same object when it has it."""
    form = shape(resource_type)
    return rewrite_object(_nested(body, resource_type, form.names, used), form.table, used)


def _nested(
    body: dict[str, Any], resource_type: ResourceType, names: Mapping[str, str], used: set[str]
) -> dict[str, Any]:
    """Return the body with dotted, URN-qualified and misplaced keys in their places; unknown keys stay."""
    if body.keys() <= names.keys() or all(key.lower() in names for key in body):
        return body
    flat = unfolded(body, resource_type, used)
    unknown = [key for key in flat if key.lower() not in names]
    targets = {key: target for key in unknown if (target := _place(key, resource_type))}
    if not targets:
        return flat
    placed = {names.get(key.lower(), key): value for key, value in flat.items() if key not in targets}
    for key, target in targets.items():
        _put(placed, target, flat[key], used)
    return placed


def _place(key: str, resource_type: ResourceType) -> Target | None:
    """Return where a single value under the key belongs."""
    target = find(key, resource_type)
    if target is None or target.has_filter or (target.sub is not None and target.attribute.multi_valued):
        return None
    return target


def _put(body: dict[str, Any], target: Target, value: Any, used: set[str]) -> None:
    if target.is_bare:
        used.add("bare_extension_keys")
    elif target.written_with_urn:
        used.add("urn_keys")
    if target.sub is not None:
        used.add("dotted_keys")
    if target.urn is not None:
        body = _copied(body, target.urn)
    name = target.attribute.name
    if target.sub is not None:
        _copied(body, name)[target.sub.name] = value
    elif not (target.is_bare and name in body):
        body[name] = value


def _copied(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the object of that name in the body, one of our own that may be changed."""
    present = body.get(name)
    body[name] = inner = dict(present) if isinstance(present, dict) else {}
    return inner
