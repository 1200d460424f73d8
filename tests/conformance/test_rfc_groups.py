"""GRP, and PATCH and PUT of members (RFC 7643, 4.2; RFC 7644, 3.5)."""

from typing import Any

import pytest

from tests.support.conformance_client import GROUP, PATCH_OP, Call, Resource, Scim, ids, members_of, path_of


def _values(*members: Resource) -> list[Resource]:
    return [{"value": member["id"]} for member in members]


@pytest.mark.line("GRP-01", "GRP-02", "GRP-03", "GRP-10", "13.103")
def test_members_are_read_back_with_their_uris_and_types(scim: Scim) -> None:
    ann, inner = scim.user(displayName="Ann"), scim.group()
    lies = {"display": "Mallory", "type": "Group", "$ref": "https://example.com/x"}
    group = scim.group(displayName="Outer", members=[{**_values(ann)[0], **lies}, *_values(inner)])
    members = {member["value"]: member for member in scim.read(group)["members"]}
    for resource, kind in ((ann, "User"), (inner, "Group")):
        member = members.pop(resource["id"])
        assert (member["type"], member["$ref"]) == (kind, resource["meta"]["location"])
        assert scim.get(member["$ref"].removeprefix(scim.url)).json["id"] == resource["id"]
        assert member.get("display") != "Mallory"
    assert members == {}


@pytest.mark.line("GRP-04", "GRP-13")
def test_groups_may_be_in_each_other(scim: Scim) -> None:
    first, second = scim.group(), scim.group()
    for outer, inner in ((first, second), (second, first), (first, first)):
        scim.patch(path_of(outer), {"op": "add", "path": "members", "value": _values(inner)})
    ann = scim.user()
    scim.changed(second, {"op": "add", "path": "members", "value": _values(ann)})
    assert members_of(scim.read(second)) == {first["id"], ann["id"]}
    assert second["id"] in {group["value"] for group in scim.read(ann)["groups"]}
    assert scim.get("/Groups").json["totalResults"] == 2
    assert scim.delete(path_of(first)).status == 204


@pytest.mark.line("GRP-05", "GRP-07", "SCH-10")
def test_a_users_groups_follow_the_groups(scim: Scim) -> None:
    ann = scim.user()
    arts, law = scim.group(ann, displayName="Arts"), scim.group(displayName="Law")
    scim.changed(law, {"op": "add", "path": "members", "value": _values(ann)})
    groups = {group["value"]: group for group in scim.read(ann)["groups"]}
    for group in (arts, law):
        shown = groups[group["id"]]
        expected = {"$ref": group["meta"]["location"], "type": "direct", "display": group["displayName"]}
        assert {name: shown[name] for name in expected} == expected
    scim.changed(arts, {"op": "remove", "path": f'members[value eq "{ann["id"]}"]'})
    assert [group["value"] for group in scim.read(ann)["groups"]] == [law["id"]]
    scim.delete(path_of(law))
    assert "groups" not in scim.read(ann)


@pytest.mark.line("GRP-05", "GRP-07")
def test_a_renamed_group_is_shown_under_its_new_name(scim: Scim) -> None:
    ann = scim.user()
    group = scim.group(ann, displayName="Old")
    scim.changed(group, {"op": "replace", "path": "displayName", "value": "New"})
    assert [shown["display"] for shown in scim.read(ann)["groups"]] == ["New"]
    assert [shown["display"] for shown in scim.get("/Users").json["Resources"][0]["groups"]] == ["New"]


@pytest.mark.line("GRP-06", "PAT-18", "PUT-06")
def test_membership_is_changed_by_the_group_alone(scim: Scim) -> None:
    ann, group = scim.user(), scim.group()
    claim = [{"value": group["id"]}]
    for op in ("add", "replace"):
        assert scim.patch(path_of(ann), {"op": op, "path": "groups", "value": claim}).fault == (400, "mutability")
    assert scim.put(path_of(ann), {**ann, "groups": claim}).status == 200
    scim.user(groups=claim)
    assert "members" not in scim.read(group)
    joined = scim.changed(group, {"op": "add", "path": "members", "value": _values(ann)})
    assert scim.put(path_of(ann), {**ann, "groups": []}).status == 200
    assert members_of(scim.read(group)) == members_of(joined) == {ann["id"]}


@pytest.mark.line("GRP-08", "PAT-35", "PAT-31", "PAT-32")
def test_nobody_is_a_member_twice(scim: Scim) -> None:
    ann, bob = scim.user(), scim.user()
    group = scim.group(members=_values(ann, ann))
    assert members_of(group) == {ann["id"]}
    again = scim.changed(group, {"op": "add", "path": "members", "value": _values(ann, ann)})
    assert again == scim.read(group) == {**group, "meta": again["meta"]}
    assert again["meta"] == group["meta"]
    both = scim.changed(group, {"op": "add", "path": "members", "value": _values(ann, bob, bob)})
    assert members_of(both) == {ann["id"], bob["id"]}
    assert members_of(scim.put(path_of(group), {**group, "members": _values(bob, bob)}).json) == {bob["id"]}


@pytest.mark.line("GRP-09")
@pytest.mark.parametrize("id", ["0" * 32, "unknown"])
def test_a_member_that_does_not_exist_is_refused_everywhere(scim: Scim, id: str) -> None:
    ann = scim.user()
    members = [*_values(ann), {"value": id}]
    answers = [
        scim.post("/Groups", {"schemas": [GROUP], "displayName": "New", "members": members}),
        scim.put(path_of(scim.group()), {"schemas": [GROUP], "displayName": "Put", "members": members}),
        scim.patch(path_of(scim.group()), {"op": "add", "path": "members", "value": members}),
    ]
    assert [answer.fault for answer in answers] == [(400, "invalidValue")] * 3
    groups = scim.get("/Groups").json["Resources"]
    assert [members_of(group) for group in groups] == [set(), set()]


@pytest.mark.line("GRP-11", "ATT-16", "13.25")
def test_a_large_group_changes_by_single_members_and_is_read_without_them(scim: Scim) -> None:
    people = [scim.user() for _ in range(3)]
    group = scim.group(*people[:2])
    for op in (
        {"op": "add", "path": "members", "value": _values(people[2])},
        {"op": "remove", "path": f'members[value eq "{people[0]["id"]}"]'},
    ):
        answer = scim.patch(path_of(group), op)
        assert (answer.status, answer.body) == (204, b"")
    assert members_of(scim.read(group)) == {*ids(people[1:])}
    for place in (path_of(group), "/Groups"):
        shown = scim.get(f"{place}?excludedAttributes=members").json
        shown = shown["Resources"][0] if place == "/Groups" else shown
        assert shown.keys() == {"schemas", "id", "displayName", "meta"}


@pytest.mark.line("GRP-12")
def test_indirect_membership_is_shown_and_cannot_be_written(scim: Scim) -> None:
    ann = scim.user()
    inner = scim.group(ann)
    outer = scim.group(inner)
    assert members_of(scim.read(outer)) == {inner["id"]}
    types = {group["value"]: group["type"] for group in scim.read(ann)["groups"]}
    assert types == {inner["id"]: "direct", outer["id"]: "indirect"}
    scim.changed(outer, {"op": "remove", "path": f'members[value eq "{ann["id"]}"]'})
    assert members_of(scim.read(inner)) == {ann["id"]}


@pytest.mark.line("GRP-14")
def test_a_strict_tenant_says_how_it_treats_the_same_display_name(scim: Scim) -> None:
    published = scim.get(f"/Schemas/{GROUP}").json["attributes"]
    uniqueness = next(it["uniqueness"] for it in published if it["name"] == "displayName")
    scim.group(displayName="Same")
    answer = scim.post("/Groups", {"schemas": [GROUP], "displayName": "SAME"})
    assert answer.status == (409 if uniqueness == "server" else 201)


@pytest.mark.line("PUT-15", "GRP-01", "13.59")
def test_replacing_a_group_adds_and_drops_members(scim: Scim) -> None:
    ann, bob = scim.user(), scim.user()
    group = scim.group(ann)
    replaced = scim.put(path_of(group), {**group, "members": _values(bob)})
    assert (replaced.status, members_of(replaced.json)) == (200, {bob["id"]})
    assert "groups" not in scim.read(ann)
    empty: list[Resource] = []
    for nobody in (empty, None):
        scim.put(path_of(group), {**group, "members": _values(ann, bob)})
        assert "members" not in scim.put(path_of(group), {**group, "members": nobody}).json


@pytest.mark.parametrize(
    ("operations", "left"),
    [
        pytest.param([("remove", 'members[value eq "{0}"]', None)], {1, 2}, marks=pytest.mark.line("PAT-48", "PAT-41")),
        pytest.param([("remove", "members", None)], set(), marks=pytest.mark.line("PAT-48", "PAT-40", "13.98")),
        pytest.param(
            [("remove", 'members[value eq "{0}" or value eq "{1}"]', None)], {2}, marks=pytest.mark.line("PAT-48")
        ),
        pytest.param(
            [("remove", 'members[value eq "{0}"]', None), ("add", "members", [3])],
            {1, 2, 3},
            marks=pytest.mark.line("PAT-48", "PAT-12"),
        ),
        pytest.param(
            [("remove", "members", None), ("add", "members", [0, 3])],
            {0, 3},
            marks=pytest.mark.line("PAT-48", "PAT-12"),
        ),
        pytest.param([("add", "members", [3])], {0, 1, 2, 3}, marks=pytest.mark.line("PAT-35")),
        pytest.param([("add", "members", [0, 3, 4])], {0, 1, 2, 3, 4}, marks=pytest.mark.line("PAT-35")),
        pytest.param([("add", None, {"members": [3]})], {0, 1, 2, 3}, marks=pytest.mark.line("PAT-23")),
        pytest.param([("replace", "members", [3, 4])], {3, 4}, marks=pytest.mark.line("PAT-60")),
        pytest.param([("replace", None, {"members": [3]})], {3}, marks=pytest.mark.line("PAT-60")),
        pytest.param([("replace", "members", [])], set(), marks=pytest.mark.line("PAT-60", "PAT-57", "13.98")),
        pytest.param(
            [("remove", 'members[value eq "{3}"]', None)], {0, 1, 2}, marks=pytest.mark.line("PAT-45", "13.97")
        ),
        pytest.param([("remove", f"{GROUP}:members", None)], set(), marks=pytest.mark.line("PAT-36")),
        pytest.param([("remove", 'MEMBERS[Value EQ "{0}"]', None)], {1, 2}, marks=pytest.mark.line("PAT-07")),
    ],
)
def test_members_come_and_go_by_operations(
    shared: Scim, operations: list[tuple[str, str | None, Any]], left: set[int]
) -> None:
    for tenant in (shared, shared.strict):
        people = [tenant.user() for _ in range(5)]
        group = tenant.group(*people[:3])
        changed = tenant.changed(group, *(_operation(people, *operation) for operation in operations))
        assert members_of(changed) == {people[number]["id"] for number in left}


def _operation(people: list[Resource], op: str, path: str | None, value: Any) -> Resource:
    numbers = value["members"] if isinstance(value, dict) else value
    members = None if numbers is None else _values(*(people[number] for number in numbers))
    given: Resource = {"op": op, "path": path.format(*ids(people)) if path else None}
    given["value"] = {"members": members} if isinstance(value, dict) else members
    return {name: it for name, it in given.items() if it is not None}


@pytest.mark.line("PAT-19", "PAT-62", "ERR-08")
@pytest.mark.parametrize("sub", ["", ".value", ".type", ".display"])
def test_a_member_itself_cannot_be_changed(shared: Scim, sub: str) -> None:
    ann, bob = shared.user(), shared.user()
    group = shared.group(ann)
    value = _values(bob)[0] if not sub else bob["id"]
    path = f'members[value eq "{ann["id"]}"]{sub}'
    for tenant, place in ((shared, group),):
        assert tenant.patch(path_of(place), {"op": "replace", "path": path, "value": value}).fault == (
            400,
            "mutability",
        )
    assert shared.read(group) == group


@pytest.mark.line("PAT-11", "PAT-44", "CON-09")
@pytest.mark.parametrize(
    "broken", [{"op": "remove", "path": "displayName"}, {"op": "add", "path": "shoeSize", "value": 1}, {"op": "remove"}]
)
def test_a_broken_operation_undoes_membership_changes_too(shared: Scim, broken: Resource) -> None:
    ann, bob = shared.user(), shared.user()
    group = shared.group(ann)
    addition = {"op": "add", "path": "members", "value": _values(bob)}
    assert shared.patch(path_of(group), addition, {"op": "remove", "path": "externalId"}, broken).status == 400
    assert shared.read(group) == group
    assert "groups" not in shared.read(bob)


@pytest.mark.line("PAT-21", "CON-06", "GRP-11")
def test_none_of_many_parallel_membership_changes_is_lost(scim: Scim) -> None:
    people = [scim.user() for _ in range(12)]
    group = scim.group(*people[:4])
    operations = [{"op": "add", "path": "members", "value": _values(person)} for person in people[4:]]
    operations += [{"op": "remove", "path": f'members[value eq "{person["id"]}"]'} for person in people[:4]]
    bodies = [{"schemas": [PATCH_OP], "Operations": [operation]} for operation in operations]
    answers = scim.together(*(Call("PATCH", path_of(group), body) for body in bodies))
    assert {answer.status for answer in answers} == {204}
    assert members_of(scim.read(group)) == {*ids(people[4:])}
    assert scim.found("/Groups", f'members.value eq "{people[0]["id"]}"') == set()
