"""Tolerances 61 to 66: the envelope of a PATCH."""

from typing import Any

import pytest

from tests.support.conformance_client import PATCH_OP, Scim, path_of

TITLE = {"op": "replace", "path": "title", "value": "Dean"}


@pytest.fixture
def scim(shared: Scim) -> Scim:
    """One tenant for all of these tests: each has resources of its own."""
    return shared


@pytest.mark.line("13.61")
@pytest.mark.parametrize(
    ("op", "title"), [("Add", "Dean"), ("ADD", "Dean"), ("REPLACE", "Dean"), ("Replace", "Dean"), ("Remove", None)]
)
def test_operations_are_read_in_any_case(scim: Scim, op: str, title: str | None) -> None:
    user = scim.user(title="Clerk")
    assert scim.changed(user, {"op": op, "path": "title", "value": "Dean"}).get("title") == title


@pytest.mark.line("13.62")
@pytest.mark.parametrize(
    "message",
    [
        {"schemas": [PATCH_OP], "operations": [TITLE]},
        {"OPERATIONS": [TITLE]},
        {"Operations": [TITLE]},
        {"schemas": [], "Operations": [TITLE]},
        {"schemas": ["urn:example:else"], "Operations": [TITLE]},
        {"schemas": [PATCH_OP], "Operations": [TITLE], "id": "0", "name": "x"},
        {"schemas": [PATCH_OP], "Operations": [TITLE | {"name": "changeTitle", "id": 7}]},
        {"schemas": [PATCH_OP], "Operations": [{"Op": "replace", "Path": "title", "Value": "Dean"}]},
    ],
)
def test_the_envelope_may_be_odd(scim: Scim, message: dict[str, Any]) -> None:
    user = scim.user(title="Clerk")
    answer = scim.send("PATCH", path_of(user), message)
    assert (answer.status, answer.json["title"]) == (200, "Dean")


@pytest.mark.line("13.63")
@pytest.mark.parametrize(
    "bad",
    [
        {"op": "replace", "path": "userName", "value": None},
        {"op": "replace", "path": "nonsense[", "value": "x"},
        {"op": "replace", "path": "active", "value": "perhaps"},
        {"op": "remove", "path": "id"},
        {"op": "remove"},
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_operation_leaves_everything_as_it_was(scim: Scim, bad: dict[str, Any], place: int) -> None:
    user = scim.user(title="Clerk")
    operations = [TITLE, {"op": "add", "path": "nickName", "value": "Bee"}]
    operations.insert(place, bad)
    assert scim.patch(path_of(user), *operations).status == 400
    assert scim.read(user) == user


@pytest.mark.line("13.64")
def test_an_operation_sees_what_those_before_it_did(scim: Scim) -> None:
    user = scim.changed(
        scim.user(),
        {"op": "add", "path": "emails", "value": [{"type": "work", "value": "a@example.com"}]},
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "b@example.com"},
        {"op": "add", "path": "title", "value": "Dean"},
        {"op": "remove", "path": "title"},
    )
    assert user["emails"] == [{"type": "work", "value": "b@example.com"}]
    assert "title" not in user


@pytest.mark.line("13.65")
@pytest.mark.parametrize(
    "operations",
    [[], None, {}, "x", [None], [[]], [{}], [{"op": "move", "path": "title"}], [{"op": 1}], [{"op": None}], [TITLE, 5]],
)
def test_operations_that_are_none_are_refused(scim: Scim, operations: Any) -> None:
    user = scim.user()
    answer = scim.send("PATCH", path_of(user), {"schemas": [PATCH_OP], "Operations": operations})
    assert answer.status == 400
    assert answer.json["scimType"] in {"invalidSyntax", "invalidValue"}
    assert scim.read(user) == user


@pytest.mark.line("13.66")
def test_a_thousand_operations_are_carried_out(scim: Scim) -> None:
    operations = [{"op": "replace", "path": "title", "value": f"Title {number}"} for number in range(1000)]
    assert scim.changed(scim.user(), *operations)["title"] == "Title 999"


@pytest.mark.line("13.66")
def test_a_large_body_is_carried_out_or_refused_clearly(scim: Scim) -> None:
    user = scim.user()
    large = [{"op": "replace", "path": "title", "value": letter * 60_000} for letter in "abcdefghij"]
    assert scim.changed(user, *large)["title"] == "j" * 60_000
    assert scim.patch(path_of(user), *large, *large).status == 413
    assert scim.patch(path_of(user), {"op": "replace", "path": "title", "value": "x" * 600_000}).status == 400
    assert scim.read(user)["title"] == "j" * 60_000
