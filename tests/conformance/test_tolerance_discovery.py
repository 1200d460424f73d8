"""Tolerances 108 to 110: what SailPoint and others read first."""

from typing import Any

import pytest

from tests.support.conformance_client import CORE, ENTERPRISE, GROUP, LIST_RESPONSE, USER, Scim, filtered, path_of

CONFIG = f"{CORE}:ServiceProviderConfig"


@pytest.mark.line("13.108")
def test_discovery_answers_as_the_rfc_says(shared: Scim) -> None:
    assert shared.get("/ServiceProviderConfig").json["schemas"] == [CONFIG]
    for path, schema in (("/ResourceTypes", f"{CORE}:ResourceType"), ("/Schemas", f"{CORE}:Schema")):
        page = shared.get(path).json
        assert page["schemas"] == [LIST_RESPONSE]
        assert page["totalResults"] == len(page["Resources"])
        for listed in page["Resources"]:
            assert shared.get(f"{path}/{listed['id']}").json == listed
            assert listed["schemas"] == [schema]


@pytest.mark.line("13.108")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/User", "/Schemas"])
def test_discovery_has_no_other_methods(shared: Scim, method: str, path: str) -> None:
    answer = shared.send(method, path, {} if method != "DELETE" else None)
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]


@pytest.mark.line("13.109")
def test_every_attribute_that_is_stored_is_published(scim: Scim) -> None:
    user = scim.user(
        externalId="1",
        displayName="Ann",
        name={"givenName": "Ann", "familyName": "Hill"},
        emails=[{"value": "a@example.com", "type": "work", "primary": True, "display": "Ann"}],
        addresses=[{"type": "work", "country": "NO"}],
        **{ENTERPRISE: {"department": "Law", "manager": {"value": "m-1"}}},
    )
    group = scim.group(user)
    for resource, schema in (
        (scim.read(user), USER),
        (scim.read(group), GROUP),
        (scim.read(user)[ENTERPRISE], ENTERPRISE),
    ):
        published = _published(scim, schema)
        kept = {name for name in resource if not name.startswith("urn:")}
        assert kept - {"id", "externalId", "meta", "schemas"} <= set(published)
        for name, value in resource.items():
            for element in value if isinstance(value, list) else [value]:
                if name in published and isinstance(element, dict):
                    assert set(element) <= {sub["name"] for sub in published[name]["subAttributes"]}


@pytest.mark.line("13.109")
@pytest.mark.parametrize("schema", [USER, GROUP, ENTERPRISE])
def test_every_attribute_is_published_with_its_characteristics(shared: Scim, schema: str) -> None:
    for attribute in _published(shared, schema).values():
        assert {"name", "type", "multiValued", "required", "mutability", "returned"} <= set(attribute)
        # RFC 7643, 8.7.1: what two resources cannot share says so; booleans and complex attributes say nothing.
        assert "uniqueness" in attribute or attribute["type"] in {"boolean", "complex"}


@pytest.mark.line("13.110")
def test_the_configuration_tells_the_truth(scim: Scim) -> None:
    config = scim.get("/ServiceProviderConfig").json
    user = scim.user()
    patched = scim.patch(path_of(user), {"op": "add", "path": "title", "value": "Dean"})
    assert (config["patch"]["supported"], patched.status) == (True, 200)
    known = scim.get(path_of(user), headers={"If-None-Match": patched.headers["ETag"]})
    assert (config["etag"]["supported"], known.status) == (True, 304)
    assert (config["filter"]["supported"], scim.get(filtered("/Users", "title pr")).status) == (True, 200)
    assert (scim.post("/Bulk", {}).status == 501) is not config["bulk"]["supported"]
    assert config["changePassword"]["supported"] is False
    assert config["filter"]["maxResults"] > 0


@pytest.mark.line("13.110")
def test_the_most_results_of_a_page_are_those_that_are_published(scim: Scim) -> None:
    most = scim.get("/ServiceProviderConfig").json["filter"]["maxResults"]
    group = scim.group()
    assert scim.get(f"/Groups?count={most + 1}").json["Resources"] == [group]
    assert scim.get("/Groups?count=1").json["itemsPerPage"] == 1


def _published(scim: Scim, schema: str) -> dict[str, Any]:
    attributes = scim.get(f"/Schemas/{schema}").json["attributes"]
    return {attribute["name"]: attribute for attribute in attributes}
