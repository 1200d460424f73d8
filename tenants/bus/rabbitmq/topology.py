"""The queues of a tenant: its lane, and beside it what was parked."""

from dataclasses import dataclass

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractQueue
from aio_pika.exceptions import ChannelPreconditionFailed
from pamqp.common import FieldTable

from schemas.ids import TenantId
from tenants.bus.rabbitmq.driver import answer_in_time, driver_errors, open_channel

log = structlog.get_logger(__name__)

_DELIVERY_LIMIT = 20
"""A message that was delivered so often without being settled is parked by the broker itself."""
_ENDLESS = 2_000_000_000
"""Looking at a parked message counts as a delivery; RabbitMQ 4 limits these unless told otherwise."""
REPLAYED = "replayed"
"""The header of a message that was parked and is on the lane again."""


@dataclass(frozen=True, slots=True)
class Topology:
    """How queues are named and declared."""

    namespace: str
    quorum: bool
    """Whether lanes are replicated quorum queues, or durable classic queues of one broker."""

    def lane(self, tenant: TenantId) -> str:
        """Return the name of the tenant's lane."""
        return f"{self.namespace}.lane.{tenant}"

    def parked(self, tenant: TenantId) -> str:
        """Return the name of the queue of what was parked."""
        return f"{self.namespace}.parked.{tenant}"

    @property
    def notices(self) -> str:
        """The name of the exchange of notices."""
        return f"{self.namespace}.notices"

    def lane_arguments(self, tenant: TenantId) -> FieldTable:
        """Return what a lane is declared with."""
        arguments: FieldTable = {
            "x-queue-type": "quorum" if self.quorum else "classic",
            "x-single-active-consumer": True,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": self.parked(tenant),
        }
        if self.quorum:
            # Dead letters move on only once the parked queue has them, which needs the overflow rule.
            arguments |= {
                "x-delivery-limit": _DELIVERY_LIMIT,
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            }
        return arguments

    def parked_arguments(self) -> FieldTable:
        """Return what a queue of parked deliveries is declared with."""
        if self.quorum:
            return {"x-queue-type": "quorum", "x-delivery-limit": _ENDLESS}
        return {"x-queue-type": "classic"}


class Declarations:
    """Which tenants' queues are known to exist on one connection."""

    def __init__(self, topology: Topology, connection: AbstractConnection) -> None:
        self._topology = topology
        self._connection = connection
        self._declared: set[TenantId] = set()

    async def ensure(self, tenant: TenantId) -> None:
        """Declare the tenant's queues, once.

        Raises:
            PortUnavailableError: They cannot be declared.
        """
        if tenant not in self._declared:
            # Parked first, so that no lane is ever without.
            await self._declare(self._topology.parked(tenant), self._topology.parked_arguments())
            await self._declare(self._topology.lane(tenant), self._topology.lane_arguments(tenant))
            self._declared.add(tenant)

    def forget(self, tenant: TenantId) -> None:
        """Declare the tenant's queues again next time."""
        self._declared.discard(tenant)

    async def _declare(self, queue: str, arguments: FieldTable) -> None:
        # On a channel of its own, because a refusal closes it.
        async with open_channel(self._connection) as channel:
            with driver_errors():
                async with answer_in_time():
                    await _declare_or_accept(channel, queue, arguments)


async def _declare_or_accept(channel: AbstractChannel, queue: str, arguments: FieldTable) -> None:
    try:
        await channel.declare_queue(queue, durable=True, arguments=arguments)
    except ChannelPreconditionFailed as refusal:
        log.warning("Queue with other arguments was found and is used as it is", queue=queue, cause=str(refusal))


async def declare_own_queue(channel: AbstractChannel) -> AbstractQueue:
    """Declare a queue for this process alone, named by the broker, which ends with the connection."""
    return await channel.declare_queue(exclusive=True, auto_delete=True, arguments={"x-queue-type": "classic"})
