"""EXT: schema extensions (RFC 7643, 3.3, 4.3 and 6), those that a tenant defined itself among them."""

import pytest

from tests.support.conformance_client import ENTERPRISE, USER, Resource, Scim, filtered, ids, path_of

_UNKNOWN = "urn:unknown:1.0:Thing"
_BODY = "urn:example:params:scim:schemas:body:2.0:User"
_DOCUMENT: Resource = {
    "id": _BODY,
    "name": "Body",
    "attributes": [
        {"name": "size", "type": "integer"},
        {"name": "height", "type": "decimal"},
        {"name": "born", "type": "dateTime"},
        {"name": "scan", "type": "binary"},
        {"name": "code", "caseExact": True},
        {"name": "department"},
        {"name": "badge", "mutability": "immutable"},
        {"name": "diary", "returned": "request"},
        {"name": "pulse", "returned": "always"},
        {"name": "pin", "mutability": "writeOnly", "returned": "never"},
        {"name": "tags", "multiValued": True},
    ],
}


@pytest.fixture
def body(scim: Scim) -> Scim:
    """A tenant whose Users have bodies."""
    scim.extend(_DOCUMENT, "User")
    return scim


def _user(scim: Scim, **attributes: object) -> Resource:
    return scim.user(schemas=[USER, _BODY], **{_BODY: attributes})


@pytest.mark.line("EXT-02", "EXT-03")
def test_the_enterprise_extension_is_published_as_the_rfc_has_it(scim: Scim) -> None:
    published = {it["name"]: it for it in scim.get(f"/Schemas/{ENTERPRISE}").json["attributes"]}
    texts = {"employeeNumber", "costCenter", "organization", "division", "department"}
    assert published.keys() == {*texts, "manager"}
    subs = {sub["name"]: sub["mutability"] for sub in published["manager"]["subAttributes"]}
    assert subs == {"value": "readWrite", "$ref": "readWrite", "displayName": "readOnly"}


@pytest.mark.line("EXT-03", "EXT-04")
def test_a_manager_is_a_user_id_and_all_else_is_the_servers(scim: Scim) -> None:
    boss = scim.user(displayName="Boss")
    lie = {"value": boss["id"], "displayName": "Mallory", "$ref": "https://example.com/mallory"}
    for tenant in (scim, scim.strict):
        user = tenant.user(schemas=[USER, ENTERPRISE], **{ENTERPRISE: {"manager": lie}})
        manager = tenant.read(user)[ENTERPRISE]["manager"]
        assert manager["value"] == boss["id"]
        assert manager["$ref"] == f"{tenant.url}/Users/{boss['id']}"
        assert manager.get("displayName") != "Mallory"


@pytest.mark.line("EXT-06", "CRE-14", "CRE-21", "COM-17")
def test_an_extension_that_the_type_does_not_have_is_refused(scim: Scim) -> None:
    tenant = scim.strict
    ann, group = tenant.user(), tenant.group()
    foreign = {"schemas": [USER, _UNKNOWN], "userName": "x", _UNKNOWN: {"x": 1}}
    assert tenant.post("/Users", foreign).status == tenant.put(path_of(ann), foreign).status == 400
    change = {"op": "add", "path": f"{_UNKNOWN}:x", "value": 1}
    assert tenant.patch(path_of(ann), change).status == 400
    assert tenant.put(path_of(group), {**group, ENTERPRISE: {"department": "x"}}).status == 400
    assert [tenant.read(ann), tenant.read(group)] == [ann, group]


@pytest.mark.line("EXT-06", "COM-18")
def test_a_tolerant_tenant_keeps_it_below_its_urn_and_as_nothing_else(scim: Scim) -> None:
    ann = scim.user(**{_UNKNOWN: {"x": 1, "userName": "mallory"}})
    assert ann.keys() == {"schemas", "id", "userName", "active", "meta", _UNKNOWN}
    assert {*ann["schemas"]} == {USER, _UNKNOWN}
    assert scim.found("/Users", 'userName eq "mallory"') == set()
    assert scim.changed(ann, {"op": "remove", "path": _UNKNOWN})["schemas"] == [USER]


@pytest.mark.line("EXT-07")
def test_every_discoverable_type_has_all_operations(scim: Scim) -> None:
    names = {"User": "userName", "Group": "displayName"}
    for type_ in scim.get("/ResourceTypes").json["Resources"]:
        name = names[type_["name"]]
        made = scim.made(type_["endpoint"], {"schemas": [type_["schema"]], name: "x"})
        assert scim.found(type_["endpoint"], f'{name} eq "x"') == {made["id"]}
        assert scim.put(path_of(made), {**made, "externalId": "x"}).status == 200
        assert scim.changed(made, {"op": "replace", "path": name, "value": "y"})[name] == "y"
        assert scim.delete(path_of(made)).status == 204


@pytest.mark.line("SCH-13", "EXT-06", "DIS-14", "DIS-16")
def test_what_a_definition_does_not_say_has_the_defaults_of_the_rfc(body: Scim) -> None:
    published = body.get(f"/Schemas/{_BODY}").json
    department = next(it for it in published["attributes"] if it["name"] == "department")
    assert department == {
        "name": "department",
        "type": "string",
        "multiValued": False,
        "required": False,
        "caseExact": False,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
    }
    extensions = body.get("/ResourceTypes/User").json["schemaExtensions"]
    assert {"schema": _BODY, "required": False} in extensions
    assert body.other.get(f"/Schemas/{_BODY}").status == 404


@pytest.mark.line("FIL-11", "FIL-15", "SCH-15", "SRT-09")
def test_numbers_are_compared_and_sorted_as_numbers(body: Scim) -> None:
    sizes = {9: 1.5, 10: 1e3, -44: -0.25}
    users = {size: _user(body, size=size, height=height) for size, height in sizes.items()}
    found = {
        f"{_BODY}:size gt 9": {10},
        f"{_BODY}:size ge 9": {9, 10},
        f"{_BODY}:size lt 0": {-44},
        f"{_BODY}:size le 9.0": {9, -44},
        f"{_BODY}:size eq -44": {-44},
        f"{_BODY}:height gt 1.0": {9, 10},
        f"{_BODY}:height eq 1E+3": {10},
        f"{_BODY}:height lt -2.4e-1": {-44},
    }
    assert {filter: body.found("/Users", filter) for filter in found} == {
        filter: {users[size]["id"] for size in wanted} for filter, wanted in found.items()
    }
    listed = body.get(f"/Users?sortBy={_BODY}:size").json["Resources"]
    assert ids(listed) == [users[size]["id"] for size in (-44, 9, 10)]
    assert b'"size":10,' in body.get(path_of(users[10])).body.replace(b"}", b",")


@pytest.mark.line("FIL-09", "SRT-09", "SCH-16")
def test_moments_of_an_extension_are_compared_as_moments(body: Scim) -> None:
    early, late = (_user(body, born=born) for born in ("2000-01-01T01:00:00+02:00", "2000-01-01T00:00:00Z"))
    assert body.found("/Users", f'{_BODY}:born lt "2000-01-01T00:00:00.000Z"') == {early["id"]}
    assert body.found("/Users", f'{_BODY}:born eq "1999-12-31T23:00:00Z"') == {early["id"]}
    assert ids(body.get(f"/Users?sortBy={_BODY}:born").json["Resources"]) == [early["id"], late["id"]]
    for wrong in ("yesterday", "2000-01-01", 1):
        answer = body.post("/Users", {"schemas": [USER], "userName": "x", _BODY: {"born": wrong}})
        assert answer.fault == (400, "invalidValue")


@pytest.mark.line("FIL-43", "FIL-48", "FIL-13")
@pytest.mark.parametrize(
    "comparison",
    ['size co "1"', 'size sw "1"', 'height ew "1"', 'scan gt "AA"', 'scan co "AA"', 'size eq "x"', "code gt 1"],
)
def test_what_a_type_cannot_answer_is_refused(body: Scim, comparison: str) -> None:
    assert body.get(filtered("/Users", f"{_BODY}:{comparison}")).fault == (400, "invalidFilter")


@pytest.mark.line("SCH-26", "CAS-04", "CAS-05")
def test_case_counts_where_the_schema_says_so(body: Scim) -> None:
    user = _user(body, code="aB", department="aB")
    assert body.found("/Users", f'{_BODY}:code eq "ab" or {_BODY}:code sw "A"') == set()
    assert body.found("/Users", f'{_BODY}:code eq "aB" and {_BODY}:department eq "AB"') == {user["id"]}


@pytest.mark.line("SCH-28", "SCH-29", "SCH-27", "ATT-02")
def test_attributes_are_returned_as_the_schema_says(body: Scim) -> None:
    user = _user(body, diary="dear", pulse="80", pin="1234", department="Law")
    place = path_of(user)
    asked = f"{place}?attributes={_BODY}:diary"
    assert body.get(place).json[_BODY] == {"pulse": "80", "department": "Law"}
    assert body.get("/Users").json["Resources"][0][_BODY] == {"pulse": "80", "department": "Law"}
    assert body.get(asked).json[_BODY] == {"pulse": "80", "diary": "dear"}
    assert body.get(f"{place}?attributes=userName").json[_BODY] == {"pulse": "80"}
    assert body.get(f"{place}?excludedAttributes={_BODY}").json[_BODY] == {"pulse": "80"}
    assert b"1234" not in body.get(f"{place}?attributes={_BODY}:pin").body


@pytest.mark.line("PAT-19", "PUT-07", "ERR-08")
def test_an_immutable_attribute_is_set_once(body: Scim) -> None:
    user = _user(body)
    path = f"{_BODY}:badge"
    assert body.changed(user, {"op": "add", "path": path, "value": "7"})[_BODY]["badge"] == "7"
    for op, value in (("add", "8"), ("replace", "8"), ("replace", None)):
        assert body.patch(path_of(user), {"op": op, "path": path, "value": value}).fault == (400, "mutability")
    assert body.patch(path_of(user), {"op": "remove", "path": path}).fault == (400, "mutability")
    now = body.read(user)
    assert body.put(path_of(user), {**now, _BODY: {"badge": "8"}}).fault == (400, "mutability")
    assert body.put(path_of(user), now).json == body.read(user) == now
    assert body.changed(user, {"op": "add", "path": path, "value": "7"}) == now


@pytest.mark.line("PAT-20", "SCH-27")
def test_a_write_only_attribute_is_taken_and_never_shown(body: Scim) -> None:
    user = _user(body, pin="pin:old")
    answer = body.patch(path_of(user), {"op": "replace", "path": f"{_BODY}:pin", "value": "pin:new"})
    assert answer.status == 200
    shown = answer.body + body.get(path_of(user)).body
    assert (b"pin:old" in shown, b"pin:new" in shown) == (False, False)
    assert body.get(filtered("/Users", f'{_BODY}:pin eq "pin:new"')).fault == (400, "invalidFilter")


@pytest.mark.line("EXT-08", "FIL-34", "FIL-51", "ATT-06", "PAT-06")
def test_one_name_in_two_extensions_is_told_apart_by_the_urn(body: Scim) -> None:
    both = {ENTERPRISE: {"department": "Tours"}, _BODY: {"department": "Law"}}
    user = body.user(schemas=[USER, ENTERPRISE, _BODY], **both)
    assert body.found("/Users", f'{_BODY}:department eq "law"') == {user["id"]}
    assert body.found("/Users", f'{ENTERPRISE}:department eq "law"') == set()
    shown = body.get(f"{path_of(user)}?attributes={_BODY}:department").json
    assert shown.keys() == {"schemas", "id", _BODY}
    changed = body.changed(user, {"op": "replace", "path": f"{_BODY}:department", "value": "Arts"})
    assert (changed[ENTERPRISE], changed[_BODY]) == ({"department": "Tours"}, {"department": "Arts"})


@pytest.mark.line("EXT-01", "EXT-05", "EXT-06", "SCH-25")
def test_an_extension_of_the_tenants_own_is_validated_as_published(body: Scim) -> None:
    wrong = [
        {"size": "x"},
        {"size": 1.5},
        {"size": 2**63},
        {"height": {}},
        {"tags": [1]},
        {"department": []},
        {"born": {}},
    ]
    for values in wrong:
        answer = body.post("/Users", {"schemas": [USER, _BODY], "userName": "x", _BODY: values})
        assert answer.fault == (400, "invalidValue"), values
    assert _user(body, tags=["a", "b"], size=7)[_BODY] == {"tags": ["a", "b"], "size": 7}
    assert body.post("/Users", {"userName": "x", _BODY.upper(): {"SIZE": 7}}).json[_BODY] == {"size": 7}
    assert body.other.strict.post("/Users", {"schemas": [USER, _BODY], "userName": "x"}).status == 400
