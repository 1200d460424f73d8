"""DIS: what the service says of itself (RFC 7643, 5 to 7; RFC 7644, 4; RFC 9865, 4)."""

from typing import Any

import pytest

from tests.support.conformance_client import CORE, ENTERPRISE, GROUP, LIST_RESPONSE, MESSAGES, USER, Scim

CONFIG = f"{CORE}:ServiceProviderConfig"
_SCHEMES = {"oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest"}


def _listed(scim: Scim, place: str) -> list[dict[str, Any]]:
    answer = scim.get(place)
    assert answer.status == 200
    assert answer.json["schemas"] == [LIST_RESPONSE]
    resources: list[dict[str, Any]] = answer.json["Resources"]
    assert answer.json["totalResults"] == len(resources)
    return resources


@pytest.mark.line("DIS-01", "DIS-02", "DIS-03", "DIS-04", "DIS-05")
def test_the_configuration_is_one_object_with_all_that_is_required(scim: Scim) -> None:
    config = scim.get("/ServiceProviderConfig").json
    assert CONFIG in config["schemas"]
    assert "Resources" not in config
    for feature in ("patch", "bulk", "filter", "changePassword", "sort", "etag"):
        assert isinstance(config[feature]["supported"], bool)
    numbers = [config["bulk"]["maxOperations"], config["bulk"]["maxPayloadSize"], config["filter"]["maxResults"]]
    assert all(type(number) is int for number in numbers)


@pytest.mark.line("DIS-06", "SEC-02")
def test_each_authentication_scheme_is_named_and_described(scim: Scim) -> None:
    schemes = scim.get("/ServiceProviderConfig").json["authenticationSchemes"]
    assert [scheme["type"] for scheme in schemes] == ["oauthbearertoken"]
    for scheme in schemes:
        assert scheme["type"] in _SCHEMES
        assert scheme["name"]
        assert scheme["description"]


@pytest.mark.line("DIS-07", "HTT-15")
def test_what_the_configuration_declares_is_true(scim: Scim) -> None:
    config = scim.get("/ServiceProviderConfig").json
    ann, bob = scim.user(userName="ann"), scim.user(userName="bob")
    assert config["patch"]["supported"]
    assert scim.changed(ann, {"op": "replace", "path": "title", "value": "Dean"})["title"] == "Dean"
    assert config["filter"]["supported"]
    assert scim.found("/Users", 'userName eq "bob"') == {bob["id"]}
    assert config["etag"]["supported"]
    answer = scim.get(f"/Users/{ann['id']}")
    assert scim.get(f"/Users/{ann['id']}", headers={"If-None-Match": answer.headers["ETag"]}).status == 304


@pytest.mark.line("DIS-07", "SRT-11", "BLK-31")
def test_what_is_not_declared_is_refused_or_ignored_as_a_whole(scim: Scim) -> None:
    config = scim.get("/ServiceProviderConfig").json
    for name in ("bob", "ann"):
        scim.user(userName=name)
    listed = [user["userName"] for user in scim.get("/Users?sortBy=userName").json["Resources"]]
    assert config["sort"]["supported"] == (listed == ["ann", "bob"])
    body = {"schemas": [f"{MESSAGES}:BulkRequest"], "Operations": []}
    assert scim.post("/Bulk", body).status in ({200, 400} if config["bulk"]["supported"] else {501})


@pytest.mark.line("DIS-12", "DIS-13", "DIS-14", "DIS-16", "DIS-26")
def test_all_resource_types_are_listed_with_their_schemas(scim: Scim) -> None:
    types = {type_["name"]: type_ for type_ in _listed(scim, "/ResourceTypes")}
    assert types.keys() == {"User", "Group"}
    served = {schema["id"] for schema in _listed(scim, "/Schemas")}
    for type_ in types.values():
        assert type_["schemas"] == [f"{CORE}:ResourceType"]
        assert {type_["schema"], *(extension["schema"] for extension in type_["schemaExtensions"])} <= served
    assert types["User"]["endpoint"] == "/Users"
    assert {"schema": ENTERPRISE, "required": False} in types["User"]["schemaExtensions"]


@pytest.mark.line("DIS-15", "DIS-19", "DIS-24")
@pytest.mark.parametrize("place", ["/ResourceTypes", "/Schemas"])
def test_each_discovery_document_is_served_at_its_location(shared: Scim, place: str) -> None:
    for document in _listed(shared, place):
        assert document["meta"]["location"] == f"{shared.url}{place}/{document['id']}"
        assert document["meta"]["resourceType"] == place.strip("/").removesuffix("s")
        assert shared.get(f"{place}/{document['id']}").json == document
    assert shared.get(f"{place}/{MESSAGES}:Nothing").status == 404


@pytest.mark.line("DIS-24")
def test_the_configuration_is_served_at_its_location(scim: Scim) -> None:
    meta = scim.get("/ServiceProviderConfig").json["meta"]
    assert meta["location"] == f"{scim.url}/ServiceProviderConfig"
    assert meta["resourceType"] == "ServiceProviderConfig"


@pytest.mark.line("DIS-18", "DIS-22", "DIS-25", "DIS-26")
def test_all_schemas_are_listed_and_no_messages(scim: Scim) -> None:
    schemas = _listed(scim, "/Schemas")
    uris = [schema["id"] for schema in schemas]
    assert {USER, GROUP, ENTERPRISE} <= {*uris}
    assert len(uris) == len({*uris})
    for schema in schemas:
        assert schema["schemas"] == [f"{CORE}:Schema"]
        assert schema["attributes"]
        assert not schema["id"].startswith(MESSAGES)


@pytest.mark.line("DIS-20")
@pytest.mark.parametrize("place", ["/Schemas", "/ResourceTypes"])
def test_discovery_lists_cannot_be_filtered(shared: Scim, place: str) -> None:
    assert shared.get(f'{place}?filter=id+eq+"x"').status == 403


@pytest.mark.line("DIS-21")
@pytest.mark.parametrize("place", ["/Schemas", "/ResourceTypes"])
@pytest.mark.parametrize("query", ["count=1", "startIndex=2", "count=0", "sortBy=id&sortOrder=descending", "count=x"])
def test_discovery_lists_are_neither_paged_nor_sorted(shared: Scim, place: str, query: str) -> None:
    assert shared.get(f"{place}?{query}").json == shared.get(place).json


@pytest.mark.line("DIS-27", "DIS-07")
def test_what_the_schemas_publish_is_what_is_kept(scim: Scim) -> None:
    published = {attribute["name"] for attribute in scim.get(f"/Schemas/{USER}").json["attributes"]}
    user = scim.user(title="Dean", shoeSize="44", nickName="Babs")
    assert {"title", "nickName"} <= user.keys()
    assert user.keys() <= published | {"schemas", "id", "externalId", "meta"}
