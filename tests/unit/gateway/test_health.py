"""Health and metrics."""

from dataclasses import replace

from tests.support.scim import Scim, open_scim
from tests.support.stores import open_sqlite_stores


async def test_a_gateway_that_runs_is_live_and_ready(scim: Scim) -> None:
    for path in ("/health/live", "/health/ready"):
        answer = await scim.send("GET", path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")


async def test_without_its_registry_a_gateway_lives_but_is_not_ready() -> None:
    async with open_sqlite_stores(":memory:") as closed:
        registry = closed.registry
    async with open_scim(change=lambda ports: replace(ports, registry=registry)) as scim:
        assert (await scim.send("GET", "/health/live")).status == 200
        assert (await scim.send("GET", "/health/ready")).status == 503


async def test_without_its_bus_a_gateway_is_not_ready() -> None:
    async with open_scim(with_worker=False) as scim:
        scim.bus.close()
        answers = [await scim.send("GET", "/health/ready") for _ in range(3)]
        assert answers[-1].status == 503


async def test_metrics_are_served_without_any_tenant_in_them(scim: Scim) -> None:
    await scim.request("GET", "/Users")
    answer = await scim.send("GET", "/metrics")
    assert answer.status == 200
    assert b'rollcall_requests_total{endpoint="Users",method="GET",status="200"} 1.0' in answer.body
    assert b"acme" not in answer.body
