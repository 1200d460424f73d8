"""What is set aside."""

from dataclasses import replace

from schemas.messages.outcomes import Abandoned
from tenants.bus.port import ParkedDelivery
from tests.contract.bus.messages import ACME, GLOBEX, answered, command, commands, ids, settle, take
from tests.contract.bus.processes import NOW, Processes


async def test_a_parked_delivery_is_visible_with_its_reason(processes: Processes) -> None:
    gateway, worker, parked_lane = (
        await processes.gateway(),
        await processes.worker(ACME),
        await processes.parked_lane(),
    )
    await gateway.send(ACME, commands(ACME, "a1", "a2"))
    (delivery,) = await take(worker)

    await worker.park(delivery, "keeps failing")

    (parked,) = await parked_lane.parked(ACME, limit=10)
    expected = ParkedDelivery(ACME, (command(ACME, "a1"), command(ACME, "a2")), "keeps failing", NOW, parked.id)
    assert parked == expected
    assert list(await parked_lane.parked(GLOBEX, limit=10)) == []


async def test_a_parked_delivery_does_not_come_again(processes: Processes) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME)
    await gateway.send(ACME, commands(ACME, "a1"))
    (delivery,) = await take(worker)
    await worker.park(delivery, "keeps failing")

    await processes.end(worker)
    successor = await processes.worker(ACME)
    await gateway.send(ACME, commands(ACME, "a2"))

    assert ids(await take(successor)) == ["a2"]


async def test_looking_at_what_is_parked_leaves_it_there(processes: Processes) -> None:
    gateway, worker, parked_lane = (
        await processes.gateway(),
        await processes.worker(ACME),
        await processes.parked_lane(),
    )
    for id in ("a1", "a2", "a3"):
        await gateway.send(ACME, commands(ACME, id))
        (delivery,) = await take(worker)
        await worker.park(delivery, f"because of {id}")

    looks = [await parked_lane.parked(ACME, limit=10) for _ in range(3)]

    assert [[parked.reason for parked in look] for look in looks] == [
        ["because of a1", "because of a2", "because of a3"]
    ] * 3


async def test_no_more_is_shown_than_was_asked_for(processes: Processes) -> None:
    gateway, worker, parked_lane = (
        await processes.gateway(),
        await processes.worker(ACME),
        await processes.parked_lane(),
    )
    for id in ("a1", "a2"):
        await gateway.send(ACME, commands(ACME, id))
        (delivery,) = await take(worker)
        await worker.park(delivery, id)

    assert len(await parked_lane.parked(ACME, limit=1)) == 1


async def test_nothing_is_parked_for_a_tenant_without_a_lane(processes: Processes) -> None:
    parked_lane = await processes.parked_lane()

    assert list(await parked_lane.parked(ACME, limit=10)) == []


async def test_one_command_of_a_delivery_is_parked_and_its_neighbours_are_settled(processes: Processes) -> None:
    gateway, worker, parked_lane = (
        await processes.gateway(),
        await processes.worker(ACME),
        await processes.parked_lane(),
    )
    await gateway.send(ACME, commands(ACME, "good", "bad"))
    (delivery,) = await take(worker)

    await worker.park(replace(delivery, commands=delivery.commands[1:]), "keeps failing")
    await settle(worker, [delivery])

    assert [parked.commands for parked in await parked_lane.parked(ACME, limit=10)] == [(command(ACME, "bad"),)]
    assert await answered(gateway, 2) == ["good", "bad"]


async def test_the_outcome_of_a_parked_delivery_is_reported_when_it_is_settled(processes: Processes) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME)
    await gateway.send(ACME, commands(ACME, "bad"))
    (delivery,) = await take(worker)
    await worker.park(delivery, "keeps failing")

    await worker.settle([delivery], [Abandoned(delivery.commands[0].id, "keeps failing")])
    await gateway.send(ACME, commands(ACME, "next"))

    assert await answered(gateway, 1) == ["bad"]
    assert ids(await take(worker)) == ["next"]
