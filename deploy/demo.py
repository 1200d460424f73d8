"""``make demo``: a short story told by a real service in a folder of its own that is gone afterwards.

An identity provider provisions people and a group in Entra's shapes; somebody leaves; the LMS's events are shown.
"""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

_PEOPLE = ("barbara", "ada", "grace")
_START_SECONDS = 30.0
_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


async def tell() -> None:
    """Tell the story."""
    with tempfile.TemporaryDirectory(prefix="rollcall-demo-") as folder:
        environment = {
            **os.environ,
            "ROLLCALL_DATA": folder,
            "PORT": str(_free_port()),
            "ROLLCALL_LOG_LEVEL": "warning",
        }
        async with _service(environment) as (url, token):
            async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as client:
                await _story(_Provider(client, url))
            await _show_events(environment)


class _Provider:
    """An identity provider: it says what it does, and does it."""

    def __init__(self, client: aiohttp.ClientSession, url: str) -> None:
        self._client = client
        self._url = url

    async def call(self, why: str, method: str, path: str, body: object = None) -> dict[str, Any]:
        data = orjson.dumps(body) if body is not None else None
        headers = {"Content-Type": "application/scim+json"}
        async with self._client.request(method, self._url + path, data=data, headers=headers) as response:
            answer = await response.read()
            _say(f"{why}\n    {method} {path} -> {response.status}")
        found: dict[str, Any] = orjson.loads(answer) if answer else {}
        return found


async def _story(provider: _Provider) -> None:
    people = []
    for name in _PEOPLE:
        query = f'/Users?filter=userName eq "{name}@example.com"'
        await provider.call(f"Is there a {name} already?", "GET", query)
        person = {"userName": f"{name}@example.com", "externalId": name, "displayName": name.title(), "active": True}
        people.append(await provider.call(f"No; here is {name}.", "POST", "/Users", person))
    group = await provider.call("A group of tutors.", "POST", "/Groups", {"displayName": "Tutors"})
    for person in people:
        operation = {"op": "Add", "path": "members", "value": [{"$ref": None, "value": person["id"]}]}
        message = {"schemas": [_PATCH], "Operations": [operation]}
        await provider.call("Into the group.", "PATCH", f"/Groups/{group['id']}", message)
    leave = {"schemas": [_PATCH], "Operations": [{"op": "Replace", "path": "active", "value": "False"}]}
    await provider.call("Grace is unassigned, in Entra's own words.", "PATCH", f"/Users/{people[-1]['id']}", leave)


async def _show_events(environment: Mapping[str, str]) -> None:
    _say("And this is what the LMS is told:")
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy", "events", "demo", env=dict(environment)
    )
    await program.wait()


@asynccontextmanager
async def _service(environment: Mapping[str, str]) -> AsyncIterator[tuple[str, str]]:
    """Run ``rollcall serve --demo`` and yield the Tenant URL and the token that it prints."""
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy", "serve", "--demo", env=dict(environment), stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(_START_SECONDS):
            url, token = await _printed(program, "Tenant URL: "), await _printed(program, "SCIM token: ")
        yield url, token
    finally:
        if program.returncode is None:
            program.terminate()
        await program.wait()


async def _printed(program: asyncio.subprocess.Process, label: str) -> str:
    if program.stdout is None:
        raise RuntimeError("the service's output is not to be read")
    async for line in program.stdout:
        text = line.decode().rstrip()
        if text.startswith(label):
            return text.removeprefix(label)
    raise RuntimeError("the service ended before it was ready")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(tell())
