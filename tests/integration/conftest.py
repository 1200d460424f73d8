"""Both shapes as real processes; the distributed one on real RabbitMQ and MongoDB."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.client import ScimClient, open_client
from tests.support.shapes import Shape, new_distributed, new_embedded, open_distributed, open_embedded


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Shape]:
    """The embedded shape."""
    with open_embedded(tmp_path / "rollcall") as shape:
        yield shape


@pytest.fixture
def distributed(mongodb_url: str, amqp_url: str) -> Iterator[Shape]:
    """The distributed shape: two gateways and two workers."""
    with open_distributed(mongodb_url=mongodb_url, amqp_url=amqp_url) as shape:
        yield shape


@pytest.fixture
def idle_embedded(tmp_path: Path) -> Iterator[Shape]:
    """The embedded shape before its start."""
    with new_embedded(tmp_path / "rollcall") as shape:
        yield shape


@pytest.fixture
def idle_distributed(mongodb_url: str, amqp_url: str) -> Iterator[Shape]:
    """The distributed shape before its start."""
    with new_distributed(mongodb_url=mongodb_url, amqp_url=amqp_url) as shape:
        yield shape


@pytest.fixture(params=["embedded", "distributed"])
def idle(request: pytest.FixtureRequest) -> Shape:
    """Each of the two shapes before its start: for the command line alone."""
    idle: Shape = request.getfixturevalue(f"idle_{request.param}")
    return idle


@pytest.fixture
def pair(mongodb_url: str, amqp_url: str) -> Iterator[Shape]:
    """The distributed shape at its smallest: one gateway and one worker."""
    with open_distributed(mongodb_url=mongodb_url, amqp_url=amqp_url, gateways=1, workers=1) as shape:
        yield shape


@pytest.fixture(params=["embedded", "pair"])
def shape(request: pytest.FixtureRequest) -> Shape:
    """Each of the two shapes."""
    started: Shape = request.getfixturevalue(request.param)
    return started


@pytest.fixture
async def client(shape: Shape) -> AsyncIterator[ScimClient]:
    """A provisioning client of a new tenant in sync mode."""
    (access,) = await shape.admit("acme")
    async with open_client(access) as client:
        yield client
