"""What the embedded shape set aside lies in its file: it outlives the process, and other processes see it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tenants.bus.inprocess import InProcessBus, open_inprocess
from tenants.bus.port import LaneReader
from tenants.bus.shelf import ShelfParkedLane
from tenants.bus.sqlite import SqliteShelf
from tenants.sqlite import open_sqlite
from tests.contract.bus.messages import ACME, GLOBEX, commands, ids, settle, take
from tests.contract.bus.processes import clock, subscribed


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "rollcall.db")


async def test_what_is_parked_outlives_its_process(path: str) -> None:
    async with serving(path) as bus:
        await park(bus, "a1")

    async with command_line(path) as lane:
        shown = await lane.parked(ACME, limit=10)
        others = await lane.parked(GLOBEX, limit=10)

    assert [(one.reason, [command.id for command in one.commands]) for one in shown] == [("keeps failing", ["a1"])]
    assert list(others) == []


async def test_another_process_puts_a_command_back_on_the_lane(path: str) -> None:
    async with serving(path) as bus, command_line(path) as lane:
        worker = await park(bus, "a1")

        await lane.replay(ACME, None, patience_seconds=60)

        (delivery,) = await take(worker)
        assert [command.deadline for command in delivery.commands] == [clock() + 60]


async def test_what_was_wanted_back_while_nothing_ran_comes_at_the_next_start(path: str) -> None:
    async with serving(path) as bus:
        await park(bus, "a1")
    async with command_line(path) as lane:
        await lane.replay(ACME, None, patience_seconds=60)

    async with serving(path) as bus:
        worker = await subscribed(bus.reader(), ACME)
        assert ids(await take(worker)) == ["a1"]


async def test_what_was_not_settled_when_the_process_was_killed_comes_again_and_then_no_more(path: str) -> None:
    async with serving(path) as bus:
        worker = await park(bus, "a1")
        await bus.parked_lane().replay(ACME, None, patience_seconds=60)
        await take(worker)

    async with serving(path) as bus:
        worker = await subscribed(bus.reader(), ACME)
        deliveries = await take(worker)
        await settle(worker, deliveries)
    async with open_sqlite(path) as store:
        left = await SqliteShelf(store).wanted()

    assert ids(deliveries) == ["a1"]
    assert list(left) == []


async def test_what_is_parked_and_wanted_once_more_is_not_lost_with_the_settling(path: str) -> None:
    async with serving(path) as bus, command_line(path) as lane:
        worker = await park(bus, "a1")
        await bus.parked_lane().replay(ACME, None, patience_seconds=60)
        (delivery,) = await take(worker)
        await worker.park(delivery, "once more")

        await lane.replay(ACME, None, patience_seconds=60)
        await settle(worker, [delivery])

        assert ids(await take(worker)) == ["a1"]


async def test_what_is_on_its_way_back_is_not_discarded(path: str) -> None:
    async with serving(path) as bus:
        await park(bus, "a1")
    async with command_line(path) as lane:
        await lane.replay(ACME, None, patience_seconds=60)

        assert list(await lane.discard(ACME, None)) == []
        assert list(await lane.replay(ACME, None, patience_seconds=60)) == []


async def test_another_process_discards_for_good(path: str) -> None:
    async with serving(path) as bus, command_line(path) as lane:
        await park(bus, "a1")

        await lane.discard(ACME, None)

        assert list(await bus.parked_lane().parked(ACME, limit=10)) == []


@asynccontextmanager
async def serving(path: str) -> AsyncIterator[InProcessBus]:
    """Open the bus of a serving process over the file."""
    async with open_sqlite(path) as store, open_inprocess(clock=clock, shelf=SqliteShelf(store)) as bus:
        yield bus


@asynccontextmanager
async def command_line(path: str) -> AsyncIterator[ShelfParkedLane]:
    """Open the file a second time, as another process does."""
    async with open_sqlite(path) as store:
        yield ShelfParkedLane(SqliteShelf(store))


async def park(bus: InProcessBus, id: str) -> LaneReader:
    sender, worker = bus.sender(), await subscribed(bus.reader(), ACME)
    await sender.send(ACME, commands(ACME, id))
    (delivery,) = await take(worker)
    await worker.park(delivery, "keeps failing")
    return worker
