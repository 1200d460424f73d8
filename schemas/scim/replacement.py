"""PUT: the attributes that take the place of a resource's, seen against what is there (RFC 7644, 3.5.1)."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from schemas.scim.definitions.model import Attribute, Mutability, ResourceType
from schemas.scim.errors import MutabilityError

Place = tuple[str, ...]
"""Names on the way to a value: an extension's URI, an attribute, a sub-attribute."""


def replaced(before: Mapping[str, Any], given: Mapping[str, Any], resource_type: ResourceType) -> dict[str, Any]:
    """Return the attributes after the replacement: what is given, and immutable values that were there and are not.

    Raises:
        MutabilityError: Another value is given for an immutable attribute that has one.
    """
    after = dict(given)
    for place in _immutable(resource_type):
        value = _at(before, place)
        if value is None:
            continue
        present = _at(after, place)
        if present is None:
            after = _with(after, place, value)
        elif present != value:
            raise MutabilityError(f"{place[-1]} is immutable")
    return after


@lru_cache(maxsize=1024)
def _immutable(resource_type: ResourceType) -> tuple[Place, ...]:
    places = list(_places(resource_type.schema.attributes, ()))
    for extension in resource_type.extensions.values():
        places += _places(extension.schema.attributes, (extension.schema.id,))
    return tuple(places)


def _places(attributes: Mapping[str, Attribute], way: Place) -> Iterator[Place]:
    for attribute in attributes.values():
        place = (*way, attribute.name)
        if attribute.mutability is Mutability.IMMUTABLE:
            yield place
        elif not attribute.multi_valued:
            # The elements of a list come and go as a whole, whatever is immutable in them.
            yield from _places(attribute.sub_attributes, place)


def _at(attributes: Mapping[str, Any], place: Place) -> Any:
    value: Any = attributes
    for name in place:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _with(attributes: Mapping[str, Any], place: Place, value: Any) -> dict[str, Any]:
    name, *rest = place
    inner = _with(attributes.get(name, {}), tuple(rest), value) if rest else value
    return {**attributes, name: inner}
