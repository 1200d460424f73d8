"""Extensions that no schema describes: kept and returned as they came where tolerant, refused where strict."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.scim.definitions.catalog import ENTERPRISE_USER, GROUP, USER
from schemas.scim.dialects import tolerate, tolerate_patch
from schemas.scim.errors import InvalidPathError, InvalidSyntaxError, InvalidValueError, ScimError
from schemas.scim.opaque import MAX_EXTENSIONS, MAX_LENGTH
from schemas.scim.patch import apply_patch, parse_patch
from schemas.scim.projection import Projection
from schemas.scim.rendering import render
from schemas.scim.search import search_document
from schemas.scim.validation import validate
from tests.unit.schemas.samples import GROUPS, USERS

BADGES = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"
ROOMS = "urn:acme:params:rooms"
BADGE = {"badge": 7, "Colours": ["red", None], "desk": {"floor": 2, "x": []}, "odd\0": ""}
AT = "2026-11-25T14:49:10.123Z"


def kept(**attributes: Any) -> dict[str, Any]:
    tolerated, _ = tolerate({"userName": "babs", **attributes}, USERS)
    return validate(tolerated, USERS, strict=False)


def patched(attributes: dict[str, Any], *operations: dict[str, Any]) -> dict[str, Any]:
    message = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}
    tolerated, _ = tolerate_patch(message, USERS)
    parsed = parse_patch(tolerated, USERS, strict=False)
    again = {"Operations": [{"op": o.op, "path": o.path} | ({"value": o.value} if o.has_value else {}) for o in parsed]}
    assert parse_patch(again, USERS, strict=False) == parsed
    return apply_patch(attributes, parsed, USERS, strict=False)


def test_it_is_kept_as_it_came() -> None:
    assert kept(**{BADGES: BADGE}) == {"userName": "babs", "active": True, BADGES: BADGE}


def test_groups_may_have_it_too() -> None:
    assert validate({"displayName": "x", ROOMS: BADGE}, GROUPS, strict=False) == {"displayName": "x", ROOMS: BADGE}


def test_a_strict_reading_refuses_it() -> None:
    with pytest.raises(InvalidSyntaxError):
        validate({"schemas": [USER], "userName": "babs", BADGES: BADGE}, USERS, strict=True)
    message = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}
    for operation in ({"op": "add", "path": f"{BADGES}:badge", "value": 1}, {"op": "add", "value": {BADGES: BADGE}}):
        with pytest.raises(InvalidPathError):
            parse_patch({**message, "Operations": [operation]}, USERS, strict=True)


@pytest.mark.parametrize(
    "given",
    [
        {BADGES: {}},
        {BADGES: "text"},
        {BADGES: [BADGE]},
        {BADGES: None},
        {f"{BADGES}:badge": "flat"},
        {f"{ENTERPRISE_USER}:unknown": BADGE},
        {f"{USER}:unknown": BADGE},
        {"urn:with blanks:x": BADGE},
        {'urn:with:"quotes"': BADGE},
        {"urn:": BADGE},
        {"http://example.org/Extension": BADGE},
    ],
    ids=str,
)
def test_what_is_no_object_under_a_urn_of_its_own_is_ignored(given: dict[str, Any]) -> None:
    assert kept(**given) == kept()


@pytest.mark.parametrize(
    "given",
    [
        {BADGES: {"x": "x" * MAX_LENGTH}},
        {f"urn:acme:x:{number}": BADGE for number in range(MAX_EXTENSIONS + 1)},
        {ROOMS: {"x": 1}, ROOMS.upper(): {"x": 2}},
    ],
    ids=["too long", "too many", "twice"],
)
def test_it_is_bounded(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        kept(**given)


def test_one_that_is_nested_too_deeply_is_refused() -> None:
    deep: dict[str, Any] = {"x": 1}
    for _ in range(500):
        deep = {"x": deep}
    with pytest.raises(InvalidValueError):
        kept(**{BADGES: deep})


def test_it_is_returned_and_told_in_schemas() -> None:
    attributes = kept(**{BADGES: BADGE, ENTERPRISE_USER: {"department": "d"}})
    rendered = orjson.loads(render(USERS, "1", attributes, created=AT, modified=AT, version=1).replace(b"\x1f", b""))
    assert rendered["schemas"] == [USER, ENTERPRISE_USER, BADGES]
    assert rendered[BADGES] == BADGE
    document = search_document(USERS, "1", attributes, created=AT, modified=AT, version=1)
    assert BADGES.casefold() in document["schemas"]
    assert not any(key.startswith("urn:ietf:params:scim:schemas:extension:acme") for key in document)


@pytest.mark.parametrize(
    ("attributes", "excluded", "left"),
    [
        (f"{BADGES}:badge,{ROOMS}", None, {BADGES: {"badge": 7}, ROOMS: {"x": 1}}),
        (f"{BADGES.upper()}:BADGE", None, {BADGES: {"badge": 7}}),
        (f"{BADGES}:desk.floor", None, {BADGES: {"desk": {"floor": 2}}}),
        ("userName", None, {"userName": "babs"}),
        (None, f"{BADGES},userName", {ROOMS: {"x": 1}}),
        (None, f"{ROOMS}:x,userName,{BADGES}:desk,{BADGES}:colours,{BADGES}:odd", {BADGES: {"badge": 7}}),
    ],
)
def test_it_is_projected_by_name(attributes: str | None, excluded: str | None, left: dict[str, Any]) -> None:
    resource = {
        "id": "1",
        "userName": "babs",
        BADGES: {k: v for k, v in BADGE.items() if k != "odd\0"},
        ROOMS: {"x": 1},
    }
    assert Projection.parse(attributes, excluded, USERS).apply(resource) == {"id": "1", **left}


@pytest.mark.parametrize(
    ("operation", "after"),
    [
        ({"op": "add", "value": {BADGES: {"badge": 8}}}, {BADGES: {"badge": 8, "tags": ["a"]}}),
        ({"op": "replace", "value": {BADGES: {"badge": None, "x": {}}}}, {BADGES: {"tags": ["a"], "x": {}}}),
        ({"op": "replace", "value": {BADGES: None, "title": "t"}}, {"title": "t"}),
        ({"op": "replace", "value": {f"{BADGES}:badge": "9"}}, {BADGES: {"badge": "9", "tags": ["a"]}}),
        ({"op": "Add", "path": f"{BADGES}:badge", "value": "9"}, {BADGES: {"badge": "9", "tags": ["a"]}}),
        ({"op": "Replace", "path": f"{BADGES.upper()}:BADGE", "value": "9"}, {BADGES: {"badge": "9", "tags": ["a"]}}),
        ({"op": "add", "path": f"{BADGES}:tags", "value": ["a", "b"]}, {BADGES: {"badge": 7, "tags": ["a", "b"]}}),
        ({"op": "replace", "path": f"{BADGES}:tags", "value": ["b"]}, {BADGES: {"badge": 7, "tags": ["b"]}}),
        ({"op": "replace", "path": f"{BADGES}:badge", "value": ""}, {BADGES: {"tags": ["a"]}}),
        ({"op": "Remove", "path": f"{BADGES}:badge", "value": "7"}, {BADGES: {"tags": ["a"]}}),
        ({"op": "remove", "path": f"{BADGES}:unknown"}, {BADGES: {"badge": 7, "tags": ["a"]}}),
        (
            {"op": "add", "path": f"{BADGES}:desk.floor", "value": 3},
            {BADGES: {"badge": 7, "tags": ["a"], "desk": {"floor": 3}}},
        ),
        ({"op": "remove", "path": f"{BADGES}:badge.x"}, {BADGES: {"tags": ["a"]}}),
        ({"op": "remove", "path": BADGES}, {}),
        ({"op": "replace", "path": BADGES, "value": {}}, {}),
        ({"op": "add", "path": BADGES, "value": {"x": 1}}, {BADGES: {"badge": 7, "tags": ["a"], "x": 1}}),
        ({"op": "add", "path": ROOMS, "value": {"x": 1}}, {BADGES: {"badge": 7, "tags": ["a"]}, ROOMS: {"x": 1}}),
        ({"op": "add", "path": f"{ROOMS}:x", "value": 1}, {BADGES: {"badge": 7, "tags": ["a"]}, ROOMS: {"x": 1}}),
        ({"op": "add", "value": {f"{GROUP}:x": 1, "urn:a:b": 1, BADGES: None}}, {BADGES: {"badge": 7, "tags": ["a"]}}),
    ],
    ids=str,
)
def test_it_is_patched_as_an_object(operation: dict[str, Any], after: dict[str, Any]) -> None:
    before = {"userName": "babs", BADGES: {"badge": 7, "tags": ["a"]}}
    again = repr(before)
    result = patched(before, operation)
    result.pop(GROUP, None)
    assert result == {"userName": "babs", **after}
    assert repr(before) == again


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "urn:unknown:title", "value": "x"},
        {"op": "remove", "path": "urn:unknown:title"},
        {"op": "replace", "path": f"{BADGES}:contacts[primary eq true].value", "value": "x"},
        {"op": "add", "path": f"{BADGES}:a.b.c", "value": "x"},
        {"op": "add", "path": BADGES, "value": "x"},
        {"op": "add", "path": f"{BADGES}:badge", "value": "x" * MAX_LENGTH},
    ],
    ids=lambda operation: str(operation)[:80],
)
def test_what_leads_nowhere_or_beyond_its_bounds_is_refused(operation: dict[str, Any]) -> None:
    with pytest.raises((InvalidPathError, InvalidValueError)):
        patched({"userName": "babs"}, operation)


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "A", "b"]), inner, max_size=2),
    max_leaves=4,
)
_sent = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "replace", "remove"]),
        "path": st.sampled_from([BADGES, f"{BADGES}:a", f"{BADGES}:A.b", ROOMS, f"{ROOMS}:a", "urn:x:y", "urn:x"]),
        "value": _values,
    }
)


@given(st.lists(_sent, max_size=4))
def test_any_change_ends_in_a_valid_resource_or_a_refusal(operations: list[dict[str, Any]]) -> None:
    try:
        after = patched({"userName": "babs", "active": True}, *operations) if operations else kept()
    except ScimError:
        return
    assert validate(after, USERS, strict=False) == after
