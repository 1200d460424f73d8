"""PUT: replacing a resource (RFC 7644, 3.5.1)."""

from typing import Any

import pytest

from tests.support.conformance_client import ENTERPRISE, GROUP, USER, Resource, Scim, path_of

_WHOLE: Resource = {
    "schemas": [USER, ENTERPRISE],
    "userName": "ann",
    "externalId": "e1",
    "title": "Dean",
    "name": {"givenName": "Ann", "familyName": "Berg"},
    "emails": [{"value": "a@x.org", "type": "work", "primary": True}],
    ENTERPRISE: {"department": "Tours", "employeeNumber": "7"},
}


@pytest.mark.line("PUT-01", "PUT-03", "PUT-04", "PUT-14", "PUT-10", "CON-02")
def test_the_new_resource_takes_the_place_of_the_old(scim: Scim) -> None:
    user = scim.user(**_WHOLE)
    new = {"schemas": [USER], "userName": "bob", "emails": [{"value": "b@x.org"}], "nickName": "B", "active": False}
    answer = scim.put(path_of(user), new)
    assert answer.status == 200
    assert answer.json == {**new, "id": user["id"], "meta": answer.json["meta"]}
    assert scim.read(user) == answer.json
    assert answer.json["meta"]["created"] == user["meta"]["created"]
    assert answer.json["meta"]["lastModified"] > user["meta"]["lastModified"]
    assert answer.json["meta"]["version"] != user["meta"]["version"]


@pytest.mark.line("PUT-02", "PUT-16", "ERR-16", "13.60")
@pytest.mark.parametrize(
    ("path", "body"),
    [("/Users", {"schemas": [USER], "userName": "x"}), ("/Groups", {"schemas": [GROUP], "displayName": "x"})],
)
def test_nothing_is_created_by_replacing(scim: Scim, path: str, body: Resource) -> None:
    gone = scim.made(path, body)
    scim.delete(path_of(gone))
    for place in (path_of(gone), f"{path}/{'0' * 32}", f"{path}/unknown"):
        assert scim.put(place, body).status == 404
    assert scim.get(path).json["totalResults"] == 0


@pytest.mark.line("PUT-05", "PUT-04", "13.57")
@pytest.mark.parametrize("absent", ["left out", None, []])
def test_what_is_absent_is_cleared(scim: Scim, absent: Any) -> None:
    user = scim.user(**_WHOLE)
    names = ["title", "externalId", "name", "emails", ENTERPRISE] if absent != [] else ["emails"]
    rest = {name: value for name, value in _WHOLE.items() if name not in names}
    given = rest if absent == "left out" else rest | dict.fromkeys(names, absent)
    replaced = scim.put(path_of(user), given).json
    assert replaced.keys() == user.keys() - {*names}
    assert scim.read(user) == replaced


@pytest.mark.line("PUT-06", "13.55", "13.56")
def test_read_only_values_are_ignored(scim: Scim) -> None:
    tenant = scim.strict
    user = tenant.user(**_WHOLE)
    foreign = {"id": "other", "meta": {"version": "x", "location": "https://x.example/1"}, "groups": [{"value": "g"}]}
    answer = tenant.put(path_of(user), {**user, **foreign})
    assert (answer.status, answer.json) == (200, user)


@pytest.mark.line("PUT-07")
def test_the_identity_of_a_member_is_kept_when_a_group_is_sent_back(scim: Scim) -> None:
    tenant = scim.strict
    group = tenant.group(tenant.user())
    assert tenant.put(path_of(group), group).json == group
    other = [{"value": tenant.user()["id"], "type": "User"}]
    assert tenant.put(path_of(group), {**group, "members": other}).json["members"][0]["value"] == other[0]["value"]


@pytest.mark.line("PUT-08", "ERR-12")
@pytest.mark.parametrize("name", [{}, {"userName": None}, {"userName": ""}, {"userName": " "}])
def test_a_required_attribute_must_be_there(shared: Scim, name: Resource) -> None:
    user, group = shared.user(), shared.group()
    assert shared.put(path_of(user), {"schemas": [USER], **name}).fault == (400, "invalidValue")
    assert shared.put(path_of(group), {"schemas": [GROUP]}).fault == (400, "invalidValue")
    assert [shared.read(user), shared.read(group)] == [user, group]


@pytest.mark.line("PUT-09", "UNQ-02", "UNQ-08", "ERR-07")
def test_anothers_name_cannot_be_taken_and_ones_own_kept(scim: Scim) -> None:
    scim.user(userName="ann")
    bob = scim.user(userName="bob", title="Dean")
    for name in ("ann", "ANN"):
        assert scim.put(path_of(bob), {**bob, "userName": name, "title": "x"}).fault == (409, "uniqueness")
        assert scim.read(bob) == bob
    for name in ("bob", "BOB"):
        assert scim.put(path_of(bob), {**bob, "userName": name}).json["userName"] == name


@pytest.mark.line("PUT-11", "CON-12", "13.55")
def test_what_was_read_can_be_sent_back_and_changes_nothing(scim: Scim) -> None:
    for tenant in (scim, scim.strict):
        user = tenant.user(**{**_WHOLE, "userName": "round trip"})
        group = tenant.group(user)
        for resource in (user, group):
            current = tenant.read(resource)
            for _ in range(2):
                answer = tenant.put(path_of(current), current)
                assert (answer.status, answer.json) == (200, current)


@pytest.mark.line("PUT-12")
def test_one_value_is_primary_after_a_replacement(scim: Scim) -> None:
    user = scim.user(**_WHOLE)
    emails = [{"value": "a@x.org", "primary": False}, {"value": "b@x.org", "primary": True}]
    replaced = scim.put(path_of(user), {**_WHOLE, "emails": emails}).json
    assert [email["value"] for email in replaced["emails"] if email["primary"]] == ["b@x.org"]


@pytest.mark.line("PUT-13", "ERR-09", "ERR-23")
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b'{"userName":"\\ud800","schemas":[]}'])
def test_a_malformed_body_leaves_the_resource_alone(shared: Scim, body: bytes) -> None:
    for resource in (shared.user(), shared.group()):
        assert shared.put(path_of(resource), body).status == 400
        assert shared.read(resource) == resource


@pytest.mark.line("PUT-17", "CAS-01", "CAS-08")
def test_names_are_read_in_any_case(scim: Scim) -> None:
    user = scim.user(**_WHOLE)
    body = {"Schemas": [USER], "USERNAME": "Ann", "TITLE": "Rector", "Name": {"FamilyName": "Berg"}}
    answer = scim.strict.put(path_of(scim.strict.user(**_WHOLE)), body)
    assert answer.status == scim.put(path_of(user), body).status == 200
    assert answer.json.keys() == {"schemas", "id", "userName", "title", "name", "active", "meta"}
    assert answer.json["name"] == {"familyName": "Berg"}


@pytest.mark.line("PUT-15")
def test_a_group_loses_and_wins_members(scim: Scim) -> None:
    ann, bob = scim.user(), scim.user()
    group = scim.group(ann)
    body = {"schemas": [GROUP], "displayName": group["displayName"], "members": [{"value": bob["id"]}]}
    assert [member["value"] for member in scim.put(path_of(group), body).json["members"]] == [bob["id"]]
    assert "members" not in scim.put(path_of(group), {**body, "members": []}).json
