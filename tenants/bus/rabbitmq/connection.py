"""A connection to RabbitMQ that comes back by itself, and what lives on it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import aio_pika
import structlog
from aio_pika.abc import AbstractConnection
from yarl import URL

from tenants.bus.rabbitmq.driver import answer_in_time, close_connection, driver_errors
from tenants.errors import PortUnavailableError

log = structlog.get_logger(__name__)

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 3.0
_HEARTBEAT_SECONDS = 10
"""A connection without a sign of life is given up after three of these."""


class Resident(Protocol):
    """Something that lives on a connection and moves to the next one when that is lost."""

    is_settled: asyncio.Event
    """Set while it is ready for work."""

    async def live_on(self, connection: AbstractConnection) -> None:
        """Move in, stay until the channel is lost, and clean up; also when cancelled.

        Raises:
            PortUnavailableError: Moving in failed.
        """
        ...


class LastingConnection:
    """One connection after another to the same broker, for as long as it is open."""

    def __init__(self, url: str, *, name: str) -> None:
        """Connect nowhere before ``open``."""
        self._url = _with_heartbeat(URL(url))
        self._name = name
        self._current: AbstractConnection | None = None
        self._is_connected = asyncio.Event()
        self._connecting: asyncio.Task[None] | None = None
        self._residents: list[asyncio.Task[None]] = []

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection now."""
        return self._current is not None

    @property
    def current(self) -> AbstractConnection:
        """The connection.

        Raises:
            PortUnavailableError: There is none now.
        """
        if self._current is None:
            raise PortUnavailableError("RabbitMQ is not connected")
        return self._current

    async def open(self) -> None:
        """Connect, and from then on connect again whenever the connection is lost.

        Raises:
            PortUnavailableError: The first connection failed; nothing is tried any more.
        """
        first = await self._connect()
        self._move_to(first)
        self._connecting = asyncio.create_task(self._keep_connected(first))

    async def house(self, resident: Resident) -> None:
        """Let the resident live here; return once it is ready, or later than a first attempt should take."""
        self._residents.append(asyncio.create_task(self._move_along(resident)))
        with suppress(TimeoutError):
            async with answer_in_time():
                await resident.is_settled.wait()

    async def close(self) -> None:
        """Let the residents move out, then close the connection; takes seconds even when the broker answers no more."""
        await _end(self._residents)
        if self._connecting is not None:
            await _end([self._connecting])

    async def _keep_connected(self, first: "_Connected") -> None:
        connected = first
        while True:
            try:
                await connected.lost.wait()
                log.warning("Connection to RabbitMQ was lost", name=self._name)
            finally:
                self._current = None
                self._is_connected.clear()
                await close_connection(connected.connection)
            connected = await self._connect_again()
            self._move_to(connected)
            log.info("Connection to RabbitMQ was restored", name=self._name)

    def _move_to(self, connected: "_Connected") -> None:
        self._current = connected.connection
        self._is_connected.set()

    async def _connect_again(self) -> "_Connected":
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return await self._connect()
            except PortUnavailableError as error:
                log.warning("RabbitMQ was not reached", name=self._name, cause=str(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _connect(self) -> "_Connected":
        connected = _Connected(aio_pika.Connection(self._url, client_properties={"connection_name": self._name}))
        try:
            with driver_errors():
                async with answer_in_time():
                    await connected.connection.connect()
        except BaseException:
            await close_connection(connected.connection)
            raise
        return connected

    async def _move_along(self, resident: Resident) -> None:
        pause = _FIRST_PAUSE_SECONDS
        home: AbstractConnection | None = None
        while True:
            await self._is_connected.wait()
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS) if home is self._current else _FIRST_PAUSE_SECONDS
            home = self._current
            try:
                with driver_errors():
                    await resident.live_on(self.current)
            except PortUnavailableError as error:
                log.warning("Channel to RabbitMQ was not opened", name=self._name, exc_info=error)
            # Mostly the connection is lost as well, which shows a moment later.
            await asyncio.sleep(pause)


class _Connected:
    """A connection, and whether it was lost."""

    def __init__(self, connection: AbstractConnection) -> None:
        self.connection = connection
        self.lost = asyncio.Event()
        connection.close_callbacks.add(self._on_close)

    def _on_close(self, *_: object) -> None:
        self.lost.set()


def _with_heartbeat(url: URL) -> URL:
    return url if "heartbeat" in url.query else url.update_query(heartbeat=_HEARTBEAT_SECONDS)


async def _end(tasks: "Sequence[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result
