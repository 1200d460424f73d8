"""The worker's side of the lanes."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

import structlog
from aio_pika.abc import AbstractConnection
from aiormq import Channel, spec
from aiormq.abc import DeliveredMessage

from schemas.ids import CommandId, TenantId
from schemas.messages.codec import UnreadableMessageError, decode_commands, encode_commands, encode_outcomes
from schemas.messages.commands import Command
from schemas.messages.outcomes import Outcome
from tenants.bus.port import Delivery, LaneReader
from tenants.bus.rabbitmq.driver import answer_in_time, channel_below, driver_errors, open_channel
from tenants.bus.rabbitmq.parking import parked_headers
from tenants.bus.rabbitmq.publishing import ConfirmedPublisher
from tenants.bus.rabbitmq.standing import Stand, Standing
from tenants.bus.rabbitmq.topology import Declarations, Topology
from tenants.bus.replies import outcomes_by_sender
from tenants.bus.rotation import Rotation, again
from tenants.bus.timestamps import timestamp
from tenants.errors import PortUnavailableError

log = structlog.get_logger(__name__)

_PREFETCH = 8
"""How many messages of each lane are here at most, waiting or in work."""
_TRANSIENT = 1


@dataclass(slots=True, eq=False)
class _Receipt:
    """What is needed to answer, acknowledge or return a delivery."""

    stand: Stand
    message: DeliveredMessage
    place: int
    unparked: set[CommandId]
    """Parking the last of these acknowledges the delivery."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where the reader works on the present connection.

    One channel does for all lanes: deliveries are acknowledged one by one, which costs less than a channel a lane.
    """

    channel: Channel
    """Where deliveries come in and are acknowledged."""
    replies: Channel
    """A channel beside it: joining a lane, which may take its time, keeps the first one busy."""
    publisher: ConfirmedPublisher
    """For what is parked."""

    async def reply(self, reply_to: str, outcomes: Sequence[Outcome]) -> None:
        """Tell a sender its outcomes; if it is gone, nobody."""
        properties = spec.Basic.Properties(delivery_mode=_TRANSIENT)
        body = encode_outcomes(outcomes)
        with driver_errors():
            await self.replies.basic_publish(body, routing_key=reply_to, properties=properties, wait=False)

    async def acknowledge(self, message: DeliveredMessage) -> None:
        """Let the broker forget the message."""
        with driver_errors():
            await self.channel.basic_ack(cast("int", message.delivery_tag), wait=False)

    async def requeue(self, message: DeliveredMessage) -> None:
        """Let the broker deliver the message again."""
        with driver_errors():
            await self.channel.basic_nack(cast("int", message.delivery_tag), requeue=True, wait=False)


class RabbitLaneReader(LaneReader):
    """Consumes from the lanes with manual acknowledgement."""

    def __init__(self, topology: Topology, *, clock: Callable[[], float]) -> None:
        self.is_settled = asyncio.Event()
        self._topology = topology
        self._clock = clock
        self._places = itertools.count(1)
        self._rotation = Rotation()
        self._standing = Standing(topology, on_delivery=self._receive, on_expulsion=self._return_untaken)
        self._desk: _Desk | None = None

    async def subscribe(self, tenant: TenantId) -> None:
        await self._standing.join(tenant)

    async def unsubscribe(self, tenant: TenantId) -> None:
        await self._standing.leave(tenant)
        await self._return_untaken(tenant)

    async def take(self, *, limit: int) -> Sequence[Delivery]:
        return await self._rotation.take(limit=limit)

    async def settle(self, deliveries: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        try:
            desk = self._present_desk()
            ours = [delivery for delivery in deliveries if _receipt(delivery).message.channel is desk.channel]
            unacknowledged = [delivery for delivery in ours if self._rotation.is_out(delivery)]
            answerable = [delivery for delivery in ours if delivery in unacknowledged or _is_parked(delivery)]
            for reply_to, batch in outcomes_by_sender(answerable, outcomes, sender_of=_reply_to).items():
                await desk.reply(reply_to, batch)
            for delivery in unacknowledged:
                await desk.acknowledge(_receipt(delivery).message)
        finally:
            self._rotation.release(deliveries)

    async def give_back(self, deliveries: Sequence[Delivery]) -> None:
        held = [delivery for delivery in deliveries if self._rotation.is_out(delivery)]
        self._rotation.release(held)
        for delivery in held:
            if self._standing.is_current(_receipt(delivery).stand):
                # We are the active reader: the broker would send it to us again, only behind later ones.
                self._rotation.add(again(delivery), place=_receipt(delivery).place)
            else:
                await self._requeue(_receipt(delivery).message)

    async def park(self, delivery: Delivery, reason: str) -> None:
        """Park the delivery, or only those of its commands that the given value has; settling acknowledges it then.

        Raises:
            PortUnavailableError: It may not be parked, and is still in the worker's hands.
        """
        desk = self._present_desk()
        receipt = _receipt(delivery)
        if receipt.message.channel is not desk.channel or not self._rotation.is_out(delivery):
            return
        await self._set_aside(desk, delivery.tenant, encode_commands(delivery.commands), reason)
        receipt.unparked.difference_update(command.id for command in delivery.commands)
        if not receipt.unparked:
            await desk.acknowledge(receipt.message)
            self._rotation.release([delivery])

    async def live_on(self, connection: AbstractConnection) -> None:
        """Stand in all lines until the channel is lost; what was delivered there comes again."""
        async with (
            open_channel(connection) as consuming,
            open_channel(connection) as replying,
            open_channel(connection, confirms=True) as parking,
        ):
            with driver_errors():
                async with answer_in_time():
                    await consuming.set_qos(prefetch_count=_PREFETCH)
                channel, replies, below = [await channel_below(each) for each in (consuming, replying, parking)]
            declarations = Declarations(self._topology, connection)
            self._desk = _Desk(channel, replies, ConfirmedPublisher(below, declarations))
            self.is_settled.set()
            try:
                await self._standing.hold(channel, declarations, companions=(replies, below))
            finally:
                self._desk = None
                self.is_settled.clear()
                self._rotation.withdraw_all()

    def _present_desk(self) -> _Desk:
        if self._desk is None:
            raise PortUnavailableError("RabbitMQ is not connected")
        return self._desk

    async def _receive(self, stand: Stand, message: DeliveredMessage) -> None:
        if not self._standing.is_current(stand):
            await self._requeue(message)
            return
        try:
            commands = decode_commands(message.body)
        except UnreadableMessageError as error:
            await self._set_unreadable_aside(stand.tenant, message, f"unreadable: {error}")
        else:
            delivery = self._delivery(stand, message, commands)
            self._rotation.add(delivery, place=_receipt(delivery).place)

    def _delivery(self, stand: Stand, message: DeliveredMessage, commands: tuple[Command, ...]) -> Delivery:
        receipt = _Receipt(stand, message, next(self._places), {command.id for command in commands})
        redelivered = bool(message.redelivered)
        return Delivery(
            stand.tenant, commands, redelivered=redelivered, attempts=_earlier_deliveries(message), receipt=receipt
        )

    async def _set_unreadable_aside(self, tenant: TenantId, message: DeliveredMessage, reason: str) -> None:
        log.error("Message was parked", tenant=tenant, reason=reason)
        try:
            desk = self._present_desk()
            await self._set_aside(desk, tenant, message.body, reason)
            await desk.acknowledge(message)
        except PortUnavailableError as error:
            log.warning("Message was not parked and comes again", tenant=tenant, cause=str(error))
            await self._requeue(message)

    async def _set_aside(self, desk: _Desk, tenant: TenantId, body: bytes, reason: str) -> None:
        headers = parked_headers(reason, at=timestamp(self._clock()))
        await desk.publisher.publish(tenant, self._topology.parked(tenant), body, headers=headers)

    async def _return_untaken(self, tenant: TenantId) -> None:
        for delivery in self._rotation.withdraw(tenant):
            await self._requeue(_receipt(delivery).message)

    async def _requeue(self, message: DeliveredMessage) -> None:
        # On a lost connection the broker has it back already.
        if self._desk is not None and message.channel is self._desk.channel:
            with suppress(PortUnavailableError):
                await self._desk.requeue(message)


def _receipt(delivery: Delivery) -> _Receipt:
    return cast("_Receipt", delivery.receipt)


def _is_parked(delivery: Delivery) -> bool:
    return not _receipt(delivery).unparked


def _reply_to(delivery: Delivery) -> str:
    return _receipt(delivery).message.header.properties.reply_to or ""


def _earlier_deliveries(message: DeliveredMessage) -> int:
    """Return what the lane counts (quorum), or what little the flag tells (classic)."""
    counted = (message.header.properties.headers or {}).get("x-delivery-count")
    return max(counted if isinstance(counted, int) else 0, int(bool(message.redelivered)))
