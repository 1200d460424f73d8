"""The bus as these histories need it: one gateway, and one worker after the other, each of which may end unsettled."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import aio_pika

from schemas.ids import TenantId
from schemas.messages.outcomes import Outcome
from tenants.bus.inprocess import InProcessBus, _receipt
from tenants.bus.port import CommandSender, Delivery, LaneReader, Notices
from tenants.bus.rabbitmq import open_rabbitmq
from tenants.bus.rabbitmq.lanes import _reply_to
from tenants.bus.replies import outcomes_by_sender


@dataclass(frozen=True, slots=True)
class Hands:
    """A worker's side of the bus."""

    lanes: LaneReader
    sender: CommandSender
    notices: Notices
    tell_only: Callable[[Sequence[Delivery], Sequence[Outcome]], Awaitable[None]]
    """Tell the senders as settling does, and acknowledge nothing."""


class Buses(Protocol):
    """The bus of one tenant."""

    sender: CommandSender
    notices: Notices

    def worker(self, name: str) -> AbstractAsyncContextManager[Hands]:
        """Yield a worker's hands; at the end what it has not settled goes back, as when its process dies."""
        ...

    def lose(self) -> None:
        """Begin with an empty bus, as when the process dies that it lives in."""
        ...


class InProcessBuses(Buses):
    """The bus of the embedded shape."""

    def __init__(self) -> None:
        """Open the first one."""
        self._open()

    @asynccontextmanager
    async def worker(self, name: str) -> AsyncIterator[Hands]:
        reader = self._bus.reader()
        yield Hands(reader, self._bus.sender(), self._bus.notices(), self._tell)
        await reader.aclose()

    def lose(self) -> None:
        self._bus.close()
        self._open()

    def _open(self) -> None:
        self._bus = InProcessBus()
        self.sender, self.notices = self._bus.sender(), self._bus.notices()

    async def _tell(self, deliveries: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        inboxes = outcomes_by_sender(deliveries, outcomes, sender_of=lambda delivery: _receipt(delivery).outcomes)
        for inbox, batch in inboxes.items():
            inbox.put(batch)

    def close(self) -> None:
        """End what waits for the bus."""
        self._bus.close()


class RabbitBuses(Buses):
    """A broker; each worker has a connection of its own."""

    def __init__(self, url: str, namespace: str, sender: CommandSender, notices: Notices) -> None:
        """Take the gateway's side, which is open."""
        self._url = url
        self._namespace = namespace
        self.sender, self.notices = sender, notices

    @asynccontextmanager
    async def worker(self, name: str) -> AsyncIterator[Hands]:
        async with open_rabbitmq(self._url, namespace=self._namespace, name=name) as bus:
            reader = await bus.reader()

            async def tell(deliveries: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
                for reply_to, batch in outcomes_by_sender(deliveries, outcomes, sender_of=_reply_to).items():
                    await reader._present_desk().replies.reply(reply_to, batch)

            yield Hands(reader, await bus.sender(), await bus.notices(), tell)

    def lose(self) -> None:
        raise AssertionError("a broker outlives the workers")


@asynccontextmanager
async def inprocess_buses() -> AsyncIterator[Buses]:
    """Yield the bus of one process."""
    buses = InProcessBuses()
    yield buses
    buses.close()


async def forget_namespace(url: str, namespace: str) -> None:
    """Remove what all histories on a broker share."""
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        await channel.exchange_delete(f"{namespace}.notices")


@asynccontextmanager
async def rabbit_buses(url: str, namespace: str, tenant: TenantId) -> AsyncIterator[Buses]:
    """Yield the tenant's queues on the broker; removed afterwards."""
    async with open_rabbitmq(url, namespace=namespace, name="gateway") as bus:
        yield RabbitBuses(url, namespace, await bus.sender(), await bus.notices())
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        await channel.queue_delete(f"{namespace}.lane.{tenant}")
        await channel.queue_delete(f"{namespace}.parked.{tenant}")
