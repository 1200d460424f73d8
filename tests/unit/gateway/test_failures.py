"""What clients are told when something is out of order, and what is written about requests."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

import orjson
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from gateway.middlewares.errors import Errors
from gateway.visit import Visit
from schemas.ids import ResourceId, TenantId
from schemas.messages.commands import Command
from schemas.messages.outcomes import Outcome
from schemas.scim.query import Query
from tenants.bus.inbox import Inbox
from tenants.bus.port import CommandSender
from tenants.directory.port import DirectoryReader
from tenants.directory.records import CachedResource, GroupOfMember, Member, Page
from tenants.errors import PortUnavailableError
from tenants.ports import GatewayPorts
from tenants.read_cache.port import LookupKey, ReadCache
from tests.support.scim import ACME, SETTINGS, Scim, open_scim

ID = "0" * 32


class BrokenReadCache(ReadCache):
    """A store that is out of order."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def find(self, keys: Sequence[LookupKey]) -> Mapping[LookupKey, Sequence[CachedResource]]:
        raise self._error


class NoMemberships(DirectoryReader):
    """A directory of which the memberships cannot be read."""

    def __init__(self, directory: DirectoryReader) -> None:
        self._directory = directory

    async def search(self, tenant: TenantId, query: Query) -> Page:
        return await self._directory.search(tenant, query)

    async def members(
        self,
        tenant: TenantId,
        groups: Sequence[ResourceId],
        *,
        after: ResourceId | None = None,
        limit: int | None = None,
    ) -> Mapping[ResourceId, Sequence[Member]]:
        raise PortUnavailableError("away")

    async def groups_of(
        self, tenant: TenantId, members: Sequence[ResourceId]
    ) -> Mapping[ResourceId, Sequence[GroupOfMember]]:
        raise PortUnavailableError("away")


class NoBus(CommandSender):
    """A bus that cannot be reached."""

    async def send(self, tenant: TenantId, commands: Sequence[Command]) -> None:
        raise PortUnavailableError("no broker at 10.0.0.7")

    def outcomes(self) -> AsyncIterator[Sequence[Outcome]]:
        return Inbox()


async def test_a_store_that_cannot_be_reached_means_again_later() -> None:
    down = BrokenReadCache(PortUnavailableError("no database at 10.0.0.7"))
    async with open_scim(change=lambda ports: replace(ports, read_cache=down)) as scim:
        answer = await scim.request("GET", f"/Users/{ID}")
        assert (answer.status, answer.json["status"], answer.headers["Retry-After"]) == (503, "503", "5")
        assert b"10.0.0.7" not in answer.body


async def test_a_write_that_was_applied_is_never_answered_as_if_it_was_not() -> None:
    def without_memberships(ports: GatewayPorts) -> GatewayPorts:
        return replace(ports, directory=NoMemberships(ports.directory))

    async with open_scim(change=without_memberships) as scim:
        user = (await scim.request("POST", "/Users", {"userName": "bjensen"})).json
        await scim.request("POST", "/Groups", {"displayName": "Staff", "members": [{"value": user["id"]}]})
        answer = await scim.request("PUT", f"/Users/{user['id']}", {"userName": "bjensen", "title": "Boss"})
        assert (answer.status, answer.json["title"]) == (200, "Boss")
        assert (await scim.request("GET", f"/Users/{user['id']}")).status == 503


async def test_a_bus_that_cannot_be_reached_means_again_later() -> None:
    async with open_scim(change=lambda ports: replace(ports, sender=NoBus())) as scim:
        answer = await scim.request("POST", "/Users", {"userName": "bjensen"})
        assert (answer.status, answer.json["status"], answer.headers["Retry-After"]) == (503, "503", "5")


async def test_a_write_without_an_outcome_is_refused_after_its_deadline_and_leaves_no_trace() -> None:
    settings = replace(SETTINGS, deadline_seconds=0.03, grace_seconds=0.02)
    async with open_scim(settings=settings, with_worker=False) as scim:
        answer = await scim.request("POST", "/Users", {"userName": "bjensen"})
        assert (answer.status, "Retry-After" in answer.headers) == (503, True)
        assert (await scim.request("GET", "/Users")).json["totalResults"] == 0


async def test_a_fault_of_ours_is_answered_with_the_requests_id_and_written_with_its_traceback() -> None:
    broken = BrokenReadCache(ZeroDivisionError("secret inside"))
    async with open_scim(change=lambda ports: replace(ports, read_cache=broken)) as scim:
        with capture_logs() as lines:
            answer = await scim.request("GET", f"/Users/{ID}", headers={"X-Request-Id": "r-42"})
    assert (answer.status, answer.json["status"]) == (500, "500")
    assert "r-42" in answer.json["detail"]
    assert b"secret" not in answer.body
    (failure,) = [line for line in lines if line["log_level"] == "error"]
    assert (failure["event"], failure["request_id"], failure["exc_info"]) == ("Request failed", "r-42", True)


async def test_a_refusal_of_aiohttps_own_is_answered_in_scims_form() -> None:
    async def refused() -> web.Response:
        raise web.HTTPMethodNotAllowed("PUT", ["GET"])

    answer = await Errors(SETTINGS).answered(refused(), Visit("r1", 0.0, "", ""))
    assert isinstance(answer, web.Response)
    assert isinstance(answer.body, bytes)
    assert (answer.status, answer.headers["Allow"], orjson.loads(answer.body)["status"]) == (405, "GET", "405")


async def test_one_line_is_written_for_a_request_with_nothing_of_what_was_asked_for(scim: Scim) -> None:
    with capture_logs() as lines:
        await scim.request("GET", "/Users?filter=userName+eq+%22bjensen%22")
        await scim.request("POST", "/Users", {"userName": "bjensen"})
    written = [line for line in lines if line["event"] == "Request answered"]
    assert [(line["method"], line["endpoint"], line["status"]) for line in written] == [
        ("GET", "Users", 200),
        ("POST", "Users", 201),
    ]
    assert {(line["tenant"], line["principal"]) for line in written} == {("acme", "token:acme-1")}
    assert "bjensen" not in repr(lines)
    assert scim.tokens[ACME] not in repr(lines)


@pytest.mark.parametrize("id", ["r-42", "0d1c:7/8=@+_.", "a" * 128])
async def test_a_harmless_request_id_is_kept(scim: Scim, id: str) -> None:
    assert (await scim.request("GET", "/Users", headers={"X-Request-Id": id})).headers["X-Request-Id"] == id


@pytest.mark.parametrize("id", ["", "a b", "a" * 129, "<script>", "ü", '"'])
async def test_another_request_id_is_replaced(scim: Scim, id: str) -> None:
    answer = await scim.request("GET", "/Users", headers={"X-Request-Id": id})
    assert len(answer.headers["X-Request-Id"]) == 32


async def test_a_body_that_breaks_off_writes_no_error(scim: Scim, caplog: pytest.LogCaptureFixture) -> None:
    _, writer = await scim.connect()
    head = f"POST /scim/v2/acme/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {scim.tokens[ACME]}\r\n"
    writer.write(head.encode() + b"Content-Length: 100\r\n\r\n{")
    await writer.drain()
    await scim.request("GET", "/Users")  # By now the other request waits for its body.
    with capture_logs() as lines, caplog.at_level(logging.ERROR):
        writer.close()
        await writer.wait_closed()
        await scim.request("GET", "/ServiceProviderConfig")
    assert [line["status"] for line in lines if "status" in line] == [400, 200]
    assert not caplog.records


async def test_behind_proxies_the_clients_own_address_counts() -> None:
    async with open_scim(settings=replace(SETTINGS, trusted_proxies=1)) as scim:
        headers = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
        await scim.request("GET", "/Users", headers=headers)
        await scim.stop()
        (token,) = await scim.stores.registry.tokens(ACME)
        assert token.last_use is not None
        assert token.last_use.address == "198.51.100.7"


async def test_without_proxies_nobody_can_make_up_an_address(scim: Scim) -> None:
    created = await scim.request("POST", "/Users", {"userName": "x"}, headers={"X-Forwarded-For": "198.51.100.7"})
    assert created.status == 201
    (entry,) = await scim.stores.audit.entries(ACME, after=0, limit=10)
    assert entry.address == "127.0.0.1"
