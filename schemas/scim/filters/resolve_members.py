"""What filters may ask about memberships, which are edges and stand in no search document.

A Group is asked for its ``members``, a User for its ``groups``, in the same forms.
"""

from collections.abc import Callable
from dataclasses import dataclass

from schemas.scim.errors import InvalidFilterError
from schemas.scim.filters.nodes import (
    AnyOf,
    AttributePath,
    Compare,
    Disjunction,
    Exists,
    Filter,
    HasMember,
    HasMembers,
    InGroup,
    InGroups,
    Not,
    Operator,
    ResolvedFilter,
    ValuePath,
)

Condition = Compare | Exists | ValuePath
"""What stands at the leaves of a filter."""


@dataclass(frozen=True, slots=True)
class _Edges:
    """An attribute that consists of edges."""

    name: str
    one: Callable[[str], ResolvedFilter]
    """An id → the question for the edge to it."""
    any: ResolvedFilter


_EDGES = {
    ("Group", "members"): _Edges("members", HasMember, HasMembers()),
    ("User", "groups"): _Edges("groups", InGroup, InGroups()),
}


def is_of_edges(resource_type: str, attribute: str) -> bool:
    """Tell whether the attribute stands in no search document."""
    return (resource_type, attribute) in _EDGES


def resolve_edges(condition: Condition, resource_type: str, attribute: str) -> ResolvedFilter:
    """Return the condition on such an attribute as a question about the resource's edges.

    Raises:
        InvalidFilterError: It asks for more than whether there is an edge to somebody, or to anybody.
    """
    edges = _EDGES[resource_type, attribute]
    path = condition.path
    if isinstance(condition, ValuePath):
        if path.sub is not None:
            raise _error(edges)
        return _in_brackets(condition.filter, edges)
    if (path.sub or "value").lower() != "value":
        raise _error(edges)
    match condition:
        case Exists():
            return edges.any
        case Compare(_, operator, None):
            return resolve_null(operator, edges.any, edges.name)
        case Compare(_, Operator.EQ, str(id)):
            return edges.one(id)
        case Compare(_, Operator.NE, str(id)):
            return Not(edges.one(id))
        case _:
            raise _error(edges)


def _in_brackets(filter: Filter, edges: _Edges) -> ResolvedFilter:
    # Some member is a or b when some member is a, or some member is b; no other connective can be taken apart so.
    match filter:
        case Disjunction(terms):
            return AnyOf(tuple(_in_brackets(term, edges) for term in terms))
        case Compare(AttributePath(None, name, None), Operator.EQ, str(id)) if name.lower() == "value":
            return edges.one(id)
        case Exists(AttributePath(None, name, None)) if name.lower() == "value":
            return edges.any
        case _:
            raise _error(edges)


def _error(edges: _Edges) -> InvalidFilterError:
    name = edges.name
    return InvalidFilterError(f"{name} can be asked for by {name}.value eq, by {name}[value eq ...] and by pr alone")


def resolve_null(operator: Operator, present: ResolvedFilter, name: str) -> ResolvedFilter:
    """Return the comparison with null as the question whether a value is there.

    Raises:
        InvalidFilterError: The operator is neither ``eq`` nor ``ne``.
    """
    # RFC 7643, 2.5: null means unassigned.
    if operator is Operator.EQ:
        return Not(present)
    if operator is Operator.NE:
        return present
    raise InvalidFilterError(f"{name} can be compared with null by eq and ne alone")
