"""Which attributes of a resource are returned: ``attributes`` and ``excludedAttributes`` (RFC 7644, 3.9)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Optional

from schemas.scim.definitions.model import ResourceType, Returned
from schemas.scim.errors import InvalidValueError

Names = dict[str, Optional["Names"]]
"""Lower-case names, each with the names wanted below it; None: all of it."""

Pick = Callable[[str, Any, Mapping[str, Names | None]], Any]


@dataclass(frozen=True, slots=True)
class Projection:
    """The part of a resource that a client wants."""

    names: Mapping[str, Names | None]
    excludes: bool
    """Whether the names are those to leave out."""
    always: frozenset[str]
    """Lower-case names of what is in every answer."""

    @staticmethod
    def parse(attributes: str | None, excluded: str | None, resource_type: ResourceType) -> "Projection":
        """Return the projection of the two query parameters, comma-separated lists; unknown names count for nothing.

        Raises:
            InvalidValueError: Both are given.
        """
        if attributes and excluded:
            raise InvalidValueError("attributes and excludedAttributes exclude each other")
        return _parse(attributes or "", excluded or "", resource_type)

    @property
    def is_default(self) -> bool:
        """Whether everything that is returned by default is wanted."""
        return self.excludes and not self.names

    def wants(self, name: str) -> bool:
        """Tell whether the attribute, or any part of it, is to be returned."""
        key = name.lower()
        if key in self.always:
            return True
        if self.excludes:
            return not (key in self.names and self.names[key] is None)
        return key in self.names

    def apply(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Return the resource's wanted part; the very same object by default."""
        if self.is_default:
            return resource
        pick = _without if self.excludes else _only
        projected = {}
        for name, value in resource.items():
            if name.lower() in self.always:
                projected[name] = value
            elif (part := pick(name, value, self.names)) is not None:
                projected[name] = part
        return projected


@lru_cache(maxsize=1024)
def _parse(attributes: str, excluded: str, resource_type: ResourceType) -> Projection:
    excludes = not attributes.strip(", ")
    names: Names = {}
    for text in (excluded if excludes else attributes).split(","):
        steps = tuple(_steps(text.strip(), resource_type))
        if steps:
            _add(names, steps)
    always = frozenset(key for key, it in resource_type.common.items() if it.returned is Returned.ALWAYS)
    return Projection(names, excludes, always | frozenset(_always(resource_type)))


def _always(resource_type: ResourceType) -> Iterator[str]:
    return (key for key, it in resource_type.schema.attributes.items() if it.returned is Returned.ALWAYS)


def _steps(text: str, resource_type: ResourceType) -> Iterator[str]:
    """Yield the lower-case names on the way to what the text names; nothing for an unknown name."""
    name, urn = text.lower(), None
    for uri in (*resource_type.extensions, resource_type.schema.id.lower()):
        if name == uri:
            if uri in resource_type.extensions:
                yield uri
            return
        if name.startswith(f"{uri}:"):
            urn, name = uri, name[len(uri) + 1 :]
            break
    name, _, sub = name.partition(".")
    attribute = resource_type.attribute(name, urn=urn)
    if attribute is None or (sub and attribute.sub(sub) is None):
        return
    if urn in resource_type.extensions:
        yield str(urn)
    yield name
    if sub:
        yield sub


def _add(names: Names, steps: tuple[str, ...]) -> None:
    *way, last = steps
    for step in way:
        below = names.setdefault(step, {})
        if below is None:
            return
        names = below
    names[last] = None


def _only(name: str, value: Any, names: Mapping[str, Names | None]) -> Any:
    """Return the part of the value that is named; None when there is none."""
    key = name.lower()
    if key not in names:
        return None
    below = names[key]
    return value if below is None else _below(value, below, _only)


def _without(name: str, value: Any, names: Mapping[str, Names | None]) -> Any:
    """Return the part of the value that is not named; None when there is none."""
    key = name.lower()
    if key not in names:
        return value
    below = names[key]
    return None if below is None else _below(value, below, _without)


def _below(value: Any, names: Names, pick: Pick) -> Any:
    if isinstance(value, list):
        return [part for element in value if (part := _below(element, names, pick))] or None
    if not isinstance(value, dict):
        return None
    parts = {name: pick(name, inner, names) for name, inner in value.items()}
    return {name: part for name, part in parts.items() if part is not None} or None
