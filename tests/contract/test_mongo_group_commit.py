"""What is particular to MongoDB: a transaction costs more than what is in it, so tenants share them."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from pymongo import MongoClient
from pymongo.errors import AutoReconnect

from schemas.ids import TenantId
from tenants.directory.records import Counters
from tenants.directory.writer import Changes, Need
from tenants.errors import PortUnavailableError
from tenants.mongo import Database
from tests.support.builders import Content, changes, tenant, user
from tests.support.stores import Stores, open_mongo_stores


@pytest.fixture
async def mongo_stores(mongodb_url: str, mongo_database: str) -> AsyncIterator[Stores]:
    async with open_mongo_stores(mongodb_url, database=mongo_database) as stores:
        yield stores


async def test_many_tenants_that_commit_at_once_share_transactions(mongo_stores: Stores, mongodb_url: str) -> None:
    works = [await _work(mongo_stores, f"sharing-{number}", users=1) for number in range(20)]

    assert await _transactions_of(mongo_stores, mongodb_url, works) < len(works) / 2


async def test_who_brings_much_goes_alone(mongo_stores: Stores, mongodb_url: str) -> None:
    works = [await _work(mongo_stores, f"large-{number}", users=40) for number in range(6)]

    assert await _transactions_of(mongo_stores, mongodb_url, works) == len(works)


async def test_a_server_that_is_gone_is_told_to_all_who_share_a_transaction(
    mongo_stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = [await _work(mongo_stores, f"gone-{number}", users=1) for number in range(8)]

    def gone(_: Database, batch: Sequence[Changes]) -> Sequence[Counters]:
        raise AutoReconnect(f"no server for {len(batch)}")

    with monkeypatch.context() as patched:
        patched.setattr("tenants.directory.mongo.group_commit.commit", gone)
        outcomes = await asyncio.gather(*map(mongo_stores.writer.commit, works), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [PortUnavailableError] * len(works)
    assert len(set(map(id, outcomes))) == len(works)
    assert [one.sequence for one in await asyncio.gather(*map(mongo_stores.writer.commit, works))] == [1] * len(works)


async def _work(stores: Stores, name: str, *, users: int) -> Changes:
    each = TenantId(name)
    await stores.registry.add_tenant(tenant(each))
    return changes(await stores.writer.load(each, Need()), Content(inserted=[user(number) for number in range(users)]))


async def _transactions_of(stores: Stores, url: str, works: list[Changes]) -> int:
    """Commit all at once and return how many transactions the server counted for it."""
    with MongoClient[dict[str, dict[str, int]]](url) as client:
        before = client.admin.command("serverStatus")["transactions"]["totalCommitted"]
        await asyncio.gather(*map(stores.writer.commit, works))
        return int(client.admin.command("serverStatus")["transactions"]["totalCommitted"] - before)
