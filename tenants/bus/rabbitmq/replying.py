"""Telling senders what became of their commands."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiormq import Channel, spec

from schemas.messages.codec import encode_outcomes
from schemas.messages.outcomes import Outcome
from tenants.bus.rabbitmq.driver import driver_errors
from tenants.portions import portions

_TRANSIENT = 1
_LARGEST = 4 * 1024 * 1024
"""Bytes. A broker closes the channel on what is too large for it (from 16 MB on, as it is set up), and all is lost."""


@dataclass(frozen=True, slots=True)
class _Letter:
    """What one sender is told next, and the task that sends it."""

    outcomes: list[Outcome]
    sending: "asyncio.Task[None]"


class Replies:
    """Sends outcomes; what one sender is told within a turn of the event loop, of any lanes, goes together."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._letters: dict[str, _Letter] = {}

    async def reply(self, reply_to: str, outcomes: Sequence[Outcome]) -> None:
        """Tell a sender its outcomes; if it is gone, nobody.

        Raises:
            PortUnavailableError: The broker cannot be reached.
        """
        letter = self._letters.get(reply_to)
        if letter is None:
            sending = asyncio.get_running_loop().create_task(self._send(reply_to))
            sending.add_done_callback(_hear)
            letter = self._letters[reply_to] = _Letter([], sending)
        letter.outcomes.extend(outcomes)
        # Who is cancelled does not take the letter from the others.
        await asyncio.shield(letter.sending)

    async def _send(self, reply_to: str) -> None:
        await asyncio.sleep(0)
        letter = self._letters.pop(reply_to)
        for _, body in portions(letter.outcomes, encode_outcomes, largest=_LARGEST):
            properties = spec.Basic.Properties(delivery_mode=_TRANSIENT)
            with driver_errors():
                await self._channel.basic_publish(body, routing_key=reply_to, properties=properties, wait=False)


def _hear(sending: "asyncio.Task[None]") -> None:
    # Whoever waited for it may have gone: then nobody is to be told that it failed.
    if not sending.cancelled():
        sending.exception()
