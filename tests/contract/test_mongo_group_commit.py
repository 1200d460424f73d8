"""What is particular to MongoDB: a transaction costs more than what is in it, so tenants share them."""

import asyncio
from collections.abc import Sequence
from threading import Event

import pytest
from pymongo import MongoClient
from pymongo.errors import AutoReconnect, BulkWriteError

from schemas.ids import TenantId
from tenants.directory.mongo.commit import commit
from tenants.directory.records import Counters
from tenants.directory.writer import Changes, Need
from tenants.errors import DuplicateError, PortUnavailableError
from tenants.mongo import Database
from tests.contract.bus.messages import soon
from tests.support.builders import Content, changes, group, tenant, user
from tests.support.stores import Stores


async def test_many_tenants_that_commit_at_once_share_transactions(mongo_stores: Stores, mongodb_url: str) -> None:
    works = [await _work(mongo_stores, f"sharing-{number}", users=1) for number in range(20)]

    assert await _transactions_of(mongo_stores, mongodb_url, works) == 1


async def test_tenants_that_commit_in_one_burst_over_several_turns_share_a_transaction(
    mongo_stores: Stores, mongodb_url: str
) -> None:
    works = [await _work(mongo_stores, f"burst-{number}", users=1) for number in range(10)]

    assert await _transactions_of(mongo_stores, mongodb_url, works, turn_by_turn=True) == 1


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


async def test_who_brings_much_keeps_nobody_waiting(mongo_stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    large = [await _work(mongo_stores, f"slow-{number}", users=65) for number in range(3)]
    small = await _work(mongo_stores, "swift", users=1)
    goes_on = Event()

    def slow(database: Database, batch: Sequence[Changes]) -> Sequence[Counters]:
        if batch[0] in large:
            goes_on.wait()
        return commit(database, batch)

    monkeypatch.setattr("tenants.directory.mongo.group_commit.commit", slow)
    slowly = asyncio.gather(*map(mongo_stores.writer.commit, large))
    await asyncio.sleep(0)
    try:
        assert (await soon(mongo_stores.writer.commit(small))).sequence == 1
    finally:
        goes_on.set()
        await slowly


async def test_who_clears_a_group_of_nobody_knows_how_many_goes_alone(mongo_stores: Stores, mongodb_url: str) -> None:
    cleared = Content(groups_cleared=[group(11, "All").id])
    works = [await _work(mongo_stores, f"clearing-{number}", content=cleared) for number in range(6)]

    assert await _transactions_of(mongo_stores, mongodb_url, works) == len(works)


async def test_who_must_go_alone_waits_for_none_of_the_others(
    mongo_stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = [await _work(mongo_stores, f"apart-{number}", users=1) for number in range(8)]
    goes_on = Event()

    def stuck(database: Database, batch: Sequence[Changes]) -> Sequence[Counters]:
        if len(batch) > 1:
            raise DuplicateError("taken")
        if batch[0] is works[2]:
            goes_on.wait()
        return commit(database, batch)

    monkeypatch.setattr("tenants.directory.mongo.group_commit.commit", stuck)
    commits = [asyncio.ensure_future(mongo_stores.writer.commit(work)) for work in works]
    try:
        others = await soon(asyncio.gather(*commits[:2], *commits[3:]))
        assert [one.sequence for one in others] == [1] * 7
        assert not commits[2].done()
    finally:
        goes_on.set()
        await asyncio.gather(*commits)


async def test_a_record_that_the_server_refuses_is_no_lost_lane(
    mongo_stores: Stores, mongodb_url: str, mongo_database: str
) -> None:
    works = [await _work(mongo_stores, f"record-{number}", users=users) for number, users in enumerate((1, 1, 1, 9, 1))]
    with MongoClient[dict[str, object]](mongodb_url) as client:
        client[mongo_database].command("collMod", "tenants", validator={"users": {"$lt": 5}})
        try:
            outcomes = await asyncio.gather(*map(mongo_stores.writer.commit, works), return_exceptions=True)
        finally:
            # Other tests have the same database.
            client[mongo_database].command("collMod", "tenants", validator={})

    assert [type(outcome) for outcome in outcomes] == [Counters] * 3 + [BulkWriteError, Counters]


async def _work(stores: Stores, name: str, *, users: int = 0, content: Content | None = None) -> Changes:
    each = TenantId(name)
    await stores.registry.add_tenant(tenant(each))
    content = content or Content(inserted=[user(number) for number in range(users)])
    return changes(await stores.writer.load(each, Need()), content)


async def _transactions_of(stores: Stores, url: str, works: list[Changes], *, turn_by_turn: bool = False) -> int:
    """Commit all at once, or one a turn of the loop; return how many transactions the server counted for it."""
    with MongoClient[dict[str, dict[str, int]]](url) as client:
        before = client.admin.command("serverStatus")["transactions"]["totalCommitted"]
        commits = []
        for work in works:
            commits.append(asyncio.ensure_future(stores.writer.commit(work)))
            if turn_by_turn:
                await asyncio.sleep(0)
        await asyncio.gather(*commits)
        return int(client.admin.command("serverStatus")["transactions"]["totalCommitted"] - before)
