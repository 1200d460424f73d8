"""Bulk: many operations in one request, each with the answer that it would have had alone."""

from dataclasses import replace

import pytest

from schemas.scim.bulk import BULK_RESPONSE
from tenants.tenant import Dialect
from tests.support.bulk import NOBODY, delete, group, id_of, patch, put, results, send, statuses, totals, user
from tests.support.scim import ACME, PUBLIC_URL, SETTINGS, Scim, open_scim

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
BASE = f"{PUBLIC_URL}/scim/v2/acme"


async def test_an_empty_request_is_carried_out(scim: Scim) -> None:
    answer = await send(scim)
    assert (answer.status, answer.json) == (200, {"schemas": [BULK_RESPONSE], "Operations": []})


async def test_all_methods_are_carried_out_in_one_request(scim: Scim) -> None:
    made = [id_of(entry) for entry in await results(scim, user("a"), user("b"), user("c"))]
    answer = await send(
        scim,
        user("d"),
        put(f"/Users/{made[0]}", userName="a", title="new"),
        patch(f"/users/{made[1]}/", {"op": "add", "path": "title", "value": "new"}),
        delete(f"Users/{made[2]}"),
    )
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/scim+json")
    created, replaced, patched, deleted = answer.json["Operations"]
    assert created == {
        "method": "POST",
        "bulkId": "d",
        "location": f"{BASE}/Users/{id_of(created)}",
        "version": 'W/"1"',
        "status": "201",
    }
    assert replaced == {
        "method": "PUT",
        "location": f"{BASE}/Users/{made[0]}",
        "version": 'W/"2"',
        "status": "200",
    }
    assert patched == {
        "method": "PATCH",
        "location": f"{BASE}/Users/{made[1]}",
        "version": 'W/"2"',
        "status": "200",
    }
    assert deleted == {"method": "DELETE", "location": f"{BASE}/Users/{made[2]}", "status": "204"}
    for entry in (created, replaced, patched):
        shown = await scim.request("GET", f"/Users/{id_of(entry)}")
        assert shown.headers["ETag"] == shown.json["meta"]["version"] == entry["version"]
        assert shown.json["meta"]["location"] == entry["location"]
    assert (await scim.request("GET", f"/Users/{made[2]}")).status == 404


async def test_failures_are_told_with_the_error_that_the_request_alone_would_have_had(scim: Scim) -> None:
    (taken,) = await results(scim, user("taken"))
    await scim.request("POST", "/Users", {"userName": "other"})
    operations = [
        ("POST", "/Users", {"userName": "TAKEN"}),
        ("POST", "/Users", {}),
        ("POST", "/Groups", {"displayName": "g", "members": [{"value": NOBODY}]}),
        ("POST", "/Nothing", {"userName": "x"}),
        ("PUT", f"/Users/{id_of(taken)}", {"userName": "other"}),
        ("PUT", f"/Users/{NOBODY}", {"userName": "x"}),
        ("PUT", "/Users/nonsense", {"userName": "x"}),
        ("PATCH", f"/Users/{id_of(taken)}", {"Operations": [{"op": "remove", "path": "userName"}]}),
        ("PATCH", f"/Users/{id_of(taken)}", {"Operations": [{"op": "add", "path": "x[", "value": 1}]}),
        ("DELETE", f"/Groups/{id_of(taken)}", None),
    ]
    alone = [(await scim.request(method, path, data)).json for method, path, data in operations]
    sent = [
        {"method": method, "path": path, "data": data, "bulkId": str(number)}
        for number, (method, path, data) in enumerate(operations)
    ]
    together = await results(scim, *sent)
    assert [entry["response"] for entry in together] == alone
    assert [entry["status"] for entry in together] == [error["status"] for error in alone]
    assert [entry.get("location") for entry in together[4:7]] == [f"{BASE}{path}" for _, path, _ in operations[4:7]]
    assert all("version" not in entry for entry in together)
    assert await totals(scim) == (2, 0)


async def test_operations_that_are_none_fail_alone(scim: Scim) -> None:
    odd: list[object] = [1, {}, {"method": "GET", "path": "/Users"}, {"method": "POST", "path": "/Users", "data": []}]
    assert await statuses(scim, *odd, user("a")) == ["400", "400", "400", "400", "201"]


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"Operations":{}}', b'{"Operations":[],"failOnErrors":"many"}', b""])
async def test_what_is_no_bulk_request_is_a_syntax_error(scim: Scim, body: bytes) -> None:
    answer = await scim.request("POST", "/Bulk", body)
    assert (answer.status, answer.json["scimType"]) == (400, "invalidSyntax")


async def test_a_password_is_in_no_result(scim: Scim) -> None:
    answer = await send(scim, user("a", password="open sesame"), user("a", password="open sesame"))
    assert b"sesame" not in answer.body


async def test_a_second_new_person_of_one_name_is_a_conflict(scim: Scim) -> None:
    first, second = await results(scim, user("a"), user("b", userName="A"))
    assert (first["status"], second["status"]) == ("201", "409")
    assert second["response"]["scimType"] == "uniqueness"
    assert "location" not in second


async def test_a_version_is_the_operations_own_precondition(scim: Scim) -> None:
    (made,) = await results(scim, user("a"))
    path = f"/Users/{id_of(made)}"
    stale = put(path, userName="a", title="x") | {"version": 'W/"7"'}
    fits = put(path, userName="a", title="y") | {"version": made["version"]}
    outdated = delete(path) | {"version": made["version"]}
    entries = await results(scim, stale, fits, outdated)
    assert [entry["status"] for entry in entries] == ["412", "200", "412"]
    assert entries[0]["response"]["schemas"] == [ERROR]
    assert (await scim.request("GET", path)).json["title"] == "y"


async def test_operations_on_one_resource_take_effect_in_their_order(scim: Scim) -> None:
    (made,) = await results(scim, user("a"))
    path = f"/Users/{id_of(made)}"
    changes = [patch(path, {"op": "replace", "path": "title", "value": str(number)}) for number in range(20)]
    entries = await results(scim, *changes, delete(path), patch(path, {"op": "add", "path": "title", "value": "x"}))
    assert [entry["status"] for entry in entries] == ["200"] * 20 + ["204", "404"]
    assert [entry["version"] for entry in entries[:20]] == [f'W/"{number}"' for number in range(2, 22)]


# Limits


@pytest.mark.parametrize(("limit", "carried_out"), [(1, 2), (2, 4), (3, 6), (4, 7), (100, 7)])
async def test_after_so_many_failures_the_rest_is_left(scim: Scim, limit: int, carried_out: int) -> None:
    bad = {"method": "DELETE", "path": f"/Users/{NOBODY}"}
    sent = [user("a"), bad, user("b"), user("c") | {"data": {}}, user("d"), bad, user("e")]
    entries = await statuses(scim, *sent, failOnErrors=limit)
    assert entries == ["201", "404", "201", "400", "201", "404", "201"][:carried_out]
    assert (await totals(scim))[0] == entries.count("201")


async def test_without_a_limit_of_failures_everything_is_carried_out(scim: Scim) -> None:
    bad = [{"method": "DELETE", "path": f"/Users/{NOBODY}"}] * 50
    assert await statuses(scim, *bad, user("a")) == ["404"] * 50 + ["201"]


async def test_the_configuration_tells_the_limits_and_they_hold() -> None:
    async with open_scim(settings=replace(SETTINGS, bulk_operations=3, body_limit=2000)) as scim:
        config = (await scim.request("GET", "/ServiceProviderConfig")).json
        assert config["bulk"] == {"supported": True, "maxOperations": 3, "maxPayloadSize": 2000}
        many = await send(scim, *(user(f"u{number}") for number in range(4)))
        large = await send(scim, user("a", title="x" * 2000))
        for answer, limit in ((many, "3"), (large, "2000")):
            assert (answer.status, answer.json["status"]) == (413, "413")
            assert limit in answer.json["detail"]
        assert await totals(scim) == (0, 0)
        assert await statuses(scim, *(user(f"u{number}") for number in range(3))) == ["201"] * 3


async def test_a_thousand_operations_are_carried_out_without_filling_the_lane() -> None:
    async with open_scim(settings=replace(SETTINGS, bulk_at_once=32, backlog_limit=32)) as scim:
        assert await statuses(scim, *(user(f"u{number}") for number in range(1000))) == ["201"] * 1000
        assert await totals(scim) == (1000, 0)


async def test_independent_operations_travel_together(scim: Scim) -> None:
    pairs = [part for number in range(100) for part in (user(f"u{number}"), group(f"g{number}", f"bulkId:u{number}"))]
    assert await statuses(scim, *pairs) == ["201"] * 200
    assert scim.count("rollcall_batch_size_sum", kind="commands") == 200
    assert scim.count("rollcall_batch_size_count", kind="commands") < 40


# Dialects


async def test_dialects_are_understood_in_each_operation_and_counted(scim: Scim) -> None:
    made, changed = await results(
        scim,
        user("a", active="True"),
        patch("/Users/bulkId:a", {"op": "Replace", "path": "active", "value": "False"}),
    )
    assert (made["status"], changed["status"]) == ("201", "200")
    assert (await scim.request("GET", f"/Users/{id_of(made)}")).json["active"] is False
    assert scim.count("rollcall_dialect_total", rewrite="boolean_text") == 2


async def test_a_strict_tenant_has_each_operation_held_to_the_letter(scim: Scim) -> None:
    tenant = await scim.stores.registry.tenant(ACME)
    assert tenant is not None
    await scim.stores.registry.change_tenant(replace(tenant, dialect=Dialect.STRICT, revision=tenant.revision + 1))
    scim.clock.now += 60
    schemas = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]}
    nameless = {"method": "POST", "path": "/Users", "data": {"userName": "c", **schemas}}
    sent = [user("a", **schemas), user("b", active="True", **schemas), user("d"), nameless]
    assert await statuses(scim, *sent) == ["201", "400", "400", "400"]
    assert (await send(scim, schemas=["urn:other"])).status == 400
