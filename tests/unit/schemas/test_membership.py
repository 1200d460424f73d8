from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages.commands import PatchOperation
from schemas.scim.definitions.catalog import core_catalog
from schemas.scim.errors import InvalidFilterError, InvalidValueError, MutabilityError, ScimError
from schemas.scim.membership import (
    AddMembers,
    MembershipEdit,
    RemoveAllMembers,
    RemoveMembers,
    ReplaceMembers,
    edit_operation,
    edited,
    read_edit,
    removal_by_path,
    split_membership,
)
from schemas.scim.patch import parse_patch
from tests.support.strategies.scim import ids

GROUP = core_catalog().resource_type("Group")


def operation(op: str, path: str | None, *value: Any) -> PatchOperation:
    return PatchOperation(op, path, value[0] if value else None, has_value=bool(value))


def edits_of(*operations: PatchOperation) -> tuple[MembershipEdit, ...]:
    return split_membership(operations)[1]


@pytest.mark.parametrize(
    ("given_operation", "edit"),
    [
        (operation("add", "members", [{"value": "a"}, {"value": "b"}]), AddMembers(("a", "b"))),
        (operation("add", "members", [{"value": "a"}, {"value": "a"}]), AddMembers(("a",))),
        (operation("add", "members", {"value": "a", "$ref": None, "display": "A"}), AddMembers(("a",))),
        (operation("add", "Members", [{"VALUE": "a"}]), AddMembers(("a",))),
        (operation("add", "urn:ietf:params:scim:schemas:core:2.0:group:members", [{"value": "a"}]), AddMembers(("a",))),
        (operation("add", "members", []), AddMembers(())),
        (operation("add", None, {"members": [{"value": "a"}]}), AddMembers(("a",))),
        (operation("replace", "members", [{"value": "a"}]), ReplaceMembers(("a",))),
        (operation("replace", "members", []), ReplaceMembers(())),
        (operation("replace", "members", None), ReplaceMembers(())),
        (operation("replace", None, {"Members": [{"value": "a"}]}), ReplaceMembers(("a",))),
        (operation("remove", "members"), RemoveAllMembers()),
        (operation("remove", "members", [{"value": "a"}]), RemoveMembers(("a",))),
        (operation("remove", 'members[value eq "a"]'), RemoveMembers(("a",))),
        (operation("remove", 'members[Value EQ "a" or value eq "b"]'), RemoveMembers(("a", "b"))),
        (
            operation("remove", 'urn:ietf:params:scim:schemas:core:2.0:Group:members[value eq "a"]'),
            RemoveMembers(("a",)),
        ),
    ],
)
def test_every_form_of_edit_is_understood(given_operation: PatchOperation, edit: MembershipEdit) -> None:
    assert split_membership([given_operation]) == ((), (edit,))


@pytest.mark.parametrize(
    "value", [None, "", [], {}, [{}], [None], [{"value": None}], [{"value": " "}], [{"id": "a"}], 5, [5]]
)
def test_a_removal_that_cannot_be_understood_never_empties_the_group(value: object) -> None:
    with pytest.raises(InvalidValueError):
        edits_of(operation("remove", "members", value))


@pytest.mark.parametrize("value", [None, "", {}, [{"display": "A"}], [{"value": "a"}, {}], 5])
def test_adding_without_an_id_is_refused(value: object) -> None:
    with pytest.raises(InvalidValueError):
        edits_of(operation("add", "members", value))
    with pytest.raises(InvalidValueError):
        edits_of(operation("add", "members"))


@pytest.mark.parametrize("value", ["", {}, [{}], 5])
def test_replacing_by_what_names_nobody_is_refused(value: object) -> None:
    with pytest.raises(InvalidValueError):
        edits_of(operation("replace", "members", value))
    with pytest.raises(InvalidValueError):
        edits_of(operation("replace", "members"))


@pytest.mark.parametrize(
    "path",
    [
        'members[display co "x"]',
        'members[value co "x"]',
        'members[value eq "a" and type eq "User"]',
        "members[value pr]",
    ],
)
def test_members_to_remove_are_chosen_by_id_alone(path: str) -> None:
    with pytest.raises(InvalidFilterError):
        edits_of(operation("remove", path))


@pytest.mark.parametrize(
    "refused",
    [
        operation("replace", 'members[value eq "a"].value', "b"),
        operation("replace", 'members[value eq "a"]', {"value": "b"}),
        operation("add", 'members[value eq "a"].display', "b"),
        operation("remove", 'members[value eq "a"].value'),
        operation("replace", "members.value", "b"),
        operation("remove", "members.display"),
    ],
)
def test_what_is_said_of_a_member_is_immutable(refused: PatchOperation) -> None:
    with pytest.raises(MutabilityError):
        edits_of(refused)


def test_other_attributes_are_kept_apart_in_order() -> None:
    operations = [
        operation("replace", "displayName", "A"),
        operation("add", "members", [{"value": "a"}]),
        operation("replace", None, {"displayName": "B", "members": [{"value": "b"}]}),
        operation("add", "membersOf", "x"),
        operation("remove", "members", [{"value": "c"}]),
    ]
    others, edits = split_membership(operations)
    assert others == (operations[0], operation("replace", None, {"displayName": "B"}), operations[3])
    assert edits == (AddMembers(("a",)), ReplaceMembers(("b",)), RemoveMembers(("c",)))


def test_null_in_a_value_without_path_says_nothing_about_members() -> None:
    assert split_membership([operation("replace", None, {"members": None})]) == ((), ())


edits = st.one_of(
    st.builds(AddMembers, st.lists(ids, unique=True).map(tuple)),
    st.builds(RemoveMembers, st.lists(ids, unique=True, min_size=1).map(tuple)),
    st.builds(ReplaceMembers, st.lists(ids, unique=True).map(tuple)),
    st.just(RemoveAllMembers()),
)


@given(st.lists(edits))
def test_an_edit_as_operation_is_read_as_the_same_edit(given_edits: list[MembershipEdit]) -> None:
    assert split_membership(map(edit_operation, given_edits)) == ((), tuple(given_edits))


@given(st.lists(ids, unique=True), st.lists(edits))
def test_edits_end_in_the_set_that_they_describe(members: list[str], given_edits: list[MembershipEdit]) -> None:
    expected = set(members)
    for edit in given_edits:
        expected -= expected if isinstance(edit, RemoveAllMembers | ReplaceMembers) else set()
        named = set() if isinstance(edit, RemoveAllMembers) else set(edit.ids)
        expected = expected - named if isinstance(edit, RemoveMembers) else expected | named
    after = edited(members, given_edits)
    assert set(after) == expected
    assert len(after) == len(expected)


paths_by_id = st.lists(
    st.sampled_from(
        [
            *("members", "Members", "urn:ietf:params:scim:schemas:core:2.0:Group:members", "membersOf", "[", "]"),
            *("value eq ", "VALUE EQ ", "type eq ", "value ne ", " or ", " OR ", " and "),
            *('"a"', '"b c"', '"ä"', '""', " ", '"', "\\"),
        ]
    ),
    max_size=8,
).map("".join)


@given(paths_by_id | st.builds('members[value eq "{}" or value eq "{}"]'.format, ids, ids))
def test_a_removal_read_at_a_glance_is_the_one_that_parsing_finds(path: str) -> None:
    found = removal_by_path(path)
    assert found is None or found == read_edit(PatchOperation("remove", path))


@pytest.mark.parametrize(
    "path",
    [
        'members[value eq "a"].value',
        'members[value eq ""]',
        'members[value eq " "]',
        'members[value eq "a" and value eq "b"]',
        'members[value eq "a"] ',
        "members",
        f'members[value eq "{"a" * 5000}"]',
    ],
)
def test_only_what_is_plain_is_read_at_a_glance(path: str) -> None:
    assert removal_by_path(path) is None


members_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), ids, st.just("")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["value", "Value", "$ref", "x"]), inner, max_size=2),
    ),
    max_leaves=5,
)
member_paths = st.sampled_from(
    [
        None,
        "members",
        "MEMBERS",
        'members[value eq "a"]',
        'members[value eq "a"].value',
        "members[",
        "members.value",
        "members[x eq 1]",
    ]
)


@given(st.sampled_from(["add", "remove", "replace"]), member_paths, members_values, st.booleans(), st.booleans())
def test_no_operation_makes_anything_but_edits_or_a_refusal(
    op: str, path: str | None, value: Any, has_value: bool, strict: bool
) -> None:
    sent = {"op": op, "path": path} | ({"value": value if path else {"members": value}} if has_value else {})
    message = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [sent]}
    try:
        operations = parse_patch(message, GROUP, strict=strict)
    except ScimError:
        return
    others, found = split_membership(operations)
    assert others == ()
    assert all(isinstance(edit, MembershipEdit) for edit in found)
    if op == "remove" and has_value and path == "members":
        assert RemoveAllMembers() not in found
