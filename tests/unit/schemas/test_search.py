"""Search documents hold what filters compare, in comparable form."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.scim.definitions.catalog import ENTERPRISE_USER
from schemas.scim.definitions.model import Attribute, AttributeType, ResourceType
from schemas.scim.search import comparable, fold, prepared_name, prepared_user_name, search_document, search_key
from schemas.scim.validation import validate
from tests.unit.schemas import samples
from tests.unit.schemas.samples import BODY, GROUPS, MANAGER_ID, USERS, barbara, users_with_bodies

CREATED = "2026-11-25T14:49:10.123Z"
MODIFIED = "2026-11-26T08:00:00.000Z"


def _document(attributes: dict[str, Any], resource_type: ResourceType = USERS) -> dict[str, Any]:
    return search_document(resource_type, "abc", attributes, created=CREATED, modified=MODIFIED, version=3)


def test_the_document_of_a_user_is_folded_where_case_does_not_matter() -> None:
    assert _document(barbara()) == {
        "id": "abc",
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:user",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user",
        ],
        "userName": "barbara.jensen@example.com",
        "externalId": "2819c223-7f76-453a-919d-413861904646",
        "active": True,
        "displayName": "barbara jensen",
        "title": "tour guide",
        "name": {"givenName": "barbara", "familyName": "jensen", "formatted": "ms. barbara j jensen"},
        "emails": [
            {"type": "work", "value": "barbara@example.com", "primary": True},
            {"value": "babs@home.example", "primary": False},
        ],
        "phoneNumbers": [{"type": "work", "value": "+1 555 0100", "primary": False}],
        "addresses": [{"type": "work", "streetAddress": "100 universal city plaza", "country": "us", "primary": False}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2·0:User": {
            "employeeNumber": "701984",
            "department": "tours",
            "manager": {"value": MANAGER_ID},
        },
        "meta": {
            "resourceType": "User",
            "created": "2026-11-25T14:49:10.123000Z",
            "lastModified": "2026-11-26T08:00:00.000000Z",
            "version": 'W/"3"',
        },
    }


def test_what_is_case_exact_keeps_its_case() -> None:
    attributes = {
        "userName": "x",
        "externalId": "AbC",
        "profileUrl": "https://Example.com/A",
        "x509Certificates": [{"value": "TUlJ"}],
        ENTERPRISE_USER: {"manager": {"value": "AbC"}},
    }
    document = _document(attributes)
    assert document["externalId"] == "AbC"
    assert document["profileUrl"] == "https://Example.com/A"
    assert document["x509Certificates"] == [{"value": "TUlJ", "primary": False}]
    assert document[search_key(ENTERPRISE_USER)] == {"manager": {"value": "AbC"}}


def test_edges_secrets_and_unknown_attributes_are_not_in_it() -> None:
    attributes = {
        "userName": "x",
        "password": "t0p",
        "groups": [{"value": "g"}],
        "id": "other",
        "meta": {"version": "W/1"},
        "schemas": ["urn:x"],
        "unknown": 1,
    }
    assert _document(attributes) == _document({"userName": "x"})
    assert "members" not in _document({"displayName": "x", "members": [{"value": "a"}]}, GROUPS)


def test_an_extension_is_in_schemas_only_with_attributes() -> None:
    assert len(_document({"userName": "x", ENTERPRISE_USER: {}})["schemas"]) == 1
    assert len(_document({"userName": "x", ENTERPRISE_USER: {"division": "y"}})["schemas"]) == 2


def test_keys_are_safe_for_stores() -> None:
    assert search_key("urn:a:2.0:$ref") == "urn:a:2·0:＄ref"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("BJensen@Example.com", "bjensen@example.com"),
        ("Ａdèle", "ade\u0300le"),
        ("ÀÉ", "àé"),
        ("Ｂarbara Jensen", "barbara jensen"),
        ("O'Brien#EXT#@X", "o'brien#ext#@x"),
    ],
)
def test_user_names_that_precis_takes_for_one_are_one(one: str, other: str) -> None:
    assert prepared_name("User", one) == prepared_name("User", other)


@pytest.mark.parametrize(("one", "other"), [("ann", "an"), ("a b", "ab"), ("ä", "a")])
def test_other_user_names_stay_apart(one: str, other: str) -> None:
    assert prepared_name("User", one) != prepared_name("User", other)


def test_a_groups_name_is_folded() -> None:
    assert prepared_name("Group", "STRASSE") == prepared_name("Group", "straße")


@given(st.text())
def test_preparing_a_name_is_idempotent(text: str) -> None:
    assert prepared_user_name(prepared_user_name(text)) == prepared_user_name(text)


@given(st.text(st.characters(codec="ascii")))
def test_the_short_way_for_ascii_names_is_only_shorter(text: str) -> None:
    assert prepared_user_name(text) == fold(text)


def test_the_document_holds_the_name_as_uniqueness_compares_it() -> None:
    document = _document({"userName": "Ｂarbara"})
    assert document["userName"] == prepared_name("User", "Ｂarbara") == "barbara"


@pytest.mark.parametrize(
    ("attribute", "compared"),
    [
        (Attribute("userName", AttributeType.STRING), "àb"),
        (Attribute("title", AttributeType.STRING), "àb"),
        (Attribute("externalId", AttributeType.STRING, case_exact=True), "ÀB"),
        (Attribute("photo", AttributeType.REFERENCE, case_exact=True), "ÀB"),
    ],
    ids=["userName", "title", "externalId", "photo"],
)
def test_a_filters_text_is_compared_like_the_attributes_values(attribute: Attribute, compared: str) -> None:
    assert comparable(attribute)("ÀB") == compared


def test_numbers_and_date_times_of_an_extension_are_comparable() -> None:
    body = {"born": "2011-05-13T04:42:34+02:00", "shoeSize": 0, "height": 1.5, "tags": ["A", ""]}
    assert _document({"userName": "x", BODY: body}, users_with_bodies())[search_key(BODY)] == {
        "born": "2011-05-13T02:42:34.000000Z",
        "shoeSize": 0,
        "height": 1.5,
        "tags": ["a"],
    }


def _leaves(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)


@given(samples.good_users)
def test_a_document_never_holds_nulls_or_empties(body: dict[str, Any]) -> None:
    document = _document(validate(body, USERS, strict=False))
    assert not [leaf for leaf in _leaves(document) if leaf is None or leaf in ("", [], {})]


def test_empties_of_a_strict_tenant_are_left_out() -> None:
    attributes = {"userName": "x", "title": "", "name": {"givenName": ""}, "emails": [{"value": ""}]}
    assert _document(attributes) == _document({"userName": "x"})
