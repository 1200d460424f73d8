"""Opaque extensions: what comes under a URN that no schema of the resource type describes.

The tolerant dialect keeps such an object and returns it as it came: it is part of ``schemas``, can be projected and
patched by name, and is not searched. The strict one refuses it. When a schema for it is registered, what fits is that
schema's (``conformed``).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from schemas.scim.definitions.model import ResourceType
from schemas.scim.definitions.names import URI
from schemas.scim.errors import InvalidValueError

MAX_LENGTH = 16_384
"""Bytes of one opaque extension as JSON."""
MAX_EXTENSIONS = 8
"""Opaque extensions of one resource."""


def is_opaque(name: str, resource_type: ResourceType) -> bool:
    """Tell whether the name is a URN that is no schema of the type, nor something within one."""
    if name[:4].lower() != "urn:" or URI.fullmatch(f"urn{name[3:]}") is None:
        return False
    lowered = f"{name.lower()}:"
    return not any(lowered.startswith((f"{uri}:", f"{uri}.")) for uri in _known(resource_type))


def opaque_extensions(attributes: Mapping[str, Any], resource_type: ResourceType) -> dict[str, Any]:
    """Return the opaque extensions among the attributes that a client gave; what is no object is passed over.

    Raises:
        InvalidValueError: There are too many, or one is too long, or comes twice.
    """
    found = {
        name: value
        for name, value in attributes.items()
        if ":" in name and isinstance(value, dict) and value and is_opaque(name, resource_type)
    }
    check_opaque(found)
    return found


def check_opaque(extensions: Mapping[str, Any]) -> None:
    """See that a resource can have these opaque extensions.

    Raises:
        InvalidValueError: There are too many, or one is too long, or comes twice.
    """
    if len(extensions) > MAX_EXTENSIONS:
        raise InvalidValueError(f"more than {MAX_EXTENSIONS} extensions without a schema cannot be kept")
    if len({name.lower() for name in extensions}) < len(extensions):
        raise InvalidValueError("an extension is given more than once")
    for name, value in extensions.items():
        if _length(value) > MAX_LENGTH:
            told = f"is longer than {MAX_LENGTH} bytes, and no schema describes it"
            raise InvalidValueError(f"{name} {told}", kept=f"an extension {told}")


def opaque_names(attributes: Mapping[str, Any], resource_type: ResourceType) -> Iterator[str]:
    """Yield the names of the opaque extensions that stored attributes have."""
    return (name for name in attributes if ":" in name and is_opaque(name, resource_type))


def _length(value: Any) -> int:
    try:
        return len(orjson.dumps(value))
    except TypeError as error:
        # Nested more than 250 levels deep.
        raise InvalidValueError("an extension without a schema is nested too deeply") from error


def _known(resource_type: ResourceType) -> tuple[str, ...]:
    return (resource_type.schema.id.lower(), *resource_type.extensions)
