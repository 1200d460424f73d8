"""Each rewrite of a dialect is counted, and needed by no request of a strict tenant."""

from dataclasses import replace

from schemas.scim.dialects import REWRITES
from tenants.tenant import Dialect
from tests.support.recorded_rewrites import GROUP_BODY, RECORDED, Recorded
from tests.support.scim import ACME, Answer, Scim


async def paths(scim: Scim) -> dict[str, str]:
    """Return the path of a resource of each type."""
    user = await scim.request(
        "POST", "/Users", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "x"}
    )
    group = await scim.request("POST", "/Groups", GROUP_BODY)
    return {"User": f"/Users/{user.json['id']}", "Group": f"/Groups/{group.json['id']}"}


async def send(scim: Scim, recorded: Recorded, path: str) -> Answer:
    if recorded.is_patch:
        return await scim.request("PATCH", path, recorded.body)
    return await scim.request("PUT", path, recorded.body)


async def test_each_rewrite_is_counted(scim: Scim) -> None:
    path = await paths(scim)
    for recorded in RECORDED:
        before = scim.count("rollcall_dialect_total", rewrite=recorded.rewrite)
        await send(scim, recorded, path[recorded.resource_type])
        assert scim.count("rollcall_dialect_total", rewrite=recorded.rewrite) == before + 1, recorded


async def test_a_strict_tenant_needs_no_rewrite(scim: Scim) -> None:
    path = await paths(scim)
    record = await scim.stores.registry.tenant(ACME)
    assert record is not None
    await scim.stores.registry.change_tenant(replace(record, dialect=Dialect.STRICT, revision=record.revision + 1))
    scim.clock.now += 10
    for recorded in RECORDED:
        answer = await send(scim, recorded, path[recorded.resource_type])
        if recorded.refusal is not None:
            assert (answer.status, answer.json["scimType"]) == (400, recorded.refusal), recorded
    assert not any(scim.count("rollcall_dialect_total", rewrite=rewrite) for rewrite in REWRITES)
