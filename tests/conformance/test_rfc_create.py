"""CRE: POST (RFC 7644, 3.3)."""

from typing import Any

import pytest

from tests.support.conformance_client import ENTERPRISE, GROUP, USER, Call, Scim, path_of

_WHOLE = {
    "schemas": [USER, ENTERPRISE],
    "userName": "bjensen@example.com",
    "externalId": "701984",
    "name": {"formatted": "Ms. Barbara J Jensen, III", "familyName": "Jensen", "givenName": "Barbara"},
    "displayName": "Babs Jensen",
    "nickName": "Babs",
    "profileUrl": "https://login.example.com/bjensen",
    "emails": [{"value": "bjensen@example.com", "type": "work", "primary": True}, {"value": "b@j.org", "type": "home"}],
    "addresses": [{"type": "work", "streetAddress": "100 Universal City Plaza", "country": "US", "primary": True}],
    "phoneNumbers": [{"value": "555-555-5555", "type": "work"}],
    "userType": "Employee",
    "title": "Tour Guide",
    "preferredLanguage": "en-US",
    "locale": "en-US",
    "timezone": "America/Los_Angeles",
    "active": True,
    ENTERPRISE: {"employeeNumber": "701984", "costCenter": "4130", "department": "Tour Operations"},
}


@pytest.mark.line("CRE-01", "CRE-02", "CRE-03", "CRE-04", "CRE-32", "CON-01")
def test_what_was_created_is_answered_whole_and_can_be_read_at_once(scim: Scim) -> None:
    answer = scim.strict.post("/Users", _WHOLE)
    assert answer.status == 201
    assert answer.headers["Location"] == answer.json["meta"]["location"]
    assert {name: answer.json[name] for name in _WHOLE} == _WHOLE
    reads = [scim.strict.send("GET", path_of(answer.json), gateway=gateway) for gateway in range(2)]
    assert [read.json for read in reads] == [answer.json] * 2


@pytest.mark.line("CRE-05", "GRP-06", "EXT-03", "13.41")
def test_read_only_attributes_are_ignored(scim: Scim) -> None:
    group = scim.strict.group()
    manager = {"displayName": "The Boss", "value": group["id"]}
    user = scim.strict.user(
        groups=[{"value": group["id"]}], schemas=[USER, ENTERPRISE], **{ENTERPRISE: {"manager": manager}}
    )
    assert "groups" not in scim.strict.read(user)
    assert "members" not in scim.strict.read(group)
    assert "displayName" not in user[ENTERPRISE]["manager"]


@pytest.mark.line("CRE-07", "CRE-08", "UNQ-01", "UNQ-02", "ERR-07", "CAS-04", "13.37")
@pytest.mark.parametrize("name", ["ann@example.com", "ANN@Example.com"])
def test_a_user_name_in_use_is_a_conflict_in_any_case(scim: Scim, name: str) -> None:
    ann = scim.user(userName="ann@example.com")
    body = {"schemas": [USER], "userName": name, "title": "Other"}
    assert scim.post("/Users", body).fault == (409, "uniqueness")
    assert scim.get("/Users").json["Resources"] == [ann]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/Users", {"schemas": [USER]}, marks=pytest.mark.line("CRE-09")),
        pytest.param("/Users", {"schemas": [USER], "userName": None}, marks=pytest.mark.line("CRE-09")),
        pytest.param("/Users", {"schemas": [USER], "userName": ""}, marks=pytest.mark.line("CRE-10")),
        pytest.param("/Users", {"schemas": [USER], "userName": " \t "}, marks=pytest.mark.line("CRE-10")),
        pytest.param("/Users", {"schemas": [USER], "userName": "\u3000"}, marks=pytest.mark.line("CRE-10")),
        pytest.param("/Groups", {"schemas": [GROUP]}, marks=pytest.mark.line("CRE-11")),
        pytest.param("/Groups", {"schemas": [GROUP], "displayName": ""}, marks=pytest.mark.line("CRE-11")),
    ],
)
@pytest.mark.line("ERR-12")
def test_a_resource_without_its_name_is_refused(shared: Scim, path: str, body: dict[str, Any]) -> None:
    for tenant in (shared, shared.strict):
        assert tenant.post(path, body).fault == (400, "invalidValue")


@pytest.mark.line("CRE-12", "ERR-09", "13.6")
@pytest.mark.parametrize(
    "body", [b"", b"{", b"{'userName': 'x'}", b"[]", b'"x"', b"1", b"null", b"\xff\xfe", b'{"a":}']
)
def test_a_body_that_is_no_json_object_is_refused(shared: Scim, body: bytes) -> None:
    for path in ("/Users", "/Groups"):
        assert shared.post(path, body).fault == (400, "invalidSyntax")


@pytest.mark.line("CRE-13", "ERR-09", "13.42")
@pytest.mark.parametrize("schemas", [{}, {"schemas": None}, {"schemas": []}, {"schemas": [GROUP]}])
def test_a_body_that_does_not_name_its_schema_is_refused_where_strict(scim: Scim, schemas: dict[str, Any]) -> None:
    body = {"userName": "ann", **schemas}
    assert scim.strict.post("/Users", body).fault == (400, "invalidSyntax")
    assert scim.post("/Users", body).json["schemas"] == [USER]


@pytest.mark.line("SCH-25", "13.42")
@pytest.mark.parametrize("schemas", [7, "", USER, {"value": USER}, [USER, 7]])
def test_schemas_of_another_form_are_refused_by_everybody(shared: Scim, schemas: object) -> None:
    for tenant in (shared, shared.strict):
        path = path_of(tenant.user())
        body = {"schemas": schemas, "userName": tenant.new_name(), "Operations": [{"op": "remove", "path": "title"}]}
        assert tenant.post("/Users", body).fault == (400, "invalidSyntax")
        assert tenant.put(path, body).fault == (400, "invalidSyntax")
        assert tenant.send("PATCH", path, body).fault == (400, "invalidSyntax")


@pytest.mark.line("CRE-14")
def test_an_unknown_schema_is_refused_where_strict_and_never_stored(scim: Scim) -> None:
    body = {"schemas": [USER, "urn:unknown:1.0:Thing"], "userName": "ann"}
    assert scim.strict.post("/Users", body).status == 400
    assert scim.post("/Users", body).json["schemas"] == [USER]


@pytest.mark.line("CRE-15", "CAS-01", "CAS-06", "CAS-08")
def test_names_are_read_in_any_case_and_answered_in_the_schemas(scim: Scim) -> None:
    extension = {"DEPARTMENT": "Tours", "Manager": {"VALUE": "x"}}
    body = {"SCHEMAS": [USER, ENTERPRISE], "USERNAME": "Ann", "Emails": [{"Value": "A@x.org", "TYPE": "Work"}]}
    answer = scim.strict.post("/Users", {**body, "name": {"GivenName": "Ann"}, ENTERPRISE.upper(): extension})
    assert answer.status == 201
    assert answer.json["userName"] == "Ann"
    assert answer.json["emails"] == [{"value": "A@x.org", "type": "Work"}]
    assert answer.json["name"] == {"givenName": "Ann"}
    assert answer.json[ENTERPRISE]["department"] == "Tours"
    assert answer.json[ENTERPRISE]["manager"]["value"] == "x"


@pytest.mark.line("CRE-16", "13.46")
def test_a_user_is_active_unless_the_client_says_otherwise(scim: Scim) -> None:
    assert scim.user()["active"] is True
    assert scim.user(active=False)["active"] is False


@pytest.mark.line("CRE-19", "SEC-13")
def test_a_password_is_kept_nowhere(scim: Scim) -> None:
    ann = scim.user(password="t1meMa$heen", nickName="Babs-7")
    assert scim.put(path_of(ann), {**ann, "password": "0therSecret"}).json == ann
    assert scim.changed(ann, {"op": "replace", "value": {"password": "3rdSecret"}}) == ann
    stored = scim.service.stored()
    assert b"Babs-7" in stored
    assert [secret in stored for secret in (b"t1meMa$heen", b"0therSecret", b"3rdSecret")] == [False] * 3


@pytest.mark.line("CRE-21", "13.44")
def test_unknown_attributes_are_ignored_or_where_strict_refused(scim: Scim) -> None:
    body = {"schemas": [USER], "userName": "ann", "shoeSize": 44, "name": {"nick": "A"}, "emails": [{"x": [[]]}]}
    assert scim.post("/Users", body).json.keys() == {"schemas", "id", "userName", "active", "meta"}
    assert scim.strict.post("/Users", body).fault == (400, "invalidSyntax")


@pytest.mark.line("CRE-23", "EXT-01", "EXT-02")
def test_extension_attributes_are_kept_below_their_urn_alone(scim: Scim) -> None:
    extension = {
        "employeeNumber": "7",
        "costCenter": "c",
        "organization": "o",
        "division": "d",
        "department": "t",
        "manager": {"value": scim.user()["id"]},
    }
    user = scim.user(schemas=[USER, ENTERPRISE], **{ENTERPRISE: extension})
    assert {**user[ENTERPRISE], "manager": extension["manager"]} == extension
    assert user.keys().isdisjoint(extension)


@pytest.mark.line("CRE-24", "ERR-16")
@pytest.mark.parametrize("path", ["/Nowhere", "/Robots", "/Users/Users/x", "/Users/x/y/z"])
def test_an_unknown_endpoint_is_not_found(shared: Scim, path: str) -> None:
    assert shared.post(path, {"schemas": [USER], "userName": "ann"}).status == 404


@pytest.mark.line("CRE-25")
def test_nothing_is_created_at_a_resource(scim: Scim) -> None:
    ann = scim.user()
    assert scim.post(path_of(ann), {"schemas": [USER], "userName": "x"}).status == 405
    assert scim.get("/Users").json["Resources"] == [ann]


@pytest.mark.line("CRE-26", "ATT-01")
def test_the_answer_is_projected(scim: Scim) -> None:
    ann = scim.post("/Users?attributes=userName,emails.type", {**_WHOLE, "userName": "ann"})
    assert ann.json.keys() == {"schemas", "id", "userName", "emails"}
    assert ann.json["emails"] == [{"type": "work"}, {"type": "home"}]
    bob = scim.post(f"/Users?excludedAttributes=meta,name,{ENTERPRISE}", {**_WHOLE, "userName": "bob"})
    assert bob.json.keys() == {*_WHOLE, "id"} - {"name", ENTERPRISE}
    assert bob.headers["Location"].endswith(bob.json["id"])


@pytest.mark.line("CRE-27", "CON-04", "UNQ-05", "13.38")
@pytest.mark.parametrize(("path", "name"), [("/Users", "userName"), ("/Groups", "displayName")])
def test_of_many_at_once_with_one_name_one_is_created(scim: Scim, path: str, name: str) -> None:
    calls = [Call("POST", path, {"schemas": [], name: text}) for text in ("ann", "ANN", "Ann", "ann") * 4]
    answers = scim.together(*calls)
    assert sorted(answer.status for answer in answers) == [201] + [409] * 15
    assert scim.get(path).json["totalResults"] == 1


@pytest.mark.line("CRE-28", "UNQ-01")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        *(("zo\u00eb", "zoe\u0308"), ("\uff41\uff4e\uff4e", "ann"), ("STRA\u00dfE", "stra\u00dfe")),
        *(("\u0130", "i\u0307"), ("\u212bngstrom", "\u00e5ngstrom"), ("zoe\u0308 jones", "ZO\u00cb Jones")),
    ],
)
def test_user_names_are_compared_as_prepared_text(scim: Scim, first: str, second: str) -> None:
    user = scim.user(userName=first)
    assert user["userName"] == first
    assert scim.post("/Users", {"schemas": [USER], "userName": second}).fault == (409, "uniqueness")
    assert scim.found("/Users", f'userName eq "{second}"') == {user["id"]}


@pytest.mark.line("CRE-30", "ASY-01", "ASY-02", "ASY-03")
def test_a_preference_for_an_asynchronous_answer_is_not_met(scim: Scim) -> None:
    assert scim.get("/ServiceProviderConfig").json.get("securityEvents", {}).get("asyncRequest", "none") == "none"
    answer = scim.post("/Users", _WHOLE, headers={"Prefer": "respond-async, wait=1"})
    assert answer.status == 201
    assert "Preference-Applied" not in answer.headers
    assert scim.read(answer.json) == answer.json


@pytest.mark.line("CRE-31")
def test_a_schema_named_twice_is_answered_once(scim: Scim) -> None:
    user = scim.strict.user(schemas=[USER, USER, ENTERPRISE, ENTERPRISE.upper()], **{ENTERPRISE: {"division": "x"}})
    assert sorted(user["schemas"]) == sorted([USER, ENTERPRISE])
