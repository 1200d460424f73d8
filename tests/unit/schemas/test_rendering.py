"""Rendered answers: complete JSON but for the reader's base."""

from typing import Any

import orjson
import pytest
from hypothesis import given

from schemas.scim.definitions.catalog import ENTERPRISE_USER, GROUP, USER
from schemas.scim.rendering import BASE, entity_tag, render, splice
from schemas.scim.validation import validate
from tests.unit.schemas import samples
from tests.unit.schemas.samples import GROUPS, MANAGER_ID, USERS, barbara

ID = "2819c2237f76453a919d413861904646"
HERE = "https://rollcall.example/scim/v2/acme"
TIMES = {"created": "2026-11-25T14:49:10.123Z", "modified": "2026-11-26T08:00:00.000Z"}


def _rendered(attributes: dict[str, Any], resource_type: Any = USERS) -> bytes:
    return render(resource_type, ID, attributes, **TIMES, version=3)


def _read(rendered: bytes) -> dict[str, Any]:
    return dict(orjson.loads(rendered.replace(BASE, HERE.encode())))


def _meta(resource_type: str, location: str) -> dict[str, str]:
    return {
        "resourceType": resource_type,
        "created": TIMES["created"],
        "lastModified": TIMES["modified"],
        "location": f"{HERE}{location}",
        "version": 'W/"3"',
    }


def test_a_user_is_rendered_whole() -> None:
    enterprise = barbara()[ENTERPRISE_USER]
    manager = {"value": MANAGER_ID, "$ref": f"{HERE}/Users/{MANAGER_ID}"}
    assert _read(_rendered(barbara())) == {
        **barbara(),
        "schemas": [USER, ENTERPRISE_USER],
        "id": ID,
        ENTERPRISE_USER: {**enterprise, "manager": manager},
        "meta": _meta("User", f"/Users/{ID}"),
    }


def test_members_of_the_object_have_their_order() -> None:
    attributes = {ENTERPRISE_USER: {"division": "d"}, "title": "t", "externalId": "e", "userName": "u"}
    assert list(_read(_rendered(attributes))) == [
        *("schemas", "id", "externalId", "title", "userName", ENTERPRISE_USER, "meta")
    ]


def test_an_extension_without_attributes_is_not_named() -> None:
    assert _read(_rendered({"userName": "x"}))["schemas"] == [USER]
    rendered = _read(_rendered({"userName": "x", ENTERPRISE_USER: {}}))
    assert rendered["schemas"] == [USER]
    assert ENTERPRISE_USER not in rendered


def test_edges_are_left_to_the_reader() -> None:
    assert _read(_rendered({"displayName": "x", "members": [{"value": "a"}]}, GROUPS)) == {
        "schemas": [GROUP],
        "id": ID,
        "displayName": "x",
        "meta": _meta("Group", f"/Groups/{ID}"),
    }
    assert "groups" not in _read(_rendered({"userName": "x", "groups": [{"value": "g"}]}))


def test_rendering_leaves_the_attributes_as_they_are() -> None:
    attributes = barbara()
    _rendered(attributes)
    assert attributes == barbara()


@pytest.mark.parametrize("text", ["\x1f", '"\x1f/Users/x"', "\\u001f", '"},{', "\u2028\x1f😀"])
def test_a_text_that_looks_like_the_base_stays_intact(text: str) -> None:
    attributes = {"userName": text, "emails": [{"value": text}], ENTERPRISE_USER: {"division": text}}
    rendered = _read(_rendered(attributes))
    assert {name: rendered[name] for name in attributes} == attributes


@pytest.mark.parametrize(
    ("manager", "segment"),
    [("a b", "a%20b"), ("\x1f", "%1F"), ('"', "%22"), ("../Groups/1?x#y", "..%2FGroups%2F1%3Fx%23y"), ("ä", "%C3%A4")],
)
def test_a_managers_odd_id_cannot_break_out_of_its_reference(manager: str, segment: str) -> None:
    rendered = _read(_rendered({"userName": "x", ENTERPRISE_USER: {"manager": {"value": manager}}}))
    assert rendered[ENTERPRISE_USER]["manager"] == {"value": manager, "$ref": f"{HERE}/Users/{segment}"}


def test_a_last_member_is_spliced_in() -> None:
    rendered = _rendered({"displayName": "x"}, GROUPS)
    spliced = splice(rendered, "members", b'[{"value":"a","$ref":"\x1f/Users/a"}]')
    assert _read(spliced) == {**_read(rendered), "members": [{"value": "a", "$ref": f"{HERE}/Users/a"}]}


def test_the_entity_tag_is_the_rendered_version() -> None:
    assert _read(_rendered({"userName": "x"}))["meta"]["version"] == entity_tag(3) == 'W/"3"'


@given(samples.good_users)
def test_what_was_validated_is_read_back(body: dict[str, Any]) -> None:
    attributes = validate(body, USERS, strict=False)
    assert validate(_read(_rendered(attributes)), USERS, strict=False) == attributes
