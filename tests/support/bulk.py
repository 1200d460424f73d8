"""Bulk requests as clients send them."""

from typing import Any

from schemas.ids import TenantId
from schemas.scim.bulk import BULK_REQUEST
from tests.support.scim import ACME, Answer, Scim

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
NOBODY = "0" * 32


def user(bulk_id: str, **data: Any) -> dict[str, Any]:
    return {"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": {"userName": bulk_id, **data}}


def group(bulk_id: str, *members: str) -> dict[str, Any]:
    data = {"displayName": bulk_id, "members": [{"value": member} for member in members]}
    return {"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data}


def patch(path: str, *operations: dict[str, Any]) -> dict[str, Any]:
    message = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}
    return {"method": "PATCH", "path": path, "data": message}


def put(path: str, **data: Any) -> dict[str, Any]:
    return {"method": "PUT", "path": path, "data": data}


def delete(path: str) -> dict[str, Any]:
    return {"method": "DELETE", "path": path}


async def send(scim: Scim, *operations: object, tenant: TenantId = ACME, **members: Any) -> Answer:
    return await scim.request(
        "POST", "/Bulk", {"schemas": [BULK_REQUEST], "Operations": list(operations), **members}, tenant=tenant
    )


async def results(scim: Scim, *operations: object, tenant: TenantId = ACME, **members: Any) -> list[dict[str, Any]]:
    answer = await send(scim, *operations, tenant=tenant, **members)
    assert answer.status == 200, answer.body
    entries: list[dict[str, Any]] = answer.json["Operations"]
    return entries


async def statuses(scim: Scim, *operations: object, tenant: TenantId = ACME, **members: Any) -> list[str]:
    return [entry["status"] for entry in await results(scim, *operations, tenant=tenant, **members)]


async def totals(scim: Scim, tenant: TenantId = ACME) -> tuple[int, int]:
    found = [(await scim.request("GET", f"/{path}?count=0", tenant=tenant)).json for path in ("Users", "Groups")]
    return found[0]["totalResults"], found[1]["totalResults"]


def id_of(entry: dict[str, Any]) -> str:
    return str(entry["location"]).rpartition("/")[2]


async def members_of(scim: Scim, entry: dict[str, Any]) -> set[str]:
    shown = (await scim.request("GET", f"/Groups/{id_of(entry)}")).json
    return {member["value"] for member in shown.get("members", [])}
