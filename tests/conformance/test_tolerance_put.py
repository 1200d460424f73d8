"""Tolerances 55 to 60: what Okta and others do with PUT."""

import pytest

from tests.support.conformance_client import ENTERPRISE, GROUP, Scim, members_of, path_of


@pytest.mark.line("13.55")
def test_a_resource_put_back_as_it_was_read_stays_as_it_is(scim: Scim) -> None:
    user = scim.user(title="Dean", emails=[{"value": "a@example.com"}], **{ENTERPRISE: {"department": "Law"}})
    group = scim.group(user)
    for resource in (scim.read(user), scim.read(group)):
        answer = scim.put(path_of(resource), resource)
        assert (answer.status, answer.json) == (200, resource)
        assert scim.read(resource) == resource


@pytest.mark.line("13.56")
def test_foreign_meta_is_passed_over(scim: Scim) -> None:
    user, foreign = scim.user(title="Dean"), scim.other.user()
    answer = scim.put(path_of(user), {**user, "meta": foreign["meta"] | {"created": "2001-01-01T00:00:00Z"}})
    assert (answer.status, answer.json) == (200, user)


@pytest.mark.line("13.57")
def test_what_is_not_put_is_removed_unless_it_is_the_servers_own(scim: Scim) -> None:
    user = scim.user(title="Dean", externalId="1", password="first", **{ENTERPRISE: {"department": "Law"}})
    group = scim.group(user)
    answer = scim.put(path_of(user), {"userName": user["userName"]})
    assert set(answer.json) == {"schemas", "id", "userName", "active", "groups", "meta"}
    assert [one["value"] for one in answer.json["groups"]] == [group["id"]]
    assert answer.json["meta"]["created"] == user["meta"]["created"]


@pytest.mark.line("13.58")
@pytest.mark.parametrize("given", [(False, True), ("False", "True")])
def test_put_disables_and_restores(scim: Scim, given: tuple[object, object]) -> None:
    user = scim.user(title="Dean")
    for active, kept in zip(given, (False, True), strict=True):
        assert scim.put(path_of(user), {**user, "active": active}).json["active"] is kept
        assert scim.read(user)["active"] is kept
        assert scim.read(user)["title"] == "Dean"


@pytest.mark.line("13.59")
def test_put_replaces_the_members_of_a_group(scim: Scim) -> None:
    ann, bob, cas = scim.user(), scim.user(), scim.user()
    group = scim.group(ann, bob)
    for members in ([bob, cas], [ann], []):
        body = {"schemas": [GROUP], "displayName": "Tutors", "members": [{"value": one["id"]} for one in members]}
        assert members_of(scim.put(path_of(group), body).json) == {one["id"] for one in members}
        assert members_of(scim.read(group)) == {one["id"] for one in members}


@pytest.mark.line("13.60")
def test_put_creates_nothing_and_takes_nobodys_name(scim: Scim) -> None:
    ann, bob = scim.user(userName="ann"), scim.user(userName="bob")
    assert scim.put("/Users/0123456789abcdef0123456789abcdef", {"userName": "new"}).status == 404
    assert scim.found("/Users", 'userName eq "new"') == set()
    assert scim.put(path_of(bob), {"userName": "ANN"}).fault == (409, "uniqueness")
    assert (scim.read(ann), scim.read(bob)) == (ann, bob)
