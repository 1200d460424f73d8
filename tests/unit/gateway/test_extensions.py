"""A tenant's own schemas over HTTP: discovered, validated, filtered, sorted, projected and patched like core ones."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from schemas.scim.definitions.extensions import read_extension
from tenants.tenant import Dialect, Tenant
from tests.support.scim import ACME, GLOBEX, Answer, Scim, open_scim

CAMPUS = "urn:example:params:scim:schemas:extension:campus:2.0:User"
ROOMS = "urn:example:params:scim:schemas:extension:rooms:2.0:Group"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
EXTENSIONS = (
    read_extension(
        {
            "id": CAMPUS,
            "name": "Campus",
            "attributes": [
                {"name": "semester", "type": "integer"},
                {"name": "faculty"},
                {"name": "note", "returned": "request"},
                {"name": "card", "returned": "always"},
            ],
        },
        "User",
        taken=(),
    ),
    read_extension({"id": ROOMS, "name": "Rooms", "attributes": [{"name": "room"}]}, "Group", taken=()),
)


@pytest.fixture
async def scim() -> AsyncIterator[Scim]:
    """A gateway whose tenant ACME has schemas of its own, and GLOBEX none."""
    async with open_scim() as running:
        await change(running, extensions=EXTENSIONS)
        yield running


async def change(scim: Scim, **fields: Any) -> None:
    record = await scim.stores.registry.tenant(ACME)
    assert isinstance(record, Tenant)
    await scim.stores.registry.change_tenant(replace(record, **fields, revision=record.revision + 1))
    # The gateway looks again.
    scim.clock.now += 10


async def make_user(scim: Scim, name: str, **campus: Any) -> dict[str, Any]:
    answer = await scim.request("POST", "/Users", {"userName": name, CAMPUS: campus})
    assert answer.status == 201, answer.body
    return answer.json


async def patch(scim: Scim, path: str, *operations: dict[str, Any]) -> Answer:
    message = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}
    return await scim.request("PATCH", path, message)


async def names(scim: Scim, query: str) -> list[str]:
    answer = await scim.request("GET", f"/Users?{query}")
    assert answer.status == 200, answer.body
    return [user["userName"] for user in answer.json["Resources"]]


async def test_a_tenants_schemas_are_discovered_by_that_tenant_alone(scim: Scim) -> None:
    listed = (await scim.request("GET", "/Schemas")).json["Resources"]
    assert {CAMPUS, ROOMS} < {schema["id"] for schema in listed}
    one = (await scim.request("GET", f"/Schemas/{CAMPUS}")).json
    assert one["meta"]["location"].endswith(f"/scim/v2/acme/Schemas/{CAMPUS}")
    assert one["attributes"][0]["uniqueness"] == "none"
    group = (await scim.request("GET", "/ResourceTypes/Group")).json
    assert group["schemaExtensions"] == [{"schema": ROOMS, "required": False}]

    assert (await scim.request("GET", f"/Schemas/{CAMPUS}", tenant=GLOBEX)).status == 404
    others = (await scim.request("GET", "/ResourceTypes/Group", tenant=GLOBEX)).json
    assert others["schemaExtensions"] == []


async def test_values_are_validated_and_returned(scim: Scim) -> None:
    user = await make_user(scim, "babs", SEMESTER=3, unknown=1, card="c")
    assert user["schemas"] == [USER, CAMPUS]
    assert user[CAMPUS] == {"semester": 3, "card": "c"}
    wrong = await scim.request("POST", "/Users", {"userName": "x", CAMPUS: {"semester": "3"}})
    assert (wrong.status, wrong.json["scimType"]) == (400, "invalidValue")
    group = await scim.request("POST", "/Groups", {"displayName": "g", ROOMS: {"room": "B2"}})
    assert group.json[ROOMS] == {"room": "B2"}
    replaced = await scim.request("PUT", f"/Users/{user['id']}", {**user, CAMPUS: {"semester": 4}})
    assert replaced.json[CAMPUS] == {"semester": 4}


async def test_values_are_filtered_and_sorted_by(scim: Scim) -> None:
    for name, semester, faculty in (("ann", 2, "Law"), ("bob", 10, "arts"), ("cid", 3, "law")):
        await make_user(scim, name, semester=semester, faculty=faculty)
    await scim.request("POST", "/Users", {"userName": "dan"})
    assert sorted(await names(scim, f'filter={CAMPUS}:faculty+eq+"LAW"')) == ["ann", "cid"]
    assert await names(scim, f"filter={CAMPUS}:semester+gt+2&sortBy={CAMPUS}:semester") == ["cid", "bob"]
    assert await names(scim, f"sortBy={CAMPUS}:semester&sortOrder=descending") == ["dan", "bob", "cid", "ann"]
    refused = await scim.request("GET", f"/Users?filter={CAMPUS}:semester+pr", tenant=GLOBEX)
    assert (refused.status, refused.json["scimType"]) == (400, "invalidFilter")


async def test_values_are_patched(scim: Scim) -> None:
    user = await make_user(scim, "babs", semester=3, faculty="Law")
    operations: list[dict[str, Any]] = [
        {"op": "Replace", "path": f"{CAMPUS}:semester", "value": 4},
        {"op": "replace", "value": {f"{CAMPUS}:faculty": "Arts"}},
    ]
    assert (await patch(scim, f"/Users/{user['id']}", *operations)).json[CAMPUS] == {"semester": 4, "faculty": "Arts"}
    gone = await patch(scim, f"/Users/{user['id']}", {"op": "remove", "path": CAMPUS})
    assert CAMPUS not in gone.json
    assert gone.json["schemas"] == [USER]


async def test_values_are_shown_as_returned_says(scim: Scim) -> None:
    made = await make_user(scim, "babs", semester=3, note="n", card="c")
    assert made[CAMPUS] == {"semester": 3, "note": "n", "card": "c"}
    path = f"/Users/{made['id']}"
    for query, shown in (
        ("", {"semester": 3, "card": "c"}),
        ("?excludedAttributes=groups", {"semester": 3, "card": "c"}),
        (f"?attributes={CAMPUS}:note", {"note": "n", "card": "c"}),
        (f"?excludedAttributes={CAMPUS}", {"card": "c"}),
    ):
        assert (await scim.request("GET", path + query)).json[CAMPUS] == shown
    assert (await scim.request("GET", "/Users")).json["Resources"][0][CAMPUS] == {"semester": 3, "card": "c"}
    changed = await patch(scim, path, {"op": "replace", "path": f"{CAMPUS}:note", "value": "m"})
    assert changed.json[CAMPUS] == {"semester": 3, "note": "m", "card": "c"}
    other = await patch(scim, path, {"op": "replace", "path": "title", "value": "t"})
    assert other.json[CAMPUS] == {"semester": 3, "card": "c"}


async def test_bulk_and_search_know_the_tenants_schemas(scim: Scim) -> None:
    operation = {
        "method": "POST",
        "path": "/Users",
        "bulkId": "1",
        "data": {"userName": "babs", CAMPUS: {"semester": "wrong"}},
    }
    message = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [operation]}
    refused = (await scim.request("POST", "/Bulk", message)).json["Operations"][0]
    assert refused["status"] == "400"
    operation["data"] = {"userName": "babs", CAMPUS: {"semester": 3}}
    assert (await scim.request("POST", "/Bulk", message)).json["Operations"][0]["status"] == "201"
    search = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": f"{CAMPUS}:semester eq 3",
        "attributes": [f"{CAMPUS}:semester"],
    }
    for path in ("/Users/.search", "/.search"):
        (found,) = (await scim.request("POST", path, search)).json["Resources"]
        assert found[CAMPUS] == {"semester": 3}


async def test_the_strict_dialect_knows_the_tenants_schemas_and_no_others(scim: Scim) -> None:
    await change(scim, dialect=Dialect.STRICT)
    body = {"schemas": [USER, CAMPUS], "userName": "babs", CAMPUS: {"semester": 3}}
    assert (await scim.request("POST", "/Users", body)).status == 201
    unknown = {"schemas": [USER, "urn:acme:x"], "userName": "bob", "urn:acme:x": {"a": 1}}
    refused = await scim.request("POST", "/Users", unknown)
    assert (refused.status, refused.json["scimType"]) == (400, "invalidSyntax")


async def test_an_extension_without_a_schema_is_kept_and_returned_as_it_came(scim: Scim) -> None:
    badge = {"badge": 7, "odd\0": ["x", None], "big": 2**63, "quoted": '"\\\x1f'}
    body = {"schemas": [USER, "urn:acme:badges:2.0:User"], "userName": "babs", "urn:acme:badges:2.0:User": badge}
    made = await scim.request("POST", "/Users", body, tenant=GLOBEX)
    assert made.status == 201
    path = f"/Users/{made.json['id']}"
    read = (await scim.request("GET", path, tenant=GLOBEX)).json
    assert read["urn:acme:badges:2.0:User"] == badge
    assert read["schemas"] == [USER, "urn:acme:badges:2.0:User"]
    operation = {"op": "Add", "path": "urn:acme:badges:2.0:User:badge", "value": "8"}
    changed = await scim.request("PATCH", path, {"Operations": [operation]}, tenant=GLOBEX)
    assert changed.json["urn:acme:badges:2.0:User"] == {**badge, "badge": "8"}
    again = await scim.request("PUT", path, changed.json, tenant=GLOBEX)
    assert (again.status, again.headers["ETag"]) == (200, 'W/"2"')
    only = await scim.request("GET", f"{path}?attributes=urn:acme:badges:2.0:User:badge", tenant=GLOBEX)
    assert only.json["urn:acme:badges:2.0:User"] == {"badge": "8"}
    asked = await scim.request("GET", "/Users?filter=urn:acme:badges:2.0:User:badge+pr", tenant=GLOBEX)
    assert (asked.status, asked.json["scimType"]) == (400, "invalidFilter")
