"""What gateways may rely on."""

import pytest

from tenants.errors import PortUnavailableError
from tests.contract.bus.messages import (
    ACME,
    GLOBEX,
    UNKNOWN,
    answered,
    commands,
    ids,
    outcomes,
    settle,
    soon,
    take,
)
from tests.contract.bus.processes import Processes


async def test_an_outcome_reaches_the_gateway_that_asked(processes: Processes) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME)
    await gateway.send(ACME, commands(ACME, "a1"))
    deliveries = await take(worker)

    await worker.settle(deliveries, outcomes(deliveries))

    batch = await soon(anext(gateway.outcomes()))
    assert list(batch) == outcomes(deliveries)


async def test_an_outcome_reaches_no_gateway_but_the_one_that_asked(processes: Processes) -> None:
    one, other, worker = await processes.gateway(), await processes.gateway(), await processes.worker(ACME, GLOBEX)
    await one.send(ACME, commands(ACME, "of-one"))
    await other.send(GLOBEX, commands(GLOBEX, "of-other"))

    for _ in range(2):
        await settle(worker, await take(worker))

    assert await answered(one, 1) == ["of-one"]
    assert await answered(other, 1) == ["of-other"]


async def test_gateways_whose_commands_are_settled_together_get_their_own_outcomes(processes: Processes) -> None:
    one, other, worker = await processes.gateway(), await processes.gateway(), await processes.worker()
    await one.send(ACME, commands(ACME, "one-1"))
    await other.send(ACME, commands(ACME, "other-1"))
    await one.send(ACME, commands(ACME, "one-2"))
    await worker.subscribe(ACME)

    settled = 0
    while settled < 3:
        deliveries = await take(worker)
        await settle(worker, deliveries)
        settled += len(ids(deliveries))

    assert await answered(one, 2) == ["one-1", "one-2"]
    assert await answered(other, 1) == ["other-1"]


async def test_commands_sent_together_are_delivered_and_answered_together(processes: Processes) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME)
    sent = commands(ACME, *(f"a{number}" for number in range(32)))
    await gateway.send(ACME, sent)

    deliveries = await take(worker)
    await settle(worker, deliveries)

    assert [list(delivery.commands) for delivery in deliveries] == [sent]
    assert len(await soon(anext(gateway.outcomes()))) == 32


async def test_a_lane_nobody_stands_in_line_for_keeps_commands_until_somebody_does(processes: Processes) -> None:
    gateway = await processes.gateway()
    await gateway.send(UNKNOWN, commands(UNKNOWN, "u1"))
    await gateway.send(ACME, commands(ACME, "a1"))

    worker = await processes.worker(UNKNOWN)

    assert ids(await take(worker)) == ["u1"]


async def test_a_gateway_that_is_gone_does_not_keep_a_worker_from_settling(processes: Processes) -> None:
    leaving, staying = await processes.gateway(), await processes.gateway()
    worker = await processes.worker(ACME, GLOBEX)
    await leaving.send(ACME, commands(ACME, "a1"))
    deliveries = await take(worker)

    await processes.end(leaving)
    await settle(worker, deliveries)
    await staying.send(ACME, commands(ACME, "a2"))
    await settle(worker, await take(worker))

    assert await answered(staying, 1) == ["a2"]


async def test_a_closed_bus_takes_nothing_and_ends_the_outcomes(processes: Processes) -> None:
    gateway = await processes.gateway()
    await processes.end(gateway)

    with pytest.raises(PortUnavailableError):
        await gateway.send(ACME, commands(ACME, "a1"))
    assert [batch async for batch in gateway.outcomes()] == []
