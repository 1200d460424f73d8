"""Dialects: what providers send becomes what the RFC says, and what it does not understand stays."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.scim.definitions.catalog import ENTERPRISE_USER as ENT
from schemas.scim.definitions.catalog import GROUP, USER
from schemas.scim.definitions.model import ResourceType
from schemas.scim.dialects import REWRITES, tolerate, tolerate_patch
from schemas.scim.errors import InvalidValueError, ScimError
from schemas.scim.membership import RemoveMembers, split_membership
from schemas.scim.patch import apply_patch, parse_patch
from schemas.scim.validation import validate
from tests.unit.schemas import samples
from tests.unit.schemas.samples import GROUPS, USERS, barbara, barbara_as_sent, tour_guides_as_sent

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
WORK = 'emails[type eq "work"]'


def _patch(*operations: Any) -> dict[str, Any]:
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def _operations(operation: Any, resource_type: ResourceType = USERS) -> list[Any]:
    payload, _ = tolerate_patch(_patch(operation), resource_type)
    assert isinstance(payload, dict)
    assert payload["schemas"] == [PATCH_OP]
    return list(payload["Operations"])


def _names(operation: Any, resource_type: ResourceType = USERS) -> tuple[str, ...]:
    return tolerate_patch(_patch(operation), resource_type)[1]


# Bodies


@pytest.mark.parametrize(
    ("sent", "meant", "rewrite"),
    [
        ({"active": "False"}, {"active": False}, "boolean_text"),
        ({"ACTIVE": "TRUE"}, {"ACTIVE": True}, "boolean_text"),
        ({"active": [True]}, {"active": True}, "boolean_list"),
        ({"roles": [{"value": "r", "primary": "True"}]}, {"roles": [{"value": "r", "primary": True}]}, "boolean_text"),
        ({"title": ""}, {"title": None}, "empty_text"),
        ({"active": " "}, {"active": None}, "empty_text"),
        ({"emails": [{"value": ""}]}, {"emails": [{"value": None}]}, "empty_text"),
        ({"emails": "", "name": ""}, {"emails": None, "name": None}, "empty_text"),
        ({"emails": {"value": "a@b"}}, {"emails": [{"value": "a@b"}]}, "single_value"),
        ({"emails": ["a@b"]}, {"emails": [{"value": "a@b"}]}, "scalar_element"),
        ({ENT: {"manager": "m"}}, {ENT: {"manager": {"value": "m"}}}, "manager_text"),
        ({ENT: {"Manager": [{"value": "m"}]}}, {ENT: {"Manager": {"value": "m"}}}, "manager_list"),
        (
            {ENT: {"manager": {"managerId": "m", "displayName": "M"}}},
            {ENT: {"manager": {"value": "m", "displayName": "M"}}},
            "manager_id_key",
        ),
        ({ENT: {"manager": {"$ref": "../Users/m"}}}, {ENT: {"manager": {"value": "m"}}}, "manager_reference"),
        ({ENT: {"manager": ""}}, {ENT: {"manager": None}}, "empty_text"),
        ({ENT: {"manager": {"value": ""}}}, {ENT: {"manager": None}}, "empty_text"),
        ({"name.givenName": "B"}, {"name": {"givenName": "B"}}, "dotted_keys"),
        (
            {"name": {"familyName": "J"}, "NAME.givenname": "B"},
            {"name": {"familyName": "J", "givenName": "B"}},
            "dotted_keys",
        ),
        ({f"{ENT}:Department": "d"}, {ENT: {"department": "d"}}, "urn_keys"),
        ({f"{ENT}:manager.value": "m"}, {ENT: {"manager": {"value": "m"}}}, "urn_keys"),
        ({f"{USER}:title": "t"}, {"title": "t"}, "urn_keys"),
        ({USER: {"title": "t"}}, {"title": "t"}, "urn_keys"),
        ({"manager": "m"}, {ENT: {"manager": {"value": "m"}}}, "bare_extension_keys"),
    ],
)
def test_a_body_is_brought_to_the_rfcs_form(sent: dict[str, Any], meant: dict[str, Any], rewrite: str) -> None:
    payload, names = tolerate(sent, USERS)
    assert payload == meant
    assert rewrite in names


@pytest.mark.parametrize(
    "body",
    [
        barbara_as_sent(),
        {"userName": "", "active": "perhaps", "title": 5, "emails": [5, None, []], "name": "x"},
        {"roles": [{"value": '{"id":"1","value":"a"}', "type": "t"}]},
        {"unknown": "", "nothing.known": 1, "urn:unknown:x": 1, f"{WORK}.value": "x", "emails.value": "x"},
        {"groups": "", "id": "", "meta": "", "password": "", "schemas": ""},
        {ENT: {"manager": {"value": "m"}}, ENT.upper(): {"division": "d"}},
        {ENT: {"manager": [{"value": "m"}, {"value": "n"}]}},
    ],
)
def test_what_is_right_or_beyond_repair_is_the_very_same_object(body: dict[str, Any]) -> None:
    payload, names = tolerate(body, USERS)
    assert payload is body
    assert names == ()


@pytest.mark.parametrize("payload", [None, [], "text", 5])
def test_what_is_no_object_stays(payload: object) -> None:
    assert tolerate(payload, USERS) == (payload, ())
    assert tolerate_patch(payload, USERS) == (payload, ())


def test_an_attribute_in_its_place_outweighs_one_without_its_urn() -> None:
    payload, _ = tolerate({ENT: {"department": "right"}, "department": "misplaced"}, USERS)
    assert payload == {ENT: {"department": "right"}}


def test_members_given_as_ids_become_objects() -> None:
    payload, names = tolerate({**tour_guides_as_sent(), "members": ["a", "b"]}, GROUPS)
    assert payload == tour_guides_as_sent()
    assert names == ("scalar_element",)


@pytest.mark.parametrize("members", ["", [""], [{"value": ""}], [None]])
def test_empty_members_stay_to_be_refused(members: object) -> None:
    payload, _ = tolerate({"displayName": "x", "members": members}, GROUPS)
    with pytest.raises(InvalidValueError):
        validate(payload, GROUPS, strict=False)


def test_deep_nesting_costs_nothing_but_its_reading() -> None:
    deep: Any = {}
    for _ in range(900):
        deep = {USER: deep, "active": [deep], "name.givenName": [deep]}
    payload, names = tolerate(deep, USERS)
    assert isinstance(payload, dict)
    assert names == ("dotted_keys", "urn_keys")


@given(samples.bodies)
def test_tolerating_a_body_is_idempotent(body: dict[str, Any]) -> None:
    for resource_type in (USERS, GROUPS):
        once, names = tolerate(body, resource_type)
        twice, again = tolerate(once, resource_type)
        assert twice is once
        assert again == ()
        assert (once is body) == (names == ())
        assert set(names) <= REWRITES


@given(samples.bodies)
def test_tolerating_leaves_the_body_as_it_is(body: dict[str, Any]) -> None:
    before = repr(body)
    tolerate(body, USERS)
    tolerate_patch(_patch({"op": "Replace", "value": body}), USERS)
    assert repr(body) == before


# PATCH, envelope


@pytest.mark.parametrize(
    ("payload", "rewrite"),
    [
        ({"schemas": [PATCH_OP], "operations": "OPERATIONS"}, "operations_key_case"),
        ({"Operations": "OPERATIONS"}, "missing_schemas"),
        ({"schemas": [USER], "Operations": "OPERATIONS"}, "foreign_schemas"),
        ({"schemas": [PATCH_OP], "id": "x", "Operations": "OPERATIONS"}, "extra_keys"),
    ],
)
def test_the_envelope_becomes_the_rfcs(payload: dict[str, Any], rewrite: str) -> None:
    operations = [{"op": "replace", "path": "title", "value": "t"}]
    sent = {name: operations if value == "OPERATIONS" else value for name, value in payload.items()}
    assert tolerate_patch(sent, USERS) == (_patch(*operations), (rewrite,))


@pytest.mark.parametrize(
    ("operation", "rewrite"),
    [
        ({"op": "Replace", "path": "title", "value": "t"}, "op_case"),
        ({"op": " REPLACE ", "path": "title", "value": "t"}, "op_case"),
        ({"Op": "replace", "PATH": "title", "Value": "t"}, "operation_key_case"),
        ({"op": "replace", "path": "title", "value": "t", "name": "x"}, "extra_operation_keys"),
        ({"op": "replace", "path": " title ", "value": "t"}, "path_blanks"),
    ],
)
def test_an_operation_becomes_the_rfcs(operation: dict[str, Any], rewrite: str) -> None:
    assert _operations(operation) == [{"op": "replace", "path": "title", "value": "t"}]
    assert _names(operation) == (rewrite,)


@pytest.mark.parametrize("path", [None, ""])
def test_an_empty_path_is_none(path: str | None) -> None:
    assert _operations({"op": "add", "path": path, "value": {"title": "t"}}) == [{"op": "add", "value": {"title": "t"}}]


@pytest.mark.parametrize(
    "payload",
    [
        _patch({"op": "replace", "path": "active", "value": False}),
        _patch(
            {"op": "replace", "value": {"title": "t", "name": {"givenName": "B"}, ENT: {"manager": {"value": "m"}}}}
        ),
        _patch({"op": "add", "path": "emails", "value": {"value": "a@b"}}),
        _patch({"op": "replace", "path": "title", "value": None}, {"op": "remove", "path": f"{ENT}:manager"}),
        _patch({"op": "remove", "path": WORK}, {"op": "add", "path": f"{WORK}.value", "value": "x"}),
        _patch({"op": "remove"}, {"op": "remove", "value": {"title": "x"}}, {"op": "add", "value": 5}, {"op": "add"}),
        _patch({"op": "move", "path": "title"}, {"op": 5}, {"op": []}, 5, None, {"op": "add", "path": 5}),
        _patch({"op": "add", "path": "title"}, {"op": "replace", "path": "/title", "value": "t"}),
        _patch({"op": "replace", "path": "emails[0].value", "value": "a"}, {"op": "add", "path": "x", "value": ""}),
        _patch({"op": "remove", "path": ENT}, {"op": "replace", "path": USER, "value": 5}),
        _patch(),
        {"schemas": [PATCH_OP], "Operations": {}},
        {"schemas": [PATCH_OP]},
        {"schemas": 7, "Operations": [{"op": "Add", "path": "title", "value": "t"}]},
    ],
)
def test_a_patch_that_is_right_or_beyond_repair_is_the_very_same_object(payload: dict[str, Any]) -> None:
    tolerated, names = tolerate_patch(payload, USERS)
    assert tolerated is payload
    assert names == ()


# PATCH, values


@pytest.mark.parametrize(
    ("operation", "meant"),
    [
        ({"op": "replace", "path": "active", "value": "False"}, {"value": False}),
        ({"op": "add", "path": "roles", "value": [{"primary": "True"}]}, {"value": [{"primary": True}]}),
        ({"op": "add", "path": f"{WORK}.primary", "value": "True"}, {"value": True}),
        ({"op": "add", "path": "emails", "value": "a@b"}, {"value": [{"value": "a@b"}]}),
        ({"op": "replace", "path": WORK, "value": "a@b"}, {"value": {"value": "a@b"}}),
        ({"op": "add", "path": f"{ENT}:manager", "value": "m"}, {"value": {"value": "m"}}),
        ({"op": "add", "path": f"{ENT}:manager", "value": [{"value": "m"}]}, {"value": {"value": "m"}}),
        ({"op": "add", "path": f"{ENT}:manager", "value": {"managerId": "m"}}, {"value": {"value": "m"}}),
        ({"op": "add", "path": "manager", "value": {"value": "m"}}, {"path": f"{ENT}:manager"}),
        ({"op": "remove", "path": "manager.value"}, {"path": f"{ENT}:manager.value"}),
    ],
)
def test_values_are_rewritten_by_what_the_path_means(operation: dict[str, Any], meant: dict[str, Any]) -> None:
    assert _operations(operation) == [{**operation, **meant}]


@pytest.mark.parametrize("op", ["add", "replace"])
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("title", ""),
        ("active", ""),
        (f"{WORK}.value", ""),
        (f"{ENT}:manager", ""),
        (f"{ENT}:manager", {"value": ""}),
        (f"{ENT}:manager", []),
    ],
)
def test_an_empty_value_clears_what_it_is_given_for(op: str, path: str, value: object) -> None:
    operation = {"op": op, "path": path, "value": value}
    assert _operations(operation) == [{"op": "replace", "path": path, "value": None}]


def test_adding_null_clears_a_single_value_and_never_a_list() -> None:
    assert _operations({"op": "add", "path": "title", "value": None})[0]["op"] == "replace"
    for nothing in (None, ""):
        operation = {"op": "add", "path": "emails", "value": nothing}
        assert _operations(operation) == [operation]


def test_a_value_in_a_removal_is_left_out_where_the_path_says_all() -> None:
    for path in ("title", f"{WORK}.value", f"{ENT}:manager", WORK):
        assert _operations({"op": "Remove", "path": path, "value": "other"}) == [{"op": "remove", "path": path}]


def test_elements_are_removed_by_their_value_and_type() -> None:
    values = [{"value": 'a"\\b', "type": "work", "display": "x"}, {"value": "c"}]
    assert _operations({"op": "remove", "path": "emails", "value": values}) == [
        {"op": "remove", "path": 'emails[value eq "a\\"\\\\b" and type eq "work"]'},
        {"op": "remove", "path": 'emails[value eq "c"]'},
    ]


# PATCH, values without a path


def test_keys_that_are_paths_become_operations() -> None:
    value = {
        "displayName": "Babs",
        "name.givenName": "B",
        f"{ENT}:employeeNumber": "7",
        f"{WORK}.value": "a@b",
        "department": "d",
        "active": "False",
    }
    assert _operations({"op": "replace", "value": value}) == [
        {"op": "replace", "value": {"displayName": "Babs", "active": False}},
        {"op": "replace", "path": "name.givenName", "value": "B"},
        {"op": "replace", "path": f"{ENT}:employeeNumber", "value": "7"},
        {"op": "replace", "path": f"{WORK}.value", "value": "a@b"},
        {"op": "replace", "path": f"{ENT}:department", "value": "d"},
    ]
    names = _names({"op": "replace", "value": value})
    assert names == ("bare_extension_keys", "boolean_text", "dotted_keys", "filter_keys", "urn_keys")


def test_an_operation_of_which_all_became_others_is_left_out() -> None:
    operation = {"op": "add", "value": {f"{ENT}:manager": "m"}}
    assert _operations(operation) == [{"op": "add", "path": f"{ENT}:manager", "value": {"value": "m"}}]


def test_an_empty_value_among_others_clears_its_attribute() -> None:
    value = {"title": "", "nickName": "B", ENT: {"manager": "", "department": "d"}}
    assert _operations({"op": "add", "value": value}) == [
        {"op": "add", "value": {"nickName": "B", ENT: {"department": "d"}}},
        {"op": "replace", "path": "title", "value": None},
        {"op": "replace", "path": f"{ENT}:manager", "value": None},
    ]


@pytest.mark.parametrize("own", ["id", "ID", "meta", "schemas", "groups", "meta.location", f"{USER}:groups"])
def test_read_only_attributes_among_others_are_passed_over(own: str) -> None:
    operation = {"op": "replace", "value": {own: "x", "displayName": "Babs"}}
    assert _operations(operation) == [{"op": "replace", "value": {"displayName": "Babs"}}]
    assert _names(operation) == ("read_only_keys",)


def test_attributes_under_their_own_schemas_uri_are_attributes() -> None:
    meant = [{"op": "replace", "value": {"title": "t"}}]
    assert _operations({"op": "replace", "value": {USER.upper(): {"title": "t"}}}) == meant
    assert _operations({"op": "replace", "path": USER, "value": {"title": "t"}}) == meant
    assert _operations({"op": "replace", "path": ENT, "value": {"division": "d"}}) == [
        {"op": "replace", "value": {ENT: {"division": "d"}}}
    ]


# Members


@pytest.mark.parametrize("path", ["members", "Members", f"{GROUP}:members"])
@pytest.mark.parametrize(
    "value",
    [
        [{"$ref": None, "value": "a"}, {"value": "b"}],
        [{"VALUE": "a", "type": "User"}, {"value": "a"}, {"value": "b"}],
        ["a", "b"],
    ],
)
def test_members_in_a_removals_value_are_chosen_by_its_path(path: str, value: object) -> None:
    operation = {"op": "Remove", "path": path, "value": value}
    assert _operations(operation, GROUPS) == [{"op": "remove", "path": f'{path}[value eq "a" or value eq "b"]'}]
    assert _names(operation, GROUPS) == ("member_removal_by_value", "op_case")


def test_a_removal_of_thousands_becomes_removals_that_each_can_be_read() -> None:
    ids = [f"{number:032x}" for number in range(2_000)] + ['"\\ ' * 500]
    operation = {"op": "remove", "path": "members", "value": [{"$ref": None, "value": id} for id in ids]}
    tolerated, _ = tolerate_patch(_patch(operation), GROUPS)
    operations, edits = split_membership(parse_patch(tolerated, GROUPS, strict=False))
    assert operations == ()
    assert edits == (RemoveMembers(tuple(ids)),)


@pytest.mark.parametrize("op", ["remove", "Remove"])
def test_a_removal_by_path_stays_but_for_its_case_and_value(op: str) -> None:
    path = 'members[value eq "a"]'
    assert _operations({"op": op, "path": path}, GROUPS) == [{"op": "remove", "path": path}]
    assert _operations({"op": op, "path": path, "value": "x"}, GROUPS) == [{"op": "remove", "path": path}]
    assert _names({"op": op, "path": path}, GROUPS) == (("op_case",) if op == "Remove" else ())
    assert "removal_value" in _names({"op": op, "path": path, "value": "x"}, GROUPS)


_UNUSABLE: list[Any] = [
    *([], {}, "", " ", None, 5, [None], [[]], [""], [{}], [{"value": ""}], [{"value": 5}], [{"display": "x"}]),
    *([{"value": "a"}, {}], [{"value": "a"}, None], {"members": ["a"]}),
]


@pytest.mark.parametrize("value", _UNUSABLE, ids=str)
def test_a_malformed_removal_stays_and_is_refused(value: object) -> None:
    operation = {"op": "remove", "path": "members", "value": value}
    assert _operations(operation, GROUPS) == [operation]
    with pytest.raises(ScimError) as refusal:
        parse_patch(_patch(operation), GROUPS, strict=False)
    assert refusal.value.status == 400


def test_a_removal_with_a_misspelt_value_is_refused() -> None:
    operation = {"op": "Remove", "path": "members", "values": [{"value": "a"}], "name": "x"}
    tolerated, _ = tolerate_patch(_patch(operation), GROUPS)
    with pytest.raises(ScimError):
        parse_patch(tolerated, GROUPS, strict=False)


@pytest.mark.parametrize("op", ["Add", "Replace"])
@pytest.mark.parametrize("value", ["", [""], [{}], [{"value": ""}], [None], 5], ids=str)
@pytest.mark.parametrize("is_pathless", [True, False])
def test_a_malformed_list_of_members_is_refused(op: str, value: object, is_pathless: bool) -> None:
    operation = (
        {"op": op, "value": {"members": value}} if is_pathless else {"op": op, "path": "members", "value": value}
    )
    tolerated, _ = tolerate_patch(_patch(operation), GROUPS)
    with pytest.raises(ScimError):
        parse_patch(tolerated, GROUPS, strict=False)


def test_removing_members_without_a_value_stays() -> None:
    operation = {"op": "remove", "path": "members"}
    assert _operations(operation, GROUPS) == [operation]


# Through to the resource


def _applied(*operations: dict[str, Any]) -> dict[str, Any]:
    tolerated, _ = tolerate_patch(_patch(*operations), USERS)
    return apply_patch(barbara(), parse_patch(tolerated, USERS, strict=False), USERS, strict=False)


@pytest.mark.parametrize(
    ("operation", "name", "after"),
    [
        ({"op": "Replace", "path": "active", "value": "False"}, "active", False),
        ({"op": "replace", "value": {"active": "false"}}, "active", False),
        ({"op": "Replace", "path": "title", "value": ""}, "title", None),
        ({"op": "Replace", "value": {"title": ""}}, "title", None),
        ({"op": "Remove", "path": "title", "value": "other"}, "title", None),
        (
            {"op": "Replace", "path": "name", "value": {"formatted": "", "givenName": "B", "familyName": "J"}},
            "name",
            {"givenName": "B", "familyName": "J"},
        ),
        (
            {"op": "Add", "path": f"{ENT}:manager", "value": ""},
            ENT,
            {"employeeNumber": "701984", "department": "Tours"},
        ),
        (
            {"op": "replace", "value": {ENT: {"manager": {"value": ""}}}},
            ENT,
            {"employeeNumber": "701984", "department": "Tours"},
        ),
        (
            {"op": "Remove", "path": "emails", "value": [{"value": "babs@home.example"}]},
            "emails",
            [barbara()["emails"][0]],
        ),
        (
            {"op": "Remove", "path": "emails", "value": [{"value": "nobody@home.example"}]},
            "emails",
            barbara()["emails"],
        ),
    ],
)
def test_a_providers_patch_does_what_it_means(operation: dict[str, Any], name: str, after: object) -> None:
    expected = {**barbara(), name: after}
    assert _applied(operation) == {key: value for key, value in expected.items() if value is not None}


@pytest.mark.parametrize("value", ["", None])
def test_a_required_attribute_cannot_be_cleared(value: object) -> None:
    for operation in (
        {"op": "Replace", "path": "userName", "value": value},
        {"op": "add", "value": {"userName": value}},
    ):
        with pytest.raises(ScimError) as refusal:
            _applied(operation)
        assert refusal.value.status == 400


_operations_sent = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "Add", "remove", "REPLACE", "replace", "move"]) | samples.values},
    optional={
        "path": samples.names | st.sampled_from([WORK, f"{WORK}.value", None, ENT]),
        "value": samples.bodies | samples.values,
    },
)


@given(st.lists(_operations_sent, max_size=3))
def test_tolerating_a_patch_is_idempotent(operations: list[dict[str, Any]]) -> None:
    for resource_type in (USERS, GROUPS):
        once, names = tolerate_patch(_patch(*operations), resource_type)
        assert set(names) <= REWRITES
        twice, again = tolerate_patch(once, resource_type)
        assert twice is once
        assert again == ()


@given(st.lists(_operations_sent, max_size=3))
def test_any_patch_is_applied_or_refused_with_a_scim_error(operations: list[dict[str, Any]]) -> None:
    try:
        after = _applied(*operations)
    except ScimError:
        return
    # A PATCH may take `active` away; a body without it says that the person is active.
    assert validate({"schemas": [USER], **after}, USERS, strict=False) == {"active": True, **after}


@given(samples.values)
def test_no_value_of_a_removal_ever_empties_a_group(value: object) -> None:
    group = {"displayName": "x", "members": [{"value": "kept"}]}
    tolerated, _ = tolerate_patch(_patch({"op": "Remove", "path": "members", "value": value}), GROUPS)
    try:
        after = apply_patch(group, parse_patch(tolerated, GROUPS, strict=False), GROUPS, strict=False)
    except ScimError:
        return
    assert after == group
