"""What filters may ask about a Group's members, which are edges and stand in no search document."""

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
    Not,
    Operator,
    ResolvedFilter,
    ValuePath,
)

Condition = Compare | Exists | ValuePath
"""What stands at the leaves of a filter."""


def resolve_members(condition: Condition) -> ResolvedFilter:
    """Return the condition on ``members`` as a question about the Group's edges.

    Raises:
        InvalidFilterError: It asks for more than whether somebody is a member, or anybody is.
    """
    path = condition.path
    if isinstance(condition, ValuePath):
        if path.sub is not None:
            raise _members_error()
        return _member_in_brackets(condition.filter)
    if (path.sub or "value").lower() != "value":
        raise _members_error()
    match condition:
        case Exists():
            return HasMembers()
        case Compare(_, operator, None):
            return resolve_null(operator, HasMembers(), "members")
        case Compare(_, Operator.EQ, str(member)):
            return HasMember(member)
        case Compare(_, Operator.NE, str(member)):
            return Not(HasMember(member))
        case _:
            raise _members_error()


def _member_in_brackets(filter: Filter) -> ResolvedFilter:
    # Some member is a or b when some member is a, or some member is b; no other connective can be taken apart so.
    match filter:
        case Disjunction(terms):
            return AnyOf(tuple(_member_in_brackets(term) for term in terms))
        case Compare(AttributePath(None, name, None), Operator.EQ, str(member)) if name.lower() == "value":
            return HasMember(member)
        case Exists(AttributePath(None, name, None)) if name.lower() == "value":
            return HasMembers()
        case _:
            raise _members_error()


def _members_error() -> InvalidFilterError:
    return InvalidFilterError("members can be asked for by members.value eq, by members[value eq ...] and by pr alone")


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
