"""A running gateway for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.support.scim import Scim, open_scim


@pytest.fixture
async def scim() -> AsyncIterator[Scim]:
    async with open_scim() as running:
        yield running
