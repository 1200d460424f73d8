"""The worker's side of the lanes."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

import structlog
from aio_pika.abc import AbstractConnection
from aiormq import Channel
from aiormq.abc import DeliveredMessage
from pamqp.common import FieldTable

from schemas.ids import CommandId, TenantId
from schemas.messages.codec import UnreadableMessageError, decode_commands, encode_commands
from schemas.messages.commands import Command
from schemas.messages.outcomes import Outcome
from schemas.timestamps import timestamp
from tenants.bus.port import Delivery, LaneReader
from tenants.bus.rabbitmq.driver import channel_below, driver_errors, open_channel
from tenants.bus.rabbitmq.parking import parked_headers
from tenants.bus.rabbitmq.publishing import ConfirmedPublisher
from tenants.bus.rabbitmq.replying import Replies
from tenants.bus.rabbitmq.standing import Stand, Standing
from tenants.bus.rabbitmq.topology import REPLAYED, Declarations, Topology
from tenants.bus.replies import outcomes_by_sender
from tenants.bus.rotation import Rotation, again
from tenants.errors import PortUnavailableError

log = structlog.get_logger(__name__)


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
    """Where the reader works on the present connection."""

    replies: Replies
    publisher: ConfirmedPublisher
    """For what is parked."""


class RabbitLaneReader(LaneReader):
    """Consumes from the lanes with manual acknowledgement."""

    def __init__(self, topology: Topology, *, clock: Callable[[], float]) -> None:
        self.is_settled = asyncio.Event()
        self._topology = topology
        self._clock = clock
        self._places = itertools.count(1)
        self._rotation = Rotation()
        self._standing = Standing(topology, on_delivery=self._receive, on_loss=self._rotation.withdraw)
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
            ours = [delivery for delivery in deliveries if not _is_taken_back(delivery)]
            unacknowledged = [delivery for delivery in ours if self._rotation.is_out(delivery)]
            answerable = [delivery for delivery in ours if delivery in unacknowledged or _is_parked(delivery)]
            for reply_to, batch in outcomes_by_sender(answerable, outcomes, sender_of=_reply_to).items():
                await desk.replies.reply(reply_to, batch)
            for delivery in unacknowledged:
                await _acknowledge(_receipt(delivery).message)
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
                await _requeue(_receipt(delivery).message)

    async def park(self, delivery: Delivery, reason: str) -> None:
        """Park the delivery, or only those of its commands that the given value has; settling acknowledges it then.

        Raises:
            PortUnavailableError: It may not be parked, and is still in the worker's hands.
        """
        desk = self._present_desk()
        receipt = _receipt(delivery)
        if _is_taken_back(delivery) or not self._rotation.is_out(delivery):
            return
        await self._set_aside(desk, delivery.tenant, encode_commands(delivery.commands), reason)
        receipt.unparked.difference_update(command.id for command in delivery.commands)
        if not receipt.unparked:
            await _acknowledge(receipt.message)
            self._rotation.release([delivery])

    async def live_on(self, connection: AbstractConnection) -> None:
        """Stand in all lines until the channel is lost; what was delivered there comes again."""
        declarations = Declarations(self._topology, connection)
        publisher = ConfirmedPublisher(connection, declarations)
        async with open_channel(connection) as replies:
            self._desk = _Desk(Replies(await channel_below(replies)), publisher)
            self.is_settled.set()
            try:
                await self._standing.hold(connection, declarations, until=replies)
            finally:
                self._desk = None
                self.is_settled.clear()
                self._rotation.withdraw_all()
                await publisher.close()

    def _present_desk(self) -> _Desk:
        if self._desk is None:
            raise PortUnavailableError("RabbitMQ is not connected")
        return self._desk

    async def _receive(self, stand: Stand, message: DeliveredMessage) -> None:
        if not self._standing.is_current(stand):
            await _requeue(message)
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
        redelivered = bool(message.redelivered) or _headers(message).get(REPLAYED) is True
        return Delivery(
            stand.tenant, commands, redelivered=redelivered, attempts=_earlier_deliveries(message), receipt=receipt
        )

    async def _set_unreadable_aside(self, tenant: TenantId, message: DeliveredMessage, reason: str) -> None:
        log.error("Message was parked", tenant=tenant, reason=reason)
        try:
            desk = self._present_desk()
            await self._set_aside(desk, tenant, message.body, reason)
            await _acknowledge(message)
        except PortUnavailableError as error:
            log.warning("Message was not parked and comes again", tenant=tenant, cause=str(error))
            await _requeue(message)

    async def _set_aside(self, desk: _Desk, tenant: TenantId, body: bytes, reason: str) -> None:
        headers = parked_headers(reason, at=timestamp(self._clock()))
        await desk.publisher.publish(tenant, self._topology.parked(tenant), body, headers=headers)

    async def _return_untaken(self, tenant: TenantId) -> None:
        for delivery in self._rotation.withdraw(tenant):
            await _requeue(_receipt(delivery).message)


async def _acknowledge(message: DeliveredMessage) -> None:
    with driver_errors():
        await cast("Channel", message.channel).basic_ack(cast("int", message.delivery_tag), wait=False)


async def _requeue(message: DeliveredMessage) -> None:
    # With a lost channel the broker has it back already.
    with suppress(PortUnavailableError), driver_errors():
        await cast("Channel", message.channel).basic_nack(cast("int", message.delivery_tag), wait=False)


def _receipt(delivery: Delivery) -> _Receipt:
    return cast("_Receipt", delivery.receipt)


def _is_taken_back(delivery: Delivery) -> bool:
    return _receipt(delivery).message.channel.is_closed


def _is_parked(delivery: Delivery) -> bool:
    return not _receipt(delivery).unparked


def _reply_to(delivery: Delivery) -> str:
    return _receipt(delivery).message.header.properties.reply_to or ""


def _earlier_deliveries(message: DeliveredMessage) -> int:
    """Return what the lane counts (quorum), or what little the flag tells (classic)."""
    counted = _headers(message).get("x-delivery-count")
    return max(counted if isinstance(counted, int) else 0, int(bool(message.redelivered)))


def _headers(message: DeliveredMessage) -> FieldTable:
    return message.header.properties.headers or {}
