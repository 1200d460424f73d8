"""Values that were stored before their extension's schema was known, or was as it is: how they fit into it."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.scim.checks import Table, checked
from schemas.scim.definitions.model import ResourceType
from schemas.scim.dialects.values import rewrite_object, shape
from schemas.scim.errors import ScimError
from schemas.scim.validation import extension_tables

_EMPTY: tuple[Any, ...] = (None, "", [], {})


def conformed(attributes: dict[str, Any], resource_type: ResourceType) -> dict[str, Any]:
    """Return stored attributes with each extension in its schema's form, as far as it fits.

    Attributes that have that form are the very same object.
    """
    tables = extension_tables(resource_type, strict=False)
    changes = {
        name: (uri, found)
        for name, value in attributes.items()
        if ":" in name and name.lower() in tables
        for uri, found in [_fitting(value, *tables[name.lower()], resource_type)]
        if uri != name or found != value
    }
    if not changes:
        return attributes
    kept = {name: value for name, value in attributes.items() if name not in changes}
    return kept | {uri: found for uri, found in changes.values() if found}


def misfits(attributes: Mapping[str, Any], uri: str, resource_type: ResourceType) -> Iterator[str]:
    """Yield what ``conformed`` would leave out of an extension, each with the reason."""
    _, table = extension_tables(resource_type, strict=False)[uri.lower()]
    for name, value in attributes.items():
        if name.lower() != uri.lower():
            continue
        for inner, part in _rewritten(value, uri, resource_type).items():
            if inner not in table and inner.lower() not in table:
                yield f"{inner} is not an attribute of the schema"
            elif fault := next(_fault(inner, part, table), None):
                yield fault
            elif part not in _EMPTY and not checked({inner: part}, table, strict=False):
                yield f"{inner} is not kept by the schema"


def _fitting(
    value: Mapping[str, Any], uri: str, table: Table, resource_type: ResourceType
) -> tuple[str, dict[str, Any]]:
    """Return the extension's URI, and those of its attributes that are what the schema says."""
    if _is_strictly_in_form(value, uri, resource_type):
        return uri, dict(value)
    found: dict[str, Any] = {}
    for name, inner in _rewritten(value, uri, resource_type).items():
        if next(_fault(name, inner, table), None) is None:
            found |= checked({name: inner}, table, strict=False)
    return uri, found


def _is_strictly_in_form(value: Mapping[str, Any], uri: str, resource_type: ResourceType) -> bool:
    """Tell whether a strict tenant could have stored it so; there, empty text is a value."""
    _, table = extension_tables(resource_type, strict=True)[uri.lower()]
    try:
        return checked(value, table, strict=True) == value
    except ScimError:
        return False


def _rewritten(value: Mapping[str, Any], uri: str, resource_type: ResourceType) -> Mapping[str, Any]:
    """Return the extension as the tolerant dialect would have rewritten it, had it known the schema."""
    rewritten = rewrite_object({uri: dict(value)}, shape(resource_type).table, set())[uri]
    return rewritten if isinstance(rewritten, dict) else {}


def _fault(name: str, value: Any, table: Table) -> Iterator[str]:
    try:
        checked({name: value}, table, strict=False)
    except ScimError as error:
        yield error.detail
