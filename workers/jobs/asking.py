"""Asking: one command on its lane, and the wait for its outcome."""

import asyncio
from collections.abc import Callable

from schemas.ids import CommandId
from schemas.messages.commands import Command
from schemas.messages.outcomes import Outcome
from tenants.bus.port import CommandSender
from tenants.errors import UncertainDeliveryError


class Asking:
    """The one reader of a sender's outcomes, and all who wait for one."""

    def __init__(self, sender: CommandSender, *, clock: Callable[[], float]) -> None:
        """Send by this sender; deadlines are by this clock."""
        self._sender = sender
        self._clock = clock
        self._expected: dict[CommandId, asyncio.Future[Outcome]] = {}

    async def receive(self) -> None:
        """Hand out outcomes as they come in, until the bus closes."""
        async for outcomes in self._sender.outcomes():
            for outcome in outcomes:
                expected = self._expected.get(outcome.command)
                if expected is not None and not expected.done():
                    expected.set_result(outcome)

    async def ask(self, command: Command, *, grace_seconds: float) -> Outcome | None:
        """Send the command and return its outcome; None when none came until a while after its deadline.

        Then, or when this was cancelled, it may have been carried out all the same: the same command, sent again, is
        answered by its receipt.

        Raises:
            PortUnavailableError: It could not be sent.
        """
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._expected[command.id] = outcome
        try:
            async with asyncio.timeout(max(0.0, command.deadline - self._clock()) + grace_seconds):
                await self._send(command)
                return await outcome
        except TimeoutError:
            return None
        finally:
            del self._expected[command.id]

    async def _send(self, command: Command) -> None:
        try:
            await self._sender.send(command.tenant, [command])
        except UncertainDeliveryError:
            # It may have arrived: its outcome tells, or the deadline.
            return
