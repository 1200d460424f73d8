"""Validation: payload → canonical attributes, or a refusal that names the attribute."""

from typing import Any

import pytest
from hypothesis import given

from schemas.scim.definitions.catalog import ENTERPRISE_USER, USER
from schemas.scim.errors import InvalidSyntaxError, InvalidValueError, ScimError
from schemas.scim.validation import validate, validate_attributes
from tests.unit.schemas import samples
from tests.unit.schemas.samples import (
    BODY,
    GROUPS,
    USERS,
    barbara,
    barbara_as_sent,
    tour_guides_as_sent,
    users_with_bodies,
)


def _tolerant(**attributes: Any) -> dict[str, Any]:
    return validate({"userName": "babs", **attributes}, USERS, strict=False)


def _refusal(body: object, *, strict: bool = False, resource_type: Any = USERS) -> ScimError:
    with pytest.raises(ScimError) as refusal:
        validate(body, resource_type, strict=strict)
    return refusal.value


@pytest.mark.parametrize("strict", [True, False])
def test_a_body_of_the_rfc_is_taken_as_it_is(strict: bool) -> None:
    assert validate(barbara_as_sent(), USERS, strict=strict) == barbara()


@pytest.mark.parametrize("body", [None, [], "text", 1])
def test_a_body_that_is_no_object_is_invalid_syntax(body: object) -> None:
    assert isinstance(_refusal(body), InvalidSyntaxError)


@pytest.mark.parametrize("strict", [True, False])
def test_names_are_matched_without_case_and_spelt_as_the_schema_does(strict: bool) -> None:
    body = {
        "SCHEMAS": [USER],
        "USERNAME": "babs",
        "Emails": [{"VALUE": "a@b"}],
        ENTERPRISE_USER.upper(): {"Division": "x"},
    }
    assert validate(body, USERS, strict=strict) == {
        "userName": "babs",
        "emails": [{"value": "a@b"}],
        ENTERPRISE_USER: {"division": "x"},
        "active": True,
    }


def test_a_name_that_comes_twice_in_different_case_is_refused() -> None:
    assert _refusal({"userName": "a", "USERNAME": "b"}).detail == "userName is given more than once"


@pytest.mark.parametrize(
    "body", [{}, {"userName": None}, {"userName": ""}, {"userName": " \t"}, {"userName": "\u3000"}]
)
def test_a_missing_or_blank_user_name_is_an_invalid_value(body: dict[str, Any]) -> None:
    refusal = _refusal(body)
    assert isinstance(refusal, InvalidValueError)
    assert "userName" in refusal.detail


@pytest.mark.parametrize("body", [{}, {"displayName": ""}, {"displayName": None}])
def test_a_group_without_a_name_is_an_invalid_value(body: dict[str, Any]) -> None:
    assert isinstance(_refusal(body, resource_type=GROUPS), InvalidValueError)


@pytest.mark.parametrize(
    "own",
    [
        {"id": "chosen"},
        {"id": None},
        {"meta": {"version": "x", "location": 5}},
        {"groups": [{"value": "g"}]},
        {"groups": "odd"},
        {"password": "t0p secret"},
        {"password": 5},
        {ENTERPRISE_USER: {"manager": {"displayName": "The Boss"}}},
    ],
)
def test_what_the_server_assigns_or_never_keeps_is_ignored(own: dict[str, Any]) -> None:
    assert _tolerant(**own) == _tolerant()
    assert validate({"schemas": [USER], "userName": "babs", **own}, USERS, strict=True) == _tolerant()


@pytest.mark.parametrize("absent", [None, [], {}, [None], [{}], ""])
def test_what_says_nothing_counts_as_absent(absent: object) -> None:
    assert _tolerant(emails=absent) == _tolerant()


@pytest.mark.parametrize("name", ["title", "externalId", "profileUrl", "active", "name", ENTERPRISE_USER])
@pytest.mark.parametrize("absent", [None, ""])
def test_an_empty_text_counts_as_absent_where_tolerant(name: str, absent: object) -> None:
    assert _tolerant(**{name: absent}) == _tolerant()


def test_a_strict_validation_keeps_an_empty_text() -> None:
    assert validate({"schemas": [USER], "userName": "babs", "title": ""}, USERS, strict=True)["title"] == ""


def test_a_user_is_active_unless_the_client_says_no() -> None:
    assert _tolerant()["active"] is True
    assert _tolerant(active=False)["active"] is False


def test_a_group_has_no_active() -> None:
    assert "active" not in validate({"displayName": "x"}, GROUPS, strict=False)


@pytest.mark.parametrize(
    ("attributes", "path"),
    [
        ({"title": 5}, "title"),
        ({"title": ["x"]}, "title"),
        ({"active": "perhaps"}, "active"),
        ({"active": 1}, "active"),
        ({"name": "Babs"}, "name"),
        ({"name": {"givenName": True}}, "name.givenName"),
        ({"emails": 5}, "emails"),
        ({"emails": [[]]}, "emails"),
        ({"emails": [{"value": {}}]}, "emails.value"),
        ({"emails": [{"primary": "True"}]}, "emails.primary"),
        ({ENTERPRISE_USER: "x"}, ENTERPRISE_USER),
        ({ENTERPRISE_USER: {"manager": 5}}, f"{ENTERPRISE_USER}:manager"),
        ({ENTERPRISE_USER: {"manager": {"value": 5}}}, f"{ENTERPRISE_USER}:manager.value"),
    ],
)
def test_a_value_of_another_type_is_refused_by_the_attributes_path(attributes: dict[str, Any], path: str) -> None:
    refusal = _refusal({"userName": "babs", **attributes})
    assert isinstance(refusal, InvalidValueError)
    assert refusal.detail.startswith(f"{path} must be")


@pytest.mark.parametrize("text", ["a\0b", "\0", "\ud800"])
@pytest.mark.parametrize("strict", [True, False])
def test_text_that_cannot_be_stored_is_refused(text: str, strict: bool) -> None:
    refusal = _refusal({"schemas": [USER], "userName": "babs", "title": text}, strict=strict)
    assert refusal.detail == "title holds a character that cannot be stored"


def test_refusals_never_tell_a_value() -> None:
    assert "s3cret" not in _refusal({"userName": "babs", "active": "s3cret"}).detail


@pytest.mark.parametrize("strict", [True, False])
def test_free_text_is_taken_where_people_write_it(strict: bool) -> None:
    free = {
        "profileUrl": "no url",
        "locale": "kauderwelsch",
        "timezone": "somewhere",
        "phoneNumbers": [{"value": "ext. 5 (ask Ann)", "type": "satellite"}],
        "addresses": [{"country": "Liechtenstein"}],
        ENTERPRISE_USER: {"manager": {"value": "nobody known"}},
    }
    validated = validate({"schemas": [USER], "userName": "ann#EXT#o'neil+x y", **free}, USERS, strict=strict)
    assert validated == {"userName": "ann#EXT#o'neil+x y", **free, "active": True}


def test_unicode_comes_back_unchanged() -> None:
    assert _tolerant(title="Ｅ\u0301 𝔘𝔫𝔦 😀 \x1f")["title"] == "Ｅ\u0301 𝔘𝔫𝔦 😀 \x1f"


def test_one_value_is_taken_for_a_list_where_tolerant() -> None:
    assert _tolerant(emails={"value": "a@b"})["emails"] == [{"value": "a@b"}]
    assert _tolerant(emails=["a@b", {"value": "c@d"}])["emails"] == [{"value": "a@b"}, {"value": "c@d"}]
    assert _tolerant(emails="a@b")["emails"] == [{"value": "a@b"}]


@pytest.mark.parametrize("emails", [{"value": "a@b"}, ["a@b"], "a@b"])
def test_a_strict_validation_wants_lists_of_objects(emails: object) -> None:
    refusal = _refusal({"schemas": [USER], "userName": "babs", "emails": emails}, strict=True)
    assert isinstance(refusal, InvalidValueError)


def test_at_most_one_value_is_primary() -> None:
    emails = [{"value": "a", "primary": True}, {"value": "b", "primary": True}]
    assert _refusal({"userName": "babs", "emails": emails}).detail == "emails has more than one primary value"


def test_the_same_element_is_kept_once_and_the_same_type_twice() -> None:
    roles = [{"value": "r", "type": "t"}, {"value": "s", "type": "t"}, {"value": "r", "type": "t"}]
    assert _tolerant(roles=roles)["roles"] == roles[:2]


def test_an_element_is_the_same_whatever_the_order_of_its_members() -> None:
    roles = [{"value": "r", "type": "t"}, {"type": "t", "value": "r"}]
    assert _tolerant(roles=roles)["roles"] == roles[:1]


def test_elements_may_hold_lists() -> None:
    visits = [{"value": "a", "drugs": ["x", "y"]}, {"value": "b"}, {"drugs": ["x", "y"], "value": "a"}]
    body = {"userName": "babs", BODY: {"shoeSize": 44, "visits": visits}}
    assert validate(body, users_with_bodies(), strict=False)[BODY]["visits"] == visits[:2]


def test_unknown_attributes_are_ignored_at_any_depth() -> None:
    deep: dict[str, Any] = {}
    for _ in range(500):
        deep = {"deeper": [deep]}
    body = {"unknown": deep, "name": {"givenName": "B", "unknown": deep}, "urn:unknown:ext": "x", "x\0": 1}
    assert _tolerant(**body) == {"userName": "babs", "name": {"givenName": "B"}, "active": True}


@pytest.mark.parametrize(
    "body",
    [
        {"shoeSize": "44"},
        {"name": {"shoeSize": "44"}},
        {"emails": [{"shoeSize": "44"}]},
        {ENTERPRISE_USER: {"shoeSize": "44"}},
        {"urn:unknown:ext": {}},
    ],
)
def test_a_strict_validation_refuses_unknown_attributes(body: dict[str, Any]) -> None:
    assert isinstance(_refusal({"schemas": [USER], "userName": "babs", **body}, strict=True), InvalidSyntaxError)


@pytest.mark.parametrize("schemas", [None, [], [ENTERPRISE_USER], [USER, "urn:unknown"]])
def test_a_strict_validation_wants_the_schemas_named(schemas: object) -> None:
    assert isinstance(_refusal({"schemas": schemas, "userName": "babs"}, strict=True), InvalidSyntaxError)
    assert validate({"schemas": schemas, "userName": "babs"}, USERS, strict=False) == _tolerant()


def test_a_strict_validation_does_not_ask_for_the_extensions_name() -> None:
    body = {"schemas": [USER.upper()], "userName": "babs", ENTERPRISE_USER: {"division": "x"}}
    assert validate(body, USERS, strict=True)[ENTERPRISE_USER] == {"division": "x"}


@pytest.mark.parametrize("name", ["schemas", "SCHEMAS"])
@pytest.mark.parametrize("schemas", [7, True, "", USER, {}, {"value": USER}, [5], [USER, None], [[USER]]])
@pytest.mark.parametrize("strict", [False, True])
def test_schemas_of_another_form_are_refused(name: str, schemas: object, strict: bool) -> None:
    assert isinstance(_refusal({name: schemas, "userName": "babs"}, strict=strict), InvalidSyntaxError)


def test_attributes_alone_are_validated_without_schemas() -> None:
    assert validate_attributes(barbara(), USERS, strict=True) == barbara()


def test_certificates_are_base64_where_strict() -> None:
    good = {"schemas": [USER], "userName": "babs", "x509Certificates": [{"value": "TUlJ"}]}
    bad = {**good, "x509Certificates": [{"value": "no base 64!"}]}
    assert validate(good, USERS, strict=True)["x509Certificates"] == [{"value": "TUlJ"}]
    assert _refusal(bad, strict=True).detail == "x509Certificates.value must be base64"
    assert validate(bad, USERS, strict=False)["x509Certificates"] == [{"value": "no base 64!"}]


def test_sizes_are_bounded() -> None:
    assert "longer" in _refusal({"userName": "x" * 65_537}).detail
    assert (
        "more than 1000 values" in _refusal({"userName": "x", "roles": [{"value": str(i)} for i in range(1001)]}).detail
    )
    assert len(_tolerant(photos=[{"value": "data:" + "x" * 500_000}])["photos"]) == 1


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    "body",
    [
        {"shoeSize": 0, "height": 1},
        {"shoeSize": -(2**63), "height": 1.75},
        {"shoeSize": 44, "born": "1980-02-29T00:00:00.5+01:00"},
        {"shoeSize": 44, "tags": ["a", "a", "B"]},
        {"shoeSize": 44, "doctor": {"name": "Ann"}},
    ],
)
def test_values_of_every_type_are_kept_as_they_are(body: dict[str, Any], strict: bool) -> None:
    sent = {"schemas": [USER], "userName": "babs", BODY: body}
    assert validate(sent, users_with_bodies(), strict=strict)[BODY] == body


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    ("body", "path"),
    [
        *(({"shoeSize": size}, "shoeSize") for size in ("44", True, 44.0, 2**63, -(2**63) - 1)),
        *(({"shoeSize": 1, "height": height}, "height") for height in ("1", False, 2**64, 1e400, float("nan"))),
        *(({"shoeSize": 1, "born": born}, "born") for born in ("today", 1980, "1980-02-30T00:00:00Z")),
        *(({"shoeSize": 1, "tags": tags}, "tags") for tags in ([5], [["a"]], {"a": 1})),
        ({"height": 1}, "shoeSize"),
        ({"shoeSize": 1, "doctor": {"city": "Bonn"}}, "doctor.name"),
        ({"shoeSize": 1, "doctor": {"name": " "}}, "doctor.name"),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_refused(body: dict[str, Any], path: str, strict: bool) -> None:
    refusal = _refusal(
        {"schemas": [USER], "userName": "babs", BODY: body}, resource_type=users_with_bodies(), strict=strict
    )
    assert isinstance(refusal, InvalidValueError)
    assert refusal.detail.startswith(f"{BODY}:{path} ")


@pytest.mark.parametrize("extension", [{}, {BODY: None}, {BODY: {}}, {BODY: {"shoeSize": None}}])
def test_a_required_extension_is_required_and_another_is_not(extension: dict[str, Any]) -> None:
    sent = {"userName": "babs", **extension}
    refusal = _refusal(sent, resource_type=users_with_bodies(required=True))
    assert refusal.detail == f"{BODY} is required"
    assert validate(sent, users_with_bodies(), strict=False) == _tolerant()


def test_empty_text_counts_as_absent_for_every_type_where_tolerant() -> None:
    body = {"shoeSize": 1, "height": "", "born": "", "tags": "", "doctor": ""}
    assert validate({"userName": "babs", BODY: body}, users_with_bodies(), strict=False)[BODY] == {"shoeSize": 1}


def test_members_are_ids_each_once_in_their_order() -> None:
    members = [
        {"value": "b", "$ref": None, "display": "Babs", "type": "User"},
        {"VALUE": "a", "unknown": 1},
        {"value": "b", "$ref": "https://elsewhere/Users/b"},
    ]
    validated = validate({**tour_guides_as_sent(), "members": members}, GROUPS, strict=False)
    assert validated == {"displayName": "Tour Guides", "members": [{"value": "b"}, {"value": "a"}]}


@pytest.mark.parametrize("members", [None, []])
def test_a_group_without_members_has_none(members: object) -> None:
    assert validate({"displayName": "x", "members": members}, GROUPS, strict=False) == {"displayName": "x"}


@pytest.mark.parametrize(
    "members", ["", [""], [None], [{}], [{"display": "x"}], [{"value": None}], [{"value": ""}], [{"value": 5}], {}, 5]
)
@pytest.mark.parametrize("strict", [True, False])
def test_a_member_without_id_is_refused_and_never_passed_over(members: object, strict: bool) -> None:
    refusal = _refusal({**tour_guides_as_sent(), "members": members}, resource_type=GROUPS, strict=strict)
    assert isinstance(refusal, InvalidValueError)
    assert refusal.detail.startswith("members")


def test_a_group_may_have_more_members_than_other_lists_values() -> None:
    members = [{"value": str(number)} for number in range(5_000)]
    assert validate({"displayName": "x", "members": members}, GROUPS, strict=False)["members"] == members


@given(samples.bodies)
def test_any_body_is_validated_or_refused_with_a_scim_error(body: dict[str, Any]) -> None:
    for resource_type in (USERS, GROUPS):
        for strict in (True, False):
            try:
                validated = validate(body, resource_type, strict=strict)
            except ScimError:
                continue
            assert validated[resource_type.unique_name]


@given(samples.good_users)
def test_validation_is_idempotent(body: dict[str, Any]) -> None:
    once = validate(body, USERS, strict=False)
    assert validate(once, USERS, strict=False) == once
    assert validate_attributes(once, USERS, strict=False) == once


@given(samples.good_users)
def test_validation_leaves_its_input_as_it_is(body: dict[str, Any]) -> None:
    before = repr(body)
    validate(body, USERS, strict=False)
    assert repr(body) == before
