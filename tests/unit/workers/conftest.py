"""Two tenants' lanes over one store, in sync mode."""

from collections.abc import AsyncIterator

import pytest

from tenants.policies.settings import OperationMode, Policies
from tests.support.lane import Lane, open_lanes


@pytest.fixture
async def lanes() -> AsyncIterator[list[Lane]]:
    async with open_lanes("acme", "globex", policies=Policies(mode=OperationMode.SYNC)) as lanes:
        yield lanes


@pytest.fixture
def acme(lanes: list[Lane]) -> Lane:
    return lanes[0]


@pytest.fixture
def globex(lanes: list[Lane]) -> Lane:
    return lanes[1]
