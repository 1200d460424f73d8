"""Bulk messages: what they must have, what they refer to, and the order in which they are carried out."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.scim.bulk import (
    BULK_REQUEST,
    BulkRequest,
    Part,
    Step,
    UnresolvedReferenceError,
    parse_bulk,
    parted,
    plan,
    references,
    resolved,
)
from schemas.scim.errors import InvalidPathError, InvalidSyntaxError
from tests.unit.schemas.samples import CATALOG

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def user(bulk_id: str, **data: Any) -> dict[str, Any]:
    return {"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": {"userName": bulk_id, **data}}


def group(bulk_id: str, *members: str) -> dict[str, Any]:
    data = {"displayName": bulk_id, "members": [{"value": f"bulkId:{member}"} for member in members]}
    return {"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data}


def adding(group_id: str, member: str) -> dict[str, Any]:
    operations = [{"op": "add", "path": "members", "value": [{"value": f"bulkId:{member}"}]}]
    return {"method": "PATCH", "path": f"/Groups/{group_id}", "data": {"Operations": operations}}


def parse(*operations: object, strict: bool = False, **members: Any) -> BulkRequest:
    return parse_bulk({"schemas": [BULK_REQUEST], "Operations": list(operations), **members}, strict=strict)


def steps(*operations: object, in_order: bool = False) -> list[tuple[int, str]]:
    return [(step.operation, step.part.value) for step in planned(*operations, in_order=in_order)]


def planned(*operations: object, in_order: bool = False) -> Sequence[Step]:
    return plan(parse(*operations).operations, CATALOG, in_order=in_order)


# The message


def test_an_operation_is_read_as_it_was_sent() -> None:
    sent = {"Method": "put", "path": "/Users/2819%63", "bulkId": "q", "version": 'W/"3"', "data": {"userName": "b"}}
    (operation,) = parse(sent).operations
    assert (operation.method, operation.endpoint, operation.name) == ("PUT", "Users", "2819c")
    assert (operation.bulk_id, operation.version, operation.data) == ("q", 'W/"3"', {"userName": "b"})
    assert operation.fault is None


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"Operations": {}},
        {"Operations": "POST"},
        {"Operations": [], "failOnErrors": "x"},
        {"Operations": [], "failOnErrors": True},
        {"Operations": [], "failOnErrors": 1.5},
        {"Operations": [], "failOnErrors": -1},
        {"Operations": [], "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]},
        {"Operations": [], "schemas": BULK_REQUEST},
    ],
)
def test_what_is_no_bulk_message_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(InvalidSyntaxError):
        parse_bulk(members, strict=False)


def test_a_message_has_to_say_what_it_is_where_the_reading_is_strict() -> None:
    assert parse_bulk({"Operations": []}, strict=False).operations == ()
    with pytest.raises(InvalidSyntaxError):
        parse_bulk({"Operations": []}, strict=True)


@pytest.mark.parametrize(("given", "limit"), [(None, None), (0, 1), (1, 1), (7, 7)])
def test_the_limit_of_failures_is_read(given: object, limit: int | None) -> None:
    assert parse(failOnErrors=given).fail_on_errors == limit


@pytest.mark.parametrize(
    "operation",
    [
        1,
        None,
        {},
        user("a") | {"method": "GET"},
        user("a") | {"method": 1},
        user("a") | {"data": None},
        user("a") | {"data": []},
        user("a") | {"bulkId": 1},
        user("a") | {"bulkId": ""},
        user("a") | {"version": 1},
        {"method": "PUT", "path": "/Users/1"},
        {"method": "PATCH", "path": "/Users/1", "data": "x"},
    ],
)
def test_an_operation_without_what_it_needs_is_at_fault_alone(operation: object) -> None:
    faulty, sound = parse(operation, user("b")).operations
    assert isinstance(faulty.fault, InvalidSyntaxError)
    assert sound.fault is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", None),
        ("POST", ""),
        ("POST", "/"),
        ("POST", "/Users/1"),
        ("PUT", "/Users"),
        ("PATCH", "/Users/"),
        ("DELETE", "/Users"),
        ("DELETE", "/Users/1/2"),
        ("DELETE", "/Users/1%2F2"),
        ("DELETE", "//Users/1"),
        ("DELETE", "https://example.org/Users/1"),
    ],
)
def test_a_path_has_to_lead_to_what_the_method_is_for(method: str, path: object) -> None:
    (operation,) = parse({"method": method, "path": path, "data": {}, "bulkId": "x"}).operations
    assert isinstance(operation.fault, InvalidPathError)


def test_a_new_resource_needs_a_bulk_id_only_where_the_reading_is_strict() -> None:
    nameless = {name: value for name, value in user("a").items() if name != "bulkId"}
    assert parse(nameless).operations[0].fault is None
    assert parse(nameless, strict=True).operations[0].fault is not None


def test_of_several_new_resources_under_one_bulk_id_the_first_counts() -> None:
    first, second, third = parse(user("a"), user("a"), user("b")).operations
    assert (first.fault, third.fault) == (None, None)
    assert isinstance(second.fault, InvalidSyntaxError)


# References


def test_references_are_found_however_deep_and_only_as_whole_texts() -> None:
    data = {"members": [{"value": "bulkId:a"}], ENTERPRISE: {"manager": {"value": "bulkId:b"}}, "title": "no bulkId:c"}
    assert references(data) == {"a", "b"}


def test_references_in_the_path_of_a_patch_are_found_and_replaced() -> None:
    data = {"Operations": [{"op": "remove", "path": 'members[value eq "bulkId:a" or value eq "bulkId:b"]'}]}
    assert references(data) == {"a", "b"}
    changed = resolved(data, {"a": "1", "b": "2"})
    assert changed["Operations"][0]["path"] == 'members[value eq "1" or value eq "2"]'


def test_a_reference_to_nothing_is_a_conflict_and_never_kept_as_text() -> None:
    with pytest.raises(UnresolvedReferenceError) as refusal:
        resolved({"members": [{"value": "bulkId:a"}]}, {"b": "1"})
    assert refusal.value.status == 409


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_what_refers_to_nothing_stays_as_it_is(value: Any) -> None:
    if not references(value):
        assert resolved(value, {}) == value


def test_a_resource_is_parted_into_what_can_be_made_now_and_what_is_added_later() -> None:
    data = {
        "userName": "a",
        "members": [{"value": "bulkId:x"}, {"value": "1"}],
        ENTERPRISE: {"department": "d", "manager": {"value": "bulkId:x"}},
        "name": {"givenName": "bulkId:x", "familyName": "f"},
        "emails": [{"value": "bulkId:x"}],
    }
    now, later = parted(data, {"x"})
    assert now == {"userName": "a", "members": [{"value": "1"}], ENTERPRISE: {"department": "d"}}
    assert later == {
        "members": [{"value": "bulkId:x"}],
        ENTERPRISE: {"manager": {"value": "bulkId:x"}},
        "name": data["name"],
        "emails": data["emails"],
    }


# The order


def test_without_references_the_order_is_that_of_the_message() -> None:
    sent = [user("a"), group("g"), {"method": "DELETE", "path": "/Users/1"}, user("b")]
    assert steps(*sent) == steps(*sent, in_order=True) == [(index, "whole") for index in range(4)]


@pytest.mark.parametrize("in_order", [True, False])
def test_a_resource_is_made_before_what_refers_to_it(in_order: bool) -> None:
    assert steps(group("g", "a"), user("a"), in_order=in_order) == [(1, "whole"), (0, "whole")]


def test_a_step_names_the_steps_that_it_waits_for() -> None:
    _, last = planned(adding("bulkId:g", "a"), user("a"), group("g"))[-2:]
    assert last == Step(0, after=frozenset({(1, Part.WHOLE), (2, Part.WHOLE)}))


def test_what_waits_for_nothing_overtakes_what_waits() -> None:
    sent = [user("a"), group("g", "a"), user("b"), group("h", "b"), adding("1", "a"), user("c")]
    assert [index for index, _ in steps(*sent)] == [0, 2, 5, 1, 3, 4]
    assert [index for index, _ in steps(*sent, in_order=True)] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "later",
    [
        {"method": "DELETE", "path": "/Users/1"},
        {"method": "PUT", "path": "/Users/1", "data": {"userName": "x"}},
        {"method": "PATCH", "path": "/Groups/1", "data": {"Operations": [{"op": "replace", "value": {}}]}},
        group("g2") | {"data": {"DISPLAYNAME": "G"}},
        group("g2") | {"data": {}},
    ],
    ids=["delete", "replace", "rename", "same name", "no name"],
)
def test_nothing_overtakes_what_it_might_get_in_touch_with(later: dict[str, Any]) -> None:
    assert [index for index, _ in steps(user("a"), group("g", "a"), later)] == [0, 1, 2]


def test_new_people_of_one_external_id_keep_their_order() -> None:
    waiting = user("b", externalId="x", **{ENTERPRISE: {"manager": {"value": "bulkId:a"}}})
    assert [index for index, _ in steps(user("a"), waiting, user("c", externalId="x"))] == [0, 1, 2]
    assert [index for index, _ in steps(user("a"), waiting, user("c", externalId="y"))] == [0, 2, 1]


def test_changes_of_one_groups_members_keep_their_order() -> None:
    sent = [user("a"), adding("1", "a"), adding("1", "z"), adding("2", "z")]
    assert [index for index, _ in steps(*sent)] == [0, 3, 1, 2]


@pytest.mark.parametrize("in_order", [True, False])
def test_one_of_two_that_refer_to_each_other_is_made_without_and_completed_afterwards(in_order: bool) -> None:
    first, second, rest = planned(group("g", "h"), group("h", "g"), in_order=in_order)
    assert (first.operation, first.part, first.postponed) == (1, Part.FIRST, frozenset({"g"}))
    assert (second.operation, second.part, second.after) == (0, Part.WHOLE, frozenset({(1, Part.FIRST)}))
    assert (rest.operation, rest.part, rest.postponed) == (1, Part.REST, frozenset({"g"}))
    assert rest.after == {(0, Part.WHOLE), (1, Part.FIRST)}


def test_what_refers_to_a_circle_from_outside_waits_until_it_is_closed() -> None:
    sent = [adding("bulkId:h", "g"), group("g", "h"), group("h", "g")]
    assert steps(*sent) == [(2, "first"), (1, "whole"), (2, "rest"), (0, "whole")]


def test_a_resource_may_refer_to_itself() -> None:
    myself = user("a", **{ENTERPRISE: {"manager": {"value": "bulkId:a"}}})
    assert steps(myself) == [(0, "first"), (0, "rest")]


def test_a_chain_may_be_as_long_as_the_message() -> None:
    chain = [group(f"g{number}", f"g{number + 1}") for number in range(2000)]
    assert [index for index, _ in steps(*chain)] == list(range(1999, -1, -1))


names = st.sampled_from("abcdef")
operations = st.one_of(
    st.builds(user, names),
    st.builds(lambda id, members: group(id, *members), names, st.lists(names, max_size=3)),
    st.builds(lambda id, member: adding(f"bulkId:{id}", member), names, names),
    st.builds(lambda id: {"method": "DELETE", "path": f"/Groups/bulkId:{id}"}, names),
)


@given(st.lists(operations, max_size=12), st.booleans())
def test_every_operation_is_carried_out_once_and_nothing_waits_for_what_comes_later(
    sent: list[dict[str, Any]], in_order: bool
) -> None:
    order = planned(*sent, in_order=in_order)
    place = {(step.operation, step.part): index for index, step in enumerate(order)}
    assert sorted(step.operation for step in order if step.part is not Part.REST) == list(range(len(sent)))
    for index, step in enumerate(order):
        assert all(place[other] < index for other in step.after)
        if step.part is Part.FIRST:
            assert place[step.operation, Part.REST] > index
