"""The catalog: every schema and resource type, compiled from the schema documents into look-ups without case."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from schemas.scim.definitions.extensions import ExtensionSchema
from schemas.scim.definitions.model import (
    Attribute,
    AttributeType,
    Extension,
    Mutability,
    ResourceType,
    Returned,
    Schema,
)

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

_DOCUMENTS = ("user", "group", "enterprise_user", "service_provider_config", "resource_type", "schema")
_CASE_EXACT_TYPES = frozenset({AttributeType.REFERENCE, AttributeType.BINARY})
"""RFC 7643, 2.3.6 and 2.3.7: binary values and references are case exact, whatever a document says."""

_OWN = {"mutability": "readOnly"}
"""Assigned by the server."""


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """All schemas and resource types that a tenant sees. Equal only to itself, as its resource types are."""

    resource_types: tuple[ResourceType, ...]
    schemas: tuple[Schema, ...]
    _types_by_name: Mapping[str, ResourceType] = field(init=False, repr=False)
    _types_by_endpoint: Mapping[str, ResourceType] = field(init=False, repr=False)
    _schemas_by_uri: Mapping[str, Schema] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Build the look-ups."""
        object.__setattr__(self, "_types_by_name", {type_.name: type_ for type_ in self.resource_types})
        object.__setattr__(
            self, "_types_by_endpoint", {type_.endpoint.strip("/").lower(): type_ for type_ in self.resource_types}
        )
        object.__setattr__(self, "_schemas_by_uri", {schema.id.lower(): schema for schema in self.schemas})

    def resource_type(self, name: str) -> ResourceType:
        """Return the resource type of that name.

        Raises:
            KeyError: There is none; names come from our own code and messages, never from a client.
        """
        return self._types_by_name[name]

    def by_endpoint(self, segment: str) -> ResourceType | None:
        """Return the resource type served under that path segment, like ``Users``, in any case."""
        return self._types_by_endpoint.get(segment.lower())

    def schema(self, uri: str) -> Schema | None:
        """Return the schema of that URI, in any case."""
        return self._schemas_by_uri.get(uri.lower())

    def with_extensions(self, extensions: tuple[ExtensionSchema, ...]) -> "Catalog":
        """Return the catalog with a tenant's own extensions; without any, this very catalog.

        Equal extensions get the very same catalog, whoever asks: what is compiled for its types is compiled once.
        """
        return _extended(self, extensions) if extensions else self


@cache
def core_catalog() -> Catalog:
    """Return the catalog of RFC 7643: User with the enterprise extension, and Group."""
    schemas = {schema.id: schema for schema in map(_load, _DOCUMENTS)}
    user = ResourceType(
        name="User",
        endpoint="/Users",
        description="People known to the identity provider",
        schema=schemas[USER],
        common=_common_attributes("User"),
        extensions={ENTERPRISE_USER.lower(): Extension(schemas[ENTERPRISE_USER])},
        unique_name="userName",
    )
    group = ResourceType(
        name="Group",
        endpoint="/Groups",
        description="Sets of Users and other Groups",
        schema=schemas[GROUP],
        common=_common_attributes("Group"),
        extensions={},
        unique_name="displayName",
    )
    return Catalog((user, group), tuple(schemas.values()))


@lru_cache(maxsize=1024)
def _extended(catalog: Catalog, extensions: tuple[ExtensionSchema, ...]) -> Catalog:
    types = {type_.name: type_ for type_ in catalog.resource_types}
    schemas = list(catalog.schemas)
    for extension in extensions:
        schema = compile_schema(json.loads(extension.document))
        schemas.append(schema)
        extended = types[extension.resource_type]
        added = {schema.id.lower(): Extension(schema, extension.required)}
        types[extension.resource_type] = replace(extended, extensions={**extended.extensions, **added})
    return Catalog(tuple(types.values()), tuple(schemas))


def compile_schema(document: Mapping[str, Any]) -> Schema:
    """Return the schema that the document, a Schema resource of RFC 7643, 7, describes."""
    attributes = _compile_attributes(document["attributes"])
    return Schema(id=document["id"], name=document["name"], attributes=attributes, document=document)


def _load(name: str) -> Schema:
    document = files(__package__).joinpath("core", f"{name}.json").read_text("utf-8")
    return compile_schema(json.loads(document))


def _compile_attributes(documents: Iterable[Mapping[str, Any]]) -> dict[str, Attribute]:
    return {document["name"].lower(): _compile_attribute(document) for document in documents}


def _compile_attribute(document: Mapping[str, Any]) -> Attribute:
    # RFC 7643, 2.2: what a document leaves out has these defaults.
    type_ = AttributeType(document.get("type", "string"))
    return Attribute(
        name=document["name"],
        type=type_,
        multi_valued=document.get("multiValued", False),
        required=document.get("required", False),
        case_exact=type_ in _CASE_EXACT_TYPES or document.get("caseExact", False),
        mutability=Mutability(document.get("mutability", "readWrite")),
        returned=Returned(document.get("returned", "default")),
        uniqueness=document.get("uniqueness", "none"),
        canonical_values=tuple(document.get("canonicalValues", ())),
        sub_attributes=_compile_attributes(document.get("subAttributes", ())),
    )


def _common_attributes(resource_type: str) -> dict[str, Attribute]:
    """Return the attributes that every resource has (RFC 7643, 3.1); no schema document lists them."""
    return _compile_attributes(
        [
            {"name": "schemas", "multiValued": True, "required": True, "returned": "always"},
            {**_OWN, "name": "id", "caseExact": True, "returned": "always", "uniqueness": "server"},
            {"name": "externalId", "caseExact": True},
            {
                **_OWN,
                "name": "meta",
                "type": "complex",
                "subAttributes": [
                    {**_OWN, "name": "resourceType", "caseExact": True, "canonicalValues": [resource_type]},
                    {**_OWN, "name": "created", "type": "dateTime"},
                    {**_OWN, "name": "lastModified", "type": "dateTime"},
                    {**_OWN, "name": "location", "type": "reference"},
                    {**_OWN, "name": "version", "caseExact": True},
                ],
            },
        ]
    )
