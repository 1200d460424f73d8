"""A write that the gateway itself refuses is in the audit log of either shape, by its request, without what it held."""

import asyncio
import json

from tests.support.client import open_client
from tests.support.load import eventually
from tests.support.shapes import Shape

_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_PERSON = "zyx-quetzalcoatlus@distinct.example"


async def test_a_refused_write_is_told_by_its_request_id_and_what_is_counted_by_the_end(shape: Shape) -> None:
    (access,) = await shape.admit("acme")
    body = {"schemas": [_USER], "userName": _PERSON, "emails": [{"value": {_PERSON: _PERSON}}]}

    async def is_told() -> bool:
        arguments = ("audit", "timeline", access.tenant, "--request", "req-0", "--json")
        told = await asyncio.to_thread(shape.command, *arguments)
        return told.code == 0 and [step["kind"] for step in json.loads(told.output)] == ["request", "decision"]

    async with open_client(access) as client:
        for number in range(4):
            answer = await client.send("POST", "/Users", body, headers={"X-Request-Id": f"req-{number}"})
            assert answer.status == 400
            await eventually(is_told, within_seconds=30, what="the first refusal in the timeline")
    for process in shape.running:
        assert await asyncio.to_thread(shape.stop, process) == 0
    listed = shape.command("audit", "list", access.tenant, "--outcome", "refused", "--json")
    entries = json.loads(listed.output)
    assert {entry["action"] for entry in entries} == {"scim.create"}
    assert sum(entry["details"]["count"] for entry in entries) == 4
    assert {entry["details"]["reason"] for entry in entries} == {"emails.value must be a string"}
    assert _PERSON not in shape.command("audit", "list", access.tenant, "--json").output
