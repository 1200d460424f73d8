"""Bulk requests while something is out of order: what was carried out is told, the rest is put off."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import orjson

from schemas.ids import TenantId
from schemas.messages.commands import Command
from schemas.messages.outcomes import Outcome
from tenants.bus.port import CommandSender
from tenants.errors import PortUnavailableError
from tests.support.bulk import group, results, send, statuses, totals, user
from tests.support.scim import ACME, SETTINGS, Scim, open_scim


class FailingBus(CommandSender):
    """A bus that breaks after some messages."""

    def __init__(self, bus: CommandSender, *, messages: int) -> None:
        self._bus = bus
        self._left = messages
        self.refused: list[Command] = []

    async def send(self, tenant: TenantId, commands: Sequence[Command]) -> None:
        if self._left == 0:
            self.refused.extend(commands)
            raise PortUnavailableError("no broker at 10.0.0.7")
        self._left -= 1
        await self._bus.send(tenant, commands)

    def outcomes(self) -> AsyncIterator[Sequence[Outcome]]:
        return self._bus.outcomes()


async def test_where_nothing_can_be_done_the_whole_request_is_put_off() -> None:
    async with open_scim(change=lambda ports: replace(ports, sender=FailingBus(ports.sender, messages=0))) as scim:
        answer = await send(scim, *(user(f"u{number}") for number in range(200)))
        assert (answer.status, answer.json["status"], answer.headers["Retry-After"]) == (503, "503", "5")
        assert b"10.0.0.7" not in answer.body


async def test_what_was_carried_out_before_the_bus_broke_is_told_and_the_rest_is_not_tried() -> None:
    broken: list[FailingBus] = []

    def breaking(sender: CommandSender) -> FailingBus:
        broken.append(FailingBus(sender, messages=2))
        return broken[0]

    settings = replace(SETTINGS, batch_limit=8, bulk_at_once=16)
    async with open_scim(settings=settings, change=lambda ports: replace(ports, sender=breaking(ports.sender))) as scim:
        told = await statuses(scim, *(user(f"u{number}") for number in range(500)))
        made = told.count("201")
        assert told == ["201"] * made + ["503"] * (500 - made)
        assert await totals(scim) == (made, 0)
        assert 0 < made <= 16
        assert len(broken[0].refused) <= 16


async def test_operations_without_an_outcome_are_never_applied_and_no_deadline_is_waited_for_twice() -> None:
    settings = replace(SETTINGS, deadline_seconds=0.03, grace_seconds=0.02, bulk_at_once=4)
    async with open_scim(settings=settings, with_worker=False) as scim:
        sent = [user("a"), {"method": "DELETE", "path": "/Nothing/1"}, *(user(f"u{number}") for number in range(500))]
        told = await results(scim, *sent)
        assert [entry["status"] for entry in told] == ["503", "404"] + ["503"] * 500
        assert orjson.dumps(told[-1]["response"]) == orjson.dumps(told[0]["response"])
        assert await totals(scim) == (0, 0)


async def test_a_full_lane_is_told_operation_by_operation() -> None:
    async with open_scim(settings=replace(SETTINGS, backlog_limit=8)) as scim:
        told = await statuses(scim, *(user(f"u{number}") for number in range(40)))
        assert told == ["201"] * 8 + ["429"] * 32
        assert await totals(scim) == (8, 0)


async def test_a_circle_that_cannot_be_closed_for_want_of_a_bus_is_told_as_put_off() -> None:
    async with open_scim(change=lambda ports: replace(ports, sender=FailingBus(ports.sender, messages=2))) as scim:
        told = await statuses(scim, group("a", "bulkId:b"), group("b", "bulkId:a"))
        assert told == ["201", "503"]


async def test_a_client_that_goes_away_has_its_request_carried_out_to_the_end(scim: Scim) -> None:
    body = orjson.dumps({"Operations": [user(f"u{number}") for number in range(300)]})
    _, writer = await scim.connect()
    head = f"POST /scim/v2/acme/Bulk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {scim.tokens[ACME]}\r\n"
    writer.write(head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    await writer.drain()
    while not (await totals(scim))[0]:  # noqa: ASYNC110 - the store tells nobody
        await asyncio.sleep(0)
    writer.close()
    await writer.wait_closed()
    while (await totals(scim))[0] < 300:  # noqa: ASYNC110 - the store tells nobody
        await asyncio.sleep(0)
    assert await statuses(scim, user("u0"), user("new")) == ["409", "201"]
