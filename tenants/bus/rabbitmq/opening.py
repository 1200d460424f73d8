"""Opening the bus."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tenants.bus.rabbitmq.connection import LastingConnection
from tenants.bus.rabbitmq.lanes import RabbitLaneReader
from tenants.bus.rabbitmq.notices import RabbitNotices
from tenants.bus.rabbitmq.parking import RabbitParkedLane
from tenants.bus.rabbitmq.sender import RabbitSender
from tenants.bus.rabbitmq.topology import Topology


class RabbitBus:
    """One process's connection to the bus; what it hands out moves along when the connection is lost and restored."""

    def __init__(self, connection: LastingConnection, topology: Topology, *, clock: Callable[[], float]) -> None:
        self._connection = connection
        self._topology = topology
        self._clock = clock
        self._streams: list[RabbitSender | RabbitNotices] = []

    @property
    def is_connected(self) -> bool:
        """Whether the broker is connected now."""
        return self._connection.is_connected

    async def sender(self) -> RabbitSender:
        """Return a new gateway's side of the lanes."""
        sender = RabbitSender(self._topology)
        self._streams.append(sender)
        await self._connection.house(sender)
        return sender

    async def reader(self) -> RabbitLaneReader:
        """Return a new worker's side of the lanes."""
        reader = RabbitLaneReader(self._topology, clock=self._clock)
        await self._connection.house(reader)
        return reader

    async def notices(self) -> RabbitNotices:
        """Return the notices."""
        notices = RabbitNotices(self._topology)
        self._streams.append(notices)
        await self._connection.house(notices)
        return notices

    def parked_lane(self) -> RabbitParkedLane:
        """Return what was set aside."""
        return RabbitParkedLane(self._connection, self._topology, clock=self._clock)

    def end_streams(self) -> None:
        """End outcomes and notices."""
        for stream in self._streams:
            stream.close()


@asynccontextmanager
async def open_rabbitmq(
    url: str, *, quorum: bool = True, namespace: str = "rollcall", name: str, clock: Callable[[], float] = time.time
) -> AsyncIterator[RabbitBus]:
    """Yield the bus, connected; deliveries that are not settled at the end come again elsewhere.

    Args:
        url: Where the broker is.
        quorum: Whether new lanes are replicated quorum queues; otherwise they are durable classic queues.
        namespace: What every queue's name begins with.
        name: What the connection is called in the broker's lists.
        clock: Unix seconds.

    Raises:
        PortUnavailableError: The broker cannot be reached now.
    """
    connection = LastingConnection(url, name=name)
    bus = RabbitBus(connection, Topology(namespace, quorum=quorum), clock=clock)
    await connection.open()
    try:
        yield bus
    finally:
        bus.end_streams()
        await connection.close()
