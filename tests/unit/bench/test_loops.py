"""Both loops against a small server: what is sent, what is counted, when they stop."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bench.load.closed_loop import run_closed_loop
from bench.load.exchange import Exchange, Target
from bench.load.open_loop import Pace, run_open_loop

OK = frozenset({200})


@dataclass
class Server:
    """A server that answers by path and remembers what it was asked."""

    target: Target = field(default_factory=lambda: Target("127.0.0.1", 0, "/scim", "secret"))
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    in_flight: int = 0
    most_in_flight: int = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(request)
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                await asyncio.sleep(0)
                self.in_flight -= 1
                if b"/hang-up" in request:
                    break
                if b"/silence" in request:
                    continue
                status = 500 if b"/fail" in request else 200
                writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 4\r\n\r\nbody" % status)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    remembered = Server()
    async with await asyncio.start_server(remembered.answer, "127.0.0.1", 0) as listening:
        remembered.target = Target("127.0.0.1", listening.sockets[0].getsockname()[1], "/scim", "secret")
        yield remembered


def get(server: Server, path: str, *, marker: bytes = b"", keeps_body: bool = False) -> Exchange:
    return Exchange(path, server.target.render("GET", path), OK, marker, keeps_body)


async def test_a_closed_loop_makes_every_exchange_once_over_kept_connections(server: Server) -> None:
    scripts = [[get(server, "/first"), get(server, "/second", keeps_body=True)]] * 50

    recording = await run_closed_loop(server.target, scripts, at_once=4, seconds=60)

    assert (recording.requests, recording.errors.total(), recording.bodies) == (100, 0, [b"body"] * 50)
    assert recording.summary("/first").requests == recording.summary("/second").requests == 50
    assert (len(server.requests), server.connections) == (100, 4)
    assert server.most_in_flight <= 4


async def test_a_request_carries_the_base_path_the_host_and_the_token(server: Server) -> None:
    await run_closed_loop(server.target, [[get(server, "/Users/1")]], at_once=1, seconds=60)

    assert server.requests[0].startswith(b"GET /scim/Users/1 HTTP/1.1\r\n")
    assert b"Host: 127.0.0.1:%d\r\n" % server.target.port in server.requests[0]
    assert b"Authorization: Bearer secret\r\n" in server.requests[0]


async def test_an_endless_closed_loop_stops_by_itself(server: Server) -> None:
    recording = await run_closed_loop(server.target, itertools.repeat([get(server, "/")]), at_once=2, seconds=0.05)

    assert recording.requests == len(server.requests) > 0


async def test_an_answer_that_does_not_come_is_an_error_and_ends_its_connection(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.load.connection.ANSWER_TIMEOUT_SECONDS", 0.01)

    recording = await run_closed_loop(server.target, [[get(server, "/silence")]] * 2, at_once=1, seconds=60)

    assert recording.errors == {"/silence: TimeoutError": 2}
    assert (recording.requests, server.connections) == (0, 2)


async def test_an_unexpected_answer_is_an_error_and_ends_its_script(server: Server) -> None:
    scripts = [[get(server, "/fail"), get(server, "/never")], [get(server, "/wrong", marker=b"totalResults")]]

    recording = await run_closed_loop(server.target, scripts, at_once=1, seconds=60)

    assert recording.requests == 0
    assert recording.errors == {"/fail: status 500": 1, "/wrong: status 200, but without totalResults": 1}
    assert recording.first_error == "/fail: status 500: body"
    assert not any(b"/never" in request for request in server.requests)


async def test_a_lost_connection_is_an_error_and_a_new_one_goes_on(server: Server) -> None:
    scripts = [[get(server, "/hang-up")], [get(server, "/after")]]

    recording = await run_closed_loop(server.target, scripts, at_once=1, seconds=60)

    assert recording.errors == {"/hang-up: ConnectionLostError": 1}
    assert recording.summary("/after").requests == 1
    assert server.connections == 2


async def test_a_server_that_does_not_listen_is_told() -> None:
    with pytest.raises(OSError, match=r"refused|failed"):
        await run_closed_loop(Target("127.0.0.1", 1, "", ""), [], at_once=1, seconds=1)


async def test_an_open_loop_makes_every_exchange_once(server: Server) -> None:
    exchanges = [get(server, f"/{number}") for number in range(20)]

    recording = await run_open_loop(server.target, exchanges, Pace(per_second=2_000, connections=3))

    assert (recording.requests, recording.errors.total()) == (20, 0)
    assert sorted(recording.names) == sorted(exchange.name for exchange in exchanges)
    assert server.connections == 3
