"""A MongoDB database of before there were marks of what is pending: it gets them when it is opened."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from schemas.ids import ResourceId, TenantId
from tenants.directory.pending import PendingKind
from tenants.directory.records import Account, Hold
from tenants.directory.writer import Need
from tests.support import builders
from tests.support.builders import Content
from tests.support.stores import Stores, open_mongo_stores

ACME, GLOBEX = TenantId("acme"), TenantId("globex")
FIRST = ResourceId("")
ANN, BEN = builders.user(1), builders.user(2, version=2, applied_version=1)
CARA, DORA, EVA = builders.user(3, hold=Hold.CONFLICT), builders.user(4, external_id="E-4"), builders.user(5)
STAFF, BOARD = builders.group(11), builders.group(12, applied_version=0)
OLD = Content(
    inserted=[ANN, BEN, CARA, STAFF, BOARD],
    edges_put=[builders.edge(STAFF, ANN), builders.edge(STAFF, BEN, applied=False)],
    accounts_inserted=[
        *(builders.account(number, user) for number, user in enumerate([ANN, BEN, DORA, EVA], 101)),
        builders.account(200, None, external_id="E-200"),
    ],
    tombstones_put=[builders.tombstone(DORA), builders.tombstone(EVA)],
)


@pytest.fixture
def database(mongodb_url: str) -> Iterator[Database[dict[str, Any]]]:
    """An empty database of the test's own."""
    name = f"mending_{uuid4().hex[:12]}"
    with MongoClient[dict[str, Any]](mongodb_url) as client:
        yield client[name]
        client.drop_database(name)


async def _fill(stores: Stores) -> None:
    for tenant in (ACME, GLOBEX):
        await stores.registry.add_tenant(builders.tenant(tenant))
        await stores.writer.commit(builders.changes(await stores.writer.load(tenant, Need()), OLD))


async def _make_old(url: str, database: Database[dict[str, Any]]) -> None:
    """Fill the database and take from it what the older version did not write."""
    async with open_mongo_stores(url, database=database.name) as stores:
        await _fill(stores)
    database.resources.drop_index("p_1")
    database.edges.drop_index("p_1")
    database.accounts.drop_index("e_1")
    for collection in (database.resources, database.edges):
        collection.update_many({}, {"$unset": {"p": ""}})


async def _accounts(stores: Stores, tenant: TenantId) -> list[Account]:
    return list(await stores.accounts.accounts(tenant, after="", limit=10))


@pytest.mark.parametrize("tenant", [ACME, GLOBEX])
async def test_what_was_pending_before_is_found(
    mongodb_url: str, database: Database[dict[str, Any]], tenant: TenantId
) -> None:
    await _make_old(mongodb_url, database)

    async with open_mongo_stores(mongodb_url, database=database.name) as stores:
        users = await stores.pending.pending(tenant, PendingKind.USER, after=FIRST, limit=10)
        groups = await stores.pending.pending(tenant, PendingKind.GROUP, after=FIRST, limit=10)
        edges = await stores.pending.pending_memberships(tenant, after=(FIRST, FIRST), limit=10)
        counts = await stores.pending.counts(tenant)

    assert [one.id for one in users] == [BEN.id, CARA.id]
    assert [one.id for one in groups] == [BOARD.id]
    assert edges == [builders.edge(STAFF, BEN, applied=False)]
    assert list(counts.values()) == [2, 1, 1, 2]


async def test_accounts_of_deleted_users_are_leaving_and_found_by_external_id(
    mongodb_url: str, database: Database[dict[str, Any]]
) -> None:
    await _make_old(mongodb_url, database)

    async with open_mongo_stores(mongodb_url, database=database.name) as stores:
        accounts = await _accounts(stores, ACME)
        found = await stores.pending.detached(ACME, ["E-4", "E-200"])

    assert [one.id for one in accounts if one.is_leaving] == [builders.account_id(103), builders.account_id(104)]
    assert {one.id for one in found} == {builders.account_id(103), builders.account_id(200)}
    assert not [one for one in accounts if one.is_imported or one.has_legal_hold or one.email]
    assert "x" not in (database.accounts.find_one({"_id": f"{ACME}/{builders.account_id(104)}"}) or {"x": ""})


async def test_a_mending_that_died_in_the_middle_is_begun_again(
    mongodb_url: str, database: Database[dict[str, Any]]
) -> None:
    await _make_old(mongodb_url, database)
    database.resources.update_one({"_id": f"{ACME}/User/{BEN.id}"}, {"$set": {"p": f"{ACME}/User/{BEN.id}"}})

    async with open_mongo_stores(mongodb_url, database=database.name) as stores:
        counts = await stores.pending.counts(ACME)

    assert counts[PendingKind.USER] == 2


async def test_mending_again_changes_nothing(mongodb_url: str, database: Database[dict[str, Any]]) -> None:
    async with open_mongo_stores(mongodb_url, database=database.name) as stores:
        await _fill(stores)
        leaving = [builders.account(103, DORA, is_leaving=True), builders.account(104, EVA, is_leaving=True)]
        snapshot = await stores.writer.load(ACME, Need())
        await stores.writer.commit(builders.changes(snapshot, Content(accounts_updated=leaving)))
    before = [list(database[name].find({"_id": {"$regex": "^acme/"}})) for name in ("resources", "edges", "accounts")]
    database.resources.drop_index("p_1")

    async with open_mongo_stores(mongodb_url, database=database.name):
        pass

    after = [list(database[name].find({"_id": {"$regex": "^acme/"}})) for name in ("resources", "edges", "accounts")]
    assert after == before


async def test_a_mended_database_is_not_looked_through_again(
    mongodb_url: str, database: Database[dict[str, Any]]
) -> None:
    async with open_mongo_stores(mongodb_url, database=database.name) as stores:
        await _fill(stores)
    database.command("profile", 2)

    async with open_mongo_stores(mongodb_url, database=database.name):
        pass

    database.command("profile", 0)
    done = list(database["system.profile"].find({"op": {"$in": ["query", "update", "remove"]}}))
    assert not [one for one in done if one["ns"].endswith((".resources", ".edges", ".accounts", ".tombstones"))]


async def test_events_of_before_are_emptied_with_their_accounts(
    mongodb_url: str, database: Database[dict[str, Any]]
) -> None:
    async with open_mongo_stores(mongodb_url, database=database.name) as stores:
        await _fill(stores)
        told = [builders.event(ACME, subject=builders.account_id(number)) for number in (101, 102)]
        snapshot = await stores.writer.load(ACME, Need())
        await stores.writer.commit(builders.changes(snapshot, Content(events=told)))
    database.resources.drop_index("p_1")
    database.journal.update_many({}, {"$unset": {"u": ""}})

    async with open_mongo_stores(mongodb_url, database=database.name) as stores:
        await stores.outbox.redact(ACME, {builders.account_id(101): builders.NOW})
        first, second = await stores.outbox.events(ACME, after=0, limit=10)

    assert first.payload == {"redacted": True}
    assert second.payload == told[1].payload
