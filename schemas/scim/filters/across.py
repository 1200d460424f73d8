"""One filter asked of several resource types (RFC 7644, 3.4.2.1): an attribute that a type lacks has no value there."""

from collections.abc import Callable, Sequence

from schemas.scim.definitions.model import ResourceType
from schemas.scim.filters.nodes import (
    All,
    AnyOf,
    Compare,
    Conjunction,
    Disjunction,
    Exists,
    Filter,
    Matches,
    Negation,
    Not,
    Operator,
    ResolvedFilter,
    ValuePath,
)
from schemas.scim.filters.resolve import knows, resolve

Answer = ResolvedFilter | bool
"""A question to the type's search documents, or the answer that all of them give."""
_RESOURCE_TYPE = ("meta", "resourceType")


def resolve_across(filter: Filter, resource_types: Sequence[ResourceType]) -> list[Answer]:
    """Return the filter as a question to each of the types, in their order.

    Raises:
        InvalidFilterError: No type knows an attribute, or one is not to be compared in this way.
    """

    def leaf_of(type_: ResourceType) -> Callable[[Compare | Exists | ValuePath], Answer]:
        def leaf(condition: Compare | Exists | ValuePath) -> Answer:
            if not knows(condition.path, type_) and any(knows(condition.path, other) for other in resource_types):
                return _without_value(condition)
            return _settled(resolve(condition, type_), type_)

        return leaf

    return [_tree(filter, leaf_of(type_)) for type_ in resource_types]


def _tree(filter: Filter, leaf: Callable[[Compare | Exists | ValuePath], Answer]) -> Answer:
    match filter:
        case Conjunction(terms):
            return _all([_tree(term, leaf) for term in terms])
        case Disjunction(terms):
            return _negated(_all([_negated(_tree(term, leaf)) for term in terms]))
        case Negation(term):
            return _negated(_tree(term, leaf))
        case _:
            return leaf(filter)


def _without_value(condition: Compare | Exists | ValuePath) -> bool:
    if not isinstance(condition, Compare):
        return False
    is_null = condition.value is None
    return is_null if condition.operator is Operator.EQ else (not is_null and condition.operator is Operator.NE)


def _settled(resolved: ResolvedFilter, type_: ResourceType) -> Answer:
    """Return what a question for the resource type itself comes to, without asking anything of the store."""
    match resolved:
        case Matches(field, Operator.EQ, value) if field.steps == _RESOURCE_TYPE:
            return bool(value == type_.name)
        case Not(term):
            return _negated(_settled(term, type_))
        case _:
            return resolved


def _all(answers: Sequence[Answer]) -> Answer:
    if any(answer is False for answer in answers):
        return False
    terms = tuple(answer for answer in answers if not isinstance(answer, bool))
    if len(terms) <= 1:
        return terms[0] if terms else True
    return All(terms)


def _negated(answer: Answer) -> Answer:
    return not answer if isinstance(answer, bool) else _opposite(answer)


def _opposite(question: ResolvedFilter) -> ResolvedFilter:
    match question:
        case Not(term):
            return term
        case All(terms):
            # The stores read `or` more easily than a negated `and`.
            return AnyOf(tuple(map(_opposite, terms)))
        case AnyOf(terms):
            return All(tuple(map(_opposite, terms)))
        case _:
            return Not(question)
