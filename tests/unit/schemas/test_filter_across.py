"""One filter asked of several types: each gets its own question, and what a type lacks has no value there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.scim.errors import InvalidFilterError
from schemas.scim.filters.across import resolve_across
from schemas.scim.filters.evaluate import holds
from schemas.scim.filters.parser import parse_filter
from schemas.scim.filters.resolve import resolve
from tests.unit.schemas.samples import CATALOG

TYPES = CATALOG.resource_types
USER, GROUP = TYPES
DOCUMENTS: dict[str, list[dict[str, Any]]] = {
    "User": [
        {"id": "1", "userName": "anna", "displayName": "x", "meta": {"resourceType": "User"}},
        {"id": "2", "userName": "bert", "title": "boss", "meta": {"resourceType": "User"}},
    ],
    "Group": [{"id": "3", "displayName": "x", "meta": {"resourceType": "Group"}}],
}


def matches(filter: str) -> list[str]:
    answers = resolve_across(parse_filter(filter), TYPES)
    return [
        document["id"]
        for type_, answer in zip(TYPES, answers, strict=True)
        for document in DOCUMENTS[type_.name]
        if (answer if isinstance(answer, bool) else holds(answer, document))
    ]


def test_what_all_types_have_is_asked_of_each() -> None:
    parsed = parse_filter('displayName eq "x" or not (externalId pr)')
    assert resolve_across(parsed, TYPES) == [resolve(parsed, USER), resolve(parsed, GROUP)]


@pytest.mark.parametrize("filter", ["userName pr", 'title eq "boss"', 'emails[type eq "work"]', "name.familyName pr"])
def test_a_type_without_the_attribute_is_not_asked(filter: str) -> None:
    of_user, of_group = resolve_across(parse_filter(filter), TYPES)
    assert of_user == resolve(parse_filter(filter), USER)
    assert of_group is False


def test_the_type_itself_is_known_without_asking() -> None:
    assert resolve_across(parse_filter('meta.resourceType eq "Group"'), TYPES) == [False, True]
    assert resolve_across(parse_filter('meta.resourceType ne "Group"'), TYPES) == [True, False]
    assert resolve_across(parse_filter('meta.resourceType eq "Group" and title pr'), TYPES) == [False, False]


@pytest.mark.parametrize(
    "filter", ['nothing eq "x"', "password pr", 'displayName pr and nothing eq "x"', "active gt true", "title.x pr"]
)
def test_what_no_type_can_answer_is_refused(filter: str) -> None:
    with pytest.raises(InvalidFilterError):
        resolve_across(parse_filter(filter), TYPES)


LEAVES = {
    'userName eq "anna"': {"1"},
    'userName ne "anna"': {"2", "3"},
    "title pr": {"2"},
    "title eq null": {"1", "3"},
    "title ne null": {"2"},
    'displayName eq "x"': {"1", "3"},
    'meta.resourceType eq "Group"': {"3"},
    'meta.resourceType ne "Group"': {"1", "2"},
    'title co "o"': {"2"},
}
Expected = tuple[str, set[str]]
EVERYTHING = {"1", "2", "3"}
FILTERS: st.SearchStrategy[Expected] = st.recursive(
    st.sampled_from(sorted(LEAVES.items())),
    lambda inner: st.one_of(
        st.builds(lambda one, two: (f"({one[0]}) and ({two[0]})", one[1] & two[1]), inner, inner),
        st.builds(lambda one, two: (f"({one[0]}) or ({two[0]})", one[1] | two[1]), inner, inner),
        st.builds(lambda one: (f"not ({one[0]})", EVERYTHING - one[1]), inner),
    ),
    max_leaves=8,
)


@given(FILTERS)
def test_combinations_mean_what_their_parts_mean(expected: Expected) -> None:
    filter, ids = expected
    assert set(matches(filter)) == ids


@given(FILTERS)
def test_no_question_has_terms_that_are_settled_already(expected: Expected) -> None:
    for answer in resolve_across(parse_filter(expected[0]), TYPES):
        assert isinstance(answer, bool) or "terms=()" not in repr(answer)
