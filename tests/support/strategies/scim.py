"""SCIM values for property-based tests.

The pools are small on purpose: filters and paths often meet what the resources hold, and values often collide.
"""

import json
from typing import Any

from hypothesis import strategies as st

from schemas.scim.definitions.catalog import ENTERPRISE_USER
from schemas.scim.filters.nodes import (
    AttributePath,
    Compare,
    Conjunction,
    Disjunction,
    Exists,
    Filter,
    Negation,
    Operator,
    ValuePath,
)

TEXTS = (
    "a",
    "A",
    "ab",
    "Ab",
    "b",
    "Ba",
    "a b",
    "ä",
    "Ä",
    'quo"te',
    "back\\slash",
    "50%",
    "a_b",
    "a.b",
    "$x",
    "*",
    "😀",
)
"""Text with what stores might take for their own signs."""
TYPES = ("work", "Work", "home")
MOMENTS = ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.001Z", "2026-06-15T12:30:00.500Z")
OFFSETS = (
    "2026-01-01T01:00:00+01:00",
    "2026-01-01T00:00:00.0010Z",
    "2026-06-15T12:30:00.5-00:00",
    "2025-12-31T23:59:59Z",
)
"""The same moments and others, spelt in other ways."""

texts = st.sampled_from(TEXTS)
ids = st.sampled_from([f"{number:032x}" for number in range(1, 5)])


def _object(optional: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    # Members in one order: whether order matters is not what these are for.
    return st.fixed_dictionaries({}, optional=optional).filter(bool).map(lambda found: dict(sorted(found.items())))


def _one_primary(elements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep the first primary and what is no repetition."""
    kept: list[dict[str, Any]] = []
    for element in elements:
        plain = any(other.get("primary") for other in kept) and element.get("primary")
        one = {**element, "primary": False} if plain else element
        if one not in kept:
            kept.append(one)
    return kept


emails = st.lists(
    st.fixed_dictionaries(
        {"value": texts}, optional={"type": st.sampled_from(TYPES), "primary": st.booleans(), "display": texts}
    ),
    min_size=1,
    max_size=4,
).map(_one_primary)

addresses = st.lists(
    _object({"streetAddress": texts, "locality": texts, "type": st.sampled_from(TYPES), "primary": st.booleans()}),
    min_size=1,
    max_size=3,
).map(_one_primary)

enterprise = _object(
    {"department": texts, "employeeNumber": texts, "manager": st.fixed_dictionaries({"value": ids})},
)

user_attributes = st.fixed_dictionaries(
    {"userName": texts, "active": st.booleans()},
    optional={
        "externalId": texts,
        "name": _object({"familyName": texts, "givenName": texts}),
        "displayName": texts,
        "title": texts,
        "emails": emails,
        "addresses": addresses,
        ENTERPRISE_USER: enterprise,
    },
)
"""Canonical attributes of Users."""

group_attributes = st.fixed_dictionaries({"displayName": texts}, optional={"externalId": texts})
"""Canonical attributes of Groups, without members."""


_TEXT_PATHS = (
    AttributePath(None, "userName"),
    AttributePath(None, "USERNAME"),
    AttributePath("urn:ietf:params:scim:schemas:core:2.0:User", "title"),
    AttributePath(None, "externalId"),
    AttributePath(None, "name", "familyName"),
    AttributePath(None, "emails"),
    AttributePath(None, "emails", "value"),
    AttributePath(None, "emails", "type"),
    AttributePath(None, "addresses", "locality"),
    AttributePath(ENTERPRISE_USER, "department"),
    AttributePath(ENTERPRISE_USER.upper(), "manager"),
    AttributePath(ENTERPRISE_USER, "manager", "value"),
)
_BOOLEAN_PATHS = (AttributePath(None, "active"), AttributePath(None, "emails", "primary"))
_MOMENT_PATHS = (AttributePath(None, "meta", "created"), AttributePath(None, "meta", "lastModified"))
_COMPLEX_PATHS = (AttributePath(None, "name"), AttributePath(None, "addresses"))

_EQUALITY = st.sampled_from([Operator.EQ, Operator.NE])
_ORDER = st.sampled_from([*(Operator.EQ, Operator.NE, Operator.GT, Operator.GE, Operator.LT, Operator.LE)])


def _conditions(
    texts_at: tuple[AttributePath, ...],
    booleans_at: tuple[AttributePath, ...],
    moments_at: tuple[AttributePath, ...] = (),
    complex_at: tuple[AttributePath, ...] = (),
) -> st.SearchStrategy[Filter]:
    everywhere = st.sampled_from((*texts_at, *booleans_at, *moments_at, *complex_at))
    text_values = st.one_of(texts, st.sampled_from(TYPES), ids)
    kinds: list[st.SearchStrategy[Filter]] = [
        st.builds(Exists, everywhere),
        st.builds(Compare, everywhere, _EQUALITY, st.none()),
        st.builds(Compare, st.sampled_from(texts_at), st.sampled_from(Operator), text_values),
        st.builds(Compare, st.sampled_from(booleans_at), _EQUALITY, st.sampled_from([True, False, "True", "false"])),
    ]
    if moments_at:
        kinds.append(st.builds(Compare, st.sampled_from(moments_at), _ORDER, st.sampled_from((*MOMENTS, *OFFSETS))))
    return st.one_of(kinds)


def _trees(leaves: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    def compound(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        several = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return st.one_of(st.builds(Conjunction, several), st.builds(Disjunction, several), st.builds(Negation, inner))

    return st.recursive(leaves, compound, max_leaves=6)


def _element_filters(*texts_at: str) -> st.SearchStrategy[Filter]:
    return _trees(_conditions(tuple(AttributePath(None, name) for name in texts_at), (AttributePath(None, "primary"),)))


email_filters = _element_filters("value", "type", "display")
"""What may stand in ``emails[...]``."""
address_filters = _element_filters("locality", "streetAddress", "type")
"""What may stand in ``addresses[...]``."""

user_filters = _trees(
    st.one_of(
        _conditions(_TEXT_PATHS, _BOOLEAN_PATHS, _MOMENT_PATHS, _COMPLEX_PATHS),
        st.builds(ValuePath, st.just(AttributePath(None, "emails")), email_filters),
        st.builds(ValuePath, st.just(AttributePath(None, "addresses")), address_filters),
    )
)
"""Filters as parsed, all of them answerable for Users; ``filter_text`` spells them."""


SORTED_BY = (
    *("id", "userName", "externalId", "displayName", "title", "active", "name.familyName", "nickName"),
    *("emails", "emails.type", "emails.primary", "addresses.locality", "meta.created", "meta.lastModified"),
    *(f"{ENTERPRISE_USER}:department", f"{ENTERPRISE_USER}:manager.value"),
)
"""What Users are sorted by."""


def filter_text(filter: Filter) -> str:
    """Return the text that parses to the tree."""
    match filter:
        case Compare(path, operator, value):
            return f"{path_text(path)} {operator.value} {json.dumps(value)}"
        case Exists(path):
            return f"{path_text(path)} pr"
        case ValuePath(path, inner):
            return f"{path_text(path)}[{filter_text(inner)}]"
        case Conjunction(terms):
            return " and ".join(_grouped(term) for term in terms)
        case Disjunction(terms):
            return " or ".join(_grouped(term) for term in terms)
        case Negation(term):
            return f"not ({filter_text(term)})"


def path_text(path: AttributePath) -> str:
    """Return the attribute path as it is written."""
    urn = "" if path.urn is None else f"{path.urn}:"
    sub = "" if path.sub is None else f".{path.sub}"
    return f"{urn}{path.name}{sub}"


def _grouped(filter: Filter) -> str:
    text = filter_text(filter)
    return f"({text})" if isinstance(filter, Conjunction | Disjunction) else text


# PATCH.

_EMPTY: st.SearchStrategy[Any] = st.sampled_from([None, "", []])
_SUB_VALUES = {"value": texts, "display": texts, "type": st.sampled_from(TYPES), "primary": st.booleans()}
_ADDRESS_VALUES = {"streetAddress": texts, "locality": texts, "type": st.sampled_from(TYPES), "primary": st.booleans()}
_NAME_VALUES = {"familyName": texts, "givenName": texts}
_SIMPLE_VALUES = {
    "title": texts,
    "externalId": texts,
    "userName": texts,
    "active": st.booleans(),
    "name.givenName": texts,
    "name.familyName": texts,
    f"{ENTERPRISE_USER}:department": texts,
    f"{ENTERPRISE_USER}:manager.value": ids,
    "emails.display": texts,
}
_LISTS = {"emails": _SUB_VALUES, "addresses": _ADDRESS_VALUES}


def _equalities(values: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[str]:
    """Make filters of one or two ``eq`` terms."""
    term = st.one_of([st.builds(_equality, st.just(name), value) for name, value in values.items()])
    return st.lists(term, min_size=1, max_size=2).map(" and ".join)


def _equality(name: str, literal: Any) -> str:
    return f"{name} eq {json.dumps(literal)}"


def _assignments() -> st.SearchStrategy[tuple[str, Any]]:
    """Make paths with values for them."""
    pairs: list[st.SearchStrategy[tuple[str, Any]]] = [
        st.tuples(st.just(path), st.one_of(value, value, _EMPTY)) for path, value in _SIMPLE_VALUES.items()
    ]
    pairs += [
        st.tuples(st.just("name"), st.one_of(_object(_NAME_VALUES), _object({"givenName": _EMPTY}), st.none())),
        st.tuples(st.just(f"{ENTERPRISE_USER}:manager"), st.one_of(_object({"value": ids}), st.none())),
    ]
    for name, values in _LISTS.items():
        pairs += _list_assignments(name, values, _equalities(values))
    return st.one_of(pairs)


def _list_assignments(
    name: str, values: dict[str, st.SearchStrategy[Any]], filters: st.SearchStrategy[str]
) -> list[st.SearchStrategy[tuple[str, Any]]]:
    """Make paths of one multi-valued attribute, its elements and their parts, with values for them."""
    chosen = filters.map(lambda text: f"{name}[{text}]")
    whole = st.one_of(st.lists(_object(values), max_size=3), _object(values), _EMPTY)
    pairs = [st.tuples(st.just(name), whole), st.tuples(chosen, st.one_of(_object(values), st.none()))]
    for sub, value in values.items():
        pairs.append(st.tuples(st.builds("{}.{}".format, chosen, st.just(sub)), st.one_of(value, value, _EMPTY)))
    return pairs


def _operation(assignment: tuple[str, Any], op: str) -> dict[str, Any]:
    path, value = assignment
    return {"op": op, "path": path} | ({} if op == "remove" else {"value": value})


_pathless_values = _object(
    {
        "title": st.one_of(texts, _EMPTY),
        "name": _object(_NAME_VALUES),
        "emails": st.lists(_object(_SUB_VALUES), max_size=2),
        ENTERPRISE_USER: _object({"department": st.one_of(texts, _EMPTY)}),
    }
)

patch_operations = st.one_of(
    st.builds(_operation, _assignments(), st.sampled_from(["add", "replace", "remove"])),
    st.builds(lambda op, value: {"op": op, "value": value}, st.sampled_from(["add", "replace"]), _pathless_values),
)
"""Operations on Users: each can be carried out on some resource, unless it clears what must stay."""

_FEW = st.sampled_from(["a", "A", "b"])
_FEW_VALUES = {"value": _FEW, "type": st.sampled_from(["work", "home"]), "primary": st.just(value=True)}
_FEW_FILTERS = st.sampled_from(
    [
        'type eq "work"',
        'type eq "home"',
        'value eq "a"',
        'type eq "work" and value eq "a"',
        "primary eq false",
        "primary eq true",
    ]
)

few_emails = st.lists(_object(_FEW_VALUES), min_size=2, max_size=4).map(_one_primary)
"""Elements that resemble each other."""
few_email_operations = st.builds(
    _operation,
    st.one_of(_list_assignments("emails", _FEW_VALUES, _FEW_FILTERS)),
    st.sampled_from(["add", "replace", "replace", "remove"]),
)
"""Operations that often choose several of them."""

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5), texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["value", "Type", "primary", "emails", "name", "active", "members", ENTERPRISE_USER, "x", ""]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)
"""Any JSON, with names that mean something here and there."""

wild_operations = st.fixed_dictionaries(
    {},
    optional={
        "op": st.one_of(st.sampled_from(["add", "Replace", "REMOVE", "move"]), json_values),
        "path": st.one_of(_assignments().map(lambda assignment: assignment[0]), json_values),
        "value": json_values,
    },
)
"""What might be meant as operations, and mostly cannot be carried out."""
