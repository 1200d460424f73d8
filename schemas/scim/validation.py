"""Payload → canonical attributes, or the refusal that says which attribute is at fault.

The schema is compiled once into one check per attribute, so that a request costs a look-up and a call per value.
Nothing is walked that the schema does not know, so the depth of what is kept is the schema's, not the client's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from schemas.scim.checks import Check, Table, checked, compile_table, ignored
from schemas.scim.definitions.model import Attribute, ResourceType
from schemas.scim.envelope import check_texts, schemas_of
from schemas.scim.errors import InvalidSyntaxError, InvalidValueError
from schemas.scim.opaque import opaque_extensions

_SCHEMAS_SHOWN = 128
"""So many characters of an unknown URI are told back."""


def validate(payload: object, resource_type: ResourceType, *, strict: bool) -> dict[str, Any]:
    """Return the payload's attributes in canonical form.

    Names are spelt as in the schema. What counts as absent is left out, and so is what the server itself says or
    derives (``id``, ``meta``, ``schemas``, ``groups``, a member's ``display``) and ``password``. Members are not
    repeated. A User without ``active`` is active. A tolerant validation ignores what the schemas do not know, but for
    opaque extensions, which stay as they are; a strict one refuses it.

    Raises:
        InvalidSyntaxError: No JSON object, or ``schemas`` of another form; strict: not of the resource type's schemas.
        InvalidValueError: A required attribute is missing, or a value does not fit its attribute.
    """
    if not isinstance(payload, dict):
        raise InvalidSyntaxError("the body must be a JSON object")
    schemas = schemas_of(payload)
    check_texts(schemas)
    if strict:
        _check_schemas(schemas, resource_type)
    return validate_attributes(payload, resource_type, strict=strict)


def validate_attributes(attributes: Mapping[str, Any], resource_type: ResourceType, *, strict: bool) -> dict[str, Any]:
    """Return the attributes in canonical form, as ``validate`` does, whatever ``schemas`` says.

    Raises:
        InvalidSyntaxError: Strict: an attribute that the schemas do not know.
        InvalidValueError: A required attribute is missing, or a value does not fit its attribute.
    """
    rules = _rules(resource_type, strict)
    canonical = checked(attributes, rules.table, strict=strict)
    for name in rules.required:
        if name not in canonical:
            raise InvalidValueError(f"{name} is required")
    knows_all = attributes.keys() <= rules.table.keys()
    if not (strict or knows_all) and any(":" in name and name not in rules.table for name in attributes):
        canonical |= opaque_extensions(attributes, resource_type)
    if rules.has_active:
        # RFC 7644, 3.3: what the client does not assert may be given a default.
        canonical.setdefault("active", True)
    return canonical


def extension_tables(resource_type: ResourceType, *, strict: bool) -> Mapping[str, tuple[str, Table]]:
    """Return, by URI in lower case, each extension's URI and the checks of its attributes."""
    return _rules(resource_type, strict).extensions


@dataclass(frozen=True, slots=True)
class _Rules:
    """What a resource of one type must be."""

    table: Mapping[str, tuple[str, Check]]
    required: tuple[str, ...]
    has_active: bool
    extensions: Mapping[str, tuple[str, Table]]
    """URI in lower case → URI, and the checks of its attributes."""


@lru_cache(maxsize=2048)
def _rules(resource_type: ResourceType, strict: bool) -> _Rules:  # noqa: FBT001 - lru_cache is faster by position
    attributes = resource_type.schema.attributes
    table = compile_table(resource_type.common, strict=strict) | compile_table(attributes, strict=strict)
    table["schemas"] = ("schemas", ignored)
    required = [attribute.name for attribute in attributes.values() if attribute.required]
    extensions = {}
    for key, extension in resource_type.extensions.items():
        uri = extension.schema.id
        inner = _inner_table(uri, extension.schema.attributes, strict=strict)
        table[key] = table[uri] = (uri, _extension(uri, extension.schema.attributes, inner, strict=strict))
        extensions[key] = (uri, inner)
        if extension.required:
            required.append(uri)
    return _Rules(table, tuple(required), "active" in attributes, extensions)


def _inner_table(uri: str, attributes: Mapping[str, Attribute], *, strict: bool) -> Table:
    table = compile_table(attributes, strict=strict, prefix=f"{uri}:")
    # Some libraries say inside of an extension, too, which one it is.
    table.setdefault("schemas", ("schemas", ignored))
    return table


def _extension(uri: str, attributes: Mapping[str, Attribute], table: Table, *, strict: bool) -> Check:
    prefix = f"{uri}:"
    required = tuple(attribute.name for attribute in attributes.values() if attribute.required)

    def check(value: Any) -> dict[str, Any] | None:
        if value.__class__ is not dict:
            if value == "" and not strict:
                return None
            raise InvalidValueError(f"{uri} must be an object")
        canonical = checked(value, table, strict=strict, prefix=prefix)
        for name in required:
            if canonical and name not in canonical:
                raise InvalidValueError(f"{prefix}{name} is required")
        return canonical or None

    return check


def _check_schemas(schemas: Any, resource_type: ResourceType) -> None:
    if not schemas:
        raise InvalidSyntaxError("schemas must be a non-empty array of URIs")
    named = {uri.lower() for uri in schemas}
    known = {resource_type.schema.id.lower(), *resource_type.extensions}
    for uri in schemas:
        if uri.lower() not in known:
            raise InvalidSyntaxError(
                f"{uri[:_SCHEMAS_SHOWN]} is not a schema of {resource_type.name}",
                kept=f"schemas name what is not a schema of {resource_type.name}",
            )
    if resource_type.schema.id.lower() not in named:
        raise InvalidSyntaxError(f"schemas must name {resource_type.schema.id}")
