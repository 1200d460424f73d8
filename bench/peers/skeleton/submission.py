"""The gateway's way to the worker: what arrives while a publish is in flight travels together in the next message."""

import asyncio
import itertools
from collections import defaultdict
from typing import Any

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from bench.peers.skeleton.wire import Command, Outcome, decode_outcomes, encode, lane_of

_OUTCOME_TIMEOUT_SECONDS = 15.0
_MOST_PER_MESSAGE = 64


class Submission:
    """Sends commands and hands out their outcomes."""

    def __init__(self, channel: AbstractChannel, replies: AbstractQueue) -> None:
        self._channel = channel
        self._replies = replies
        self._ids = itertools.count()
        self._waiting: dict[int, asyncio.Future[Outcome]] = {}
        self._queued: defaultdict[str, list[Command]] = defaultdict(list)
        self._senders: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Begin to listen for outcomes."""
        await self._replies.consume(self._take_outcomes, no_ack=True)

    async def submit(self, tenant: str, operation: str, key: str, body: dict[str, Any]) -> Outcome:
        """Return the outcome of a new command.

        Raises:
            TimeoutError: none came in time.
        """
        command = Command(next(self._ids), operation, key, body)
        future = self._waiting[command.id] = asyncio.get_running_loop().create_future()
        self._queued[tenant].append(command)
        if tenant not in self._senders:
            self._senders[tenant] = asyncio.create_task(self._send(tenant))
        try:
            async with asyncio.timeout(_OUTCOME_TIMEOUT_SECONDS):
                outcome: Outcome = await future
                return outcome
        finally:
            del self._waiting[command.id]

    async def _send(self, tenant: str) -> None:
        try:
            while queued := self._queued[tenant]:
                batch, self._queued[tenant] = queued[:_MOST_PER_MESSAGE], queued[_MOST_PER_MESSAGE:]
                message = Message(encode(batch), reply_to=self._replies.name, delivery_mode=DeliveryMode.PERSISTENT)
                await self._channel.default_exchange.publish(message, lane_of(tenant))
        finally:
            del self._senders[tenant]

    async def _take_outcomes(self, message: AbstractIncomingMessage) -> None:
        for outcome in decode_outcomes(message.body):
            future = self._waiting.get(outcome.command)
            if future is not None and not future.done():
                future.set_result(outcome)
