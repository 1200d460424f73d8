"""The URL map: what is where, by which methods, and what is said about everything else."""

import pytest

from tests.support.scim import ACME, Scim


@pytest.mark.parametrize(
    "path", ["/Users", "/users", "/USERS", "/Users/", "/users/?count=1", "/Groups", "/schemas", "/Resourcetypes/"]
)
async def test_endpoints_are_found_in_any_case_and_with_a_slash_at_the_end(scim: Scim, path: str) -> None:
    assert (await scim.request("GET", path)).status == 200


@pytest.mark.parametrize(
    "path",
    ["/Nothing", "/Users/a/b", "/Users//", "//Users", "/Schemas/a/b", "/serviceConfiguration", "/Users%2F"],
)
async def test_what_is_nowhere_on_the_map_is_not_found(scim: Scim, path: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        answer = await scim.request(method, path)
        assert (answer.status, answer.json["status"]) == (404, "404")


@pytest.mark.parametrize(
    "path", ["/", "/favicon.ico", "/scim", "/scim/v2", "/health", "/scim/v22/acme/Users", "/admin"]
)
async def test_what_is_below_no_tenant_url_is_answered_in_scims_form_as_well(scim: Scim, path: str) -> None:
    answer = await scim.send("GET", path)
    assert answer.status in {400, 404}
    assert answer.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]


@pytest.mark.parametrize("version", ["v1", "v3", "v22"])
async def test_other_versions_of_the_protocol_are_refused(scim: Scim, version: str) -> None:
    answer = await scim.send("GET", f"/scim/{version}/{ACME}/Users")
    assert (answer.status, answer.json["scimType"]) == (400, "invalidVers")


async def test_without_a_version_the_newest_is_spoken(scim: Scim) -> None:
    headers = {"Authorization": f"Bearer {scim.tokens[ACME]}"}
    made = (await scim.request("POST", "/Users", {"userName": "x"})).json
    answer = await scim.send("GET", f"/scim/{ACME}/Users/{made['id']}", headers=headers)
    assert (answer.status, answer.json) == (200, made)
    assert (await scim.send("GET", f"/scim/{ACME}/Users")).status == 401


ALLOWED = {
    "/Users": "GET, POST, HEAD, OPTIONS",
    f"/Users/{'0' * 32}": "GET, PUT, PATCH, DELETE, HEAD, OPTIONS",
    "/ServiceProviderConfig": "GET, HEAD, OPTIONS",
    "/Schemas": "GET, HEAD, OPTIONS",
    "/ResourceTypes/User": "GET, HEAD, OPTIONS",
    "/": "GET, HEAD, OPTIONS",
    "": "GET, HEAD, OPTIONS",
    "/Users/.search": "POST, OPTIONS",
    "/groups/.SEARCH": "POST, OPTIONS",
    "/.search": "POST, OPTIONS",
    "/Bulk": "POST, OPTIONS",
}


@pytest.mark.parametrize("path", ALLOWED)
async def test_options_lists_the_methods(scim: Scim, path: str) -> None:
    answer = await scim.request("OPTIONS", path)
    assert (answer.status, answer.headers["Allow"], answer.body) == (204, ALLOWED[path], b"")


@pytest.mark.parametrize("path", ALLOWED)
async def test_other_methods_are_refused_with_those_that_there_are(scim: Scim, path: str) -> None:
    allowed = ALLOWED[path].split(", ")
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - set(allowed):
        answer = await scim.request(method, path, {})
        assert (answer.status, answer.headers["Allow"], answer.json["status"]) == (405, ALLOWED[path], "405")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_provisioning_client_is_no_user(scim: Scim, method: str) -> None:
    answer = await scim.request(method, "/Me", None if method == "HEAD" else {})
    assert answer.status == 501
    assert method == "HEAD" or answer.json["status"] == "501"


async def test_requests_are_counted_by_endpoint_and_never_by_path(scim: Scim) -> None:
    await scim.request("GET", f"/Users/{'0' * 32}")
    await scim.request("GET", "/Nothing")
    assert scim.count("rollcall_requests_total", method="GET", endpoint="Users/{id}", status="404") == 1
    assert scim.count("rollcall_requests_total", method="GET", endpoint="other", status="404") == 1
