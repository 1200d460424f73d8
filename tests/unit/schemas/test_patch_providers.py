"""PATCH as identity providers send it: through the dialects, parsed, applied."""

from typing import Any

import pytest

from schemas.scim.definitions.catalog import ENTERPRISE_USER
from schemas.scim.dialects import tolerate_patch
from schemas.scim.errors import InvalidValueError
from schemas.scim.membership import MembershipEdit, RemoveMembers, split_membership
from schemas.scim.patch import apply_patch, parse_patch
from tests.unit.schemas.patching import GROUP, USER

Attributes = dict[str, Any]
MANAGED = {ENTERPRISE_USER: {"manager": {"value": "boss"}}}
WORK = {"type": "work", "value": "w@x", "primary": True}


def bob(**more: Any) -> Attributes:
    return {"userName": "bob", "active": True} | more


def sent(before: Attributes, *operations: Attributes) -> Attributes:
    payload, _ = tolerate_patch({"Operations": list(operations)}, USER)
    return apply_patch(before, parse_patch(payload, USER, strict=False), USER, strict=False)


def sent_to_group(*operations: Attributes) -> tuple[MembershipEdit, ...]:
    payload, _ = tolerate_patch({"Operations": list(operations)}, GROUP)
    others, edits = split_membership(parse_patch(payload, GROUP, strict=False))
    assert others == ()
    return edits


@pytest.mark.parametrize("value", ["False", "false", "FALSE", False], ids=repr)
def test_disabling_is_understood_in_every_spelling(value: Any) -> None:
    for operation in (
        {"op": "Replace", "path": "active", "value": value},
        {"op": "replace", "value": {"active": value}},
    ):
        assert sent(bob(), operation) == bob(active=False)


@pytest.mark.parametrize(
    "value", ["m", {"value": "m"}, [{"value": "m"}], {"value": "m", "$ref": "../Users/m"}, {"managerId": "m"}]
)
@pytest.mark.parametrize("path", ["manager", f"{ENTERPRISE_USER}:manager"])
@pytest.mark.parametrize("op", ["Add", "Replace"])
def test_a_manager_in_every_shape_becomes_an_object(op: str, path: str, value: Any) -> None:
    after = sent(bob(**MANAGED), {"op": op, "path": path, "value": value})
    assert after == bob(**{ENTERPRISE_USER: {"manager": {"value": "m"}}})


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Add", "value": ""},
        {"op": "Replace", "value": ""},
        {"op": "Replace", "value": {"value": ""}},
        {"op": "Replace", "value": None},
        {"op": "Remove"},
        {"op": "Remove", "value": "boss"},
    ],
)
def test_a_manager_is_cleared_in_every_way(operation: Attributes) -> None:
    assert sent(bob(**MANAGED), operation | {"path": f"{ENTERPRISE_USER}:manager"}) == bob()


def test_flat_keys_end_in_their_places() -> None:
    value = {
        "displayName": "B",
        "name.givenName": "g",
        f"{ENTERPRISE_USER}:department": "d",
        'emails[type eq "work"].value': "w",
        "id": "1",
        "title": "",
    }
    assert sent(bob(title="t", name={"familyName": "f"}), {"op": "replace", "value": value}) == bob(
        displayName="B",
        name={"familyName": "f", "givenName": "g"},
        emails=[{"type": "work", "value": "w"}],
        **{ENTERPRISE_USER: {"department": "d"}},
    )


@pytest.mark.parametrize("literal", ['"True"', '"true"', "true", "True"], ids=repr)
def test_a_primary_is_chosen_in_every_spelling(literal: str) -> None:
    operation = {"op": "Replace", "path": f"emails[primary eq {literal}].value", "value": "n@x"}
    assert sent(bob(emails=[WORK]), operation) == bob(emails=[WORK | {"value": "n@x"}])


def test_the_null_update_of_microsofts_validator_clears() -> None:
    operations: list[Attributes] = [
        {"op": "Replace", "path": "title", "value": ""},
        {"op": "Replace", "path": "nickName", "value": None},
        {"op": "Replace", "value": {"userType": "", 'emails[type eq "work"].value': ""}},
        {"op": "Remove", "path": "locale", "value": "another"},
        {"op": "Remove", "path": 'phoneNumbers[type eq "fax"].value', "value": "another"},
    ]
    before = bob(
        title="t", nickName="n", userType="u", locale="l", emails=[WORK], phoneNumbers=[{"type": "fax", "value": "1"}]
    )
    assert sent(before, *operations) == bob()


def test_a_rename_of_all_names_comes_in_one_request() -> None:
    operations: list[Attributes] = [
        {"op": "Replace", "path": "userName", "value": "eve"},
        {"op": "Replace", "path": "displayName", "value": "Eve"},
        {"op": "Replace", "path": "name.familyName", "value": "E"},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "e@x"},
    ]
    after = sent(bob(displayName="Bob", emails=[WORK]), *operations)
    assert after == bob(userName="eve", displayName="Eve", name={"familyName": "E"}, emails=[WORK | {"value": "e@x"}])


def test_elements_are_removed_by_value() -> None:
    operation = {"op": "Remove", "path": "emails", "value": [{"value": "w@x"}]}
    home = {"type": "home", "value": "h@x"}
    assert sent(bob(emails=[WORK, home]), operation) == bob(emails=[home])


def test_members_are_removed_by_value_and_nobody_else() -> None:
    operation = {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": "a"}, {"value": "b"}]}
    removed = [id for edit in sent_to_group(operation) if isinstance(edit, RemoveMembers) for id in edit.ids]
    assert removed == ["a", "b"]


@pytest.mark.parametrize("value", [None, "", [], {}, [{"value": ""}], [{"value": "a"}, {}], [{"id": "a"}], 1])
def test_a_removal_by_what_names_nobody_is_refused(value: Any) -> None:
    with pytest.raises(InvalidValueError):
        sent_to_group({"op": "Remove", "path": "members", "value": value})


@pytest.mark.parametrize(
    "operation", [{"op": "Replace", "path": "active", "value": ""}, {"op": "Remove", "path": "active"}]
)
def test_clearing_active_leaves_it_unsaid(operation: Attributes) -> None:
    assert "active" not in sent(bob(active=False), operation)
