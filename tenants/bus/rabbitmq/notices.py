"""Small facts to every process, over a fanout exchange."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from weakref import WeakSet

import structlog
from aio_pika import ExchangeType
from aio_pika.abc import AbstractConnection
from aiormq import Channel, spec
from aiormq.abc import DeliveredMessage

from schemas.messages.codec import UnreadableMessageError, decode_notice, encode_notice
from schemas.messages.notices import Notice
from tenants.bus.inbox import Inbox
from tenants.bus.port import Notices
from tenants.bus.rabbitmq.driver import answer_in_time, channel_below, driver_errors, open_channel
from tenants.bus.rabbitmq.topology import Topology, declare_own_queue
from tenants.errors import PortUnavailableError

log = structlog.get_logger(__name__)

_KEPT = 10_000
_TRANSIENT = 1


class RabbitNotices(Notices):
    """Publishes to the exchange of notices and listens on a queue of its own, which dies with the connection."""

    def __init__(self, topology: Topology) -> None:
        self.is_settled = asyncio.Event()
        self._exchange = topology.notices
        self._inboxes: WeakSet[Inbox[Notice]] = WeakSet()
        self._channel: Channel | None = None
        self._is_closed = False

    async def publish(self, notice: Notice) -> None:
        if self._channel is None:
            return
        properties = spec.Basic.Properties(delivery_mode=_TRANSIENT)
        with suppress(PortUnavailableError), driver_errors():
            async with answer_in_time():
                await self._channel.basic_publish(
                    encode_notice(notice), exchange=self._exchange, properties=properties, wait=False
                )

    def subscribe(self) -> AsyncIterator[Notice]:
        inbox = Inbox[Notice](keep=_KEPT)
        if self._is_closed:
            inbox.close()
        self._inboxes.add(inbox)
        return inbox

    def close(self) -> None:
        """End every subscription."""
        self._is_closed = True
        for inbox in self._inboxes:
            inbox.close()

    async def live_on(self, connection: AbstractConnection) -> None:
        """Listen until the channel is lost."""
        async with open_channel(connection) as channel:
            below = await channel_below(channel)
            with driver_errors():
                async with answer_in_time():
                    exchange = await channel.declare_exchange(self._exchange, ExchangeType.FANOUT, durable=True)
                    queue = await declare_own_queue(channel)
                    await queue.bind(exchange)
                    await below.basic_consume(queue.name, self._hear, no_ack=True)
            self._channel = below
            self.is_settled.set()
            try:
                await channel.closed()
            finally:
                self._channel = None
                self.is_settled.clear()

    async def _hear(self, message: DeliveredMessage) -> None:
        try:
            notice = decode_notice(message.body)
        except UnreadableMessageError as error:
            log.warning("Notice was unreadable", cause=str(error))
            return
        for inbox in self._inboxes:
            inbox.put(notice)
