"""The skeleton's gateway: ``python -m bench.peers.skeleton.gateway PORT MONGODB_URL DATABASE AMQP_URL``."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aio_pika
import orjson
import uvloop
from aiohttp import web
from motor.motor_asyncio import AsyncIOMotorClient

from bench.peers.skeleton.reads import GroupedFinds
from bench.peers.skeleton.submission import Submission
from bench.peers.skeleton.wire import CREATE, DELETE, PATCH, Outcome

_FILTER = re.compile(r'userName eq "(.*)"')
_LIST = b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":%d,"Resources":[%b]}'


class Gateway:
    """The skeleton's endpoints."""

    def __init__(self, submission: Submission, by_key: GroupedFinds, by_name: GroupedFinds) -> None:
        self._submission = submission
        self._by_key = by_key
        self._by_name = by_name

    def routes(self) -> list[web.RouteDef]:
        """Return the URL map."""
        return [
            web.get("/{tenant}/Users", self._look_up),
            web.post("/{tenant}/Users", self._create),
            web.get("/{tenant}/Users/{id}", self._read),
            web.patch("/{tenant}/Users/{id}", self._patch),
            web.delete("/{tenant}/Users/{id}", self._delete),
        ]

    async def _look_up(self, request: web.Request) -> web.Response:
        match = _FILTER.fullmatch(request.query["filter"])
        if match is None:
            raise web.HTTPBadRequest
        body = await self._by_name.find(f"{request.match_info['tenant']}/{match[1].lower()}")
        return _answer(200, _LIST % (1, body) if body else _LIST % (0, b""))

    async def _read(self, request: web.Request) -> web.Response:
        body = await self._by_key.find(_key(request))
        return _answer(200, body) if body else _answer(404, b"{}")

    async def _create(self, request: web.Request) -> web.Response:
        tenant, id = request.match_info["tenant"], uuid4().hex
        resource = {**orjson.loads(await request.read()), "id": id}
        return _render(await self._submission.submit(tenant, CREATE, f"{tenant}/{id}", resource))

    async def _patch(self, request: web.Request) -> web.Response:
        patch = orjson.loads(await request.read())
        changes = {operation["path"]: operation["value"] for operation in patch["Operations"]}
        return _render(await self._submission.submit(request.match_info["tenant"], PATCH, _key(request), changes))

    async def _delete(self, request: web.Request) -> web.Response:
        return _render(await self._submission.submit(request.match_info["tenant"], DELETE, _key(request), {}))


def _key(request: web.Request) -> str:
    return f"{request.match_info['tenant']}/{request.match_info['id']}"


def _render(outcome: Outcome) -> web.Response:
    return _answer(outcome.status, outcome.body.encode())


def _answer(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body or None, content_type="application/scim+json")


@asynccontextmanager
async def _open_gateway(mongodb_url: str, database: str, amqp_url: str) -> AsyncIterator[Gateway]:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongodb_url)
    users = client[database]["users"]
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        replies = await channel.declare_queue(exclusive=True)
        submission = Submission(channel, replies)
        await submission.start()
        yield Gateway(submission, GroupedFinds(users, "_id"), GroupedFinds(users, "name"))
    client.close()


async def _serve(port: int, mongodb_url: str, database: str, amqp_url: str) -> None:
    async with _open_gateway(mongodb_url, database, amqp_url) as gateway:
        app = web.Application()
        app.add_routes(gateway.routes())
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), *sys.argv[2:5]))
