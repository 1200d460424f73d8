"""MongoDB gone, without a primary, or cut off in the middle: what callers are told, and what is true afterwards."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.uri_parser import parse_uri

from schemas.ids import JobId, TenantId, TokenId
from schemas.messages.outcomes import Applied
from schemas.scim.query import Query
from tenants.directory.pending import PendingKind
from tenants.directory.writer import Changes, Need
from tenants.errors import PortUnavailableError
from tenants.jobs.job import Job, JobKind
from tenants.read_cache.port import KeyKind, LookupKey
from tests.support import builders
from tests.support.builders import Content
from tests.support.services import Service
from tests.support.stores import Stores, open_mongo_stores

ACME, GLOBEX = TenantId("acme"), TenantId("globex")
ANN = builders.user(1)
BY_NAME = LookupKey(ACME, "User", KeyKind.NAME, ANN.name)
RECEIPT: Applied = builders.applied("c1", ANN)
JOB = Job(JobId("j1"), ACME, JobKind.RELEASE, builders.NOW, "operator:ada")
BATCH = Content(inserted=[ANN], audit=[builders.entry()], events=[builders.event(ACME)], receipts=[RECEIPT])


@pytest.fixture
def database() -> str:
    return f"failures_{uuid4().hex[:12]}"


async def _batch(stores: Stores) -> Changes:
    return builders.changes(await stores.writer.load(ACME, Need()), BATCH)


async def _add_tenants(stores: Stores) -> None:
    for tenant in (ACME, GLOBEX):
        await stores.registry.add_tenant(builders.tenant(tenant))


def _all_calls(stores: Stores, batch: Changes) -> list[Awaitable[object]]:
    return [
        stores.registry.tenant(ACME),
        stores.registry.tenants(),
        stores.registry.add_tenant(builders.tenant(TenantId("initech"))),
        stores.registry.change_tenant(builders.tenant(ACME, revision=2)),
        stores.registry.token(ACME, TokenId("t1")),
        stores.registry.revoke_token(ACME, TokenId("t1"), at=builders.NOW),
        stores.read_cache.find([BY_NAME]),
        stores.directory.search(ACME, Query("User")),
        stores.directory.members(ACME, [ANN.id]),
        stores.directory.groups_of(ACME, [ANN.id]),
        stores.accounts.accounts(ACME, after="", limit=1),
        stores.accounts.cohorts(ACME, after="", limit=1),
        stores.accounts.of_nobody(ACME, "User", after=ANN.id, limit=1),
        stores.audit.append(ACME, [builders.entry()]),
        stores.audit.entries(ACME, after=0, limit=1),
        stores.outbox.events(ACME, after=0, limit=1),
        stores.writer.load(ACME, Need()),
        stores.writer.commit(batch),
        stores.pending.pending(ACME, PendingKind.USER, after=ANN.id, limit=1),
        stores.pending.resources(ACME, "User", after=ANN.id, limit=1),
        stores.pending.pending_memberships(ACME, after=(ANN.id, ANN.id), limit=1),
        stores.pending.detached(ACME, ["E-1"]),
        stores.pending.with_logins(ACME, [ANN.name]),
        stores.pending.counts(ACME),
        stores.jobs.add(JOB),
        stores.jobs.job(ACME, JOB.id),
        stores.jobs.jobs(ACME, limit=1),
        stores.jobs.running(),
        stores.jobs.claim(ACME, JOB.id, driver="w1", now=0.0, until=10.0),
        stores.jobs.advance(JOB),
        stores.jobs.change_state(JOB),
    ]


@pytest.mark.faults
async def test_every_call_tells_that_the_server_is_gone_and_works_when_it_is_back(
    mongo: Service, database: str
) -> None:
    async with open_mongo_stores(mongo.url, database=database) as stores:
        await _add_tenants(stores)
        batch = await _batch(stores)
        # Whoever is asked for the first time only now was not connected yet.
        assert await stores.read_cache.find([BY_NAME]) == {}

        mongo.kill()
        told = await asyncio.gather(*_all_calls(stores, batch), return_exceptions=True)
        mongo.start()

        assert [type(one) for one in told] == [PortUnavailableError] * len(told)
        await stores.writer.commit(batch)
        assert [one.id for one in (await stores.read_cache.find([BY_NAME]))[BY_NAME]] == [ANN.id]
        assert (await stores.directory.search(ACME, Query("User"))).total == 1
        assert (await stores.directory.search(GLOBEX, Query("User"))).total == 0


@pytest.mark.faults
async def test_opening_tells_that_the_server_is_gone(mongo: Service, database: str) -> None:
    mongo.kill()

    with pytest.raises(PortUnavailableError):
        async with open_mongo_stores(mongo.url, database=database):
            pytest.fail("opened without a server")


@pytest.mark.faults
async def test_what_was_acknowledged_outlives_a_killed_server(mongo: Service, database: str) -> None:
    async with open_mongo_stores(mongo.url, database=database) as stores:
        await _add_tenants(stores)
        await stores.writer.commit(await _batch(stores))

        mongo.kill()
        mongo.start()

        snapshot = await stores.writer.load(ACME, Need(receipts=frozenset({RECEIPT.command})))
        assert snapshot.counters.sequence == 1
        assert snapshot.receipts == {RECEIPT.command: RECEIPT}


@pytest.mark.faults
async def test_a_primary_that_steps_down_is_told_and_the_next_one_is_found(mongo: Service, database: str) -> None:
    async with open_mongo_stores(mongo.url, database=database) as stores:
        await _add_tenants(stores)
        batch = await _batch(stores)

        _step_down(mongo.url, seconds=6)
        with pytest.raises(PortUnavailableError):
            await stores.writer.commit(batch)

        await _until_available(stores)
        await stores.writer.commit(batch)
        assert (await stores.writer.load(ACME, Need())).counters.sequence == 1


def _step_down(url: str, *, seconds: int) -> None:
    with MongoClient[dict[str, Any]](url) as client:
        client.admin.command("replSetStepDown", seconds, force=True)


async def _until_available(stores: Stores) -> None:
    # Each call waits a while for a primary by itself.
    while True:
        try:
            await stores.registry.tenant(ACME)
        except PortUnavailableError:
            continue
        return


# cut off in the middle

_LARGEST_READ = 1024 * 1024


class CuttingProxy:
    """Stands between client and server; answers to messages that hold a certain text get lost with the connection."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self.text = b"(nothing)"
        self.cuts = 0
        """How many answers are yet to be lost."""

    async def serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Pass on what comes from either side until one closes or an answer is to be lost."""
        server, to_server = await asyncio.open_connection(*self._server)
        is_cut = asyncio.Event()
        answering = asyncio.create_task(_pass_on_answers(server, to_client, is_cut))
        try:
            while message := await client.read(_LARGEST_READ):
                if self.cuts and self.text in message:
                    self.cuts -= 1
                    is_cut.set()
                to_server.write(message)
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            answering.cancel()
            to_client.close()
            to_server.close()


async def _pass_on_answers(
    server: asyncio.StreamReader, to_client: asyncio.StreamWriter, is_cut: asyncio.Event
) -> None:
    while (answer := await server.read(_LARGEST_READ)) and not is_cut.is_set():
        to_client.write(answer)
    to_client.close()


@asynccontextmanager
async def _stores_behind_proxy(url: str, database: str) -> AsyncIterator[tuple[Stores, CuttingProxy]]:
    proxy = CuttingProxy(parse_uri(url)["nodelist"][0])
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        through = f"mongodb://127.0.0.1:{port}/?directConnection=true"
        async with open_mongo_stores(through, database=database) as stores:
            await _add_tenants(stores)
            yield stores, proxy


async def _kept(stores: Stores) -> tuple[int, bool, int]:
    """Return the sequence, whether the receipt is there, and the number of events."""
    snapshot = await stores.writer.load(ACME, Need(receipts=frozenset({RECEIPT.command})))
    events = await stores.outbox.events(ACME, after=0, limit=10)
    return snapshot.counters.sequence, RECEIPT.command in snapshot.receipts, len(events)


@pytest.mark.faults
async def test_a_commit_whose_answer_is_lost_is_asked_for_again_and_done_once(mongodb_url: str, database: str) -> None:
    async with _stores_behind_proxy(mongodb_url, database) as (stores, proxy):
        batch = await _batch(stores)

        proxy.text, proxy.cuts = b"commitTransaction", 2
        await stores.writer.commit(batch)

        assert proxy.cuts == 0
        assert await _kept(stores) == (1, True, 1)


@pytest.mark.faults
async def test_a_commit_that_is_never_answered_is_told_and_its_receipts_tell_the_outcome(
    mongodb_url: str, database: str
) -> None:
    async with _stores_behind_proxy(mongodb_url, database) as (stores, proxy):
        batch = await _batch(stores)

        proxy.text, proxy.cuts = b"commitTransaction", 1000
        with pytest.raises(PortUnavailableError):
            await stores.writer.commit(batch)
        proxy.cuts = 0

        assert await _kept(stores) == (1, True, 1)


@pytest.mark.faults
async def test_a_transaction_cut_off_before_its_commit_keeps_nothing(mongodb_url: str, database: str) -> None:
    async with _stores_behind_proxy(mongodb_url, database) as (stores, proxy):
        batch = await _batch(stores)

        proxy.text, proxy.cuts = b"journal", 1
        with pytest.raises(PortUnavailableError):
            await stores.writer.commit(batch)

        assert await _kept(stores) == (0, False, 0)
        await stores.writer.commit(batch)
        assert await _kept(stores) == (1, True, 1)
