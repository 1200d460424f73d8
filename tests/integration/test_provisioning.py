"""A whole provisioning job through two gateways, while workers die and come."""

import asyncio
from typing import Any

import pytest

from schemas.messages.events import EventType
from tests.support.applied import all_events, check_applied, count_events
from tests.support.client import ScimClient, open_client
from tests.support.entra import Entra, Person, people
from tests.support.load import Crew
from tests.support.shapes import Shape

_AT_ONCE = 32
_PEOPLE = 2_000
_GROUPS = 20
_ACCEPTABLE = {200, 201, 204, 409, 429, 503}
"""409 is accepted by the provisioning job only for a POST that it repeats after 429 or 503."""


@pytest.mark.faults
async def test_a_job_through_two_gateways_ends_exactly_as_asked_though_workers_are_killed_and_restarted(
    distributed: Shape,
) -> None:
    (access,) = await distributed.admit("acme")
    async with open_client(access) as client, distributed.stores() as stores:
        crew = Crew(_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_disturb(distributed, crew))
            await _provision(Entra(client), crew)

        assert client.statuses.keys() <= _ACCEPTABLE, client.statuses
        await _check_directory(client)
        await check_applied(stores, client)
        created = count_events(await all_events(stores, access.tenant), EventType.ACCOUNT_CREATED)
        assert len(created) == _PEOPLE
        assert set(created.values()) == {1}


async def _provision(entra: Entra, crew: Crew) -> None:
    """Make users, then groups, then add members, one a request, in parallel, also on the same group."""
    users = await crew.work(entra.ensure_user, people(_PEOPLE))
    groups = await crew.work(entra.ensure_group, [_group_name(number) for number in range(_GROUPS)])
    await crew.work(
        lambda number: entra.add_member(groups[_group_of(number)], users[number]),
        range(_PEOPLE),
    )


async def _disturb(shape: Shape, crew: Crew) -> None:
    """Kill a worker and restart the other one among the users; the same again among the memberships."""
    for first in (300, _PEOPLE + _GROUPS + 300):
        killed, restarted = shape.workers
        await crew.reach(first)
        await asyncio.to_thread(shape.kill, killed)
        await crew.reach(first + 300)
        await asyncio.to_thread(shape.start_workers)
        await crew.reach(first + 600)
        assert await asyncio.to_thread(shape.stop, restarted) == 0
        await crew.reach(first + 700)
        await asyncio.to_thread(shape.start_workers)


async def _check_directory(client: ScimClient) -> None:
    wanted = people(_PEOPLE)
    users = await client.walk("/Users")
    by_name = {user["userName"]: user for user in users}
    assert len(users) == len(by_name) == _PEOPLE
    assert [_profile(by_name[person.user_name], person) for person in wanted] == [person.profile for person in wanted]
    groups = await client.walk("/Groups")
    members = {group["displayName"]: sorted(member["value"] for member in group["members"]) for group in groups}
    assert members == {
        _group_name(number): sorted(by_name[person.user_name]["id"] for person in wanted[number::_GROUPS])
        for number in range(_GROUPS)
    }


def _profile(user: dict[str, Any], person: Person) -> dict[str, Any]:
    assert user["active"] is True
    return {name: user.get(name) for name in person.profile}


def _group_of(number: int) -> int:
    return number % _GROUPS


def _group_name(number: int) -> str:
    return f"Class {number}"
