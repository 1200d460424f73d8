"""Names as clients write them: with a URN in front, with a dot, with a filter, or without the URN they need."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from schemas.scim.definitions.model import Attribute, ResourceType

_NAME = re.compile(r"([A-Za-z][\w$-]*)(\[.*\])?(?:\.([\w$-]+))?", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Target:
    """The place in a resource that a name or path means."""

    path: str
    """The path in the RFC's form."""
    attribute: Attribute
    urn: str | None
    """The extension's URI; None: core or common."""
    has_filter: bool
    sub: Attribute | None
    written_with_urn: bool
    """Whether the client put a URN in front."""

    @property
    def is_bare(self) -> bool:
        """Whether the attribute is an extension's, named without its URN."""
        return self.urn is not None and not self.written_with_urn

    @property
    def is_whole(self) -> bool:
        """Whether the attribute is meant and no part of it."""
        return not self.has_filter and self.sub is None

    @property
    def is_whole_list(self) -> bool:
        """Whether all values of a multi-valued attribute are meant."""
        return self.attribute.multi_valued and self.is_whole


def find(text: str, resource_type: ResourceType) -> Target | None:
    """Return what the text means, or None when it is of another form or means nothing of the schemas."""
    written = text.strip()
    with_urn = written[:4].lower() == "urn:"
    uri, rest = _split_uri(written, resource_type) if with_urn else (None, written)
    match = _NAME.fullmatch(rest)
    if match is None or (with_urn and uri is None):
        return None
    name, filter, sub_name = match.groups()
    urn, attribute = _attribute(name, uri, resource_type)
    sub = attribute.sub(sub_name) if attribute and sub_name else None
    if attribute is None or (sub_name and sub is None):
        return None
    path = written if with_urn or urn is None else f"{urn}:{written}"
    return Target(path, attribute, urn, filter is not None, sub, with_urn)


def schema_uri(text: str, resource_type: ResourceType) -> str | None:
    """Return the URI of the resource type's schema that the text names, and nothing more, in any case."""
    return _uris(resource_type).get(text.strip().lower())


def unfolded(values: dict[str, Any], resource_type: ResourceType, used: set[str]) -> dict[str, Any]:
    """Return the values with those under the URI of the base schema among the others; the same object without any."""
    if not any(_is_folded(key, value, resource_type) for key, value in values.items()):
        return values
    used.add("urn_keys")
    flat: dict[str, Any] = {}
    waiting = [values]
    while waiting:
        for key, value in waiting.pop().items():
            if _is_folded(key, value, resource_type):
                waiting.append(value)
            else:
                flat.setdefault(key, value)
    return flat


def _is_folded(key: str, value: Any, resource_type: ResourceType) -> bool:
    return value.__class__ is dict and schema_uri(key, resource_type) == resource_type.schema.id


def _split_uri(text: str, resource_type: ResourceType) -> tuple[str | None, str]:
    lowered = text.lower()
    for key, uri in _uris(resource_type).items():
        if lowered.startswith(key) and lowered[len(key) : len(key) + 1] == ":":
            return uri, text[len(key) + 1 :]
    return None, text


def _attribute(name: str, uri: str | None, resource_type: ResourceType) -> tuple[str | None, Attribute | None]:
    attribute = resource_type.attribute(name, urn=uri)
    if uri is not None:
        return (None if uri == resource_type.schema.id else uri), attribute
    if attribute is not None:
        return None, attribute
    for extension in resource_type.extensions.values():
        if found := extension.schema.attributes.get(name.lower()):
            return extension.schema.id, found
    return None, None


@lru_cache(maxsize=1024)
def _uris(resource_type: ResourceType) -> Mapping[str, str]:
    uris = [resource_type.schema.id, *(extension.schema.id for extension in resource_type.extensions.values())]
    return {uri.lower(): uri for uri in uris}
