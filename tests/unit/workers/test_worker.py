"""The worker on a bus: it takes, settles, parks, hands over and stops."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec
import pytest

from schemas.ids import TenantId, WorkerId
from schemas.messages.commands import Command
from schemas.messages.notices import TenantChanged
from schemas.messages.outcomes import Abandoned, Applied, Outcome
from tenants.bus.inprocess import InProcessBus, InProcessReader, open_inprocess
from tenants.bus.port import Delivery, LaneReader
from tenants.errors import PortUnavailableError
from tenants.ports import WorkerPorts
from tests.support.lane import CATALOG, Lane
from workers.worker import Worker, WorkerSettings

_PATIENCE_SECONDS = 20.0
SETTINGS = WorkerSettings(report_seconds=0.05, poll_seconds=0.05)


@pytest.fixture
async def bus() -> AsyncIterator[InProcessBus]:
    async with open_inprocess() as bus:
        yield bus


class Interrupted(LaneReader):
    """A reader whose bus is away when the first outcomes are to be reported."""

    def __init__(self, reader: InProcessReader) -> None:
        self._reader = reader
        self.subscribe, self.unsubscribe, self.take = reader.subscribe, reader.unsubscribe, reader.take  # type: ignore[method-assign] # the same but for settling
        self.give_back, self.park = reader.give_back, reader.park  # type: ignore[method-assign] # likewise
        self.is_away = True

    async def settle(self, deliveries: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        if self.is_away:
            self.is_away = False
            raise PortUnavailableError("away")
        await self._reader.settle(deliveries, outcomes)


@asynccontextmanager
async def working(
    bus: InProcessBus,
    lane: Lane,
    name: str = "w1",
    change: Callable[[InProcessReader], LaneReader] = lambda reader: reader,
    settings: WorkerSettings = SETTINGS,
) -> AsyncIterator[Worker]:
    """Run a worker; on leaving it is told to stop, has finished, and its place in the lines is given up."""
    reader = bus.reader()
    stores = lane.stores
    ports = WorkerPorts(
        registry=stores.registry,
        directory=stores.writer,
        lanes=change(reader),
        notices=bus.notices(),
        jobs=stores.jobs,
        pending=stores.pending,
        accounts=stores.accounts,
        reader=stores.directory,
        sender=bus.sender(),
    )
    worker = Worker(WorkerId(name), ports, catalog=CATALOG, settings=settings, clock=time.time)
    async with asyncio.timeout(_PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run())
        yield worker
        worker.stop()
    await reader.aclose()


async def outcomes_of(bus: InProcessBus, tenant: TenantId, *commands: Command) -> list[Outcome]:
    """Send the commands as one message and wait for all outcomes."""
    sender = bus.sender()
    await sender.send(tenant, [msgspec.structs.replace(command, deadline=time.time() + 15) for command in commands])
    found: list[Outcome] = []
    async with asyncio.timeout(_PATIENCE_SECONDS):
        async for outcomes in sender.outcomes():
            found += outcomes
            if len(found) == len(commands):
                break
    return found


async def test_commands_of_two_tenants_are_carried_out_and_reported(bus: InProcessBus, lanes: list[Lane]) -> None:
    async with working(bus, lanes[0]):
        for lane in lanes:
            (outcome,) = await outcomes_of(bus, lane.tenant, lane.create(userName="barbara"))
            assert isinstance(outcome, Applied)


async def test_a_tenant_made_later_is_served_without_a_notice(bus: InProcessBus, acme: Lane) -> None:
    async with working(bus, acme):
        record = await acme.stores.registry.tenant(acme.tenant)
        assert record is not None
        await acme.stores.registry.add_tenant(replace(record, id=TenantId("initech"), revision=1))
        initech = Lane(acme.stores, TenantId("initech"))
        assert isinstance((await outcomes_of(bus, initech.tenant, initech.create(userName="b")))[0], Applied)


async def test_a_worker_stands_in_line_for_no_tenant_that_its_registry_does_not_have(
    bus: InProcessBus, acme: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of another deployment on the same broker: whoever takes its commands would tell its clients that it is unknown.
    elsewhere, initech = TenantId("elsewhere"), TenantId("initech")
    lines: dict[TenantId, asyncio.Event] = {each: asyncio.Event() for each in (acme.tenant, elsewhere, initech)}

    def watched(reader: InProcessReader) -> LaneReader:
        subscribe = reader.subscribe

        async def noted(tenant: TenantId) -> None:
            await subscribe(tenant)
            if tenant in lines:
                lines[tenant].set()

        monkeypatch.setattr(reader, "subscribe", noted)
        return reader

    async with working(bus, acme, change=watched, settings=replace(SETTINGS, poll_seconds=3600)):
        # From here on it hears of tenants by notices alone, as soon as it listens.
        await lines[acme.tenant].wait()
        record = await acme.stores.registry.tenant(acme.tenant)
        assert record is not None
        await acme.stores.registry.add_tenant(replace(record, id=initech, revision=1))
        while not lines[initech].is_set():
            await bus.notices().publish(TenantChanged(elsewhere))
            await bus.notices().publish(TenantChanged(initech))
            await asyncio.sleep(0)

    assert not lines[elsewhere].is_set()


async def test_what_is_in_hand_at_the_stop_is_finished_and_reported(bus: InProcessBus, acme: Lane) -> None:
    async with working(bus, acme) as worker:
        asking = asyncio.ensure_future(
            outcomes_of(bus, acme.tenant, *(acme.create(userName=f"u{n}") for n in range(64)))
        )
        await asyncio.sleep(0)
        worker.stop()
    async with working(bus, acme, "w2"):
        assert all(isinstance(outcome, Applied) for outcome in await asking)
    assert len(await acme.accounts()) == 64


async def test_a_worker_that_waits_for_work_may_be_told_to_stop_twice(bus: InProcessBus, acme: Lane) -> None:
    async with working(bus, acme) as worker:
        await outcomes_of(bus, acme.tenant, acme.create(userName="ann"))
        worker.stop()
        worker.stop()
    assert len(await acme.accounts()) == 1


async def test_one_failing_command_is_parked_and_its_neighbours_are_applied(bus: InProcessBus, acme: Lane) -> None:
    broken = acme.create(userName="broken")
    broken.attributes["userName"] = 17
    good = [acme.create(userName="one"), acme.create(userName="two")]
    async with working(bus, acme):
        outcomes = {o.command: o for o in await outcomes_of(bus, acme.tenant, good[0], broken, good[1])}
    assert isinstance(outcomes[broken.id], Abandoned)
    assert all(isinstance(outcomes[command.id], Applied) for command in good)
    parked = await bus.parked_lane().parked(acme.tenant, limit=10)
    assert [command.id for delivery in parked for command in delivery.commands] == [broken.id]


async def test_a_busy_worker_hands_lanes_over_and_nothing_is_lost(bus: InProcessBus, lanes: list[Lane]) -> None:
    async with working(bus, lanes[0]), working(bus, lanes[0], "w2"):
        for number in range(40):
            sent = [outcomes_of(bus, lane.tenant, lane.create(userName=f"u{number}")) for lane in lanes]
            for outcomes in await asyncio.gather(*sent):
                assert isinstance(outcomes[0], Applied)
            await asyncio.sleep(0.01)
    for lane in lanes:
        assert [event.number for event in await lane.events()] == list(range(1, 41))


async def test_outcomes_that_could_not_be_reported_are_reported_later_and_applied_once(
    bus: InProcessBus, acme: Lane
) -> None:
    async with working(bus, acme, change=Interrupted):
        (outcome,) = await outcomes_of(bus, acme.tenant, acme.create(userName="barbara"))
    assert isinstance(outcome, Applied)
    assert (len(await acme.accounts()), len(await acme.audit())) == (1, 1)
