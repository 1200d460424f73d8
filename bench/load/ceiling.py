"""The generator's own ceiling: how fast it is against a server that does nothing.

Run as a program it is that server: ``python -m bench.load.ceiling PORT``.
"""

import asyncio
import itertools
import sys
from typing import cast

import uvloop

from bench.load.closed_loop import run_closed_loop
from bench.load.exchange import Exchange, Target
from bench.load.recording import Recording

_BODY = b'{"id":"' + b"x" * 600 + b'"}'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_BODY),
    _BODY,
)


class _Parrot(asyncio.Protocol):
    """A server that says the same whatever arrives. Clients do not pipeline: what arrives is one small request."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are ones in all but name.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        del data
        self._transport.write(_ANSWER)


async def measure_ceiling(target: Target, *, at_once: int, seconds: float) -> Recording:
    """Load the server that does nothing."""
    exchange = Exchange("ceiling", target.render("GET", "/Users/1"), frozenset({200}))
    return await run_closed_loop(target, itertools.repeat([exchange]), at_once=at_once, seconds=seconds)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Parrot, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
