"""What workers may rely on."""

import asyncio
from collections.abc import Sequence

from tenants.bus.port import LaneReader
from tests.contract.bus.messages import (
    ACME,
    GLOBEX,
    answered,
    command,
    commands,
    ids,
    outcomes,
    settle,
    soon,
    take,
)
from tests.contract.bus.processes import Processes


async def taken_one_by_one(worker: LaneReader, count: int, *, limit: int = 64) -> Sequence[Sequence[str]]:
    """Take and settle until so many commands came; return the ids of each take."""
    takes: list[Sequence[str]] = []
    while sum(map(len, takes)) < count:
        deliveries = await take(worker, limit=limit)
        takes.append(ids(deliveries))
        await settle(worker, deliveries)
    return takes


async def test_a_lane_keeps_the_order_of_its_commands(processes: Processes) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME, GLOBEX)
    names = [f"{number:02}" for number in range(30)]
    for name in names:
        await gateway.send(ACME, commands(ACME, f"acme-{name}"))
        await gateway.send(GLOBEX, commands(GLOBEX, f"globex-{name}"))

    came = [id for batch in await taken_one_by_one(worker, 60) for id in batch]

    assert [id for id in came if id.startswith("acme")] == [f"acme-{name}" for name in names]
    assert [id for id in came if id.startswith("globex")] == [f"globex-{name}" for name in names]


async def test_a_take_brings_one_lane_only(processes: Processes) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME, GLOBEX)
    for number in range(6):
        await gateway.send(ACME, commands(ACME, f"acme-{number}"))
        await gateway.send(GLOBEX, commands(GLOBEX, f"globex-{number}"))

    for _ in range(4):
        deliveries = await take(worker, limit=2)
        assert len({delivery.tenant for delivery in deliveries}) == 1
        await settle(worker, deliveries)


async def test_a_delivery_says_whose_it_is_and_that_it_is_new(processes: Processes) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME, GLOBEX)
    await gateway.send(GLOBEX, commands(GLOBEX, "g1"))

    (delivery,) = await take(worker)

    assert (delivery.tenant, delivery.commands) == (GLOBEX, (command(GLOBEX, "g1"),))
    assert (delivery.redelivered, delivery.attempts) == (False, 0)


async def test_a_lane_is_not_offered_again_before_its_deliveries_are_settled(processes: Processes) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME, GLOBEX)
    await gateway.send(ACME, commands(ACME, "acme-1"))
    first = await take(worker)
    await gateway.send(ACME, commands(ACME, "acme-2"))
    await gateway.send(GLOBEX, commands(GLOBEX, "globex-1"))
    assert ids(await take(worker)) == ["globex-1"]
    next_take = asyncio.create_task(worker.take(limit=64))
    await gateway.send(GLOBEX, commands(GLOBEX, "globex-2"))
    assert not next_take.done()

    await settle(worker, first)

    assert ids(await soon(next_take)) == ["acme-2"]


async def test_lanes_with_work_are_served_in_turn(processes: Processes) -> None:
    gateway, worker = await processes.gateway(), await processes.worker()
    for number in range(4):
        await gateway.send(ACME, commands(ACME, f"acme-{number}"))
        await gateway.send(GLOBEX, commands(GLOBEX, f"globex-{number}"))
    await worker.subscribe(ACME)
    await worker.subscribe(GLOBEX)
    await waiting_everywhere(worker)

    came = [batch[0].split("-")[0] for batch in await taken_one_by_one(worker, 6, limit=1)]

    assert came in (["acme", "globex"] * 3, ["globex", "acme"] * 3)


async def waiting_everywhere(worker: LaneReader) -> None:
    """Settle the first command of both lanes, after which the rest of both waits at the worker."""
    first, second = await take(worker, limit=1), await take(worker, limit=1)
    await settle(worker, [*first])
    await settle(worker, [*second])


async def test_a_take_brings_several_messages_up_to_the_limit(processes: Processes) -> None:
    gateway, worker = await processes.gateway(), await processes.worker()
    for number in range(6):
        await gateway.send(ACME, commands(ACME, f"{number}-a", f"{number}-b"))
    await worker.subscribe(ACME)

    takes = await taken_one_by_one(worker, 12, limit=4)

    assert [id for batch in takes for id in batch] == [f"{number}-{end}" for number in range(6) for end in "ab"]
    assert max(len(batch) for batch in takes) == 4


async def test_a_message_larger_than_the_limit_is_taken_alone(processes: Processes) -> None:
    gateway, worker = await processes.gateway(), await processes.worker()
    await gateway.send(ACME, commands(ACME, "a", "b", "c"))
    await gateway.send(ACME, commands(ACME, "d"))
    await worker.subscribe(ACME)

    assert await taken_one_by_one(worker, 4, limit=2) == [["a", "b", "c"], ["d"]]


async def test_one_reader_at_a_time_is_active_on_a_lane(processes: Processes) -> None:
    gateway = await processes.gateway()
    active, standby = await processes.worker(ACME), await processes.worker(ACME, GLOBEX)

    for number in range(5):
        await gateway.send(ACME, commands(ACME, f"acme-{number}"))
    await gateway.send(GLOBEX, commands(GLOBEX, "globex"))

    assert ids(await take(standby)) == ["globex"]
    assert sum(map(len, await taken_one_by_one(active, 5))) == 5


async def test_another_reader_takes_over_when_the_active_one_leaves_the_line(processes: Processes) -> None:
    gateway = await processes.gateway()
    active, standby = await processes.worker(ACME), await processes.worker(ACME)

    await active.unsubscribe(ACME)
    await gateway.send(ACME, commands(ACME, "a1"))

    assert ids(await take(standby)) == ["a1"]


async def test_what_a_leaving_reader_has_not_taken_goes_to_the_next_and_what_it_took_it_settles(
    processes: Processes,
) -> None:
    gateway = await processes.gateway()
    leaving, next_one = await processes.worker(ACME), await processes.worker(ACME)
    for id in ("a1", "a2", "a3"):
        await gateway.send(ACME, commands(ACME, id))
    taken = await take(leaving, limit=1)

    await leaving.unsubscribe(ACME)

    assert [id for batch in await taken_one_by_one(next_one, 2) for id in batch] == ["a2", "a3"]
    await settle(leaving, taken)
    assert sorted(await answered(gateway, 3)) == ["a1", "a2", "a3"]


async def test_who_subscribes_again_stands_at_the_end_of_the_line(processes: Processes) -> None:
    gateway = await processes.gateway()
    first, second = await processes.worker(ACME), await processes.worker(ACME)

    await first.unsubscribe(ACME)
    await first.subscribe(ACME)
    await gateway.send(ACME, commands(ACME, "a1"))

    assert ids(await take(second)) == ["a1"]


async def test_subscribing_twice_is_subscribing_once(processes: Processes) -> None:
    gateway = await processes.gateway()
    first, second = await processes.worker(ACME, ACME), await processes.worker(ACME)

    await first.unsubscribe(ACME)
    await gateway.send(ACME, commands(ACME, "a1"))

    assert ids(await take(second)) == ["a1"]


async def test_what_a_reader_that_ended_did_not_settle_comes_again_elsewhere(processes: Processes) -> None:
    gateway = await processes.gateway()
    dying, survivor = await processes.worker(ACME), await processes.worker(ACME, GLOBEX)
    await gateway.send(ACME, commands(ACME, "a1"))
    await take(dying)

    await processes.end(dying)

    (delivery,) = await take(survivor)
    assert ids([delivery]) == ["a1"]
    assert delivery.redelivered
    await settle(survivor, [delivery])
    assert await answered(gateway, 1) == ["a1"]


async def test_settled_deliveries_do_not_come_again(processes: Processes) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME)
    await gateway.send(ACME, commands(ACME, "a1"))
    await settle(worker, await take(worker))
    assert await answered(gateway, 1) == ["a1"]

    await processes.end(worker)
    successor = await processes.worker(ACME)
    await gateway.send(ACME, commands(ACME, "a2"))

    assert ids(await take(successor)) == ["a2"]


async def test_what_is_given_back_comes_again_before_later_commands(processes: Processes) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME)
    await gateway.send(ACME, commands(ACME, "a1"))
    await gateway.send(ACME, commands(ACME, "a2"))
    taken = await take(worker, limit=1)

    await worker.give_back(taken)

    (delivery,) = await take(worker, limit=1)
    assert ids([delivery]) == ["a1"]
    assert (delivery.redelivered, delivery.attempts) == (True, 1)


async def test_what_is_given_back_after_leaving_the_line_goes_to_the_next_reader(processes: Processes) -> None:
    gateway = await processes.gateway()
    leaving, next_one = await processes.worker(ACME), await processes.worker(ACME)
    await gateway.send(ACME, commands(ACME, "a1"))
    taken = await take(leaving)
    await leaving.unsubscribe(ACME)

    await leaving.give_back(taken)

    (delivery,) = await take(next_one)
    assert (ids([delivery]), delivery.redelivered) == (["a1"], True)
    assert delivery.attempts >= 1


async def test_settling_what_was_settled_or_given_back_changes_nothing(processes: Processes) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME)
    await gateway.send(ACME, commands(ACME, "a1"))
    await gateway.send(ACME, commands(ACME, "a2"))
    given_back = await take(worker, limit=1)
    await worker.give_back(given_back)

    await worker.settle(given_back, outcomes(given_back))
    first = await take(worker, limit=1)
    await settle(worker, first)
    await settle(worker, first)
    await settle(worker, await take(worker, limit=1))

    assert await answered(gateway, 2) == ["a1", "a2"]


async def test_a_take_that_is_cancelled_takes_nothing(processes: Processes) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME)
    waiting = asyncio.create_task(worker.take(limit=64))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])

    await gateway.send(ACME, commands(ACME, "a1"))

    assert ids(await take(worker)) == ["a1"]


async def test_takes_at_the_same_time_serve_different_lanes(processes: Processes) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME, GLOBEX)
    both = asyncio.gather(worker.take(limit=64), worker.take(limit=64))
    await gateway.send(ACME, commands(ACME, "a1"))
    await gateway.send(GLOBEX, commands(GLOBEX, "g1"))

    takes = await soon(both)

    assert sorted(id for deliveries in takes for id in ids(deliveries)) == ["a1", "g1"]
