"""Sends commands to their tenant's lane, waits for the outcomes, and decides what is said when none comes.

Group commit: commands of a tenant that arrive in one burst, or while a message is on its way, travel together in the
next one. There is no timer, so an idle system adds no wait.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec
import structlog

from gateway.metrics import GatewayMetrics
from gateway.refusals import RejectedError, TooManyRequestsError
from gateway.settings import GatewaySettings
from schemas.ids import CommandId, TenantId
from schemas.messages.commands import Command
from schemas.messages.outcomes import Abandoned, Applied, Carried, Outcome, Rejected
from tenants.bursts import Burst
from tenants.bus.port import CommandSender
from tenants.errors import PortUnavailableError, UncertainDeliveryError

log = structlog.get_logger()


class NoOutcomeError(PortUnavailableError):
    """The deadline passed, or the command was abandoned: nothing was applied, and nothing will be."""


class _Waiting(msgspec.Struct, frozen=True, eq=False):
    """A command that is not on its way yet, or whose outcome is not here yet."""

    command: Command
    size: int
    outcome: "asyncio.Future[Outcome]"


@dataclass(slots=True, eq=False)
class _Lane:
    """This gateway's end of one tenant's lane."""

    tenant: TenantId
    waiting: deque[_Waiting] = field(default_factory=deque)
    """Not on their way yet, in order."""
    unanswered: int = 0
    """Waiting or on their way."""
    is_sending: bool = False


class Submission:
    """Puts commands on lanes and hands each sender its outcome."""

    def __init__(
        self, sender: CommandSender, settings: GatewaySettings, metrics: GatewayMetrics, now: Callable[[], float]
    ) -> None:
        """Send by this sender; ``now`` is the clock that deadlines are by."""
        self._sender = sender
        self._settings = settings
        self._enough = min(settings.batch_enough, settings.batch_limit)
        self._metrics = metrics
        self._now = now
        self._lanes: dict[TenantId, _Lane] = {}
        self._expected: dict[CommandId, asyncio.Future[Outcome]] = {}
        self._sends: set[asyncio.Task[None]] = set()

    def deadline(self) -> float:
        """Return the deadline of a command that is made now."""
        return self._now() + self._settings.deadline_seconds

    async def submit(self, command: Command, *, size: int) -> Applied:
        """Return once the command is durably applied. ``size`` is about what it weighs in a message, in bytes.

        When the caller is cancelled the command goes on.

        Raises:
            RejectedError: The worker refused it.
            TooManyRequestsError: The tenant has too much waiting already; nothing was sent.
            NoOutcomeError: No outcome in time; the command will not be applied later.
            PortUnavailableError: The bus cannot be reached; nothing was sent.
        """
        outcome = await self._outcome(command, size)
        match outcome:
            case Applied():
                return outcome
            case Rejected():
                raise RejectedError(outcome)
            case Abandoned(reason=reason):
                raise NoOutcomeError(f"the command was abandoned: {reason}")
            case Carried():
                raise TypeError("administrators' commands are not sent from here")

    async def receive(self) -> None:
        """Hand out outcomes as they come in, until the bus closes."""
        async for outcomes in self._sender.outcomes():
            for outcome in outcomes:
                expected = self._expected.get(outcome.command)
                if expected is not None and not expected.done():
                    expected.set_result(outcome)

    async def close(self) -> None:
        """Send nothing more, and drop the messages that are on their way; their commands may arrive all the same."""
        for lane in self._lanes.values():
            for waiting in lane.waiting:
                _fail(waiting, PortUnavailableError("the gateway stopped before the command was sent"))
            lane.waiting.clear()
        for send in self._sends:
            send.cancel()
        await asyncio.gather(*self._sends, return_exceptions=True)

    async def _outcome(self, command: Command, size: int) -> Outcome:
        lane = self._lane(command.tenant)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(command, size, loop.create_future())
        self._expected[command.id] = waiting.outcome
        lane.unanswered += 1
        lane.waiting.append(waiting)
        self._send_soon(lane)
        # Half of what `asyncio.timeout` costs, and there is one for each command.
        limit = loop.call_later(command.deadline - self._now() + self._settings.grace_seconds, _give_up, waiting)
        try:
            return await waiting.outcome
        finally:
            limit.cancel()
            del self._expected[command.id]
            lane.unanswered -= 1
            self._drop_if_idle(lane)

    def _lane(self, tenant: TenantId) -> _Lane:
        lane = self._lanes.get(tenant)
        if lane is None:
            lane = self._lanes[tenant] = _Lane(tenant)
        if lane.unanswered >= self._settings.backlog_limit:
            raise TooManyRequestsError(
                "too many changes of this tenant are waiting", {"Retry-After": str(self._settings.retry_after_seconds)}
            )
        return lane

    def _send_soon(self, lane: _Lane) -> None:
        if not lane.is_sending:
            lane.is_sending = True
            self._go_on(lane)

    def _go_on(self, lane: _Lane) -> None:
        if lane.waiting:
            Burst(lane.waiting.__len__, partial(self._send_next, lane), enough=self._enough).await_end()
        else:
            lane.is_sending = False
            self._drop_if_idle(lane)

    def _send_next(self, lane: _Lane) -> None:
        message = self._next_message(lane)
        if not message:
            self._go_on(lane)
            return
        self._metrics.grouped("commands", len(message))
        commands = tuple(waiting.command for waiting in message)
        send = asyncio.get_running_loop().create_task(self._send(lane.tenant, commands))
        self._sends.add(send)
        send.add_done_callback(partial(self._sent, lane, message))

    async def _send(self, tenant: TenantId, commands: Sequence[Command]) -> None:
        await self._sender.send(tenant, commands)

    def _next_message(self, lane: _Lane) -> list[_Waiting]:
        message: list[_Waiting] = []
        size = 0
        while lane.waiting and len(message) < self._settings.batch_limit:
            waiting = lane.waiting[0]
            if message and size + waiting.size > self._settings.batch_bytes:
                break
            lane.waiting.popleft()
            if waiting.command.deadline <= self._now():
                _fail(waiting, NoOutcomeError("the deadline passed before the command could be sent"))
                continue
            message.append(waiting)
            size += waiting.size
        return message

    def _sent(self, lane: _Lane, message: Sequence[_Waiting], send: "asyncio.Task[None]") -> None:
        self._sends.discard(send)
        error = None if send.cancelled() else send.exception()
        if isinstance(error, UncertainDeliveryError):
            # It may have arrived: what becomes of it is known by its outcome, or by the deadline.
            log.warning("Delivery of a message is uncertain", tenant=lane.tenant, commands=len(message))
        elif error is not None:
            for waiting in message:
                _fail(waiting, error)
        self._go_on(lane)

    def _drop_if_idle(self, lane: _Lane) -> None:
        if not lane.unanswered and not lane.is_sending:
            self._lanes.pop(lane.tenant, None)


def _give_up(waiting: _Waiting) -> None:
    _fail(waiting, NoOutcomeError("no outcome before the deadline"))


def _fail(waiting: _Waiting, error: BaseException) -> None:
    if not waiting.outcome.done():
        waiting.outcome.set_exception(error)
