from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.scim.errors import InvalidFilterError
from schemas.scim.filters.nodes import (
    AttributePath,
    Compare,
    Conjunction,
    Disjunction,
    Exists,
    Filter,
    Negation,
    Operator,
    Scalar,
    ValuePath,
)
from schemas.scim.filters.parser import parse_filter
from tests.support.strategies.scim import filter_text, user_filters

A, B, C = (Exists(AttributePath(None, name)) for name in "abc")
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def _equals(name: str, value: Scalar | None, operator: Operator = Operator.EQ) -> Compare:
    return Compare(AttributePath(None, name), operator, value)


@pytest.mark.parametrize("operator", list(Operator))
def test_every_operator_is_read_in_any_case(operator: Operator) -> None:
    for word in (operator.value, operator.value.upper(), operator.value.capitalize()):
        assert parse_filter(f'userName {word} "x"') == _equals("userName", "x", operator)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("name.familyName", AttributePath(None, "name", "familyName")),
        ("$ref", AttributePath(None, "$ref")),
        ("members.$ref", AttributePath(None, "members", "$ref")),
        ("a-b_c9", AttributePath(None, "a-b_c9")),
        (f"{ENTERPRISE}:department", AttributePath(ENTERPRISE, "department")),
        (f"{ENTERPRISE}:manager.value", AttributePath(ENTERPRISE, "manager", "value")),
        ("http://example.org/2.0/schema:a.b", AttributePath("http://example.org/2.0/schema", "a", "b")),
    ],
)
def test_every_form_of_attribute_path_is_read(text: str, path: AttributePath) -> None:
    assert parse_filter(f"{text} pr") == Exists(path)


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ('"x"', "x"),
        ('""', ""),
        (r'"\" \\ \/ \b\f\n\r\t"', '" \\ / \b\f\n\r\t'),
        (r'"\u00e9\ud83d\ude00"', "é😀"),
        ('"é😀"', "é😀"),
        ('"a) and (b] eq [c or not"', "a) and (b] eq [c or not"),
        ("true", True),
        ("false", False),
        ("True", True),
        ("null", None),
        ("0", 0),
        ("-12", -12),
        ("1.5", 1.5),
        ("-2.5E+2", -250.0),
        ("1e3", 1000.0),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", float(2**63)),
    ],
)
def test_every_json_literal_is_a_value(literal: str, value: Scalar | None) -> None:
    found = parse_filter(f"a eq {literal}")
    assert found == _equals("a", value)
    assert isinstance(found, Compare)
    assert type(found.value) is type(value)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a pr and b pr or c pr", Disjunction((Conjunction((A, B)), C))),
        ("a pr or b pr and c pr", Disjunction((A, Conjunction((B, C))))),
        ("(a pr or b pr) and c pr", Conjunction((Disjunction((A, B)), C))),
        ("not (a pr) and b pr", Conjunction((Negation(A), B))),
        ("not(a pr or b pr)", Negation(Disjunction((A, B)))),
        ("NOT (not(a pr)) OR b pr", Disjunction((Negation(Negation(A)), B))),
        ("a pr and b pr and c pr", Conjunction((A, B, C))),
        ("((a pr))", A),
        ("  a   pr   and  (  b  pr  )  ", Conjunction((A, B))),
    ],
)
def test_grouping_goes_before_not_before_and_before_or(text: str, tree: Filter) -> None:
    assert parse_filter(text) == tree


def test_brackets_hold_a_filter_on_the_element() -> None:
    found = parse_filter('emails[type eq "work" and not (value co "x" or display pr)] or a pr')
    work, x = _equals("type", "work"), _equals("value", "x", Operator.CO)
    inner = Conjunction((work, Negation(Disjunction((x, Exists(AttributePath(None, "display")))))))
    assert found == Disjunction((ValuePath(AttributePath(None, "emails"), inner), A))


@pytest.mark.parametrize("sub", [".value", ""])
def test_a_comparison_behind_brackets_is_one_more_condition_on_the_element(sub: str) -> None:
    found = parse_filter(f'emails[type eq "work"]{sub} eq "x"')
    inner = Conjunction((_equals("type", "work"), _equals("value", "x")))
    assert found == ValuePath(AttributePath(None, "emails"), inner)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "userName",
        "userName eq",
        'userName "x"',
        'eq "x"',
        "userName eq x",
        "userName eq 'x'",
        'userName eq "x',
        r'userName eq "x\"',
        'userName like "x"',
        'userName eq"x"',
        'userName eq "x" and',
        'and userName eq "x"',
        'userName eq "x" or or a pr',
        'userName eq "x" a pr',
        'userName eq "x"and a pr',
        'userName eq "x" "y"',
        "userName pr true",
        "(a pr",
        "a pr)",
        "()",
        "not",
        "not a pr",
        "not pr",
        "not ()",
        "emails[",
        "emails[]",
        "emails[type pr",
        "emails[type pr)",
        "emails [type pr]",
        "emails[type pr]]",
        "emails[a[b pr]]",
        "emails[a pr].",
        "emails[a pr].value",
        "emails[a pr].9 pr",
        "emails[0] pr",
        "[a pr]",
        "a.b.c pr",
        ".a pr",
        "a. pr",
        "9a pr",
        "a:b pr",
        ":a pr",
        "urn: pr",
        "/userName pr",
        "a eq 01",
        "a eq 1.",
        "a eq .5",
        "a eq +1",
        "a eq 1e999",
        "a eq NaN",
        "a eq Infinity",
        "a eq {}",
        "a eq []",
        "a eq (1)",
        'a eq "\t"',
        'a eq "\n"',
        "a\tpr",
        r'a eq "\x"',
        r'a eq "\u12"',
        r'a eq "\ud83d"',
        r'a eq "\u0000"',
        'a eq "\ud83d"',
        "ä pr",
        "\0",
    ],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(InvalidFilterError):
        parse_filter(text)


def test_the_refusal_names_the_place_and_no_value() -> None:
    with pytest.raises(InvalidFilterError, match="character 27") as refusal:
        parse_filter('userName eq "secret" or a nonsense "x"')
    assert "secret" not in refusal.value.detail


def test_a_filter_may_have_4096_characters() -> None:
    longest = f'a eq "{"x" * 4089}"'
    assert len(longest) == 4096
    assert parse_filter(longest) == _equals("a", "x" * 4089)
    with pytest.raises(InvalidFilterError, match="longer"):
        parse_filter(longest + " ")


def test_groups_may_be_32_deep() -> None:
    assert parse_filter("(" * 32 + "a pr" + ")" * 32) == A
    for opening, closing in (("(", ")"), ("not(", ")")):
        with pytest.raises(InvalidFilterError, match="inside each other"):
            parse_filter(opening * 33 + "a pr" + closing * 33)


def test_a_filter_may_have_256_comparisons() -> None:
    assert parse_filter(" or ".join(["a pr"] * 256)) == Disjunction((A,) * 256)
    with pytest.raises(InvalidFilterError, match="comparisons"):
        parse_filter(" or ".join(["a pr"] * 257))


@given(user_filters)
def test_a_spelt_tree_parses_to_the_tree(filter: Filter) -> None:
    assert parse_filter(filter_text(filter)) == filter


PIECES = [
    "a",
    "eq",
    "pr",
    "and",
    "or",
    "not",
    "(",
    ")",
    "[",
    "]",
    '"',
    '"x"',
    "\\",
    ".",
    ":",
    "-1",
    "null",
    " ",
    "urn:a:b",
    "é",
]


@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES), max_size=20).map("".join)))
def test_no_text_makes_anything_but_a_tree_or_a_refusal(text: str) -> None:
    with suppress(InvalidFilterError):
        assert parse_filter(text) is not None
