from typing import Any

import pytest

from schemas.messages.commands import PatchOperation
from schemas.scim.definitions.catalog import ENTERPRISE_USER
from schemas.scim.errors import (
    InvalidFilterError,
    InvalidPathError,
    InvalidSyntaxError,
    InvalidValueError,
    MutabilityError,
    NoTargetError,
    ScimError,
    TooManyError,
)
from schemas.scim.patch import parse_patch
from tests.unit.schemas.patching import BADGED, BADGES, GROUP, PATCH_OP, USER, message, parsed

OP = {"op": "replace", "path": "title", "value": "x"}
TITLE = PatchOperation("replace", "title", "x", has_value=True)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("payload", [None, [], "x", {}, {"schemas": [PATCH_OP]}])
@pytest.mark.parametrize("operations", [None, [], {}, "x", [None], ["x"], [[]], [{}], [{"op": "move"}], [{"op": 1}]])
def test_what_is_no_patch_message_is_invalid_syntax(payload: Any, operations: Any, strict: bool) -> None:
    with pytest.raises(InvalidSyntaxError):
        parse_patch(payload, USER, strict=strict)
    with pytest.raises(InvalidSyntaxError):
        parse_patch({"schemas": [PATCH_OP], "Operations": operations}, USER, strict=strict)


def test_only_strict_wants_the_schema_of_the_message() -> None:
    unnamed: list[dict[str, Any]] = [{}, {"schemas": None}, {"schemas": []}, {"schemas": ["urn:x"]}]
    for schemas in unnamed:
        assert parse_patch({"Operations": [OP]} | schemas, USER, strict=False) == (TITLE,)
        with pytest.raises(InvalidSyntaxError, match="schemas"):
            parse_patch({"Operations": [OP]} | schemas, USER, strict=True)


@pytest.mark.parametrize("name", ["schemas", "Schemas"])
@pytest.mark.parametrize("schemas", [7, False, "", PATCH_OP, {}, [PATCH_OP, 5]])
@pytest.mark.parametrize("strict", [False, True])
def test_schemas_of_another_form_are_refused(name: str, schemas: object, strict: bool) -> None:
    with pytest.raises(InvalidSyntaxError, match="schemas must be an array"):
        parse_patch({name: schemas, "Operations": [OP]}, USER, strict=strict)


@pytest.mark.parametrize("strict", [False, True])
def test_names_and_ops_are_read_in_any_case(strict: bool) -> None:
    payload = {
        "SCHEMAS": [PATCH_OP.upper()],
        "operations": [{"OP": "Replace", "Path": "TITLE", "VALUE": "x", "name": "title"}],
        "id": "1",
    }
    assert parse_patch(payload, USER, strict=strict) == (TITLE,)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("op", ["add", "replace"])
@pytest.mark.parametrize("rest", [{"path": "title"}, {}, {"value": "x"}, {"value": None}, {"value": [{"title": "x"}]}])
def test_add_and_replace_need_a_value(op: str, rest: dict[str, Any], strict: bool) -> None:
    with pytest.raises(InvalidValueError):
        parsed({"op": op} | rest, strict=strict)


@pytest.mark.parametrize("strict", [False, True])
def test_remove_needs_a_path(strict: bool) -> None:
    with pytest.raises(NoTargetError):
        parsed({"op": "remove"}, strict=strict)
    with pytest.raises(NoTargetError):
        parsed({"op": "remove", "value": {"title": "x"}}, strict=strict)


def test_an_empty_path_is_none_where_tolerant_and_broken_where_strict() -> None:
    empty = {"op": "add", "path": "", "value": {"title": "x"}}
    assert parsed(empty) == (PatchOperation("add", "title", "x", has_value=True),)
    with pytest.raises(InvalidPathError):
        parsed(empty, strict=True)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    "path",
    [
        5,
        ["title"],
        "/title",
        "emails[0].value",
        "emails[",
        "a.b.c",
        "unknown",
        "title.x",
        "name.unknown",
        'title[value eq "x"]',
        'name[familyName eq "x"].givenName',
        'emails[type eq "work"].unknown',
        "urn:unknown",
        "department",
        f"{ENTERPRISE_USER}:unknown",
        f"{ENTERPRISE_USER}.department",
        "\ud800",
    ],
)
def test_a_path_that_leads_nowhere_is_an_invalid_path(path: Any, strict: bool) -> None:
    for op in ("add", "replace", "remove"):
        with pytest.raises(InvalidPathError):
            parsed({"op": op, "path": path, "value": "x"}, strict=strict)


@pytest.mark.parametrize("path", ["emails[unknown pr]", "emails[primary gt true]", "emails[value eq 5].type"])
def test_a_filter_that_elements_cannot_answer_is_an_invalid_filter(path: str) -> None:
    with pytest.raises(InvalidFilterError):
        parsed({"op": "remove", "path": path})


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("op", ["add", "replace", "remove"])
@pytest.mark.parametrize(
    "path",
    [
        "id",
        "meta",
        "meta.created",
        "groups",
        "groups.value",
        'groups[value eq "x"]',
        f"{ENTERPRISE_USER}:manager.displayName",
    ],
)
def test_what_is_read_only_is_refused_by_path(path: str, op: str, strict: bool) -> None:
    with pytest.raises(MutabilityError):
        parsed({"op": op, "path": path, "value": "x"}, strict=strict)


@pytest.mark.parametrize("name", ["id", "META", "groups", "schemas", "urn:ietf:params:scim:schemas:core:2.0:User:id"])
def test_what_is_read_only_is_ignored_among_others_where_tolerant(name: str) -> None:
    value = {name: "x", "title": "x"}
    assert parsed({"op": "replace", "value": value}) == (TITLE,)
    with pytest.raises(ScimError):
        parsed({"op": "replace", "value": value}, strict=True)


def test_an_unknown_name_among_others_is_ignored_where_tolerant() -> None:
    value = {"nonsense": {"a": 1}, "x y[": 2, "title": "x", ENTERPRISE_USER: {"nonsense": 3}}
    assert parsed({"op": "replace", "value": value}) == (TITLE,)
    for name, member in value.items():
        if name != "title":
            with pytest.raises(InvalidPathError):
                parsed({"op": "replace", "value": {name: member}}, strict=True)


def test_schemas_follow_from_the_rest() -> None:
    operation = {"op": "add", "path": "schemas", "value": [ENTERPRISE_USER]}
    assert parsed(operation) == ()
    with pytest.raises(MutabilityError):
        parsed(operation, strict=True)


@pytest.mark.parametrize("strict", [False, True])
def test_a_password_is_accepted_and_in_no_operation(strict: bool) -> None:
    operations: list[dict[str, Any]] = [
        {"op": "add", "path": "password", "value": "secret"},
        {"op": "replace", "path": "PassWord", "value": {"secret": "secret"}},
        {"op": "replace", "value": {"password": "secret", "title": "x"}},
        {"op": "remove", "path": "password", "value": "secret"},
    ]
    assert parsed(*operations, strict=strict) == (TITLE,)
    assert parsed({"op": "add", "path": f"{BADGES}:pin", "value": "1"}, resource_type=BADGED, strict=strict) == ()


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("title", 5),
        ("title", {}),
        ("title", {"value": "x"}),
        ("title", ["x", "y"]),
        ("active", "perhaps"),
        ("active", 1),
        ("name", "x"),
        ("name", {"familyName": 5}),
        ("name.familyName", {}),
        ("emails", 5),
        ("emails", [5]),
        ("emails", [{"value": 5}]),
        ("emails", [{"value": "a", "primary": True}, {"value": "b", "primary": True}]),
        ('emails[type eq "work"]', 5),
        ('emails[type eq "work"].value', 5),
        ('emails[type eq "work"].primary', "perhaps"),
        (ENTERPRISE_USER, "x"),
        (f"{ENTERPRISE_USER}:department", ["x", "y"]),
        ("userName", " "),
        ("title", "\0"),
        ("title", "\ud800"),
    ],
)
def test_a_value_of_another_kind_is_an_invalid_value(path: str, value: Any, strict: bool) -> None:
    for op in ("add", "replace"):
        with pytest.raises(InvalidValueError):
            parsed({"op": op, "path": path, "value": value}, strict=strict)


@pytest.mark.parametrize("value", [None, "", []])
def test_what_is_required_needs_a_value(value: Any) -> None:
    for operation in ({"path": "userName", "value": value}, {"value": {"userName": value}}):
        with pytest.raises(InvalidValueError):
            parsed({"op": "replace"} | operation)
    with pytest.raises(InvalidValueError):
        parsed({"op": "replace", "path": "displayName", "value": value}, resource_type=GROUP)


@pytest.mark.parametrize("strict", [False, True])
def test_what_is_required_is_not_removed(strict: bool) -> None:
    with pytest.raises(MutabilityError):
        parsed({"op": "remove", "path": "userName"}, strict=strict)
    with pytest.raises(MutabilityError):
        parsed({"op": "remove", "path": "displayName"}, resource_type=GROUP, strict=strict)
    with pytest.raises(MutabilityError):
        parsed({"op": "remove", "path": f"{BADGES}:level"}, resource_type=BADGED, strict=strict)
    with pytest.raises(MutabilityError):
        parsed({"op": "remove", "path": f"{BADGES}:holder.name"}, resource_type=BADGED, strict=strict)


@pytest.mark.parametrize("strict", [False, True])
def test_active_can_be_removed(strict: bool) -> None:
    removal = {"op": "remove", "path": "active"}
    assert parsed(removal, strict=strict) == (PatchOperation("remove", "active"),)


def test_operations_are_carried_in_one_form() -> None:
    value = {"TITLE": "x", "name": {"GivenName": "g", "familyName": None}, ENTERPRISE_USER.upper(): {"Department": "d"}}
    assert parsed(
        {"op": "Add", "path": 'EMAILS[TYPE eq "a]"].VALUE', "value": "v"}, {"op": "Replace", "value": value}
    ) == (
        PatchOperation("add", 'emails[TYPE eq "a]"].value', "v", has_value=True),
        TITLE,
        PatchOperation("replace", "name", {"givenName": "g", "familyName": None}, has_value=True),
        PatchOperation("replace", f"{ENTERPRISE_USER}:department", "d", has_value=True),
    )


def test_group_members_are_carried_by_id_alone() -> None:
    members = [{"$ref": None, "value": "a", "display": "A"}, {"value": "a"}]
    operations = parsed(
        {"op": "Add", "path": "members", "value": members},
        {"op": "Remove", "path": 'members[value eq "b"]'},
        {"op": "Replace", "value": {"displayName": "G", "members": {"value": "c"}}},
        {"op": "Remove", "path": "members"},
        resource_type=GROUP,
    )
    assert operations == (
        PatchOperation("add", "members", [{"value": "a"}], has_value=True),
        PatchOperation("remove", "members", [{"value": "b"}], has_value=True),
        PatchOperation("replace", "displayName", "G", has_value=True),
        PatchOperation("replace", "members", [{"value": "c"}], has_value=True),
        PatchOperation("remove", "members"),
    )


def test_a_message_asks_for_limited_work() -> None:
    assert len(parsed(*[OP] * 1000)) == 1000
    with pytest.raises(TooManyError, match="in parts"):
        parsed(*[OP] * 3000)
    terms = " or ".join(['value eq "a"'] * 250)
    with pytest.raises(TooManyError, match="in parts"):
        parsed(*[{"op": "remove", "path": f"emails[{terms}]"} for _ in range(11)])


def test_neighbouring_edits_of_members_travel_as_one_and_are_not_limited_by_work() -> None:
    removals = [{"op": "remove", "path": f'members[value eq "{number}"]'} for number in range(4000)]
    additions = [{"op": "add", "path": "members", "value": [{"value": str(number)}]} for number in (1, 2, 1)]
    removed, added, removed_again = parsed(*removals, *additions, removals[7], resource_type=GROUP)
    assert removed == PatchOperation("remove", "members", [{"value": str(n)} for n in range(4000)], has_value=True)
    assert added == PatchOperation("add", "members", [{"value": "1"}, {"value": "2"}], has_value=True)
    assert removed_again == PatchOperation("remove", "members", [{"value": "7"}], has_value=True)


def test_the_message_itself_is_left_as_it_was() -> None:
    sent = message({"op": "add", "path": "emails", "value": {"VALUE": "a", "type": ""}})
    copy = message({"op": "add", "path": "emails", "value": {"VALUE": "a", "type": ""}})
    parse_patch(sent, USER, strict=False)
    assert sent == copy
