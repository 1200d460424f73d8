"""The gateway's side of the lanes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import structlog
from aio_pika.abc import AbstractConnection
from aiormq.abc import DeliveredMessage

from schemas.ids import TenantId
from schemas.messages.codec import UnreadableMessageError, decode_outcomes, encode_commands
from schemas.messages.commands import Command
from schemas.messages.outcomes import Outcome
from tenants.bus.inbox import Inbox
from tenants.bus.port import CommandSender
from tenants.bus.rabbitmq.driver import answer_in_time, channel_below, driver_errors, open_channel
from tenants.bus.rabbitmq.publishing import ConfirmedPublisher
from tenants.bus.rabbitmq.topology import Declarations, Topology, declare_own_queue
from tenants.errors import PortUnavailableError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where the sender works on the present connection."""

    publisher: ConfirmedPublisher
    reply_queue: str


class RabbitSender(CommandSender):
    """Publishes commands and hears outcomes on a queue of its own, which dies with the connection."""

    def __init__(self, topology: Topology) -> None:
        self.is_settled = asyncio.Event()
        self._topology = topology
        self._outcomes = Inbox[Sequence[Outcome]]()
        self._desk: _Desk | None = None

    async def send(self, tenant: TenantId, commands: Sequence[Command]) -> None:
        desk = self._desk
        if desk is None:
            raise PortUnavailableError("RabbitMQ is not connected")
        body = encode_commands(commands)
        await desk.publisher.publish(tenant, self._topology.lane(tenant), body, reply_to=desk.reply_queue)

    def outcomes(self) -> AsyncIterator[Sequence[Outcome]]:
        return self._outcomes

    def close(self) -> None:
        """End the outcomes."""
        self._outcomes.close()

    async def live_on(self, connection: AbstractConnection) -> None:
        """Declare the reply queue, and take commands until the channel is lost."""
        publisher = ConfirmedPublisher(connection, Declarations(self._topology, connection))
        async with open_channel(connection) as channel:
            with driver_errors():
                async with answer_in_time():
                    queue = await declare_own_queue(channel)
                    await (await channel_below(channel)).basic_consume(queue.name, self._hear, no_ack=True)
            self._desk = _Desk(publisher, queue.name)
            self.is_settled.set()
            try:
                await channel.closed()
            finally:
                self._desk = None
                self.is_settled.clear()
                await publisher.close()

    async def _hear(self, message: DeliveredMessage) -> None:
        try:
            self._outcomes.put(decode_outcomes(message.body))
        except UnreadableMessageError as error:
            log.warning("Outcomes were unreadable", cause=str(error))
