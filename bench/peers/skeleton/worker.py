"""The skeleton's worker: ``python -m bench.peers.skeleton.worker MONGODB_URL DATABASE AMQP_URL TENANT...``."""

import asyncio
import itertools
import sys
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import aio_pika
import orjson
import uvloop
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import DeleteOne, InsertOne, UpdateOne, WriteConcern
from pymongo.errors import BulkWriteError

from bench.peers.skeleton.wire import (
    CREATE,
    DELETE,
    LANE_ARGUMENTS,
    PATCH,
    Command,
    Outcome,
    decode_commands,
    encode,
    lane_of,
)

_MOST_PER_BATCH = 64
_PREFETCH = 64

_Users = AsyncIOMotorCollection[dict[str, Any]]


async def carry_out(users: _Users, commands: Sequence[Command]) -> list[Outcome]:
    """Write the commands, each run of one operation with one bulk write, and return their outcomes."""
    outcomes: list[Outcome] = []
    for operation, run in itertools.groupby(commands, key=lambda command: command.operation):
        outcomes += await _OPERATIONS[operation](users, list(run))
    return outcomes


async def _create(users: _Users, commands: Sequence[Command]) -> list[Outcome]:
    bodies = [orjson.dumps(command.body) for command in commands]
    writes = [
        InsertOne(_document(command.key, body, command.body["userName"]))
        for command, body in zip(commands, bodies, strict=True)
    ]
    refused: set[int] = set()
    try:
        await users.bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        refused = {failure["index"] for failure in error.details["writeErrors"]}
    return [
        Outcome(command.id, 409, "{}") if position in refused else Outcome(command.id, 201, body.decode())
        for position, (command, body) in enumerate(zip(commands, bodies, strict=True))
    ]


async def _patch(users: _Users, commands: Sequence[Command]) -> list[Outcome]:
    stored = await _bodies(users, commands)
    changed: dict[str, bytes] = {}
    outcomes: list[Outcome] = []
    for command in commands:
        body = changed.get(command.key, stored.get(command.key))
        if body is None:
            outcomes.append(Outcome(command.id, 404, "{}"))
            continue
        changed[command.key] = orjson.dumps({**orjson.loads(body), **command.body})
        outcomes.append(Outcome(command.id, 200, changed[command.key].decode()))
    if changed:
        await users.bulk_write(
            [UpdateOne({"_id": key}, {"$set": {"body": body}}) for key, body in changed.items()], ordered=False
        )
    return outcomes


async def _delete(users: _Users, commands: Sequence[Command]) -> list[Outcome]:
    stored = await _bodies(users, commands)
    await users.bulk_write([DeleteOne({"_id": command.key}) for command in commands], ordered=False)
    return [Outcome(command.id, 204 if command.key in stored else 404, "") for command in commands]


_OPERATIONS = {CREATE: _create, PATCH: _patch, DELETE: _delete}


async def _bodies(users: _Users, commands: Sequence[Command]) -> dict[str, bytes]:
    cursor = users.find({"_id": {"$in": [command.key for command in commands]}}, {"body": 1})
    return {document["_id"]: document["body"] for document in await cursor.to_list(None)}


def _document(key: str, body: bytes, user_name: str) -> dict[str, Any]:
    tenant = key.partition("/")[0]
    return {"_id": key, "name": f"{tenant}/{user_name.lower()}", "body": body}


class Lane:
    """One tenant's queue: what has arrived in it is written together."""

    def __init__(self, users: _Users, replies: AbstractChannel) -> None:
        self._users = users
        self._replies = replies
        self._arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()

    async def take(self, message: AbstractIncomingMessage) -> None:
        """Keep an arrived message for the next batch."""
        self._arrived.put_nowait(message)

    async def work(self) -> None:
        """Write batch after batch, for ever."""
        while True:
            messages = [await self._arrived.get()]
            commands = decode_commands(messages[0].body)
            while len(commands) < _MOST_PER_BATCH and not self._arrived.empty():
                messages.append(self._arrived.get_nowait())
                commands += decode_commands(messages[-1].body)
            await self._settle(messages, await carry_out(self._users, commands))

    async def _settle(self, messages: Sequence[AbstractIncomingMessage], outcomes: Sequence[Outcome]) -> None:
        by_id = {outcome.command: outcome for outcome in outcomes}
        per_gateway: defaultdict[str, list[Outcome]] = defaultdict(list)
        for message in messages:
            per_gateway[message.reply_to or ""] += [by_id[command.id] for command in decode_commands(message.body)]
        for reply_to, answers in per_gateway.items():
            await self._replies.default_exchange.publish(aio_pika.Message(encode(answers)), reply_to)
        await messages[-1].ack(multiple=True)


async def _work(mongodb_url: str, database: str, amqp_url: str, tenants: Sequence[str]) -> None:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongodb_url)
    users = client[database].get_collection("users", write_concern=WriteConcern(w="majority", j=True))
    await users.create_index("name", unique=True)
    async with await aio_pika.connect(amqp_url) as connection, asyncio.TaskGroup() as lanes:
        replies = await connection.channel(publisher_confirms=False)
        for tenant in tenants:
            # A channel each: acknowledging "up to here" is then about one lane.
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=_PREFETCH)
            queue = await channel.declare_queue(lane_of(tenant), durable=True, arguments=LANE_ARGUMENTS)
            lane = Lane(users, replies)
            await queue.consume(lane.take)
            lanes.create_task(lane.work())
        sys.stdout.write("ready\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _, url, name, broker, *lanes_of = sys.argv
    uvloop.run(_work(url, name, broker, lanes_of))
