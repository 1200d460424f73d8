"""Which attributes of a resource are returned: ``attributes`` and ``excludedAttributes`` (RFC 7644, 3.9)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Optional

from schemas.scim.definitions.model import Attribute, ResourceType, Returned
from schemas.scim.errors import InvalidValueError
from schemas.scim.opaque import is_opaque

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
    on_request: frozenset[tuple[str, ...]] = frozenset()
    """What is left out because nobody named it (RFC 7643, 7: ``returned`` is ``request``), as steps."""

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

    def showing(self, set_attributes: Mapping[str, Any]) -> "Projection":
        """Return the projection for the answer to a write: what the client has set is shown on request or not.

        Args:
            set_attributes: What was set, in the form of a resource; only the names count.
        """
        shown = {steps for steps in self.on_request if _reaches(set_attributes, steps)}
        if not shown:
            return self
        names: Names = {}
        for steps in _leaves(self.names):
            if steps not in shown:
                _add(names, steps)
        return replace(self, names=names, on_request=self.on_request - shown)

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
    always = frozenset(steps for steps, it in _all(resource_type) if it.returned is Returned.ALWAYS)
    never = _never(resource_type)
    asked = [way for text in (excluded if excludes else attributes).split(",") for way in _ways(text, resource_type)]
    named = [*asked, *never] if excludes else [way for way in asked if way[:2] not in never]
    names: Names = {}
    for steps in named if excludes else (*named, *always):
        if steps not in always or not excludes:
            _add(names, steps)
    on_request: frozenset[tuple[str, ...]] = frozenset()
    if not excludes:
        _spell_out(names, resource_type, without=never)
    else:
        _keep(names, always, resource_type)
        requestable = {steps for steps, it in _all(resource_type) if it.returned is Returned.REQUEST}
        on_request = frozenset(steps for steps in requestable if not _covers(names, steps))
        for steps in on_request:
            _add(names, steps)
    top = frozenset(steps[0] for steps in always if len(steps) == 1)
    return Projection(names, excludes, top, on_request)


def _never(resource_type: ResourceType) -> frozenset[tuple[str, ...]]:
    """Return what is in no answer, of extensions: it is not kept, but may have been before their schema was known."""
    return frozenset(steps for steps, it in _all(resource_type) if len(steps) > 1 and it.returned is Returned.NEVER)


def _all(resource_type: ResourceType) -> Iterator[tuple[tuple[str, ...], Attribute]]:
    """Yield all attributes of the type, each with the steps that lead to it."""
    for key, attribute in (*resource_type.common.items(), *resource_type.schema.attributes.items()):
        yield (key,), attribute
    for uri, extension in resource_type.extensions.items():
        for key, attribute in extension.schema.attributes.items():
            yield (uri, key), attribute


def _keep(names: Names, always: frozenset[tuple[str, ...]], resource_type: ResourceType) -> None:
    """Take back that an extension is left out whole, where some of it is in every answer."""
    for steps in always:
        uri = steps[0]
        if len(steps) > 1 and names.get(uri, {}) is None:
            others = resource_type.extensions[uri].schema.attributes
            names[uri] = {key: None for key in others if (uri, key) not in always}


def _spell_out(names: Names, resource_type: ResourceType, *, without: frozenset[tuple[str, ...]]) -> None:
    """Name the attributes of each extension that is named whole, where some of it is in no answer."""
    for uri in {steps[0] for steps in without} & names.keys():
        if names[uri] is None:
            attributes = resource_type.extensions[uri].schema.attributes
            names[uri] = {key: None for key in attributes if (uri, key) not in without}


def _ways(text: str, resource_type: ResourceType) -> Iterator[tuple[str, ...]]:
    """Yield the lower-case names on the way to what the text names; nothing for an unknown name.

    Several ways only to an opaque extension and into it: without a schema nothing tells where its URN ends.
    """
    text = text.strip()
    if is_opaque(text, resource_type):
        name = text.lower()
        yield (name,)
        uri, _, inside = name.rpartition(":")
        if is_opaque(uri, resource_type):
            yield (uri, *inside.split("."))
    elif steps := tuple(_steps(text, resource_type)):
        yield steps


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


def _covers(names: Mapping[str, Names | None], steps: tuple[str, ...]) -> bool:
    """Tell whether all of what the steps lead to is named."""
    for step in steps:
        if step not in names:
            return False
        below = names[step]
        if below is None:
            return True
        names = below
    return False


def _leaves(names: Mapping[str, Names | None], way: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, below in names.items():
        if below is None:
            yield (*way, name)
        else:
            yield from _leaves(below, (*way, name))


def _reaches(values: Mapping[str, Any], steps: tuple[str, ...]) -> bool:
    """Tell whether there is something at the end of the steps."""
    value: Any = values
    for step in steps:
        if not isinstance(value, Mapping):
            return False
        value = next((inner for name, inner in value.items() if name.lower() == step), None)
    return value is not None


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
