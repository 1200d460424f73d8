"""Definitions of attributes, schemas and resource types (RFC 7643, 2, 6 and 7), compiled for look-up without case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class AttributeType(StrEnum):
    """RFC 7643, 2.3."""

    STRING = "string"
    BOOLEAN = "boolean"
    DECIMAL = "decimal"
    INTEGER = "integer"
    DATE_TIME = "dateTime"
    BINARY = "binary"
    REFERENCE = "reference"
    COMPLEX = "complex"


class Mutability(StrEnum):
    """RFC 7643, 7."""

    READ_ONLY = "readOnly"
    READ_WRITE = "readWrite"
    IMMUTABLE = "immutable"
    WRITE_ONLY = "writeOnly"


class Returned(StrEnum):
    """RFC 7643, 7."""

    ALWAYS = "always"
    NEVER = "never"
    DEFAULT = "default"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute's characteristics."""

    name: str
    type: AttributeType
    multi_valued: bool = False
    required: bool = False
    case_exact: bool = False
    mutability: Mutability = Mutability.READ_WRITE
    returned: Returned = Returned.DEFAULT
    uniqueness: str = "none"
    canonical_values: tuple[str, ...] = ()
    sub_attributes: Mapping[str, "Attribute"] = field(default_factory=dict)
    """By lower-case name."""

    def sub(self, name: str) -> "Attribute | None":
        """Return the sub-attribute of that name, in any case."""
        return self.sub_attributes.get(name.lower())


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema: a URI and its attributes."""

    id: str
    name: str
    attributes: Mapping[str, Attribute]
    """By lower-case name."""
    document: Mapping[str, Any]
    """As ``/Schemas`` serves it, but for ``meta.location``."""


@dataclass(frozen=True, slots=True)
class Extension:
    """A schema that a resource type may carry."""

    schema: Schema
    required: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ResourceType:
    """A resource type with its schemas. Equal only to itself, so that what is compiled for it can be kept by it."""

    name: str
    endpoint: str
    """Like ``/Users``."""
    description: str
    schema: Schema
    common: Mapping[str, Attribute]
    """``schemas``, ``id``, ``externalId``, ``meta`` (RFC 7643, 3.1), by lower-case name."""
    extensions: Mapping[str, Extension]
    """By lower-case URI."""
    unique_name: str
    """The attribute that is unique in a tenant without case: ``userName``, ``displayName``."""

    def attribute(self, name: str, *, urn: str | None = None) -> Attribute | None:
        """Return the attribute of that name, in any case: of the schema ``urn`` if it is given, else core or common."""
        key = name.lower()
        if urn is not None and urn.lower() != self.schema.id.lower():
            extension = self.extensions.get(urn.lower())
            return extension.schema.attributes.get(key) if extension else None
        return self.schema.attributes.get(key) or self.common.get(key)
