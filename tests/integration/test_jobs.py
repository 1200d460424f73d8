"""A release in both shapes: killed twice in the middle, it ends as if nothing had happened."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from deploy.wiring import Stores
from schemas.ids import JobId, TenantId
from schemas.messages.events import EventType
from tenants.jobs.job import Job, JobState
from tests.support.applied import all_events, check_applied, count_events, events_of
from tests.support.client import open_client
from tests.support.crowd import admit_groups, admit_people
from tests.support.entra import Entra, people
from tests.support.load import Crew
from tests.support.shapes import Shape
from tests.support.sizes import size

_PEOPLE = size(2_000, full=100_000)
_GROUPS = size(4, full=40)
_TOTAL = 2 * _PEOPLE + _GROUPS
"""Users, Groups, and a membership of each User."""
_PATIENCE_SECONDS = size(90, full=1_800)


@pytest.mark.faults
@pytest.mark.parametrize("shape", ["embedded", "distributed"], indirect=True)
async def test_a_release_that_is_killed_twice_goes_on_where_it_was_and_doubles_nothing(shape: Shape) -> None:
    (access,) = await shape.admit("acme")
    tenant = access.tenant
    assert (await asyncio.to_thread(shape.command, "mode", tenant, "dry-run")).code == 0
    async with open_client(access) as client, shape.stores() as stores:
        users = await admit_people(client, people(_PEOPLE))
        await admit_groups(client, {f"group {number}": users[number::_GROUPS] for number in range(_GROUPS)})
        assert await stores.accounts.accounts(tenant, after="", limit=1) == []

        job = await _command(shape, "mode", tenant, "sync", "--yes", "--no-wait", "--json")
        for done in (_TOTAL // 4, _TOTAL * 3 // 4):
            now = await _reached(stores, tenant, job["id"], partial(_has_done, done))
            assert now.state is JobState.RUNNING
            await asyncio.to_thread(_kill, shape)
        ended = await _reached(stores, tenant, job["id"], lambda now: now.state is not JobState.RUNNING)

        assert (ended.state, ended.failed, ended.done, ended.total) == (JobState.DONE, 0, _TOTAL, _TOTAL)
        await check_applied(stores, client)
        told = Counter([(event.type, event.subject) async for event in events_of(stores, tenant)])
        created = {subject: times for (type, subject), times in told.items() if type is EventType.ACCOUNT_CREATED}
        assert (set(created), set(created.values())) == (set(users), {1})
        assert sum(times for (type, _), times in told.items() if type is EventType.MEMBER_ADDED) == _PEOPLE
        assert (await _command(shape, "audit", "verify", tenant, "--json"))["holds"]


async def test_the_command_line_follows_a_release_and_tells_what_it_came_to(shape: Shape) -> None:
    (access,) = await shape.admit("acme")
    await _command(shape, "mode", access.tenant, "dry-run", "--json")
    async with open_client(access) as client:
        await Crew(16).work(Entra(client).ensure_user, people(300))
    job = await _command(shape, "mode", access.tenant, "sync", "--yes", "--json")
    assert (job["state"], job["done"], job["total"]) == ("done", 300, 300)
    listed = await _command(shape, "accounts", "list", access.tenant, "--limit", "1000", "--json")
    assert len(listed) == 300


async def test_a_replay_by_a_filter_tells_of_those_alone_whom_it_finds(shape: Shape) -> None:
    (access,) = await shape.admit("acme")
    tenant = access.tenant
    async with open_client(access) as client, shape.stores() as stores:
        for name in [*(f"wanted{number}" for number in range(260)), "other1", "other2"]:
            await client.persist("POST", "/Users", {"schemas": [_USER], "userName": name})
        job = await _command(shape, "replay", tenant, "--filter", 'userName sw "WANTED"', "--json")
        assert (job["state"], job["done"], job["total"]) == ("done", 260, 260)
        told = count_events(await all_events(stores, tenant), EventType.ACCOUNT_UPDATED)
        assert (len(told), set(told.values())) == (260, {1})
    refused = await asyncio.to_thread(shape.command, "replay", tenant, "--filter", "userName sw", "--json")
    assert (refused.code, "does not parse" in refused.errors) == (1, True)


def _has_done(count: int, job: Job) -> bool:
    return job.done >= count


_USER = "urn:ietf:params:scim:schemas:core:2.0:User"


def _kill(shape: Shape) -> None:
    """Kill a process that works; where it was the last one, start another."""
    process = (shape.workers or shape.running)[0]
    shape.kill(process)
    if not shape.running:
        shape.start_serve()
    elif not shape.workers:
        shape.start_workers()


async def _command(shape: Shape, *arguments: str) -> Any:
    ran = await asyncio.to_thread(shape.command, *arguments)
    assert ran.code == 0, ran
    return json.loads(ran.output)


async def _reached(stores: Stores, tenant: TenantId, id: str, is_there: Callable[[Job], bool]) -> Job:
    """Return the job as soon as it has come so far."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            job = await stores.jobs.job(tenant, JobId(id))
            if job is not None and is_there(job):
                return job
            await asyncio.sleep(0.01)
