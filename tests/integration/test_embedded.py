"""The embedded shape on its own: what it keeps, and how it ends."""

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest
from aiohttp import ClientError

from schemas.messages.events import EventType
from tests.support.applied import all_events, check_applied, count_events
from tests.support.client import ScimClient, open_client
from tests.support.entra import Person, people
from tests.support.load import Crew
from tests.support.rollcall import log_of, wait_for_text
from tests.support.shapes import Shape

_PEOPLE = 1_500


@pytest.mark.faults
async def test_everything_acknowledged_survives_kill_9_in_the_middle_of_a_load(embedded: Shape) -> None:
    (access,) = await embedded.admit("acme")
    (process,) = embedded.running
    async with open_client(access) as client:
        crew = Crew(32)
        async with asyncio.TaskGroup() as tasks:
            creating = tasks.create_task(crew.work(lambda person: _create(client, person), people(_PEOPLE)))
            await crew.reach(_PEOPLE // 3)
            await asyncio.to_thread(embedded.kill, process)
        acknowledged = {name for name in creating.result() if name is not None}
        assert _PEOPLE // 3 <= len(acknowledged) < _PEOPLE

        await asyncio.to_thread(embedded.start_serve)
        assert acknowledged <= {user["userName"] for user in await client.walk("/Users")}
        # Whoever comes again finds what went through, and makes the rest.
        again = await crew.work(lambda person: _create(client, person), people(_PEOPLE))
        assert acknowledged.isdisjoint(again)
        assert len(await client.walk("/Users")) == _PEOPLE
        async with embedded.stores() as stores:
            await check_applied(stores, client)
            created = count_events(await all_events(stores, access.tenant), EventType.ACCOUNT_CREATED)
            assert set(created.values()) == {1}
            assert len(created) == _PEOPLE


async def test_no_thread_of_it_interrupts_others_when_it_wakes(embedded: Shape) -> None:
    (access,) = await embedded.admit("acme")
    (process,) = embedded.running
    async with open_client(access) as client:
        await _create(client, people(1)[0])

    assert _policies(process.pid) == {os.SCHED_BATCH}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_stop_lets_requests_under_way_finish(embedded: Shape, number: signal.Signals) -> None:
    (access,) = await embedded.admit("acme")
    (process,) = embedded.running
    async with open_client(access) as client:
        crew = Crew(16)
        async with asyncio.TaskGroup() as tasks:
            creating = tasks.create_task(crew.work(lambda person: _create(client, person), people(400)))
            await crew.reach(100)
            code = await asyncio.to_thread(embedded.stop, process, number)
        acknowledged = {name for name in creating.result() if name is not None}
        await asyncio.to_thread(embedded.start_serve)

        assert code == 0
        assert {user["userName"] for user in await client.walk("/Users")} == acknowledged


async def test_the_first_start_shows_a_tenant_to_try_and_the_second_keeps_its_data(idle_embedded: Shape) -> None:
    first = await asyncio.to_thread(idle_embedded.start_serve, "--demo")
    await asyncio.to_thread(wait_for_text, first, "curl")
    shown = dict(re.findall(r"^(Tenant URL|SCIM token): (\S+)$", log_of(first), re.MULTILINE))
    assert shown["Tenant URL"] == f"{idle_embedded.urls[0]}/scim/v2/demo"
    async with open_client(idle_embedded.access("demo", shown["SCIM token"])) as client:
        id = (await client.send("POST", "/Users", Person(1).payload)).id
        assert idle_embedded.stop(first, signal.SIGINT) == 0

        second = await asyncio.to_thread(idle_embedded.start_serve, "--demo")
        await asyncio.to_thread(wait_for_text, second, "token create demo")
        assert (await client.send("GET", f"/Users/{id}")).json["userName"] == Person(1).user_name
    assert f"Tenant URL: {shown['Tenant URL']}" in log_of(second)
    assert "SCIM token: " not in log_of(second)
    idle_embedded.tokens.clear()  # The first start shows its token: that is what it is for.


async def test_a_second_process_on_the_same_port_says_so_and_ends(embedded: Shape) -> None:
    ran = await asyncio.to_thread(embedded.command, "serve")

    assert ran.code == 3
    assert "cannot listen" in ran.errors


async def _create(client: ScimClient, person: Person) -> str | None:
    """Return the name when its creation was acknowledged."""
    try:
        answer = await client.send("POST", "/Users", person.payload)
    except ClientError:
        return None
    assert answer.status in {201, 409, 503}, answer
    return person.user_name if answer.status == 201 else None


def _policies(pid: int) -> set[int]:
    """Return how the threads of the process are scheduled."""
    return {os.sched_getscheduler(int(thread.name)) for thread in Path(f"/proc/{pid}/task").iterdir()}
