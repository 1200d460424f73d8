"""One keep-alive connection of a client: a request goes out, its answer comes back, then the next."""

import asyncio
from typing import cast

from bench.load.response import MalformedResponseError, Response, ResponseReader

ANSWER_TIMEOUT_SECONDS = 60.0
"""As long as Entra waits."""


class ConnectionLostError(Exception):
    """The server closed the connection while it owed an answer."""


class _Wire(asyncio.Protocol):
    """The bytes of one TCP connection."""

    def __init__(self) -> None:
        self._reader = ResponseReader()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Response] | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are ones in all but name.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            response = self._reader.feed(data)
        except MalformedResponseError as error:
            self._fail(error)
            return
        if response is not None and self._answer is not None and not self._answer.done():
            self._answer.set_result(response)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._fail(exc or ConnectionLostError())

    def ask(self, request: bytes) -> asyncio.Future[Response]:
        """Write the request; the future is its answer."""
        if self._transport is None:
            raise ConnectionLostError
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def give_up(self) -> None:
        """Wait no longer for the answer."""
        self._fail(TimeoutError())

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        self.close()


class Connection:
    """A client's connection, opened again when the server has closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._wire: _Wire | None = None

    async def open(self) -> None:
        """Connect, unless connected.

        Raises:
            OSError: the server does not accept.
        """
        await self._opened()

    async def ask(self, request: bytes) -> Response:
        """Return the answer to the request.

        Raises:
            OSError, ConnectionLostError, MalformedResponseError, TimeoutError: there is none.
        """
        wire = await self._opened()
        # A timer by hand: `asyncio.timeout` costs several times as much, and the generator shares the machine.
        patience = asyncio.get_running_loop().call_later(ANSWER_TIMEOUT_SECONDS, wire.give_up)
        try:
            response = await wire.ask(request)
        finally:
            patience.cancel()
        if response.closes:
            wire.close()
        return response

    def close(self) -> None:
        """Close the connection."""
        if self._wire is not None:
            self._wire.close()

    async def _opened(self) -> _Wire:
        if self._wire is None or not self._wire.is_open:
            _, self._wire = await asyncio.get_running_loop().create_connection(_Wire, self._host, self._port)
        return self._wire
