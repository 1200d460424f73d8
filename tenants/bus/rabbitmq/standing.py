"""Standing in the lines of lanes: what is wanted stays true, whatever the broker does."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import structlog
from aiormq import Channel, spec
from aiormq.abc import DeliveredMessage

from schemas.ids import TenantId
from tenants.bus.rabbitmq.driver import answer_in_time, driver_errors
from tenants.bus.rabbitmq.topology import Declarations, Topology
from tenants.errors import PortUnavailableError

log = structlog.get_logger(__name__)

_FIRST_RETRY_SECONDS = 3.0
_LONGEST_RETRY_SECONDS = 300.0


@dataclass(slots=True, eq=False)
class Stand:
    """One time of standing in a lane's line, from subscribing until leaving or being thrown out."""

    tenant: TenantId
    consumer_tag: str = ""
    """The broker's name for it, once it knows."""
    is_decided: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the broker knows, or the connection was lost before."""


class _Patience:
    """How long lanes that could not be joined are left alone.

    A queue without its leader lets the broker end the whole connection when somebody asks for it: such a lane comes
    after the others and ever more rarely, so that it does little harm to them.
    """

    def __init__(self) -> None:
        self._failures: dict[TenantId, int] = {}
        self._retries: dict[TenantId, float] = {}

    def failed(self, tenant: TenantId, *, now: float) -> None:
        """Leave the lane alone for a while."""
        self._failures[tenant] = failures = self._failures.get(tenant, 0) + 1
        self._retries[tenant] = now + min(_FIRST_RETRY_SECONDS * 2.0 ** (failures - 1), _LONGEST_RETRY_SECONDS)

    def forget(self, tenant: TenantId) -> None:
        """Treat the lane as any other again."""
        self._failures.pop(tenant, None)
        self._retries.pop(tenant, None)

    def failures(self, tenant: TenantId) -> int:
        """Return how often in a row the lane could not be joined."""
        return self._failures.get(tenant, 0)

    def seconds_left(self, tenant: TenantId, *, now: float) -> float:
        """Return for how long the lane is still left alone."""
        return max(0.0, self._retries.get(tenant, 0.0) - now)


class _UnansweredError(PortUnavailableError):
    """The broker did not answer in time. The driver gives such a channel up, though it does not count as closed yet."""


class Standing:
    """The lines in which a reader stands, on whichever channel there is."""

    def __init__(
        self,
        topology: Topology,
        *,
        on_delivery: Callable[[Stand, DeliveredMessage], Coroutine[None, None, None]],
        on_expulsion: Callable[[TenantId], Awaitable[None]],
    ) -> None:
        """Stand in no line yet.

        Args:
            topology: How lanes are named.
            on_delivery: Takes what comes.
            on_expulsion: Told when the broker threw us out of a line; we stand at its end again afterwards.
        """
        self._topology = topology
        self._on_delivery = on_delivery
        self._on_expulsion = on_expulsion
        self._stands: dict[TenantId, Stand] = {}
        self._patience = _Patience()
        self._changed = asyncio.Event()
        self._channel: Channel | None = None
        self._declarations: Declarations | None = None

    def is_current(self, stand: Stand) -> bool:
        """Say whether the stand still holds."""
        return self._stands.get(stand.tenant) is stand

    async def join(self, tenant: TenantId) -> None:
        """Stand in the tenant's line; return once the broker knows, or at once while there is no connection."""
        stand = self._stands.setdefault(tenant, Stand(tenant))
        if self._channel is None or stand.consumer_tag:
            return
        self._changed.set()
        with suppress(TimeoutError):
            async with answer_in_time():
                await stand.is_decided.wait()

    async def leave(self, tenant: TenantId) -> None:
        """Leave the tenant's line; nothing comes from it after the return."""
        stand = self._stands.get(tenant)
        if stand is not None and stand.consumer_tag and self._channel is not None:
            with suppress(PortUnavailableError):
                await _cancel(self._channel, stand)
        self._stands.pop(tenant, None)
        self._patience.forget(tenant)

    async def hold(self, channel: Channel, declarations: Declarations, *, companions: Sequence[Channel]) -> None:
        """Stand in every wanted line, until the channel or one of those that it needs beside it is lost.

        Raises:
            PortUnavailableError: The channel cannot be used any more.
        """
        channels = (channel, *companions)
        self._channel, self._declarations = channel, declarations
        channel.on_consumer_cancel_callbacks.add(self._on_cancel)
        for each in channels:
            each.closing.add_done_callback(self._on_closing)
        try:
            while not any(each.is_closed for each in channels):
                self._changed.clear()
                await self._stand_everywhere(channel, declarations)
                await self._wait_for_change()
        finally:
            self._channel = self._declarations = None
            self._start_over()

    async def _stand_everywhere(self, channel: Channel, declarations: Declarations) -> None:
        for stand in sorted(self._outside(), key=lambda stand: self._patience.failures(stand.tenant)):
            if channel.is_closed:
                return
            if not self.is_current(stand) or self._patience.seconds_left(stand.tenant, now=_now()):
                continue
            try:
                await self._stand(stand, channel, declarations)
                self._patience.forget(stand.tenant)
            except PortUnavailableError as error:
                self._patience.failed(stand.tenant, now=_now())
                log.warning("Lane was not joined", tenant=stand.tenant, cause=str(error))
                if isinstance(error, _UnansweredError):
                    raise

    def _outside(self) -> Sequence[Stand]:
        return [stand for stand in self._stands.values() if not stand.consumer_tag]

    async def _stand(self, stand: Stand, channel: Channel, declarations: Declarations) -> None:
        await declarations.ensure(stand.tenant)
        with driver_errors():
            try:
                async with answer_in_time():
                    answer = await channel.basic_consume(
                        self._topology.lane(stand.tenant), partial(self._on_delivery, stand)
                    )
            except TimeoutError as error:
                raise _UnansweredError("RabbitMQ did not answer for the lane") from error
        stand.consumer_tag = str(answer.consumer_tag)
        stand.is_decided.set()
        if not self.is_current(stand):
            await _cancel(channel, stand)

    async def _wait_for_change(self) -> None:
        """Wait until lines are joined or the channel is lost, or for the next lane that is tried again."""
        pauses = [self._patience.seconds_left(stand.tenant, now=_now()) for stand in self._outside()]
        with suppress(TimeoutError):
            async with asyncio.timeout(min(pauses, default=None)):
                await self._changed.wait()

    async def _on_cancel(self, frame: spec.Basic.Cancel) -> None:
        for stand in tuple(self._stands.values()):
            if stand.consumer_tag == frame.consumer_tag:
                log.warning("Lane was closed by the broker and is joined again", tenant=stand.tenant)
                if self._declarations is not None:
                    self._declarations.forget(stand.tenant)
                self._stands[stand.tenant] = Stand(stand.tenant)
                await self._on_expulsion(stand.tenant)
        self._changed.set()

    def _on_closing(self, _: object) -> None:
        self._changed.set()

    def _start_over(self) -> None:
        for stand in self._stands.values():
            stand.is_decided.set()
        self._stands = {tenant: Stand(tenant) for tenant in self._stands}


async def _cancel(channel: Channel, stand: Stand) -> None:
    with driver_errors():
        async with answer_in_time():
            await channel.basic_cancel(stand.consumer_tag)


def _now() -> float:
    return asyncio.get_running_loop().time()
