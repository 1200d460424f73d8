"""EXT: schema extensions (RFC 7643, 3.3, 4.3 and 6)."""

import pytest

from tests.support.conformance_client import ENTERPRISE, USER, Scim, path_of

_UNKNOWN = "urn:unknown:1.0:Thing"


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


@pytest.mark.line("EXT-06", "CRE-14", "CRE-21")
def test_an_extension_that_the_type_does_not_have_is_refused_or_ignored(scim: Scim) -> None:
    body = {"schemas": [USER, _UNKNOWN], "userName": "ann", _UNKNOWN: {"x": 1}}
    assert scim.strict.post("/Users", body).status == 400
    ann = scim.made("/Users", body)
    assert ann.keys() == {"schemas", "id", "userName", "active", "meta"}
    group = scim.group(**{ENTERPRISE: {"department": "x"}})
    assert group.keys() == {"schemas", "id", "displayName", "meta"}


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
