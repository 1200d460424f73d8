"""Values as clients write them, rewritten by the type of their attribute.

A rewrite returns the very same object when there is nothing to rewrite, and otherwise notes its name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import is_not
from typing import Any

from schemas.scim.definitions.catalog import ENTERPRISE_USER
from schemas.scim.definitions.model import Attribute, AttributeType, Mutability, ResourceType, Returned
from schemas.scim.dialects.entra import boolean, manager

Rewrite = Callable[[Any, set[str]], Any]
"""A value and the names of the rewrites used so far → the value; None when it says that there is none."""
Table = Mapping[str, Rewrite]
"""A name, as the schema spells it and in lower case → how its values are rewritten."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How the values of a resource type are rewritten, and the names at its top level."""

    table: Table
    """For whole bodies, extensions among them."""
    names: Mapping[str, str]
    """Attributes and extension URIs: as the schema spells them, and in lower case → the schema's spelling."""
    places: Mapping[tuple[str | None, ...], Rewrite]
    """For single places: (extension URI or None, attribute), with a sub-attribute or ``[]``, an element, behind."""


@lru_cache(maxsize=1024)
def shape(resource_type: ResourceType) -> Shape:
    """Return the shape of the resource type's bodies."""
    core = {**resource_type.common, **resource_type.schema.attributes}
    table = _table(core)
    names = [attribute.name for attribute in core.values()]
    places = _places(core, None)
    for extension in resource_type.extensions.values():
        uri = extension.schema.id
        names.append(uri)
        table[uri] = table[uri.lower()] = _object(_table(extension.schema.attributes, uri))
        places |= _places(extension.schema.attributes, uri)
    spellings = {spelling: name for name in names for spelling in (name, name.lower())}
    return Shape(table, spellings, places)


def _table(attributes: Mapping[str, Attribute], urn: str | None = None) -> dict[str, Rewrite]:
    table: dict[str, Rewrite] = {}
    for key, attribute in attributes.items():
        if rewrite := _value_rewrite(attribute, urn):
            table[key] = table[attribute.name] = rewrite
    return table


def _places(attributes: Mapping[str, Attribute], urn: str | None) -> dict[tuple[str | None, ...], Rewrite]:
    places: dict[tuple[str | None, ...], Rewrite | None] = {}
    for attribute in attributes.values():
        places[urn, attribute.name] = _value_rewrite(attribute, urn)
        if attribute.multi_valued:
            places[urn, attribute.name, "[]"] = _one_rewrite(attribute)
        for sub in attribute.sub_attributes.values():
            places[urn, attribute.name, sub.name] = _value_rewrite(sub)
    return {place: rewrite for place, rewrite in places.items() if rewrite is not None}


def _value_rewrite(attribute: Attribute, urn: str | None = None) -> Rewrite | None:
    """Return how a value of the attribute is rewritten, a list if it is multi-valued; None: never."""
    if urn == ENTERPRISE_USER and attribute.name == "manager":
        return manager
    one = _one_rewrite(attribute)
    if one is None or not attribute.multi_valued:
        return one
    # An empty text in the place of the members must not empty the Group: it stays, and is refused.
    return _list(one, clears=attribute.name != "members")


def _one_rewrite(attribute: Attribute) -> Rewrite | None:
    """Return how one value of the attribute is rewritten; None: never."""
    if attribute.mutability is Mutability.READ_ONLY or attribute.returned is Returned.NEVER:
        return None
    if attribute.type is AttributeType.COMPLEX:
        return _element(attribute) if attribute.multi_valued else _object(_table(attribute.sub_attributes))
    if attribute.type is AttributeType.BOOLEAN:
        return boolean
    return None if attribute.required else _text


def rewrite_object(values: dict[str, Any], table: Table, used: set[str]) -> dict[str, Any]:
    """Return the object with its values rewritten."""
    rewritten = values
    for name, value in values.items():
        rewrite = table.get(name) or table.get(name.lower())
        if rewrite is None:
            continue
        new = rewrite(value, used)
        if new is not value:
            if rewritten is values:
                rewritten = dict(values)
            rewritten[name] = new
    return rewritten


def _text(value: Any, used: set[str]) -> Any:
    if value == "":
        used.add("empty_text")
        return None
    return value


def _object(table: Table) -> Rewrite:
    def rewrite(value: Any, used: set[str]) -> Any:
        return rewrite_object(value, table, used) if value.__class__ is dict else _text(value, used)

    return rewrite


def _element(attribute: Attribute) -> Rewrite:
    table = {} if attribute.name == "members" else _table(attribute.sub_attributes)
    wraps_text = "value" in attribute.sub_attributes

    def rewrite(value: Any, used: set[str]) -> Any:
        if value.__class__ is dict:
            return rewrite_object(value, table, used)
        if wraps_text and value.__class__ is str and value:
            used.add("scalar_element")
            return {"value": value}
        return value

    return rewrite


def _list(one: Rewrite, *, clears: bool) -> Rewrite:
    def rewrite(values: Any, used: set[str]) -> Any:
        if values.__class__ is list:
            rewritten = [one(value, used) for value in values]
            return rewritten if any(map(is_not, rewritten, values)) else values
        if values == "":
            return _text(values, used) if clears else values
        if values.__class__ in {dict, str}:
            used.add("single_value")
            return [one(values, used)]
        return values

    return rewrite
