"""What was set aside comes back on its lane, or goes for good."""

from schemas.ids import TenantId
from tenants.bus.port import CommandSender, LaneReader
from tests.contract.bus.messages import ACME, GLOBEX, answered, commands, ids, settle, take
from tests.contract.bus.processes import Processes, clock


async def test_a_replayed_delivery_comes_again_with_a_new_deadline(processes: Processes) -> None:
    gateway, worker, lane = await processes.gateway(), await processes.worker(ACME), await processes.parked_lane()
    await _park(gateway, worker, "a1", "a2")

    replayed = await lane.replay(ACME, None, patience_seconds=60)

    (delivery,) = await take(worker)
    assert [ids([delivery]), delivery.redelivered] == [["a1", "a2"], True]
    assert {command.deadline for command in delivery.commands} == {clock() + 60}
    assert [[command.id for command in one.commands] for one in replayed] == [["a1", "a2"]]


async def test_what_is_replayed_is_parked_no_more(processes: Processes) -> None:
    gateway, worker, lane = await processes.gateway(), await processes.worker(ACME), await processes.parked_lane()
    await _park(gateway, worker, "a1")

    await lane.replay(ACME, None, patience_seconds=60)
    await settle(worker, await take(worker))

    assert list(await lane.parked(ACME, limit=10)) == []
    assert list(await lane.replay(ACME, None, patience_seconds=60)) == []


async def test_one_parked_delivery_is_replayed_and_the_others_stay(processes: Processes) -> None:
    gateway, worker, lane = await processes.gateway(), await processes.worker(ACME), await processes.parked_lane()
    for id in ("a1", "a2", "a3"):
        await _park(gateway, worker, id)
    middle = next(one for one in await lane.parked(ACME, limit=10) if one.reason == "because of a2")

    await lane.replay(ACME, [middle.id], patience_seconds=60)

    assert ids(await take(worker)) == ["a2"]
    assert sorted(one.reason for one in await lane.parked(ACME, limit=10)) == ["because of a1", "because of a3"]


async def test_replayed_commands_come_behind_what_is_on_the_lane(processes: Processes) -> None:
    gateway, worker, lane = await processes.gateway(), await processes.worker(ACME), await processes.parked_lane()
    await _park(gateway, worker, "a1")
    await gateway.send(ACME, commands(ACME, "a2"))

    await lane.replay(ACME, None, patience_seconds=60)
    await gateway.send(ACME, commands(ACME, "a3"))

    found: list[str] = []
    while len(found) < 3:
        deliveries = await take(worker)
        found += ids(deliveries)
        await settle(worker, deliveries)
    assert found == ["a2", "a1", "a3"]


async def test_nobody_is_told_the_outcome_of_what_was_replayed(processes: Processes) -> None:
    gateway, worker, lane = await processes.gateway(), await processes.worker(ACME), await processes.parked_lane()
    await _park(gateway, worker, "a1")
    await lane.replay(ACME, None, patience_seconds=60)
    await settle(worker, await take(worker))

    await gateway.send(ACME, commands(ACME, "a2"))
    await settle(worker, await take(worker))

    assert await answered(gateway, 1) == ["a2"]


async def test_what_fails_again_is_parked_again_under_its_id(processes: Processes) -> None:
    gateway, worker, lane = await processes.gateway(), await processes.worker(ACME), await processes.parked_lane()
    await _park(gateway, worker, "a1")
    (before,) = await lane.parked(ACME, limit=10)
    await lane.replay(ACME, [before.id], patience_seconds=60)
    (delivery,) = await take(worker)

    await worker.park(delivery, "once more")

    (after,) = await lane.parked(ACME, limit=10)
    assert (after.id, after.reason) == (before.id, "once more")


async def test_a_replayed_delivery_survives_the_end_of_its_worker(processes: Processes) -> None:
    gateway, worker, lane = await processes.gateway(), await processes.worker(ACME), await processes.parked_lane()
    await _park(gateway, worker, "a1")
    await lane.replay(ACME, None, patience_seconds=60)
    await take(worker)

    await processes.end(worker)
    successor = await processes.worker(ACME)

    assert ids(await take(successor)) == ["a1"]


async def test_what_is_discarded_is_gone(processes: Processes) -> None:
    gateway, worker, lane = await processes.gateway(), await processes.worker(ACME), await processes.parked_lane()
    for id in ("a1", "a2", "a3"):
        await _park(gateway, worker, id)
    first = next(one for one in await lane.parked(ACME, limit=10) if one.reason == "because of a1")

    one = await lane.discard(ACME, [first.id])
    left = [parked.reason for parked in await lane.parked(ACME, limit=10)]
    rest = await lane.discard(ACME, None)

    assert [parked.reason for parked in one] == ["because of a1"]
    assert sorted(left) == sorted(parked.reason for parked in rest) == ["because of a2", "because of a3"]
    assert list(await lane.parked(ACME, limit=10)) == []


async def test_one_tenant_never_replays_or_discards_anothers(processes: Processes) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME, GLOBEX)
    lane = await processes.parked_lane()
    await _park(gateway, worker, "a1", tenant=ACME)
    await _park(gateway, worker, "g1", tenant=GLOBEX)
    (ours,) = await lane.parked(ACME, limit=10)

    assert list(await lane.replay(GLOBEX, [ours.id], patience_seconds=60)) == []
    assert list(await lane.discard(GLOBEX, [ours.id])) == []
    discarded = await lane.discard(GLOBEX, None)

    assert [one.reason for one in discarded] == ["because of g1"]
    assert [one.id for one in await lane.parked(ACME, limit=10)] == [ours.id]


async def test_nothing_happens_to_what_is_not_parked(processes: Processes) -> None:
    lane = await processes.parked_lane()

    assert list(await lane.replay(ACME, ["123456789abc"], patience_seconds=60)) == []
    assert list(await lane.discard(ACME, None)) == []


async def _park(gateway: CommandSender, worker: LaneReader, *names: str, tenant: TenantId = ACME) -> None:
    await gateway.send(tenant, commands(tenant, *names))
    (delivery,) = await take(worker)
    await worker.park(delivery, f"because of {names[0]}")
