import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.scim.definitions.catalog import ENTERPRISE_USER, core_catalog
from schemas.scim.filters.evaluate import holds
from schemas.scim.filters.nodes import (
    All,
    AnyOf,
    AttributePath,
    Compare,
    Conjunction,
    Disjunction,
    Exists,
    Field,
    Filter,
    HasMember,
    HasMembers,
    Matches,
    Negation,
    Not,
    Operator,
    Present,
    ResolvedFilter,
    Scalar,
    SomeElement,
    ValuePath,
)
from schemas.scim.filters.resolve import resolve
from schemas.scim.search import search_document
from tests.support.cases import cases
from tests.support.strategies.scim import MOMENTS, user_attributes, user_filters

USER = core_catalog().resource_type("User")
N = Field(("n",), (False,))
DOCUMENT: dict[str, Any] = {
    "n": 5,
    "b": True,
    "t": "text",
    "empty": {},
    "list": [{"value": "a", "type": "work"}, {"value": "b", "type": "home", "many": ["x", "y"]}],
    "texts": ["x", "y"],
}


def at(name: str, *below: str, many: bool = False) -> Field:
    return Field((name, *below), (many, *(False for _ in below)))


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        (Operator.EQ, 5, True),
        (Operator.EQ, 5.0, True),
        (Operator.EQ, 6, False),
        (Operator.GT, 4, True),
        (Operator.GT, 5, False),
        (Operator.GE, 5, True),
        (Operator.GE, 5.5, False),
        (Operator.LT, 5.5, True),
        (Operator.LT, 5, False),
        (Operator.LE, 5, True),
        (Operator.LE, 4, False),
        (Operator.EQ, "5", False),
        (Operator.GT, "", False),
        (Operator.EQ, True, False),
    ],
)
def test_numbers_compare_with_numbers_alone(operator: Operator, value: Scalar, expected: bool) -> None:
    assert holds(Matches(N, operator, value), DOCUMENT) is expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        (Operator.EQ, "text", True),
        (Operator.EQ, "Text", False),
        (Operator.CO, "ex", True),
        (Operator.CO, "", True),
        (Operator.CO, "xe", False),
        (Operator.SW, "text", True),
        (Operator.SW, "ext", False),
        (Operator.EW, "text", True),
        (Operator.EW, "tex", False),
        (Operator.GT, "test", True),
        (Operator.LE, "text", True),
        (Operator.LT, "text", False),
    ],
)
def test_text_compares_as_it_is(operator: Operator, value: str, expected: bool) -> None:
    assert holds(Matches(at("t"), operator, value), DOCUMENT) is expected


def test_one_is_not_true() -> None:
    assert holds(Matches(at("b"), Operator.EQ, value=True), DOCUMENT)
    assert not holds(Matches(at("b"), Operator.EQ, 1), DOCUMENT)


@pytest.mark.parametrize("operator", [operator for operator in Operator if operator is not Operator.NE])
def test_on_a_missing_value_no_comparison_holds(operator: Operator) -> None:
    assert not holds(Matches(at("missing"), operator, "x"), DOCUMENT)
    assert not holds(Matches(at("list", "missing", many=True), operator, ""), DOCUMENT)


def test_a_field_across_a_list_means_some_element() -> None:
    types = at("list", "type", many=True)
    values = at("list", "value", many=True)
    assert holds(All((Matches(types, Operator.EQ, "work"), Matches(values, Operator.EQ, "b"))), DOCUMENT)
    assert holds(Matches(Field(("list", "many"), (True, True)), Operator.EQ, "y"), DOCUMENT)
    assert holds(Matches(at("texts", many=True), Operator.EQ, "y"), DOCUMENT)
    assert not holds(Not(Matches(types, Operator.EQ, "work")), DOCUMENT)


def test_brackets_mean_one_element() -> None:
    work, b = Matches(at("type"), Operator.EQ, "work"), Matches(at("value"), Operator.EQ, "b")
    field = at("list", many=True)
    assert not holds(SomeElement(field, All((work, b))), DOCUMENT)
    assert holds(SomeElement(field, All((Not(work), b))), DOCUMENT)
    assert not holds(SomeElement(at("missing", many=True), Not(work)), DOCUMENT)


def test_present_means_some_value() -> None:
    assert holds(Present(at("list", many=True)), DOCUMENT)
    assert holds(Present(at("list", "many", many=True)), DOCUMENT)
    assert not holds(Present(at("missing")), DOCUMENT)
    assert not holds(Present(at("empty")), DOCUMENT)


def test_members_are_asked_from_the_edges() -> None:
    members = frozenset({"a"})
    assert holds(HasMember("a"), {}, members=members)
    assert not holds(HasMember("b"), {}, members=members)
    assert holds(All((HasMembers(), Not(HasMember("b")))), {}, members=members)
    assert not holds(HasMembers(), {})


def test_no_terms_are_all_and_none() -> None:
    assert holds(All(()), DOCUMENT)
    assert not holds(AnyOf(()), DOCUMENT)


@cases(100)
@given(
    user_attributes,
    user_filters,
    st.sampled_from(MOMENTS),
    st.sampled_from(MOMENTS),
)
def test_a_resolved_filter_means_what_the_rfc_says(
    attributes: dict[str, Any], filter: Filter, created: str, modified: str
) -> None:
    document = search_document(USER, "1", attributes, created=created, modified=modified, version=1)
    resource = attributes | {"id": "1", "meta": {"created": created, "lastModified": modified}}
    resolved: ResolvedFilter = resolve(filter, USER)
    assert holds(resolved, document) is meets(filter, resource)


# A second reading of RFC 7644, 3.4.2.2: naive, over the resource itself, with nothing of ours but the tree.

CASE_EXACT = {"id", "externalid", "manager"}


def meets(filter: Filter, resource: dict[str, Any]) -> bool:
    if isinstance(filter, Conjunction):
        return False not in [meets(term, resource) for term in filter.terms]
    if isinstance(filter, Disjunction):
        return True in [meets(term, resource) for term in filter.terms]
    if isinstance(filter, Negation):
        return not meets(filter.term, resource)
    if isinstance(filter, ValuePath):
        elements = [{"primary": False} | element for element in found(filter.path, resource)]
        return True in [meets(filter.filter, element) for element in elements]
    values = found(filter.path, resource)
    if isinstance(filter, Exists) or filter.value is None:
        there = values != []
        return there if isinstance(filter, Exists) or filter.operator is Operator.NE else not there
    if filter.operator is Operator.NE:
        return not meets(Compare(filter.path, Operator.EQ, filter.value), resource)
    return True in [compared(value, filter) for value in values]


def found(path: AttributePath, resource: dict[str, Any]) -> list[Any]:
    if path.urn is not None and path.urn.lower() == ENTERPRISE_USER.lower():
        resource = resource.get(ENTERPRISE_USER, {})
    values = below([resource], path.name)
    return values if path.sub is None else below(values, path.sub)


def below(values: list[Any], name: str) -> list[Any]:
    result: list[Any] = []
    for value in values:
        inner = value
        if name.lower() == "primary" and "primary" not in value:
            inner = value | {"primary": False}
        for key, member in inner.items():
            if key.lower() == name.lower():
                result.extend(member if isinstance(member, list) else [member])
    return result


def compared(value: Any, filter: Compare) -> bool:
    if isinstance(value, dict):
        return compared(value["value"], filter) if "value" in value else False
    wanted = filter.value
    if isinstance(value, bool):
        return value is (wanted if isinstance(wanted, bool) else str(wanted).lower() == "true")
    assert isinstance(wanted, str)
    if filter.path.name == "meta":
        return ordered(filter.operator, moment(value), moment(wanted))
    if filter.path.name.lower() not in CASE_EXACT:
        value, wanted = value.casefold(), wanted.casefold()
    if filter.operator is Operator.CO:
        return str(value).find(wanted) >= 0
    if filter.operator is Operator.SW:
        return str(value[: len(wanted)]) == wanted
    if filter.operator is Operator.EW:
        return len(wanted) <= len(value) and str(value[len(value) - len(wanted) :]) == wanted
    return ordered(filter.operator, value, wanted)


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def ordered(operator: Operator, value: Any, wanted: Any) -> bool:
    sign = (value > wanted) - (value < wanted)
    signs = {Operator.EQ: (0,), Operator.GT: (1,), Operator.GE: (0, 1), Operator.LT: (-1,), Operator.LE: (-1, 0)}
    return sign in signs[operator]
