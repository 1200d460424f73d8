"""An administrator's hand on parked commands: replayed when the fault is mended, discarded, written down."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from schemas.messages.commands import CreateResource
from tenants.administration.actor import RefusedError
from tenants.administration.parked import ParkedAdministration
from tenants.bus.port import LaneReader
from tenants.policies.settings import OperationMode, Policies
from tests.support.administering import ADA, Office, open_office
from tests.support.lane import Lane

SYNC = Policies(mode=OperationMode.SYNC)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with open_office("acme", "globex", policies=SYNC) as office:
        yield office


@pytest.fixture
def acme(office: Office) -> Lane:
    return office.lanes[0]


async def test_a_replayed_command_is_carried_out_though_its_deadline_has_passed(office: Office, acme: Lane) -> None:
    (command,) = await park(office, "ann")

    await office.parked.replay("acme", None, actor=ADA)
    async with office.working():
        while await acme.read(command.resource_id) is None:
            pass

    assert [account.login for account in await acme.accounts()] == ["ann"]
    assert list(await office.parked.parked("acme", limit=10)) == []


async def test_a_command_that_had_been_carried_out_after_all_is_not_carried_out_again(
    office: Office, acme: Lane
) -> None:
    (command,) = await park(office, "ann")
    await acme.made(replace_deadline(command, acme.now + 15))
    await acme.made(acme.patch(command.resource_id, {"op": "replace", "path": "displayName", "value": "Ann"}))

    await office.parked.replay("acme", None, actor=ADA)
    async with office.working():
        probe = await marker(office)
        while await acme.read(probe.resource_id) is None:
            pass

    shown = await acme.read(command.resource_id)
    assert shown is not None
    assert shown["displayName"] == "Ann"


async def test_what_was_done_is_written_down_without_any_value(office: Office, acme: Lane) -> None:
    first, second = await park(office, "ann", "bob")
    one, two = await office.parked.parked("acme", limit=10)

    await office.parked.replay("acme", [one.id], actor=ADA)
    await office.parked.discard("acme", [two.id], actor=ADA)

    entries = [entry for entry in await acme.audit() if entry.target_type == "Parked"]
    assert [(entry.action, entry.target, entry.principal) for entry in entries] == [
        ("parked.replayed", one.id, "operator:ada"),
        ("parked.discarded", two.id, "operator:ada"),
    ]
    assert [entry.details["commands"][0]["resource"] for entry in entries] == [first.resource_id, second.resource_id]
    assert not any("ann" in str(entry.details) or "bob" in str(entry.details) for entry in entries)


async def test_nothing_is_written_down_where_nothing_was_done(office: Office, acme: Lane) -> None:
    assert list(await office.parked.replay("acme", None, actor=ADA)) == []

    assert await acme.audit() == []


async def test_an_id_that_is_not_parked_is_refused(office: Office) -> None:
    await park(office, "ann")

    with pytest.raises(RefusedError, match="123456789abc is not parked"):
        await office.parked.discard("acme", ["123456789abc"], actor=ADA)

    assert len(await office.parked.parked("acme", limit=10)) == 1


async def test_another_tenants_parked_commands_cannot_be_reached(office: Office) -> None:
    await park(office, "ann")
    (ours,) = await office.parked.parked("acme", limit=10)

    with pytest.raises(RefusedError, match="is not parked"):
        await office.parked.replay("globex", [ours.id], actor=ADA)

    assert list(await office.parked.parked("globex", limit=10)) == []


async def test_without_a_reachable_lane_it_is_said_why(office: Office) -> None:
    nowhere = ParkedAdministration(office.ports, None, clock=lambda: 0.0)

    with pytest.raises(RefusedError, match="cannot be reached"):
        await nowhere.parked("acme", limit=10)


async def park(office: Office, *logins: str) -> list[CreateResource]:
    """Park the creation of each, as a worker does that meets a fault of ours; their deadlines have long passed."""
    acme = office.lanes[0]
    reader: LaneReader = office.bus.reader()
    await reader.subscribe(acme.tenant)
    commands = [replace_deadline(acme.create(userName=login), 0.0) for login in logins]
    for command in commands:
        await office.bus.sender().send(acme.tenant, [command])
    for delivery in await reader.take(limit=len(commands)):
        await reader.park(delivery, "RuntimeError")
    await reader.unsubscribe(acme.tenant)
    return commands


async def marker(office: Office) -> CreateResource:
    """Send a command behind all others, and return it."""
    acme = office.lanes[0]
    command = replace_deadline(acme.create(userName="marker"), 4_000_000_000.0)
    await office.bus.sender().send(acme.tenant, [command])
    return command


def replace_deadline(command: CreateResource, deadline: float) -> CreateResource:
    return msgspec.structs.replace(command, deadline=deadline)
