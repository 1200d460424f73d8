"""The bus's promises are stated once and kept by every bus: in-process (memory, file), RabbitMQ (quorum, classic)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tenants.bus.inprocess import open_inprocess
from tenants.bus.sqlite import SqliteShelf
from tenants.sqlite import open_sqlite
from tests.contract.bus.processes import InProcessProcesses, Processes, RabbitProcesses, clock


@pytest.fixture(params=["inprocess", "inprocess-file", "rabbitmq", "rabbitmq-classic"])
def technology(request: pytest.FixtureRequest) -> str:
    """The bus under test."""
    return str(request.param)


@pytest.fixture
async def processes(technology: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Processes]:
    """Gateways and workers that share one bus of this test's own."""
    if technology == "inprocess":
        async with open_inprocess(clock=clock) as bus:
            yield InProcessProcesses(bus)
    elif technology == "inprocess-file":
        async with (
            open_sqlite(str(tmp_path / "rollcall.db")) as store,
            open_inprocess(clock=clock, shelf=SqliteShelf(store)) as bus,
        ):
            yield InProcessProcesses(bus)
    else:
        # RabbitMQ is started only when a test runs on it.
        url = request.getfixturevalue("amqp_url")
        async with RabbitProcesses(url, quorum=technology == "rabbitmq") as processes:
            yield processes
