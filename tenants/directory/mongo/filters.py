"""Resolved filters → MongoDB queries over the search document ``s``, with the meaning of ``schemas.scim.filters``.

What identity providers ask goes by an index: id, userName, displayName, externalId, e-mail addresses, members, times.
Such a condition also says which tenant and type it means. One that few resources meet *anchors* the query; a query that
nothing anchors is a range of ``_id`` as well. Comparisons of MongoDB keep to one type, and its order of texts is that
of their code points, like Python's.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemas.scim.filters.lookups import address_asked_for
from schemas.scim.filters.nodes import (
    All,
    AnyOf,
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
from tenants.mongo import Document

_ORDER = {Operator.GT: "$gt", Operator.GE: "$gte", Operator.LT: "$lt", Operator.LE: "$lte"}
_KEYS: dict[tuple[str, ...], str] = {("id",): "_id", ("userName",): "n", ("displayName",): "n", ("externalId",): "x"}
_INDEXED = frozenset({("displayName",), ("meta", "created"), ("meta", "lastModified")})
"""Fields of the search document with an index of their own."""
_INDEXED_OPERATORS = frozenset(Operator) - {Operator.CO, Operator.EW, Operator.NE}
_NOTHING: Document = {"$nor": [{}]}
_LARGEST_INTEGER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose resources, and of which type."""

    tenant: str
    resource_type: str
    found_by_edges: Mapping[ResolvedFilter, Sequence[str]]
    """For each question about memberships in the filter, the keys of the resources for which the answer is yes."""

    @property
    def key(self) -> str:
        """What the keys of these resources begin with."""
        return f"{self.tenant}/{self.resource_type}"

    def key_field(self, field: Field) -> str | None:
        """Return the field that holds the attribute's keys, if there is one."""
        if field.steps == ("displayName",) and self.resource_type != "Group":
            return None
        if field.steps == ("userName",) and self.resource_type != "User":
            return None
        return _KEYS.get(field.steps)


def normal(filter: ResolvedFilter, *, is_negated: bool = False) -> ResolvedFilter:
    """Return the filter with negation at the leaves alone, and no connective directly in its like.

    So filters as deep as the parser lets pass stay below the 200 levels that the server reads.
    """
    match filter:
        case Not(term):
            return normal(term, is_negated=not is_negated)
        case All(terms) | AnyOf(terms):
            kind = All if isinstance(filter, All) is not is_negated else AnyOf
            return kind(tuple(_joined(kind, (normal(term, is_negated=is_negated) for term in terms))))
        case SomeElement(field, inner):
            leaf: ResolvedFilter = SomeElement(field, normal(inner))
        case _:
            leaf = filter
    return Not(leaf) if is_negated else leaf


def _joined(kind: type[All | AnyOf], terms: Iterable[ResolvedFilter]) -> Iterator[ResolvedFilter]:
    for term in terms:
        if isinstance(term, kind):
            yield from term.terms
        else:
            yield term


def nodes(filter: ResolvedFilter) -> Iterator[ResolvedFilter]:
    """Yield the filter and all that is in it, but for what is asked of single elements."""
    yield filter
    match filter:
        case All(terms) | AnyOf(terms):
            for term in terms:
                yield from nodes(term)
        case Not(term):
            yield from nodes(term)


def translate(filter: ResolvedFilter, scope: Scope) -> Document:
    """Return the query for the resources that meet the filter; it holds for no others of the tenant and type."""
    return _condition(filter, scope)


def is_anchored(filter: ResolvedFilter, scope: Scope) -> bool:
    """Tell whether the translated filter is met by few resources, and by none of other tenants and types."""
    match filter:
        case Matches(field, Operator.EQ, str()) if scope.key_field(field) or field.steps == ("displayName",):
            return True
        case Matches() | SomeElement():
            return bool(address_asked_for(filter))
        case HasMember() | HasMembers() | InGroup() | InGroups():
            return True
        case All(terms):
            return any(is_anchored(term, scope) for term in terms)
        case AnyOf(terms):
            return bool(terms) and all(is_anchored(term, scope) for term in terms)
        case _:
            return False


def is_indexed(filter: ResolvedFilter, scope: Scope) -> bool:
    """Tell whether an index leads to what meets the filter, few or many."""
    match filter:
        case All(terms):
            return any(is_indexed(term, scope) for term in terms)
        case AnyOf(terms):
            return bool(terms) and all(is_indexed(term, scope) for term in terms)
        case Matches(field, Operator.SW, str()) if scope.key_field(field):
            return True
        case _:
            return is_anchored(filter, scope) or _has_own_index(filter)


def _has_own_index(filter: ResolvedFilter) -> bool:
    return (
        isinstance(filter, Matches)
        and filter.field.steps in _INDEXED
        and filter.operator in _INDEXED_OPERATORS
        and isinstance(filter.value, str)
    )


def _condition(filter: ResolvedFilter, scope: Scope) -> Document:
    match filter:
        case Matches(field, Operator.EQ | Operator.SW, str(value)) if key_field := scope.key_field(field):
            return {key_field: _comparison(filter.operator, f"{scope.key}/{value}")}
        case Matches() | SomeElement() if address := address_asked_for(filter):
            # The address is said once more: the index is not chosen for what is within $elemMatch.
            return {"t": scope.key, "s.emails.value": address, "$and": [_plain(filter, "s.")]}
        case Matches() if _has_own_index(filter):
            return {"t": scope.key, **_plain(filter, "s.")}
        case HasMember() | HasMembers() | InGroup() | InGroups():
            return {"_id": {"$in": list(scope.found_by_edges[filter])}} if _suits(filter, scope) else _NOTHING
        case All(terms):
            return {"$and": [_condition(term, scope) for term in terms]} if terms else {}
        case AnyOf(terms):
            return {"$or": [_condition(term, scope) for term in terms]} if terms else _NOTHING
        case Not(term):
            return {"$nor": [_condition(term, scope)]}
        case _:
            return _plain(filter, "s.")


def _suits(filter: ResolvedFilter, scope: Scope) -> bool:
    """Tell whether resources of the type have the memberships that are asked for."""
    return scope.resource_type == ("Group" if isinstance(filter, HasMember | HasMembers) else "User")


def _plain(filter: ResolvedFilter, root: str) -> Document:
    """Translate what no index serves; the fields are below the root."""
    match filter:
        case Matches(_, Operator.CO | Operator.SW | Operator.EW, value) if not isinstance(value, str):
            return _NOTHING
        case Matches(field, operator, value):
            return {_path(root, field): _comparison(operator, value)}
        case Present(field):
            return {_path(root, field): {"$exists": True}}
        case SomeElement(field, inner) if field.lists[-1]:
            return {_path(root, field): {"$elemMatch": _plain(inner, "")}}
        case SomeElement(field, inner):
            path = _path(root, field)
            return {"$and": [{path: {"$type": "object"}}, _plain(inner, f"{path}.")]}
        case All(terms):
            return {"$and": [_plain(term, root) for term in terms]} if terms else {}
        case AnyOf(terms):
            return {"$or": [_plain(term, root) for term in terms]} if terms else _NOTHING
        case Not(term):
            return {"$nor": [_plain(term, root)]}
        case HasMember() | HasMembers() | InGroup() | InGroups():
            raise ValueError("memberships are asked for outside of elements")


def _path(root: str, field: Field) -> str:
    return root + ".".join(field.steps)


def _comparison(operator: Operator, value: Scalar) -> Document:
    match operator:
        case Operator.EQ:
            return {"$eq": _storable(value)}
        case Operator.SW:
            return {"$regex": f"^{_literal(value)}"}
        case Operator.EW:
            # Not `$`, which also matches before a line feed at the end.
            return {"$regex": rf"{_literal(value)}\z"}
        case Operator.CO:
            return {"$regex": _literal(value)}
        case _:
            return {_ORDER[operator]: _storable(value)}


def _storable(value: Scalar) -> Scalar:
    # BSON's integers have 64 bits.
    return float(value) if isinstance(value, int) and abs(value) > _LARGEST_INTEGER else value


def _literal(value: Scalar) -> str:
    return re.escape(str(value))
