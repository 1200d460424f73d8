"""Processes on one bus, as the tests see them: each gateway and worker stands for a process of its own."""

from contextlib import AsyncExitStack
from typing import Protocol, Self, TypeVar
from uuid import uuid4

import aio_pika

from schemas.ids import TenantId
from tenants.bus.inprocess import InProcessBus, InProcessNotices, InProcessReader, InProcessSender
from tenants.bus.port import CommandSender, LaneReader, Notices, ParkedLane
from tenants.bus.rabbitmq import RabbitBus, open_rabbitmq
from tests.contract.bus.messages import ACME, GLOBEX, UNKNOWN

P = TypeVar("P")

NOW = "2026-11-25T14:49:10.123Z"


def clock() -> float:
    return 1795618150.123


class Processes(Protocol):
    """Any number of processes on one bus."""

    async def gateway(self) -> CommandSender: ...

    async def worker(self, *tenants: TenantId) -> LaneReader:
        """Return a reader that stands in the lines of the tenants' lanes."""
        ...

    async def end(self, process: CommandSender | LaneReader | Notices) -> None:
        """End the process that owns this side of the bus as it is, nothing settled."""
        ...

    async def notices(self) -> Notices: ...

    async def parked_lane(self) -> ParkedLane: ...


class InProcessProcesses:
    def __init__(self, bus: InProcessBus) -> None:
        self._bus = bus

    async def gateway(self) -> CommandSender:
        return self._bus.sender()

    async def worker(self, *tenants: TenantId) -> LaneReader:
        return await subscribed(self._bus.reader(), *tenants)

    async def end(self, process: CommandSender | LaneReader | Notices) -> None:
        match process:
            case InProcessReader():
                await process.aclose()
            case InProcessSender() | InProcessNotices():
                process.close()
            case _:
                raise AssertionError(process)

    async def notices(self) -> Notices:
        return self._bus.notices()

    async def parked_lane(self) -> ParkedLane:
        return self._bus.parked_lane()


class RabbitProcesses:
    """Each process has its own connection; what they declared is removed at the end."""

    buses: dict[object, RabbitBus]
    """The bus of each process, by what it was asked for."""

    def __init__(self, url: str, *, quorum: bool) -> None:
        self.url = url
        self.namespace = f"test-{uuid4().hex[:12]}"
        self._quorum = quorum
        self._open: dict[object, AsyncExitStack] = {}
        self.buses = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        for stack in self._open.values():
            await stack.aclose()
        await self._remove()

    async def gateway(self) -> CommandSender:
        bus = await self._process("gateway")
        return self._keep(await bus.sender(), bus)

    async def worker(self, *tenants: TenantId) -> LaneReader:
        bus = await self._process("worker")
        return await subscribed(self._keep(await bus.reader(), bus), *tenants)

    async def end(self, process: CommandSender | LaneReader | Notices) -> None:
        await self._open.pop(self.buses.pop(process)).aclose()

    async def notices(self) -> Notices:
        bus = await self._process("notices")
        return self._keep(await bus.notices(), bus)

    async def parked_lane(self) -> ParkedLane:
        bus = await self._process("console")
        return self._keep(bus.parked_lane(), bus)

    async def _process(self, name: str) -> RabbitBus:
        opening = open_rabbitmq(
            self.url, quorum=self._quorum, namespace=self.namespace, name=f"{self.namespace}-{name}", clock=clock
        )
        stack = AsyncExitStack()
        bus = await stack.enter_async_context(opening)
        self._open[bus] = stack
        return bus

    def _keep(self, process: P, bus: RabbitBus) -> P:
        self.buses[process] = bus
        return process

    async def _remove(self) -> None:
        async with await aio_pika.connect(self.url) as connection, connection.channel() as channel:
            for tenant in (ACME, GLOBEX, UNKNOWN):
                await channel.queue_delete(f"{self.namespace}.lane.{tenant}")
                await channel.queue_delete(f"{self.namespace}.parked.{tenant}")
            await channel.exchange_delete(f"{self.namespace}.notices")


async def subscribed(reader: LaneReader, *tenants: TenantId) -> LaneReader:
    for tenant in tenants:
        await reader.subscribe(tenant)
    return reader
