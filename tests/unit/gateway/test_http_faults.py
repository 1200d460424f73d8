"""Clients that break off, dawdle, or send bodies that are not what their headers say: one clear end for each."""

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from schemas.ids import TenantId
from schemas.messages.commands import Command
from schemas.messages.outcomes import Outcome
from tenants.bus.port import CommandSender
from tests.support.scim import ACME, SETTINGS, Answer, Scim, open_scim

USER = b'{"userName":"bjensen"}'
SMALL = replace(SETTINGS, body_limit=1000, body_timeout_seconds=0.05)


class HeldBus(CommandSender):
    """A bus that takes messages only once it is released."""

    def __init__(self, bus: CommandSender) -> None:
        self._bus = bus
        self.reached = asyncio.Event()
        self.released = asyncio.Event()

    async def send(self, tenant: TenantId, commands: Sequence[Command]) -> None:
        self.reached.set()
        await self.released.wait()
        await self._bus.send(tenant, commands)

    def outcomes(self) -> AsyncIterator[Sequence[Outcome]]:
        return self._bus.outcomes()


def head(scim: Scim, *lines: str, method: str = "POST", path: str = "/Users") -> bytes:
    fixed = (f"{method} /scim/v2/acme{path} HTTP/1.1", "Host: x", f"Authorization: Bearer {scim.tokens[ACME]}")
    return "\r\n".join([*fixed, *lines, "", ""]).encode()


def sized(scim: Scim, body: bytes, *lines: str) -> bytes:
    return head(scim, f"Content-Length: {len(body)}", *lines) + body


async def exchange(scim: Scim, *pieces: bytes, answers: int = 1) -> list[Answer]:
    """Send the pieces; return so many answers."""
    reader, writer = await scim.connect()
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return [await _read(reader) for _ in range(answers)]
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Answer:
    status = int((await reader.readline()).split()[1])
    headers: dict[str, str] = {}
    while (line := (await reader.readline()).decode().strip()) != "":
        name, _, value = line.partition(": ")
        headers[name] = value
    return Answer(status, headers, await reader.readexactly(int(headers.get("Content-Length", "0"))))


async def break_off(scim: Scim, request: bytes, *, when: asyncio.Event | None = None) -> None:
    """Send the request, and hang up at once or when that has happened."""
    _, writer = await scim.connect()
    writer.write(request)
    await writer.drain()
    if when is not None:
        await when.wait()
    writer.close()
    await writer.wait_closed()


async def total(scim: Scim) -> int:
    found: int = (await scim.request("GET", "/Users?count=0")).json["totalResults"]
    return found


# Clients that go away


async def test_a_client_that_goes_away_while_it_waits_finds_its_write_done(caplog: pytest.LogCaptureFixture) -> None:
    buses: list[HeldBus] = []

    def holding(sender: CommandSender) -> HeldBus:
        buses.append(HeldBus(sender))
        return buses[0]

    async with open_scim(change=lambda ports: replace(ports, sender=holding(ports.sender))) as scim:
        with capture_logs() as lines, caplog.at_level(logging.WARNING):
            await break_off(scim, sized(scim, USER), when=buses[0].reached)
            buses[0].released.set()
            again = await scim.request("POST", "/Users", USER)
        assert (again.status, again.json["scimType"]) == (409, "uniqueness")
        assert await total(scim) == 1
        assert not [line for line in lines if line["log_level"] in {"warning", "error"}]
        assert not caplog.records


@pytest.mark.parametrize("sent", [0, 1, len(USER) - 1])
async def test_a_client_that_goes_away_in_the_middle_of_its_body_has_asked_for_nothing(scim: Scim, sent: int) -> None:
    with capture_logs() as lines:
        await break_off(scim, sized(scim, USER)[: sent - len(USER)])
        await break_off(scim, head(scim, "Transfer-Encoding: chunked") + b"%x\r\n%b" % (len(USER), USER[:sent]))
        assert await total(scim) == 0
    assert not [line for line in lines if line["log_level"] == "error"]


# Bodies that are not what the headers say


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (["Transfer-Encoding: chunked"], b"zz\r\n" + USER + b"\r\n0\r\n\r\n"),
        (["Transfer-Encoding: chunked"], b"16\r\n" + USER + b"0\r\n\r\n"),
        (["Transfer-Encoding: chunked", "Content-Length: 22"], b"16\r\n" + USER + b"\r\n0\r\n\r\n"),
        (["Content-Length: 22", "Content-Length: 23"], USER),
        (["Content-Length: -1"], USER),
        (["Content-Length: 22", "Content-Encoding: gzip"], USER),
        (["Content-Length: 22", "Content-Encoding: deflate"], USER),
    ],
)
async def test_a_body_that_is_framed_or_packed_wrongly_is_refused(scim: Scim, lines: list[str], body: bytes) -> None:
    (answer,) = await exchange(scim, head(scim, *lines, "Connection: close") + body)
    assert (answer.status, answer.json["status"]) == (400, "400")
    assert await total(scim) == 0


async def test_a_body_that_is_longer_than_declared_is_refused_together_with_its_request(scim: Scim) -> None:
    (answer,) = await exchange(scim, sized(scim, USER) + b"{}\r\n\r\n")
    assert (answer.status, answer.json["status"]) == (400, "400")
    assert await total(scim) == 0


async def test_requests_in_a_row_are_answered_in_their_order(scim: Scim) -> None:
    bodies = [b'{"userName":"u%d"}' % number for number in range(5)]
    last = head(scim, "Connection: close", method="GET")
    *made, found = await exchange(scim, b"".join(sized(scim, body) for body in bodies) + last, answers=6)
    assert [answer.json["userName"] for answer in made] == [f"u{number}" for number in range(5)]
    assert found.json["totalResults"] == 5


async def test_a_body_in_many_pieces_is_read_whole(scim: Scim) -> None:
    chunks = [b"1\r\n%b\r\n" % USER[index : index + 1] for index in range(len(USER))]
    framing = head(scim, "Transfer-Encoding: chunked", "Connection: close")
    (answer,) = await exchange(scim, framing, *chunks, b"0\r\n\r\n")
    assert (answer.status, answer.json["userName"]) == (201, "bjensen")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"userName":"first","userName":"second"}', 201),
        (b'{"userName":"first","USERNAME":"second"}', 400),
        (b'{"userName":"first","userName":""}', 400),
    ],
)
async def test_of_the_same_key_twice_the_last_counts(scim: Scim, body: bytes, status: int) -> None:
    answer = await scim.request("POST", "/Users", body)
    assert (answer.status, answer.json.get("userName")) == (status, "second" if status == 201 else None)


@pytest.mark.parametrize("charset", ["utf-16", "latin1", "ISO-8859-1", "utf-7", '"utf-32"', "nonsense"])
async def test_another_charset_than_utf_8_is_not_read(scim: Scim, charset: str) -> None:
    headers = {"Content-Type": f"application/scim+json; charset={charset}"}
    answer = await scim.request("POST", "/Users", USER, headers=headers)
    assert (answer.status, answer.json["status"]) == (415, "415")
    assert await total(scim) == 0


# Too much, too slow


@pytest.mark.parametrize("path", ["/Users", "/Bulk", "/Users/.search", "/.search"])
async def test_a_body_that_is_declared_too_large_is_refused_before_it_comes(path: str) -> None:
    async with open_scim(settings=SMALL) as scim:
        (answer,) = await exchange(scim, head(scim, "Content-Length: 1000000000", "Connection: close", path=path))
        assert (answer.status, answer.json["status"]) == (413, "413")
        assert "1000" in answer.json["detail"]


@pytest.mark.parametrize("path", ["/Users", "/Bulk", "/Users/.search", "/.search"])
async def test_a_body_that_turns_out_too_large_is_not_read_on(path: str) -> None:
    async with open_scim(settings=SMALL) as scim:
        chunk = b"%x\r\n%b\r\n" % (600, b" " * 600)
        framing = head(scim, "Transfer-Encoding: chunked", "Connection: close", path=path)
        (answer,) = await exchange(scim, framing, chunk, chunk)
        assert (answer.status, answer.json["status"]) == (413, "413")


@pytest.mark.parametrize("path", ["/Users", "/Bulk"])
async def test_a_small_body_that_unpacks_to_a_large_one_is_refused(path: str) -> None:
    async with open_scim(settings=SMALL) as scim:
        bomb = gzip.compress(b" " * 200_000)
        assert len(bomb) < 1000
        answer = await scim.request("POST", path, bomb, headers={"Content-Encoding": "gzip"})
        assert (answer.status, answer.json["status"]) == (413, "413")


@pytest.mark.parametrize("path", ["/Users", "/Bulk", "/Users/.search"])
@pytest.mark.parametrize("framing", ["Content-Length: 500", "Transfer-Encoding: chunked"])
async def test_a_body_that_does_not_come_in_time_is_not_waited_for(path: str, framing: str) -> None:
    async with open_scim(settings=SMALL) as scim:
        begun = b"1\r\n{\r\n" if "chunked" in framing else b"{"
        (answer,) = await exchange(scim, head(scim, framing, path=path) + begun)
        assert (answer.status, answer.json["status"]) == (408, "408")
        assert await total(scim) == 0
