"""Publishing that returns once the broker has the message."""

import asyncio
import itertools
from collections import defaultdict
from contextlib import AsyncExitStack

import structlog
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelInvalidStateError, DeliveryError, PublishError
from aiormq import Channel, spec
from pamqp.common import FieldTable

from schemas.ids import TenantId
from tenants.bus.rabbitmq.driver import channel_below, driver_errors, open_channel
from tenants.bus.rabbitmq.topology import Declarations
from tenants.errors import PortUnavailableError, UncertainDeliveryError

log = structlog.get_logger(__name__)

_CONFIRM_SECONDS = 10.0
_REFUSAL_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Before a refused message is sent again; should two of them arrive, their commands are carried out once."""
_DELETION_SECONDS = 0.5
_PERSISTENT = 2


class _UnroutableError(PortUnavailableError):
    """There is no such queue; nothing was published."""


class _RefusedError(UncertainDeliveryError):
    """The broker answered with a nack: it does not vouch for the message.

    RabbitMQ does so while another process is just making the quorum queue.
    """


class ConfirmedPublisher:
    """Puts persistent messages into tenants' queues, over a channel for each tenant.

    A queue that has lost its leader blocks the channel on which somebody publishes to it; no other tenant waits there.
    """

    def __init__(self, connection: AbstractConnection, declarations: Declarations) -> None:
        self._connection = connection
        self._declarations = declarations
        self._channels: dict[TenantId, Channel] = {}
        self._opening: defaultdict[TenantId, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._closing: list[AsyncExitStack] = []
        self._ids = itertools.count()

    async def publish(
        self,
        tenant: TenantId,
        queue: str,
        body: bytes,
        *,
        reply_to: str | None = None,
        headers: FieldTable | None = None,
    ) -> None:
        """Return once the broker has the message safe in the tenant's queue, which is declared when it is missing.

        Raises:
            UncertainDeliveryError: No confirm came; the message may have arrived.
            PortUnavailableError: Nothing was published.
        """
        properties = spec.Basic.Properties(
            # aiormq tells returned messages apart by it.
            message_id=str(next(self._ids)),
            delivery_mode=_PERSISTENT,
            reply_to=reply_to,
            headers=headers,
        )
        for pause in _REFUSAL_PAUSES:
            try:
                await self._declare_and_publish(tenant, queue, body, properties)
                return
            except _RefusedError:
                log.info("Message was refused by the broker and is sent again", tenant=tenant)
                await asyncio.sleep(pause)
        await self._declare_and_publish(tenant, queue, body, properties)

    async def close(self) -> None:
        """Close the channels."""
        await asyncio.gather(*(stack.aclose() for stack in self._closing))

    async def _declare_and_publish(
        self, tenant: TenantId, queue: str, body: bytes, properties: spec.Basic.Properties
    ) -> None:
        await self._declarations.ensure(tenant)
        try:
            await _publish(await self._channel(tenant), queue, body, properties)
        except _UnroutableError:
            # Somebody deleted it. Its consumers are told a moment later, and never if it is made again before.
            await asyncio.sleep(_DELETION_SECONDS)
            self._declarations.forget(tenant)
            await self._declarations.ensure(tenant)
            await _publish(await self._channel(tenant), queue, body, properties)

    async def _channel(self, tenant: TenantId) -> Channel:
        channel = self._channels.get(tenant)
        if channel is not None and not channel.is_closed:
            return channel
        async with self._opening[tenant]:
            channel = self._channels.get(tenant)
            if channel is None or channel.is_closed:
                channel = self._channels[tenant] = await self._open()
        return channel

    async def _open(self) -> Channel:
        stack = AsyncExitStack()
        channel = await stack.enter_async_context(open_channel(self._connection, confirms=True))
        self._closing.append(stack)
        return await channel_below(channel)


async def _publish(channel: Channel, queue: str, body: bytes, properties: spec.Basic.Properties) -> None:
    with driver_errors(UncertainDeliveryError):
        try:
            async with asyncio.timeout(_CONFIRM_SECONDS):
                # aiormq's own publish, which need not wait for the drain, takes a fifth less CPU than aio-pika's.
                await channel.basic_publish(body, routing_key=queue, properties=properties, mandatory=True, wait=False)
        except PublishError as error:
            raise _UnroutableError(f"RabbitMQ has no queue {queue}") from error
        except DeliveryError as error:
            raise _RefusedError(f"RabbitMQ refused a message for {queue}") from error
        except ChannelInvalidStateError as error:
            raise PortUnavailableError("The channel to RabbitMQ is closed") from error
