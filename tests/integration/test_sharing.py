"""Many tenants' work is shared among workers, and goes on when one of them dies."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count

import pytest

from tests.support.client import ScimClient, open_client
from tests.support.entra import Person
from tests.support.load import background, eventually
from tests.support.rollcall import log_of
from tests.support.services.scratch import LaunchedProcess
from tests.support.shapes import Shape, open_distributed

_TENANTS = 40
_WORKERS = 4
_SHARED_SECONDS = 30
_TAKEN_OVER_SECONDS = 5
_PAUSE_SECONDS = 0.25


@pytest.mark.faults
async def test_no_worker_carries_more_than_half_of_equal_tenants_and_a_dead_ones_lanes_go_on(
    mongodb_url: str, amqp_url: str
) -> None:
    debug = {"ROLLCALL_LOG_LEVEL": "debug"}
    with open_distributed(mongodb_url=mongodb_url, amqp_url=amqp_url, workers=1, settings=debug) as shape:
        async with _clients(shape) as clients, background(_equal_load(clients)):
            # The first worker has all lanes before the others come.
            await eventually(lambda: _has_worked(shape.workers[0]), within_seconds=_SHARED_SECONDS, what="work is done")
            await asyncio.to_thread(shape.start_workers, _WORKERS - 1)
            await eventually(
                lambda: _is_shared(shape.workers), within_seconds=_SHARED_SECONDS, what="no worker has more than half"
            )

            await asyncio.to_thread(shape.kill, shape.workers[1])
            async with asyncio.timeout(_TAKEN_OVER_SECONDS):
                answers = await asyncio.gather(*(_create(client, Person(0, "after")) for client in clients))
            assert set(answers) == {201}


@asynccontextmanager
async def _clients(shape: Shape) -> AsyncIterator[list[ScimClient]]:
    async with AsyncExitStack() as stack:
        accesses = await shape.admit(*["tenant"] * _TENANTS)
        yield [await stack.enter_async_context(open_client(access)) for access in accesses]


async def _equal_load(clients: list[ScimClient]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for client in clients:
            tasks.create_task(_steady_load(client))


async def _steady_load(client: ScimClient) -> None:
    for number in count():
        assert await _create(client, Person(number, "steady")) == 201
        await asyncio.sleep(_PAUSE_SECONDS)


async def _create(client: ScimClient, person: Person) -> int:
    return (await client.send("POST", "/Users", person.payload)).status


async def _has_worked(worker: LaunchedProcess) -> bool:
    return any(_shares(worker))


async def _is_shared(workers: list[LaunchedProcess]) -> bool:
    """Tell whether, by the newest reports, all work and none does more than half of it."""
    newest = [_shares(worker)[-1:] or [0] for worker in workers]
    shares = [share for (share,) in newest]
    return min(shares) > 0 and max(shares) <= sum(shares) / 2


def _shares(worker: LaunchedProcess) -> list[int]:
    """Return the commands that the worker carried out between its reports, as its log tells."""
    lines = [json.loads(line) for line in log_of(worker).splitlines() if "Share was reported" in line]
    return [line["executed"] for line in lines]
