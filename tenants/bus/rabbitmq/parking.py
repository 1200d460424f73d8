"""What was set aside: how it is marked, and how it is shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from aio_pika.exceptions import ChannelNotFoundEntity
from aiormq import Channel
from aiormq.abc import DeliveredMessage
from pamqp.common import FieldTable

from schemas.ids import TenantId
from schemas.messages.codec import UnreadableMessageError, decode_commands
from schemas.messages.commands import Command
from schemas.timestamps import timestamp
from tenants.bus.port import ParkedDelivery, ParkedLane
from tenants.bus.rabbitmq.connection import LastingConnection
from tenants.bus.rabbitmq.driver import answer_in_time, channel_below, driver_errors, open_channel
from tenants.bus.rabbitmq.topology import Topology

_REASON, _AT = "reason", "at"
_LONGEST_REASON = 2_000
_MOST_SEEN = 1_000
"""How many parked messages are looked at to find the oldest: looking changes their order in the queue."""


def parked_headers(reason: str, *, at: str) -> FieldTable:
    """Return the headers that mark a message as parked."""
    return {_REASON: reason[:_LONGEST_REASON], _AT: at}


class RabbitParkedLane(ParkedLane):
    """Looks at the queues of parked messages."""

    def __init__(self, connection: LastingConnection, topology: Topology) -> None:
        self._connection = connection
        self._topology = topology

    async def parked(self, tenant: TenantId, *, limit: int) -> Sequence[ParkedDelivery]:
        """Return the oldest parked deliveries; who looks at the same time sees only what the other one does not hold.

        Raises:
            PortUnavailableError: The bus cannot be reached.
        """
        async with open_channel(self._connection.current) as channel:
            with driver_errors():
                messages = await _look(await channel_below(channel), self._topology.parked(tenant))
        parked = [_parked_delivery(tenant, message) for message in messages]
        return sorted(parked, key=lambda delivery: delivery.parked)[:limit]


async def _look(channel: Channel, queue: str) -> Sequence[DeliveredMessage]:
    if not await _exists(channel, queue):
        return ()
    messages: list[DeliveredMessage] = []
    while len(messages) < _MOST_SEEN:
        async with answer_in_time():
            message = await channel.basic_get(queue)
        if message.delivery_tag is None:
            break
        messages.append(message)
    if messages:
        await channel.basic_nack(cast("int", messages[-1].delivery_tag), multiple=True)
    return messages


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
    if isinstance(reason, str) and isinstance(at, str):
        return ParkedDelivery(tenant, _commands(message), reason, at)
    return ParkedDelivery(tenant, _commands(message), *_death(headers))


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
