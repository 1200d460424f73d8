"""Sorting (RFC 7644, 3.4.2.3): what is compared, and the order that every store keeps.

Resources are ordered by what their search documents hold at the field, then by id; those that hold nothing there come
last. Descending is all of that reversed, so that the resources without the attribute come first. In a multi-valued
attribute the first element speaks for all: search documents put the primary one there.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.scim.definitions.model import ResourceType
from schemas.scim.errors import InvalidPathError, InvalidValueError
from schemas.scim.filters.nodes import Field, Scalar
from schemas.scim.filters.resolve import resolve_field
from schemas.scim.path import parse_path
from schemas.scim.query import Position, Sort

_ORDERS = {"ascending": False, "descending": True}


def parse_sort(sort_by: str | None, sort_order: str | None, resource_type: ResourceType) -> Sort | None:
    """Return the order that ``sortBy`` and ``sortOrder`` ask for; None where no attribute is named.

    Raises:
        InvalidPathError: ``sortBy`` names no attribute of the type that could be sorted by.
        InvalidValueError: ``sortOrder`` is neither ascending nor descending.
    """
    if not sort_by:
        return None
    descending = _ORDERS.get((sort_order or "ascending").lower())
    if descending is None:
        raise InvalidValueError("sortOrder has to be ascending or descending")
    path = parse_path(sort_by)
    if path.filter is not None:
        raise InvalidPathError("sortBy has to be an attribute or a sub-attribute")
    return Sort(resolve_field(path.attribute, resource_type), descending)


def position(document: Mapping[str, Any], sort: Sort | None) -> Position:
    """Return the place of the resource with this search document in the order."""
    return Position(None if sort is None else sort_value(document, sort.field), document["id"])


def in_order(positions: Iterable[Position], sort: Sort | None) -> list[Position]:
    """Return the positions, all of one order, in that order."""
    return sorted(positions, key=_key, reverse=sort is not None and sort.descending)


def sort_value(document: Mapping[str, Any], field: Field) -> Scalar | None:
    """Return what the search document holds at the field; None where it holds nothing there."""
    value: Any = document
    for step, is_list in zip(field.steps, field.lists, strict=True):
        value = value.get(step) if isinstance(value, Mapping) else None
        if is_list and value is not None:
            value = value[0] if value else None
    return value if isinstance(value, str | int | float) else None


def _key(position: Position) -> tuple[bool, Scalar, str]:
    return (True, 0, position.id) if position.value is None else (False, position.value, position.id)
