"""The broker or the database goes away and comes back; gateways and workers stay."""

import asyncio
from collections.abc import Iterator
from functools import partial

import pytest

from tests.support.applied import check_applied
from tests.support.client import Answer, ScimClient
from tests.support.entra import Entra, Person, people
from tests.support.load import Crew, eventually, stopped
from tests.support.services import Service
from tests.support.shapes import Shape, open_distributed

_DEADLINE_SECONDS = 3
_REFUSAL_SECONDS = _DEADLINE_SECONDS + 3
"""A refusal waits for the deadline at most, and a moment for outcomes that are on their way."""
_READ_REFUSAL_SECONDS = 15
_RECOVERY_SECONDS = 30
_MUCH_LATER_SECONDS = _DEADLINE_SECONDS + 2
_LANE_SETTLES_SECONDS = 2
"""RabbitMQ registers a new quorum queue on disk with a delay: killed within it, the queue never comes back."""

pytestmark = pytest.mark.faults


@pytest.fixture
def shape(broker: Service, mongo: Service) -> Iterator[Shape]:
    """The distributed shape over services that can be stopped, with a short deadline."""
    deadline = {"ROLLCALL_DEADLINE_SECONDS": str(_DEADLINE_SECONDS)}
    with open_distributed(mongodb_url=mongo.url, amqp_url=broker.url, settings=deadline) as shape:
        yield shape


async def test_without_a_broker_writes_are_put_off_and_reads_go_on(
    shape: Shape, client: ScimClient, broker: Service
) -> None:
    known, missed = Person(1, "known"), people(20, "missed")
    id = await Entra(client).ensure_user(known)
    async with stopped(broker):
        await _check_writes_are_put_off(client, id, missed)
        for gateway in (0, 1):
            assert (await client.send("GET", f"/Users/{id}", gateway=gateway)).json["userName"] == known.user_name
            assert [user["id"] for user in await client.walk("/Users")] == [id]

    await _check_recovery(shape, client, missed)
    assert (await client.send("GET", f"/Users/{id}")).json["userName"] == known.user_name


async def test_without_a_database_everything_is_put_off(shape: Shape, client: ScimClient, mongo: Service) -> None:
    known, missed = Person(1, "known"), people(20, "missed")
    id = await Entra(client).ensure_user(known)
    async with stopped(mongo):
        await _check_reads_are_put_off(client, id)
        await _check_writes_are_put_off(client, id, missed)

    await _check_recovery(shape, client, missed)
    assert (await client.send("GET", f"/Users/{id}")).json["userName"] == known.user_name


@pytest.mark.parametrize("victim", ["broker", "mongo"])
async def test_what_was_put_off_when_a_service_broke_down_is_never_applied_later(
    shape: Shape, client: ScimClient, victim: str, request: pytest.FixtureRequest
) -> None:
    service: Service = request.getfixturevalue(victim)
    await _make_lane(client)
    crew = Crew(32)
    async with asyncio.TaskGroup() as tasks:
        answers = tasks.create_task(crew.work(lambda person: _create(client, person), people(600)))
        await crew.reach(200)
        await asyncio.to_thread(service.kill)
        await crew.reach(264)
        await asyncio.to_thread(service.start)
    acknowledged = {person.user_name for person, answer in answers.result() if answer.status == 201}
    put_off = {person.user_name for person, answer in answers.result() if answer.status == 503}
    assert len(acknowledged) + len(put_off) == 600, client.statuses
    assert put_off

    await _recovered(client)
    found = {user["userName"] for user in await client.walk("/Users")}
    await asyncio.sleep(_MUCH_LATER_SECONDS)
    found_later = {user["userName"] for user in await client.walk("/Users")}

    assert acknowledged <= found
    assert found_later == found
    async with shape.stores() as stores:
        await check_applied(stores, client)


@pytest.mark.parametrize("victim", ["broker", "mongo"])
async def test_a_job_ends_exactly_as_asked_though_a_service_is_killed_in_the_middle(
    shape: Shape, client: ScimClient, victim: str, request: pytest.FixtureRequest
) -> None:
    service: Service = request.getfixturevalue(victim)
    await _make_lane(client)
    entra, crew, wanted = Entra(client), Crew(32), people(600)
    async with asyncio.TaskGroup() as tasks:
        provisioned = tasks.create_task(_provision(entra, crew, wanted))
        await crew.reach(400)
        await asyncio.to_thread(service.kill)
        await asyncio.to_thread(service.start)
    users, group = provisioned.result()

    assert client.statuses.keys() <= {200, 201, 204, 409, 503}, client.statuses
    found = {user["userName"]: user["id"] for user in await client.walk("/Users")}
    assert found == {person.user_name: id for person, id in zip(wanted, users, strict=True)}
    members = (await client.send("GET", f"/Groups/{group}")).json["members"]
    assert sorted(member["value"] for member in members) == sorted(users)
    async with shape.stores() as stores:
        await check_applied(stores, client)


async def _make_lane(client: ScimClient) -> None:
    await Entra(client).ensure_group("Known")
    await asyncio.sleep(_LANE_SETTLES_SECONDS)


async def _provision(entra: Entra, crew: Crew, wanted: list[Person]) -> tuple[list[str], str]:
    users = await crew.work(entra.ensure_user, wanted)
    group = await entra.ensure_group("Staff")
    await crew.work(lambda user: entra.add_member(group, user), users)
    return users, group


async def _create(client: ScimClient, person: Person) -> tuple[Person, Answer]:
    return person, await client.send("POST", "/Users", person.payload)


async def _check_writes_are_put_off(client: ScimClient, id: str, missed: list[Person]) -> None:
    """Every kind of write, through both gateways."""
    async with asyncio.timeout(_REFUSAL_SECONDS + _READ_REFUSAL_SECONDS):
        answers = await asyncio.gather(
            *(client.send("POST", "/Users", person.payload) for person in missed),
            client.send("PUT", f"/Users/{id}", missed[0].payload),
            client.send("DELETE", f"/Users/{id}"),
        )
    _check_put_off(answers)


async def _check_reads_are_put_off(client: ScimClient, id: str) -> None:
    async with asyncio.timeout(_READ_REFUSAL_SECONDS):
        answers = await asyncio.gather(
            *(client.send("GET", path, gateway=gateway) for path in ("/Users", f"/Users/{id}") for gateway in (0, 1))
        )
    _check_put_off(answers)


def _check_put_off(answers: list[Answer]) -> None:
    assert {answer.status for answer in answers} == {503}
    for answer in answers:
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Content-Type"] == "application/scim+json"
        assert answer.json["status"] == "503"


async def _check_recovery(shape: Shape, client: ScimClient, missed: list[Person]) -> None:
    """Everything works again without a restart, and nothing that was put off appears, now or later."""
    await _recovered(client)
    await _check_absent(client, missed)
    await asyncio.sleep(_MUCH_LATER_SECONDS)
    await _check_absent(client, missed)
    late = await Entra(client).ensure_user(missed[0])
    assert [user["id"] for user in await client.look_up("/Users", "userName", missed[0].user_name)] == [late]
    async with shape.stores() as stores:
        await check_applied(stores, client)


async def _recovered(client: ScimClient) -> None:
    """Wait until both gateways write again."""

    async def writes(gateway: int) -> bool:
        answer = await client.send("POST", "/Groups", {"displayName": f"Probe {gateway}"}, gateway=gateway)
        return answer.status in {201, 409}

    for gateway in (0, 1):
        await eventually(partial(writes, gateway), within_seconds=_RECOVERY_SECONDS, what="writes work again")


async def _check_absent(client: ScimClient, missed: list[Person]) -> None:
    found = await asyncio.gather(*(client.look_up("/Users", "userName", person.user_name) for person in missed))
    assert not any(found)
