"""DEL: DELETE (RFC 7644, 3.6)."""

import pytest

from tests.support.conformance_client import Call, Resource, Scim, members_of, path_of


def _made(scim: Scim, kind: str) -> Resource:
    return scim.user(userName="x") if kind == "User" else scim.group(displayName="x")


@pytest.mark.line("DEL-01", "DEL-02", "DEL-05", "CON-03", "13.104")
@pytest.mark.parametrize("kind", ["User", "Group"])
def test_what_was_deleted_is_not_found_by_any_method(scim: Scim, kind: str) -> None:
    made = _made(scim, kind)
    place = path_of(made)
    answer = scim.delete(place)
    assert (answer.status, answer.body) == (204, b"")
    change = {"op": "add", "path": "externalId", "value": "x"}
    for gateway in range(2):
        assert scim.send("GET", place, gateway=gateway).status == 404
    answers = [scim.put(place, made), scim.patch(place, change), scim.delete(place), scim.delete(f"/{kind}s/unknown")]
    assert [answer.status for answer in answers] == [404] * 4


@pytest.mark.line("DEL-03", "CON-03", "13.105")
@pytest.mark.parametrize("kind", ["User", "Group"])
def test_what_was_deleted_is_gone_from_every_query_at_once(scim: Scim, kind: str) -> None:
    made = _made(scim, kind)
    name = "userName" if kind == "User" else "displayName"
    scim.delete(path_of(made))
    for gateway in range(2):
        for query in ("", f'?filter={name}+eq+"x"', f"?filter={name}+pr", f'?filter=id+eq+"{made["id"]}"', "?count=0"):
            assert scim.send("GET", f"/{kind}s{query}", gateway=gateway).json["totalResults"] == 0


@pytest.mark.line("DEL-04", "UNQ-04", "COM-01", "13.53")
@pytest.mark.parametrize("kind", ["User", "Group"])
def test_the_name_of_what_was_deleted_is_free_at_once(scim: Scim, kind: str) -> None:
    first = _made(scim, kind)
    scim.delete(path_of(first))
    second = _made(scim, kind)
    assert second["id"] != first["id"]
    assert scim.get(path_of(first)).status == 404
    assert scim.get(f"/{kind}s").json["Resources"] == [second]


@pytest.mark.line("DEL-07", "GRP-07", "13.105", "13.106")
def test_a_deleted_user_leaves_its_groups_and_a_deleted_group_its_users(scim: Scim) -> None:
    ann, bob = scim.user(), scim.user()
    group, outer = scim.group(ann, bob), scim.group()
    scim.changed(outer, {"op": "add", "path": "members", "value": [{"value": group["id"]}]})
    scim.delete(path_of(ann))
    assert members_of(scim.read(group)) == {bob["id"]}
    scim.delete(path_of(group))
    assert scim.read(bob) == bob
    assert "members" not in scim.read(outer)


@pytest.mark.line("DEL-09")
def test_of_many_deletions_at_once_one_succeeds(scim: Scim) -> None:
    ann = scim.user()
    answers = scim.together(*(Call("DELETE", path_of(ann)) for _ in range(12)))
    assert sorted(answer.status for answer in answers) == [204] + [404] * 11
    assert scim.get(path_of(ann)).status == 404


@pytest.mark.line("DEL-06", "ETG-11")
def test_another_version_is_not_deleted(scim: Scim) -> None:
    ann = scim.user()
    now = scim.changed(ann, {"op": "add", "path": "title", "value": "Dean"})
    assert scim.delete(path_of(ann), headers={"If-Match": ann["meta"]["version"]}).status == 412
    assert scim.read(ann) == now
    assert scim.delete(path_of(ann), headers={"If-Match": now["meta"]["version"]}).status == 204


@pytest.mark.line("DEL-08")
@pytest.mark.parametrize("place", ["/Users", "/Groups", "/Users/", "/Users?filter=userName+pr"])
def test_a_collection_cannot_be_deleted(shared: Scim, place: str) -> None:
    made = [shared.user(), shared.group()]
    assert shared.delete(place).status == 405
    assert [shared.read(resource) for resource in made] == made
