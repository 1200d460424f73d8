"""Discovery: what this service can do, told below each tenant's URL."""

import pytest

from tests.support.scim import GLOBEX, PUBLIC_URL, Scim


async def test_the_service_provider_configuration_is_one_object(scim: Scim) -> None:
    config = (await scim.request("GET", "/ServiceProviderConfig")).json
    assert config["schemas"] == ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]
    assert all(config[name]["supported"] for name in ("patch", "bulk", "filter", "etag"))
    assert config["meta"]["location"] == f"{PUBLIC_URL}/scim/v2/acme/ServiceProviderConfig"


async def test_the_largest_page_is_what_the_configuration_says(scim: Scim) -> None:
    config = (await scim.request("GET", "/ServiceProviderConfig")).json
    assert config["filter"]["maxResults"] == 1000


@pytest.mark.parametrize("path", ["/Schemas", "/ResourceTypes"])
async def test_lists_are_whole_whatever_page_is_asked_for(scim: Scim, path: str) -> None:
    whole = await scim.request("GET", path)
    paged = await scim.request("GET", f"{path}?count=1&startIndex=2&sortBy=id")
    assert whole.json == paged.json
    assert whole.json["totalResults"] == len(whole.json["Resources"]) == whole.json["itemsPerPage"] > 1


@pytest.mark.parametrize("path", ["/Schemas", "/ResourceTypes"])
async def test_a_filter_on_discovery_is_forbidden(scim: Scim, path: str) -> None:
    answer = await scim.request("GET", f"{path}?filter=id+eq+%22User%22")
    assert (answer.status, answer.json["status"]) == (403, "403")


@pytest.mark.parametrize("path", ["/Schemas", "/ResourceTypes"])
async def test_every_entry_of_a_list_is_served_at_its_location(scim: Scim, path: str) -> None:
    for entry in (await scim.request("GET", path, tenant=GLOBEX)).json["Resources"]:
        location = entry["meta"]["location"]
        assert location == f"{PUBLIC_URL}/scim/v2/globex{path}/{entry['id']}"
        one = await scim.request("GET", location.removeprefix(f"{PUBLIC_URL}/scim/v2/globex"), tenant=GLOBEX)
        assert (one.status, one.json) == (200, entry)


async def test_resource_types_name_schemas_that_are_served(scim: Scim) -> None:
    served = {schema["id"] for schema in (await scim.request("GET", "/Schemas")).json["Resources"]}
    for type_ in (await scim.request("GET", "/ResourceTypes")).json["Resources"]:
        extensions = {extension["schema"] for extension in type_.get("schemaExtensions", [])}
        assert {type_["schema"], *extensions} <= served
        assert (await scim.request("GET", type_["endpoint"])).status == 200


@pytest.mark.parametrize("path", ["/Schemas/urn:nothing", "/ResourceTypes/Nothing", "/Schemas/%00"])
async def test_unknown_entries_are_not_found(scim: Scim, path: str) -> None:
    assert (await scim.request("GET", path)).status == 404


async def test_discovery_asks_for_a_token_like_everything_else(scim: Scim) -> None:
    for path in ("/ServiceProviderConfig", "/Schemas", "/ResourceTypes"):
        assert (await scim.send("GET", f"/scim/v2/acme{path}")).status == 401
