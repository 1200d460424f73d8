"""Resolved filter over one search document: the meaning that every store's translation keeps."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from schemas.scim.filters.nodes import (
    All,
    AnyOf,
    EdgeQuestion,
    Field,
    HasMember,
    HasMembers,
    InGroup,
    InGroups,
    Matches,
    Not,
    Operator,
    Present,
    ResolvedFilter,
    Scalar,
    SomeElement,
)

_EMPTY: tuple[Any, ...] = (None, "", [], {})

# Each compares a document's value with the filter's, both of one type.
_COMPARISONS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: lambda value, wanted: value == wanted,
    Operator.GT: lambda value, wanted: value > wanted,
    Operator.GE: lambda value, wanted: value >= wanted,
    Operator.LT: lambda value, wanted: value < wanted,
    Operator.LE: lambda value, wanted: value <= wanted,
    Operator.CO: lambda value, wanted: isinstance(value, str) and wanted in value,
    Operator.SW: lambda value, wanted: isinstance(value, str) and value.startswith(wanted),
    Operator.EW: lambda value, wanted: isinstance(value, str) and value.endswith(wanted),
}


def holds(
    resolved: ResolvedFilter,
    document: Mapping[str, Any],
    *,
    members: frozenset[str] = frozenset(),
    groups: frozenset[str] = frozenset(),
) -> bool:
    """Tell whether the resource meets the filter: its search document, a Group's members, a User's groups."""
    match resolved:
        case Matches(field, operator, wanted):
            return any(_compares(value, operator, wanted) for value in _values(document, field))
        case Present(field):
            return any(value not in _EMPTY for value in _values(document, field))
        case SomeElement(field, inner):
            return any(holds(inner, element) for element in _values(document, field) if isinstance(element, Mapping))
        case HasMember() | HasMembers() | InGroup() | InGroups():
            return _has_edge(resolved, members, groups)
        case All(terms):
            return all(holds(term, document, members=members, groups=groups) for term in terms)
        case AnyOf(terms):
            return any(holds(term, document, members=members, groups=groups) for term in terms)
        case Not(term):
            return not holds(term, document, members=members, groups=groups)


def _has_edge(question: EdgeQuestion, members: frozenset[str], groups: frozenset[str]) -> bool:
    match question:
        case HasMember(member):
            return member in members
        case HasMembers():
            return bool(members)
        case InGroup(group):
            return group in groups
        case InGroups():
            return bool(groups)


def _values(document: Mapping[str, Any], field: Field) -> Iterator[Any]:
    """Yield what stands at the field, element by element where it crosses lists."""
    values: list[Any] = [document]
    for step in field.steps:
        found = (value[step] for value in values if isinstance(value, Mapping) and step in value)
        values = [each for value in found for each in (value if isinstance(value, list) else [value])]
    yield from values


def _compares(value: Any, operator: Operator, wanted: Scalar) -> bool:
    return _kind(value) is _kind(wanted) and _COMPARISONS[operator](value, wanted)


def _kind(value: Any) -> type | None:
    """Return the type within which values compare; None for what is no scalar."""
    if isinstance(value, bool):
        return bool
    if isinstance(value, int | float):
        return float
    return str if isinstance(value, str) else None
