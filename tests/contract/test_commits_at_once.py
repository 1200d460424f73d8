"""Many tenants commit at once, however a store puts them together: each as if it were alone."""

import asyncio
from collections.abc import Sequence
from itertools import count

import pytest

from schemas.ids import TenantId
from tenants.directory.records import Counters
from tenants.directory.writer import Changes, DirectoryWriter, Need, Snapshot
from tenants.errors import DuplicateError, LaneLostError
from tests.support.builders import Content, account, applied, changes, edge, entry, event, group, tenant, user
from tests.support.stores import Stores

ANN, BOB, STAFF = user(1, "ann@example.com"), user(2, "bob@example.com"), group(11, "Staff")
FIRST = Content(inserted=[ANN, STAFF], accounts_inserted=[account(101, ANN)], audit=[entry()])
SECOND = Content(
    inserted=[BOB],
    updated=[user(1, "ann.miller@example.com")],
    removed=[STAFF],
    accounts_inserted=[account(102, BOB)],
    edges_put=[edge(STAFF, BOB)],
    receipts=[applied("c1")],
    audit=[entry()],
)
_names = count(1)


@pytest.fixture
async def crowd(stores: Stores) -> list[TenantId]:
    """Twenty tenants, each with a User, a Group and an account."""
    tenants = [TenantId(f"crowd-{next(_names)}") for _ in range(20)]
    for each in tenants:
        await stores.registry.add_tenant(tenant(each))
        await stores.writer.commit(changes(await stores.writer.load(each, Need()), FIRST))
    return tenants


async def _loaded(writer: DirectoryWriter, tenants: Sequence[TenantId]) -> list[Snapshot]:
    need = Need(resources=frozenset({ANN.id, BOB.id, STAFF.id}), all_members=frozenset({STAFF.id}))
    return [await writer.load(each, need) for each in tenants]


def _of_each(snapshots: Sequence[Snapshot]) -> list[Changes]:
    return [
        changes(snapshot, SECOND._replace(events=[event(snapshot.tenant.id)], receipts=[applied(f"c{number}")]))
        for number, snapshot in enumerate(snapshots)
    ]


async def test_each_has_what_it_would_have_alone(stores: Stores, crowd: list[TenantId]) -> None:
    alone, *others = _of_each(await _loaded(stores.writer, crowd))
    lonely = await stores.writer.commit(alone)

    returned = await asyncio.gather(*map(stores.writer.commit, others))

    for snapshot, counters in zip(await _loaded(stores.writer, crowd), [lonely, *returned], strict=True):
        assert snapshot.counters == counters
        assert snapshot.counters.audit_digest == counters.audit_digest
        assert (counters.sequence, counters.users, counters.groups, counters.audit) == (2, 2, 0, 2)
        assert {one.name for one in snapshot.resources.values()} == {"ann.miller@example.com", "bob@example.com"}
        assert set(snapshot.edges) == {(STAFF.id, BOB.id)}
        assert [one.number for one in await stores.outbox.events(snapshot.tenant.id, after=0, limit=9)] == [1]


async def test_what_one_is_refused_does_the_others_no_harm(stores: Stores, crowd: list[TenantId]) -> None:
    snapshots = await _loaded(stores.writer, crowd)
    works = _of_each(snapshots)
    stale, changed, taken = 5, 9, 13
    await stores.writer.commit(changes(snapshots[stale], Content(inserted=[user(7)])))
    await stores.registry.change_tenant(tenant(crowd[changed], revision=2))
    works[taken] = changes(snapshots[taken], Content(inserted=[user(8), user(9, "ANN@example.com")]))

    outcomes = await asyncio.gather(*map(stores.writer.commit, works), return_exceptions=True)

    refused = {number: type(outcome) for number, outcome in enumerate(outcomes) if isinstance(outcome, BaseException)}
    assert refused == {stale: LaneLostError, changed: LaneLostError, taken: DuplicateError}
    for number, snapshot in enumerate(await _loaded(stores.writer, crowd)):
        assert (BOB.id in snapshot.resources) is (number not in refused)
    assert (await stores.writer.load(crowd[taken], Need())).counters.sequence == 1


async def test_one_tenant_twice_is_refused_once(stores: Stores, crowd: list[TenantId]) -> None:
    snapshots = await _loaded(stores.writer, crowd)
    rivals = [changes(snapshot, Content(inserted=[user(number)])) for snapshot in snapshots for number in (5, 6)]

    outcomes = await asyncio.gather(*map(stores.writer.commit, rivals), return_exceptions=True)

    for first, second in zip(outcomes[::2], outcomes[1::2], strict=True):
        assert {type(first), type(second)} == {Counters, LaneLostError}


async def test_who_stops_waiting_takes_nothing_from_the_others(stores: Stores, crowd: list[TenantId]) -> None:
    works = _of_each(await _loaded(stores.writer, crowd))
    commits = [asyncio.ensure_future(stores.writer.commit(work)) for work in works]
    await asyncio.sleep(0)
    gone = commits[::4]
    for each in gone:
        each.cancel()

    outcomes = await asyncio.gather(*commits, return_exceptions=True)

    assert all(isinstance(outcome, Counters) for outcome in outcomes if not isinstance(outcome, asyncio.CancelledError))
    assert sum(isinstance(outcome, Counters) for outcome in outcomes) >= len(commits) - len(gone)
    # And whoever comes next finds the way free.
    waited = [each for number, each in enumerate(crowd) if number % 4]
    later = [changes(one, Content(inserted=[user(9)])) for one in await _loaded(stores.writer, waited)]
    assert len(await asyncio.gather(*map(stores.writer.commit, later))) == len(waited)
