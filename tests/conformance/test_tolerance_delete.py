"""Tolerances 104 to 107: how provisioning clients delete."""

import pytest

from tests.support.conformance_client import Call, Scim, members_of, path_of

INACTIVE = {"op": "Replace", "path": "active", "value": "False"}


@pytest.mark.line("13.104")
@pytest.mark.parametrize("path", ["/Users", "/Groups"])
def test_what_was_deleted_is_not_there_for_any_method(scim: Scim, path: str) -> None:
    gone = scim.made(path, {"userName": "ann", "displayName": "Ann"})
    answer = scim.delete(path_of(gone))
    assert (answer.status, answer.body) == (204, b"")
    for again in (
        scim.get(path_of(gone)),
        scim.put(path_of(gone), gone),
        scim.patch(path_of(gone), {"op": "replace", "path": "displayName", "value": "x"}),
        scim.delete(path_of(gone)),
    ):
        assert (again.status, again.json["status"]) == (404, "404")


@pytest.mark.line("13.105")
def test_a_deleted_user_leaves_no_trace(scim: Scim) -> None:
    gone, stays = scim.user(userName="ann", externalId="1", emails=[{"value": "a@example.com"}]), scim.user()
    group = scim.group(gone, stays)
    scim.delete(path_of(gone))
    for filter in (
        'userName eq "ann"',
        'externalId eq "1"',
        'emails.value eq "a@example.com"',
        f'id eq "{gone["id"]}"',
    ):
        assert scim.found("/Users", filter) == set()
    assert [user["id"] for user in scim.get("/Users").json["Resources"]] == [stays["id"]]
    assert members_of(scim.read(group)) == {stays["id"]}
    assert scim.found("/Groups", f'members.value eq "{gone["id"]}"') == set()


@pytest.mark.line("13.106")
def test_deleting_a_group_leaves_its_users(scim: Scim) -> None:
    user = scim.user()
    group = scim.group(user)
    assert [one["value"] for one in scim.read(user)["groups"]] == [group["id"]]
    scim.delete(path_of(group))
    assert scim.read(user) == user


@pytest.mark.line("13.107")
def test_nothing_revives_a_user_who_was_disabled_and_deleted(scim: Scim) -> None:
    for _ in range(10):
        gone = scim.user(userName="ann")
        assert scim.patch(path_of(gone), INACTIVE).status == 200
        assert scim.delete(path_of(gone)).status == 204
        assert scim.get(path_of(gone)).status == 404
    assert scim.get("/Users").json["totalResults"] == 0


@pytest.mark.line("13.107")
def test_a_change_beside_a_deletion_revives_nobody(scim: Scim) -> None:
    gone = scim.user()
    change = Call("PATCH", path_of(gone), {"Operations": [INACTIVE]})
    answers = scim.together(*[change] * 5, Call("DELETE", path_of(gone)), *[change] * 5)
    assert answers[5].status == 204
    assert {answer.status for answer in answers} <= {200, 204, 404}
    assert scim.get(path_of(gone)).status == 404
    assert scim.get("/Users").json["totalResults"] == 0
