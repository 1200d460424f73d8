"""Tolerances 34 to 54: how provisioning clients create Users and Groups."""

from typing import Any

import pytest

from tests.support.conformance_client import (
    ENTERPRISE,
    GROUP,
    USER,
    Call,
    Resource,
    Scim,
    ids,
    members_of,
    path_of,
)

MICROSOFT_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
HARD_NAMES = [
    "ann_contoso.com#EXT#@fabrikam.example.com",
    "o'hara@example.com",
    "ann+test@example.com",
    "ann of the hill",
    "zoë.ærø.雪@example.com",
]


@pytest.mark.line("13.34")
@pytest.mark.parametrize("path", ["/Users", "/Groups"])
def test_a_creation_is_answered_with_the_resource_and_its_place(scim: Scim, path: str) -> None:
    answer = scim.post(path, {"userName": "ann", "displayName": "Ann"})
    meta = answer.json["meta"]
    assert answer.status == 201
    assert answer.headers["Location"] == meta["location"] == f"{scim.url}{path}/{answer.json['id']}"
    assert meta["resourceType"] == path[1:-1]
    assert meta["created"] == meta["lastModified"]


@pytest.mark.line("13.35")
def test_the_location_can_be_fetched_as_it_is(scim: Scim) -> None:
    for resource in (scim.user(), scim.group()):
        target = resource["meta"]["location"].removeprefix(f"http://{scim.host}")
        assert target.startswith("/")
        assert scim.send_to(target, "GET").json == resource


@pytest.mark.line("13.36")
def test_a_new_user_is_found_at_once_at_every_gateway(scim: Scim) -> None:
    for turn in range(20):
        user = scim.send("POST", "/Users", {"userName": f"user{turn}"}, gateway=turn).json
        assert scim.send("GET", path_of(user), gateway=turn + 1).json == user
        assert scim.found("/Users", f'userName eq "user{turn}"') == {user["id"]}
        assert scim.found("/Users", f'userName eq "user{turn}"') == {user["id"]}


@pytest.mark.line("13.37")
@pytest.mark.parametrize(
    ("path", "name", "again"), [("/Users", "ann@example.com", "ANN@Example.com"), ("/Groups", "Tutors", "TUTORS")]
)
def test_a_name_in_use_is_a_conflict_in_any_case(scim: Scim, path: str, name: str, again: str) -> None:
    made = scim.made(path, {"userName": name, "displayName": name})
    for second in (name, again):
        assert scim.post(path, {"userName": second, "displayName": second}).fault == (409, "uniqueness")
    assert ids(scim.get(path).json["Resources"]) == [made["id"]]


@pytest.mark.line("13.38")
def test_of_simultaneous_creations_of_one_name_one_succeeds(scim: Scim) -> None:
    answers = scim.together(*[Call("POST", "/Users", {"userName": name}) for name in ["ann", "ANN"] * 8])
    statuses = sorted(answer.status for answer in answers)
    assert statuses == [201] + [409] * 15
    assert len(scim.search("/Users", 'userName eq "ann"')) == 1


@pytest.mark.line("13.39")
def test_an_external_id_is_kept_and_may_be_used_by_many(scim: Scim) -> None:
    users = [scim.user(externalId="bjensen") for _ in range(3)]
    assert [scim.read(user)["externalId"] for user in users] == ["bjensen"] * 3
    assert scim.found("/Users", 'externalId eq "bjensen"') == set(ids(users))


@pytest.mark.line("13.40")
def test_two_tenants_may_have_the_same_names(scim: Scim) -> None:
    for tenant in (scim, scim.other):
        tenant.user(userName="ann", externalId="1")
        tenant.group(displayName="Tutors")
        assert len(tenant.search("/Users", 'userName eq "ann"')) == 1


@pytest.mark.line("13.41")
@pytest.mark.parametrize("id", [None, "", "my-own-id", "01a2136bb5817fe6b9c81a2a05bbfc5b"])
def test_what_the_server_says_itself_is_ignored(shared: Scim, id: str | None) -> None:
    meta = {"resourceType": "Robot", "created": "2001-01-01T00:00:00Z", "location": "x", "version": "y"}
    user = shared.user(id=id, meta=meta, groups=[{"value": "g", "display": "All"}])
    assert user["id"] != id
    assert user["meta"]["resourceType"] == "User"
    assert not user["meta"]["created"].startswith("2001")
    assert "groups" not in user


@pytest.mark.line("13.42")
@pytest.mark.parametrize(
    "schemas", [[USER], [], None, ["urn:example:unknown"], [USER, MICROSOFT_GROUP], ["urn:scim:schemas:core:1.0"]]
)
def test_a_body_may_name_other_schemas_than_it_has(shared: Scim, schemas: list[str] | None) -> None:
    user = shared.user(schemas=schemas, **{ENTERPRISE: {"department": "Sales"}})
    assert user["schemas"] == [USER, ENTERPRISE]
    assert user[ENTERPRISE] == {"department": "Sales"}


@pytest.mark.line("13.42")
@pytest.mark.parametrize("body", [{}, {"schemas": [GROUP, MICROSOFT_GROUP]}, {"schemas": []}])
def test_a_group_may_be_of_microsofts_own_schema(scim: Scim, body: Resource) -> None:
    assert scim.made("/Groups", {"displayName": "Tutors", **body})["schemas"] == [GROUP]


@pytest.mark.line("13.43")
@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_empty_text_are_no_value(shared: Scim, nothing: str | None) -> None:
    given: Resource = {"title": nothing, "externalId": nothing, "name": {"givenName": nothing, "familyName": "Hill"}}
    user = shared.user(**given, **{ENTERPRISE: {"department": nothing, "manager": nothing}}, emails=nothing)
    assert set(user) == {"schemas", "id", "userName", "name", "active", "meta"}
    assert user["name"] == {"familyName": "Hill"}
    assert user == shared.read(user)


@pytest.mark.line("13.44")
def test_unknown_attributes_are_ignored(scim: Scim) -> None:
    user = scim.user(shoeSize=44, name={"familyName": "Hill", "clan": "x"}, **{"urn:example:unknown": 1})
    assert "shoeSize" not in user
    assert user["name"] == {"familyName": "Hill"}
    assert "shoeSize" not in scim.made("/Groups", {"displayName": "Tutors", "shoeSize": 44})


@pytest.mark.line("13.45")
def test_a_password_is_taken_and_never_seen_again(scim: Scim, capfd: pytest.CaptureFixture[str]) -> None:
    secret = "correct horse battery staple"
    user = scim.user(password=secret)
    answers = [
        scim.get(f"{path_of(user)}?attributes=password,userName"),
        scim.put(path_of(user), {**user, "password": secret}),
        scim.patch(path_of(user), {"op": "replace", "value": {"password": secret}}),
        scim.get("/Users"),
    ]
    assert [answer.status for answer in answers] == [200] * 4
    seen = [str(user), *(str(answer.body) for answer in answers), str(scim.audit()), str(scim.events())]
    assert not any(secret in text for text in [*seen, *capfd.readouterr()])
    assert not any("password" in answer.json for answer in answers)


@pytest.mark.line("13.46")
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, True),
        ({"active": True}, True),
        ({"active": "True"}, True),
        ({"active": "true"}, True),
        ({"active": False}, False),
        ({"active": "False"}, False),
        ({"active": "FALSE"}, False),
    ],
)
def test_active_becomes_a_boolean(shared: Scim, given: Resource, kept: bool) -> None:
    user = shared.user(**given)
    assert user["active"] is kept
    assert shared.read(user)["active"] is kept


@pytest.mark.line("13.47")
@pytest.mark.parametrize("attribute", ["emails", "roles", "phoneNumbers"])
def test_primary_becomes_a_boolean(shared: Scim, attribute: str) -> None:
    user = shared.user(
        **{attribute: [{"value": "a@example.com", "primary": "True"}, {"value": "b", "primary": "false"}]}
    )
    assert [element["primary"] for element in shared.read(user)[attribute]] == [True, False]


@pytest.mark.line("13.48")
@pytest.mark.parametrize("is_known", [True, False])
def test_a_manager_is_kept_as_an_object(shared: Scim, is_known: bool) -> None:
    id = shared.user()["id"] if is_known else "26118915-6090-4610-87e4-49d8ca9f808d"
    for given in (id, {"value": id}, {"value": id, "$ref": f"../Users/{id}", "displayName": "Max"}):
        user = shared.user(**{ENTERPRISE: {"manager": given}})
        assert shared.read(user)[ENTERPRISE]["manager"]["value"] == id


@pytest.mark.line("13.49")
def test_a_manager_by_another_key_does_not_fail_the_request(scim: Scim) -> None:
    manager = {"managerId": "m-1", "displayName": "Max"}
    user = scim.user(title="Dean", **{ENTERPRISE: {"department": "Law", "manager": manager}})
    assert (user["title"], user[ENTERPRISE]["department"]) == ("Dean", "Law")


@pytest.mark.line("13.50")
def test_texts_are_not_judged_by_their_format(shared: Scim) -> None:
    given: dict[str, Any] = {
        "profileUrl": "QWERTYUIOP",
        "locale": "ZXCVBNM",
        "timezone": "the middle of nowhere",
        "preferredLanguage": "klingon, or so",
        "phoneNumbers": [{"type": "work", "value": "+1 (555) 0100 ext. 7"}],
        "addresses": [{"type": "work", "country": "Republic of Freedonia"}],
    }
    user = shared.user(**given)
    assert {name: shared.read(user)[name] for name in given} == given


@pytest.mark.line("13.51")
def test_elements_need_no_type(shared: Scim) -> None:
    user = shared.user(emails=[{"value": "ann@example.com", "primary": True}])
    assert user["emails"] == [{"value": "ann@example.com", "primary": True}]
    group = shared.group(members=[{"$ref": None, "value": user["id"]}])
    assert members_of(shared.read(group)) == {user["id"]}


@pytest.mark.line("13.52")
def test_a_group_is_made_with_members_and_without(shared: Scim) -> None:
    users = [shared.user(), shared.user()]
    for listed in ([{"value": id} for id in ids(users)], [], None):
        group = shared.group(members=listed)
        assert members_of(group) == members_of(shared.read(group)) == {member["value"] for member in listed or []}
    assert members_of(shared.group()) == set()


@pytest.mark.line("13.53")
def test_the_name_of_a_deleted_user_is_free_at_once(scim: Scim) -> None:
    gone = scim.user(userName="ann")
    assert scim.delete(path_of(gone)).status == 204
    again = scim.user(userName="Ann")
    assert again["id"] != gone["id"]
    assert scim.found("/Users", 'userName eq "ann"') == {again["id"]}


@pytest.mark.line("13.54")
@pytest.mark.parametrize("name", HARD_NAMES)
def test_hard_names_survive_everything(scim: Scim, name: str) -> None:
    user = scim.user(userName=name)
    assert scim.read(user)["userName"] == name
    assert scim.found("/Users", f'userName eq "{name}"') == {user["id"]}
    scim.changed(user, {"op": "Replace", "path": "userName", "value": "plain"})
    assert scim.changed(user, {"op": "Replace", "path": "userName", "value": name})["userName"] == name
    assert scim.found("/Users", f'userName eq "{name.upper()}"') == {user["id"]}
