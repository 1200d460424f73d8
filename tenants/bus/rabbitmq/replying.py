"""Telling senders what became of their commands."""

import asyncio
from collections.abc import Sequence

from aiormq import Channel, spec

from schemas.messages.codec import encode_outcomes
from schemas.messages.outcomes import Outcome
from tenants.bus.rabbitmq.driver import driver_errors

_TRANSIENT = 1


class Replies:
    """Sends outcomes; what one sender is told within a turn of the event loop, of any lanes, is one message."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._letters: dict[str, list[Outcome]] = {}
        self._sendings: dict[str, asyncio.Task[None]] = {}

    async def reply(self, reply_to: str, outcomes: Sequence[Outcome]) -> None:
        """Tell a sender its outcomes; if it is gone, nobody.

        Raises:
            PortUnavailableError: The broker cannot be reached.
        """
        letter = self._letters.get(reply_to)
        if letter is None:
            letter = self._letters[reply_to] = []
            self._sendings[reply_to] = asyncio.get_running_loop().create_task(self._send(reply_to))
        letter += outcomes
        # Who is cancelled does not take the letter from the others.
        await asyncio.shield(self._sendings[reply_to])

    async def _send(self, reply_to: str) -> None:
        await asyncio.sleep(0)
        body = encode_outcomes(self._letters.pop(reply_to))
        del self._sendings[reply_to]
        properties = spec.Basic.Properties(delivery_mode=_TRANSIENT)
        with driver_errors():
            await self._channel.basic_publish(body, routing_key=reply_to, properties=properties, wait=False)
