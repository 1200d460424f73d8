"""Tolerances 91 to 103: how provisioning clients change Groups by PATCH."""

import random
from typing import Any

import pytest

from tests.support.conformance_client import Call, Resource, Scim, ids, members_of, path_of

Operation = dict[str, Any]


@pytest.fixture
def scim(shared: Scim) -> Scim:
    """One tenant for all of these tests: each has resources of its own."""
    return shared


def add(*members: Resource) -> Operation:
    return {"op": "Add", "path": "members", "value": [{"$ref": None, "value": member["id"]} for member in members]}


def remove(*members: Resource) -> Operation:
    return {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": member["id"]} for member in members]}


def remove_by_filter(member: Resource) -> Operation:
    return {"op": "remove", "path": f'members[value eq "{member["id"]}"]'}


def call(group: Resource, *operations: Operation) -> Call:
    return Call("PATCH", path_of(group), {"Operations": list(operations)})


@pytest.mark.line("13.91")
@pytest.mark.parametrize("more", [{"$ref": None}, {"display": "Ann"}, {"displayName": "Ann"}, {"type": "User"}, {}])
@pytest.mark.parametrize("is_list", [True, False])
def test_a_member_is_added_in_every_form(scim: Scim, more: Resource, is_list: bool) -> None:
    user, group = scim.user(), scim.group()
    member = {**more, "value": user["id"]}
    answer = scim.patch(path_of(group), {"op": "Add", "path": "members", "value": [member] if is_list else member})
    assert answer.status in {200, 204}
    (kept,) = scim.read(group)["members"]
    assert (kept["value"], kept["$ref"], kept["type"]) == (user["id"], user["meta"]["location"], "User")


@pytest.mark.line("13.92")
def test_a_hundred_parallel_additions_are_all_kept(scim: Scim) -> None:
    users, group = [scim.user() for _ in range(100)], scim.group()
    answers = scim.together(*[call(group, add(user)) for user in users])
    assert {answer.status for answer in answers} == {204}
    assert members_of(scim.read(group)) == set(ids(users))


@pytest.mark.line("13.93")
def test_parallel_additions_and_removals_end_in_the_exact_set(scim: Scim) -> None:
    old, new = [scim.user() for _ in range(50)], [scim.user() for _ in range(50)]
    group = scim.group(*old)
    calls = [call(group, remove(user)) for user in old[:25]] + [call(group, remove_by_filter(u)) for u in old[25:40]]
    calls += [call(group, add(user)) for user in new]
    random.shuffle(calls)
    assert {answer.status for answer in scim.together(*calls)} == {204}
    assert members_of(scim.read(group)) == set(ids(old[40:] + new))


@pytest.mark.line("13.94")
@pytest.mark.parametrize("times", [1, 2])
def test_adding_a_member_again_changes_nothing(scim: Scim, times: int) -> None:
    user = scim.user()
    group = scim.group(user)
    assert scim.changed(group, add(*[user] * times)) == group


@pytest.mark.line("13.95")
@pytest.mark.parametrize("op", ["Remove", "remove"])
@pytest.mark.parametrize("count", [1, 3])
def test_removal_by_values_removes_those_and_no_others(scim: Scim, op: str, count: int) -> None:
    users = [scim.user() for _ in range(5)]
    after = scim.changed(scim.group(*users), remove(*users[:count]) | {"op": op})
    assert members_of(after) == set(ids(users[count:]))


@pytest.mark.line("13.96")
def test_removal_by_filters_removes_those_and_no_others(scim: Scim) -> None:
    users, new = [scim.user() for _ in range(5)], scim.user()
    group = scim.group(*users)
    assert members_of(scim.changed(group, remove_by_filter(users[0]))) == set(ids(users[1:]))
    after = scim.changed(group, remove_by_filter(users[1]), remove_by_filter(users[2]), add(new))
    assert members_of(after) == {*ids(users[3:]), new["id"]}


@pytest.mark.line("13.97")
@pytest.mark.parametrize("removal", [remove, remove_by_filter])
def test_removing_who_is_no_member_changes_nothing(scim: Scim, removal: Any) -> None:
    user, stranger, gone = scim.user(), scim.user(), scim.user()
    group = scim.group(user, gone)
    scim.delete(path_of(gone))
    before = scim.read(group)
    for one in (stranger, gone, {"id": "nobody"}):
        assert scim.changed(group, removal(one)) == before


@pytest.mark.line("13.98")
@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Remove", "path": "members"},
        {"op": "Replace", "path": "members", "value": []},
        {"op": "replace", "value": {"members": []}},
    ],
)
def test_all_members_are_removed(scim: Scim, operation: Operation) -> None:
    group = scim.group(scim.user(), scim.user())
    assert members_of(scim.changed(group, operation)) == set()


@pytest.mark.line("13.99")
@pytest.mark.parametrize("has_path", [True, False])
def test_a_long_list_replaces_the_members(scim: Scim, has_path: bool) -> None:
    users = [scim.user() for _ in range(256)]
    group = scim.group(scim.user(), users[0])
    listed = [{"value": id, "display": id} for id in ids(users)]
    value = {"path": "members", "value": listed} if has_path else {"value": {"members": listed}}
    assert members_of(scim.changed(group, {"op": "replace", **value})) == set(ids(users))


@pytest.mark.line("13.100")
@pytest.mark.parametrize("form", ["path", "value", "value with id"])
def test_a_rename_keeps_the_members(scim: Scim, form: str) -> None:
    user, name = scim.user(), f"Group of {scim.new_name()}"
    group = scim.group(user)
    forms: dict[str, Operation] = {
        "path": {"op": "Replace", "path": "displayName", "value": name},
        "value": {"op": "replace", "value": {"displayName": name}},
        "value with id": {"op": "replace", "value": {"id": group["id"], "displayName": name}},
    }
    after = scim.changed(group, forms[form])
    assert (after["displayName"], members_of(after)) == (name, {user["id"]})
    assert scim.found("/Groups", f'displayName eq "{group["displayName"]}"') == set()


@pytest.mark.line("13.101")
def test_one_member_of_a_large_group_is_changed_without_its_list(scim: Scim) -> None:
    # What it costs with 10, 1,000 and 50,000 members, `make bench` measures.
    users, new = [scim.user() for _ in range(200)], scim.user()
    group = scim.group(*users)
    for operation in (add(new), remove(new), remove_by_filter(users[0])):
        answer = scim.patch(path_of(group), operation)
        assert (answer.status, answer.body) == (204, b"")
    assert members_of(scim.read(group)) == set(ids(users[1:]))


@pytest.mark.line("13.102")
def test_a_group_gets_another_external_id_and_is_found_by_it(scim: Scim) -> None:
    old, new = scim.new_name(), scim.new_name()
    group = scim.group(externalId=old)
    assert scim.changed(group, {"op": "Replace", "path": "externalId", "value": new})["externalId"] == new
    for external_id, found in ((old, set()), (new, {group["id"]})):
        assert scim.found("/Groups", f'externalId eq "{external_id}"') == found


@pytest.mark.line("13.103")
def test_a_group_shows_its_members_once_with_all_that_is_known_of_them(scim: Scim) -> None:
    user, inner = scim.user(), scim.group()
    group = scim.group(user, user, inner)
    shown = sorted(scim.read(group)["members"], key=lambda member: str(member["type"]))
    assert [(one["value"], one["$ref"], one["type"]) for one in shown] == [
        (one["id"], one["meta"]["location"], one["meta"]["resourceType"]) for one in (inner, user)
    ]
