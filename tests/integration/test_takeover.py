"""A worker that dies in the middle of a transaction, or keeps silent in it, holds up nobody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pymongo import MongoClient

from schemas.ids import TenantId
from tests.support.applied import check_applied
from tests.support.client import open_client
from tests.support.entra import Entra, people
from tests.support.load import Crew
from tests.support.shapes import Shape


@pytest.mark.faults
async def test_a_lane_goes_on_though_a_transaction_of_a_dead_worker_is_still_open(pair: Shape) -> None:
    (access,) = await pair.admit("acme")
    async with open_client(access) as client, _left_open(pair, access.tenant):
        await Crew(8).work(Entra(client).ensure_user, people(50))

        assert client.statuses == {200: 50, 201: 50}
        async with pair.stores() as stores:
            await check_applied(stores, client)


@asynccontextmanager
async def _left_open(shape: Shape, tenant: TenantId) -> AsyncIterator[None]:
    """Begin a transaction like a worker's on the tenant's record, and do no more: the server keeps it for a minute."""
    url = shape.environment["ROLLCALL_STORE_URL"]
    with MongoClient[dict[str, Any]](url, appname="rollcall") as client, client.start_session() as session:
        session.start_transaction()
        raised = client.get_default_database().tenants.update_one(
            {"_id": tenant}, {"$inc": {"sequence": 1}}, session=session
        )
        assert raised.modified_count == 1
        yield
