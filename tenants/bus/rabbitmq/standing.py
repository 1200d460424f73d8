"""Standing in the lines of lanes: what is wanted stays true, whatever the broker does."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq import Channel, spec
from aiormq.abc import DeliveredMessage

from schemas.ids import TenantId
from tenants.bus.rabbitmq.driver import answer_in_time, channel_below, driver_errors, open_channel
from tenants.bus.rabbitmq.topology import Declarations, Topology
from tenants.errors import PortUnavailableError

log = structlog.get_logger(__name__)

_PREFETCH = 8
"""How many messages of each lane are here at most, waiting or in work."""
_JOINED_AT_ONCE = 32
_FIRST_PAUSE_SECONDS = 1.0
_PAUSE_GROWTH = 4.0
_LONGEST_PAUSE_SECONDS = 300.0


@dataclass(slots=True, eq=False)
class Stand:
    """One time of standing in a lane's line, from joining until leaving or being thrown out."""

    tenant: TenantId
    consumer_tag: str = ""
    """The broker's name for it, once it knows."""


@dataclass(slots=True, eq=False)
class _Line:
    """A lane's line and us."""

    tenant: TenantId
    is_wanted: bool = False
    stand: Stand | None = None
    channel: Channel | None = None
    pause_seconds: float = 0.0
    """How long to leave the lane alone after it could not be joined: asking a queue without its leader makes the broker
    end the whole connection a while later, so it is done ever more rarely."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while we stand there, or know that we cannot now."""


class Standing:
    """The lines in which a reader stands, each on a channel of its own, on whichever connection there is.

    A queue that has lost its leader blocks the channel on which somebody asks for it; no other lane waits there.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        on_delivery: Callable[[Stand, DeliveredMessage], Coroutine[None, None, None]],
        on_loss: Callable[[TenantId], object],
    ) -> None:
        """Stand in no line yet.

        Args:
            topology: How lanes are named.
            on_delivery: Takes what comes.
            on_loss: Told when the broker took back what came from a lane; we stand in its line again afterwards.
        """
        self._topology = topology
        self._on_delivery = on_delivery
        self._on_loss = on_loss
        self._lines: dict[TenantId, _Line] = {}
        self._slots = asyncio.Semaphore(_JOINED_AT_ONCE)
        self._start: Callable[[_Line], object] | None = None

    def is_current(self, stand: Stand) -> bool:
        """Say whether the stand still holds."""
        line = self._lines.get(stand.tenant)
        return line is not None and line.stand is stand

    async def join(self, tenant: TenantId) -> None:
        """Stand in the tenant's line; return once the broker knows, or at once while there is no connection."""
        line = self._lines.get(tenant)
        if line is None:
            line = self._lines[tenant] = _Line(tenant)
            if self._start is not None:
                self._start(line)
        if not line.is_wanted:
            line.is_wanted = True
            line.settled.clear()
            line.changed.set()
        if self._start is not None:
            with suppress(TimeoutError):
                async with answer_in_time():
                    await line.settled.wait()

    async def leave(self, tenant: TenantId) -> None:
        """Leave the tenant's line; nothing comes from it after the return."""
        line = self._lines.get(tenant)
        if line is None:
            return
        line.is_wanted = False
        if line.stand is not None and line.stand.consumer_tag and line.channel is not None:
            with suppress(PortUnavailableError):
                await _cancel(line.channel, line.stand)
        line.stand = None
        # Somebody may have joined again meanwhile.
        line.changed.set()

    async def hold(self, connection: AbstractConnection, declarations: Declarations, *, until: AbstractChannel) -> None:
        """Stand in every wanted line, until the given channel is lost."""
        async with asyncio.TaskGroup() as tasks:
            keepers = [tasks.create_task(self._keep(line, connection, declarations)) for line in self._lines.values()]
            self._start = lambda line: keepers.append(tasks.create_task(self._keep(line, connection, declarations)))
            try:
                await until.closed()
            finally:
                self._start = None
                for keeper in keepers:
                    keeper.cancel()

    async def _keep(self, line: _Line, connection: AbstractConnection, declarations: Declarations) -> None:
        while True:
            # On a new connection, too.
            await asyncio.sleep(line.pause_seconds)
            try:
                async with open_channel(connection) as channel:
                    line.channel = await channel_below(channel)
                    await self._keep_on(line, line.channel, declarations)
            except PortUnavailableError as error:
                longer = max(_FIRST_PAUSE_SECONDS, line.pause_seconds * _PAUSE_GROWTH)
                line.pause_seconds = min(longer, _LONGEST_PAUSE_SECONDS)
                log.warning("Lane was not joined", tenant=line.tenant, cause=str(error))
            finally:
                line.channel = line.stand = None
                line.settled.set()

    async def _keep_on(self, line: _Line, channel: Channel, declarations: Declarations) -> None:
        """Stand in the line whenever it is wanted, until the channel is lost."""
        channel.closing.add_done_callback(partial(self._on_closing, line))
        channel.on_consumer_cancel_callbacks.add(partial(self._on_cancel, line, declarations))
        with driver_errors():
            async with answer_in_time():
                await channel.basic_qos(prefetch_count=_PREFETCH)
        while not channel.is_closed:
            line.changed.clear()
            if line.is_wanted and line.stand is None:
                async with self._slots:
                    await self._stand(line, channel, declarations)
            await line.changed.wait()

    async def _stand(self, line: _Line, channel: Channel, declarations: Declarations) -> None:
        await declarations.ensure(line.tenant)
        stand = line.stand = Stand(line.tenant)
        with driver_errors():
            async with answer_in_time():
                answer = await channel.basic_consume(
                    self._topology.lane(line.tenant), partial(self._on_delivery, stand)
                )
        stand.consumer_tag = str(answer.consumer_tag)
        line.pause_seconds = 0.0
        line.settled.set()
        if line.stand is not stand:
            # Left while the broker was asked.
            await _cancel(channel, stand)

    def _on_closing(self, line: _Line, _: object) -> None:
        self._on_loss(line.tenant)
        line.changed.set()

    async def _on_cancel(self, line: _Line, declarations: Declarations, frame: spec.Basic.Cancel) -> None:
        log.warning("Lane was closed by the broker and is joined again", tenant=line.tenant)
        declarations.forget(line.tenant)
        if line.stand is not None and line.stand.consumer_tag == frame.consumer_tag:
            line.stand = None
            self._on_loss(line.tenant)
        line.changed.set()


async def _cancel(channel: Channel, stand: Stand) -> None:
    with driver_errors():
        async with answer_in_time():
            await channel.basic_cancel(stand.consumer_tag)
