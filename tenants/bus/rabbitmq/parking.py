"""What was set aside: how it is marked, shown, put back and removed."""

from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from typing import cast

from aio_pika.exceptions import ChannelNotFoundEntity
from aiormq import Channel
from aiormq.abc import DeliveredMessage
from pamqp.common import FieldTable

from schemas.ids import TenantId
from schemas.messages.codec import UnreadableMessageError, decode_commands, encode_commands
from schemas.messages.commands import Command
from schemas.timestamps import timestamp
from tenants.bus.parked import parked_id, with_deadline, without_people
from tenants.bus.port import ParkedDelivery, ParkedLane
from tenants.bus.rabbitmq.connection import LastingConnection
from tenants.bus.rabbitmq.driver import answer_in_time, channel_below, driver_errors, open_channel
from tenants.bus.rabbitmq.publishing import ConfirmedPublisher
from tenants.bus.rabbitmq.topology import REPLAYED, Declarations, Topology
from tenants.errors import PortUnavailableError

_REASON, _AT = "reason", "at"
_LONGEST_REASON = 2_000
_ALL = 0
"""The delivery tag that stands for all that is not acknowledged."""
_MOST_SEEN = 1_000
"""How many parked messages are looked at to find the oldest: looking changes their order in the queue."""


def parked_headers(reason: str, *, at: str) -> FieldTable:
    """Return the headers that mark a message as parked."""
    return {_REASON: reason[:_LONGEST_REASON], _AT: at}


class RabbitParkedLane(ParkedLane):
    """Looks at the queues of parked messages; who looks at the same time sees only what the other one does not hold."""

    def __init__(self, connection: LastingConnection, topology: Topology, *, clock: Callable[[], float]) -> None:
        self._connection = connection
        self._topology = topology
        self._clock = clock

    async def parked(self, tenant: TenantId, *, limit: int) -> Sequence[ParkedDelivery]:
        looked_at: list[ParkedDelivery] = []
        async with aclosing(self._messages(tenant)) as messages:
            async for _, _, delivery in messages:
                looked_at.append(delivery)
                if len(looked_at) == _MOST_SEEN:
                    break
        return sorted(looked_at, key=lambda delivery: delivery.parked)[:limit]

    async def replay(
        self, tenant: TenantId, ids: Collection[str] | None, *, patience_seconds: float
    ) -> Sequence[ParkedDelivery]:
        connection = self._connection.current
        publisher = ConfirmedPublisher(connection, Declarations(self._topology, connection))
        replayed: dict[str, tuple[ParkedDelivery, bytes]] = {}
        try:
            async with aclosing(self._messages(tenant)) as messages:
                async for channel, message, delivery in messages:
                    if not delivery.commands or (ids is not None and delivery.id not in ids):
                        continue
                    if delivery.id not in replayed:
                        await self._put_back(publisher, delivery, deadline=self._clock() + patience_seconds)
                        replayed[delivery.id] = delivery, message.body
                    # What failed again meanwhile has another deadline, and stays; the rest is the same message twice.
                    if message.body == replayed[delivery.id][1]:
                        await _acknowledge(channel, message)
        finally:
            await publisher.close()
        return sorted((delivery for delivery, _ in replayed.values()), key=lambda delivery: delivery.parked)

    async def discard(self, tenant: TenantId, ids: Collection[str] | None) -> Sequence[ParkedDelivery]:
        discarded: list[ParkedDelivery] = []
        async with aclosing(self._messages(tenant)) as messages:
            async for channel, message, delivery in messages:
                if ids is None or delivery.id in ids:
                    await _acknowledge(channel, message)
                    discarded.append(delivery)
        return sorted(discarded, key=lambda delivery: delivery.parked)

    async def forget_people(self, tenant: TenantId, ids: Collection[str]) -> int:
        connection = self._connection.current
        publisher = ConfirmedPublisher(connection, Declarations(self._topology, connection))
        count = 0
        try:
            async with aclosing(self._messages(tenant)) as messages:
                async for channel, message, delivery in messages:
                    kept = without_people(delivery.commands, ids)
                    if kept != delivery.commands:
                        if kept:
                            await self._park_again(publisher, delivery, kept)
                        await _acknowledge(channel, message)
                        count += 1
        finally:
            await publisher.close()
        return count

    async def _park_again(
        self, publisher: ConfirmedPublisher, delivery: ParkedDelivery, commands: Sequence[Command]
    ) -> None:
        headers = parked_headers(delivery.reason, at=delivery.parked)
        queue = self._topology.parked(delivery.tenant)
        await publisher.publish(delivery.tenant, queue, encode_commands(commands), headers=headers)

    async def _put_back(self, publisher: ConfirmedPublisher, delivery: ParkedDelivery, *, deadline: float) -> None:
        body = encode_commands(with_deadline(delivery.commands, deadline))
        await publisher.publish(delivery.tenant, self._topology.lane(delivery.tenant), body, headers={REPLAYED: True})

    async def _messages(
        self, tenant: TenantId
    ) -> AsyncGenerator[tuple[Channel, DeliveredMessage, ParkedDelivery], None]:
        """Yield what is in the queue, one after the other; what is not acknowledged goes back in the end.

        It ends where the queue is empty: its count of messages is not to be trusted just after somebody has looked.
        """
        queue = self._topology.parked(tenant)
        async with open_channel(self._connection.current) as opened:
            with driver_errors():
                channel = await channel_below(opened)
                if not await _exists(channel, queue):
                    return
            try:
                while True:
                    with driver_errors():
                        async with answer_in_time():
                            message = await channel.basic_get(queue)
                    if message.delivery_tag is None:
                        break
                    yield channel, message, _parked_delivery(tenant, message)
            finally:
                # With a lost channel the broker has them back already.
                with suppress(PortUnavailableError), driver_errors():
                    await channel.basic_nack(_ALL, multiple=True)


async def _acknowledge(channel: Channel, message: DeliveredMessage) -> None:
    with driver_errors():
        await channel.basic_ack(cast("int", message.delivery_tag))


async def _exists(channel: Channel, queue: str) -> bool:
    try:
        async with answer_in_time():
            await channel.queue_declare(queue, passive=True)
    except ChannelNotFoundEntity:
        return False
    return True


def _parked_delivery(tenant: TenantId, message: DeliveredMessage) -> ParkedDelivery:
    headers = message.header.properties.headers or {}
    reason, at = headers.get(_REASON), headers.get(_AT)
    if not (isinstance(reason, str) and isinstance(at, str)):
        reason, at = _death(headers)
    commands = _commands(message)
    return ParkedDelivery(tenant, commands, reason, at, parked_id(commands, message.body))


def _commands(message: DeliveredMessage) -> tuple[Command, ...]:
    try:
        return decode_commands(message.body)
    except UnreadableMessageError:
        return ()


def _death(headers: FieldTable) -> tuple[str, str]:
    """Return why and when the broker itself parked a message."""
    deaths = headers.get("x-death")
    death = deaths[0] if isinstance(deaths, list) and deaths else None
    cause, at = (death.get("reason"), death.get("time")) if isinstance(death, dict) else (None, None)
    reason = cause if isinstance(cause, str) else "unknown"
    return f"parked by the broker: {reason}", timestamp(at.timestamp()) if isinstance(at, datetime) else ""
