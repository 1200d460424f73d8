"""What administrators' commands have to know: leavers, accounts by their ids, imported ones by their addresses."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from schemas.ids import AccountId, TenantId
from tenants.directory.port import AccountReader
from tenants.directory.records import Account, Counters, Hold
from tenants.directory.writer import DirectoryWriter, Need, Snapshot
from tests.support.builders import (
    Content,
    account,
    account_id,
    changes,
    cohort,
    group,
    resource_id,
    tenant,
    tombstone,
    user,
)

ANN, BOB, GONE = (user(number, f"{name}@example.com") for number, name in ((1, "ann"), (2, "bob"), (3, "gone")))
GONE_GROUP, TEAM = group(11, "Gone"), group(12, "Team")
LEAVING = account(103, GONE, external_id="E-3", is_leaving=True)
ANNS = account(101, ANN)
KEPT = account(104, None, external_id="E-3", has_legal_hold=True)
IMPORTED = account(105, None, is_imported=True, email="imported@example.com")
STONES = {GONE.id: tombstone(GONE), GONE_GROUP.id: replace(tombstone(GONE_GROUP), hold=Hold.GUARD)}


async def _commit(writer: DirectoryWriter, tenant: TenantId, content: Content) -> None:
    await writer.commit(changes(await writer.load(tenant, Need()), content))


@pytest.fixture
async def filled(writer: DirectoryWriter, acme: TenantId, globex: TenantId) -> TenantId:
    """A tenant with two Users, a leaver, a Group that has left, and accounts of nobody; the other has nothing."""
    content = Content(
        inserted=[ANN, BOB, TEAM],
        accounts_inserted=[ANNS, LEAVING, KEPT, IMPORTED],
        cohorts_put=[cohort(GONE_GROUP), cohort(TEAM)],
        tombstones_put=list(STONES.values()),
    )
    await _commit(writer, acme, content)
    return acme


def _by_id(*accounts: Account) -> Mapping[AccountId, Account]:
    return {one.id: one for one in accounts}


# leavers


async def test_tombstones_are_loaded_with_account_and_cohort(
    writer: DirectoryWriter, filled: TenantId, globex: TenantId
) -> None:
    need = Need(tombstones=frozenset({GONE.id, GONE_GROUP.id, resource_id(9)}))

    snapshot = await writer.load(filled, need)

    assert snapshot.tombstones == STONES
    assert snapshot.accounts == _by_id(LEAVING)
    assert snapshot.cohorts == {GONE_GROUP.id: cohort(GONE_GROUP)}
    assert snapshot.resources == {}
    assert await writer.load(globex, need) == Snapshot(tenant=tenant(globex), counters=Counters())


async def test_ids_that_may_live_or_be_dead_are_asked_for_both_ways(
    writer: DirectoryWriter, filled: TenantId, globex: TenantId
) -> None:
    ids = frozenset({ANN.id, GONE.id, TEAM.id, GONE_GROUP.id})

    snapshot = await writer.load(filled, Need(resources=ids, tombstones=ids))

    assert snapshot.resources == {ANN.id: ANN, TEAM.id: TEAM}
    assert snapshot.tombstones == STONES
    assert snapshot.accounts == _by_id(ANNS, LEAVING)
    assert set(snapshot.cohorts) == {TEAM.id, GONE_GROUP.id}


async def test_a_tombstone_that_was_removed_is_loaded_no_more(
    writer: DirectoryWriter, filled: TenantId, globex: TenantId
) -> None:
    await _commit(writer, globex, Content(tombstones_put=list(STONES.values())))

    await _commit(writer, filled, Content(tombstones_removed=[("User", GONE.id)]))

    need = Need(tombstones=frozenset(STONES))
    assert set((await writer.load(filled, need)).tombstones) == {GONE_GROUP.id}
    assert (await writer.load(globex, need)).tombstones == STONES


async def test_a_tombstone_is_put_again_with_another_hold(
    writer: DirectoryWriter, filled: TenantId, globex: TenantId
) -> None:
    await _commit(writer, globex, Content(tombstones_put=[tombstone(GONE)]))
    excluded = replace(tombstone(GONE), hold=Hold.EXCLUDED)

    await _commit(writer, filled, Content(tombstones_put=[excluded]))

    need = Need(tombstones=frozenset({GONE.id}))
    assert (await writer.load(filled, need)).tombstones == {GONE.id: excluded}
    assert (await writer.load(globex, need)).tombstones == {GONE.id: tombstone(GONE)}


async def test_detached_and_leaving_accounts_are_loaded_by_external_id(
    writer: DirectoryWriter, filled: TenantId, globex: TenantId
) -> None:
    linked = account(102, BOB, external_id="E-3")
    await _commit(writer, filled, Content(accounts_inserted=[linked]))
    await _commit(writer, globex, Content(accounts_inserted=[structs.replace(KEPT, id=account_id(900))]))

    snapshot = await writer.load(filled, Need(external_ids=frozenset({"E-3"})))

    assert snapshot.accounts == _by_id(LEAVING, KEPT)


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(structs.replace(LEAVING, is_leaving=False, resource=BOB.id), id="linked to somebody else"),
        pytest.param(structs.replace(LEAVING, external_id=None), id="without an externalId"),
        pytest.param(structs.replace(LEAVING, external_id="E-4"), id="with another externalId"),
    ],
)
async def test_a_leaving_account_that_changed_is_found_by_its_external_id_no_more(
    writer: DirectoryWriter, filled: TenantId, globex: TenantId, after: Account
) -> None:
    await _commit(writer, globex, Content(accounts_inserted=[LEAVING]))

    await _commit(writer, filled, Content(accounts_updated=[after]))

    need = Need(external_ids=frozenset({"E-3"}))
    assert (await writer.load(filled, need)).accounts == _by_id(KEPT)
    assert (await writer.load(globex, need)).accounts == _by_id(LEAVING)


async def test_an_account_is_found_by_its_external_id_once_its_user_leaves(
    writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    staying = structs.replace(ANNS, external_id="E-1")
    for each in (acme, globex):
        await _commit(writer, each, Content(inserted=[ANN], accounts_inserted=[staying]))
    leaving, detached = structs.replace(staying, is_leaving=True), structs.replace(staying, resource=None)
    need = Need(external_ids=frozenset({"E-1"}))

    for after in (leaving, detached):
        await _commit(writer, acme, Content(accounts_updated=[after]))
        assert (await writer.load(acme, need)).accounts == _by_id(after)

    assert (await writer.load(globex, need)).accounts == {}


# accounts by their ids


async def test_accounts_are_loaded_by_id_with_the_users_they_are_linked_to(
    writer: DirectoryWriter, filled: TenantId, globex: TenantId
) -> None:
    need = Need(accounts=frozenset({ANNS.id, LEAVING.id, KEPT.id, account_id(999)}))

    snapshot = await writer.load(filled, need)

    assert snapshot.accounts == _by_id(ANNS, LEAVING, KEPT)
    assert snapshot.resources == {ANN.id: ANN}
    assert await writer.load(globex, need) == Snapshot(tenant=tenant(globex), counters=Counters())


# imported ones


async def test_imported_accounts_are_loaded_by_their_addresses(
    writer: DirectoryWriter, filled: TenantId, globex: TenantId
) -> None:
    twin = account(106, None, is_imported=True, email=IMPORTED.email)
    await _commit(writer, filled, Content(accounts_inserted=[twin]))
    need = Need(emails=frozenset({"imported@example.com", "free@example.com"}))

    assert (await writer.load(filled, need)).accounts == _by_id(IMPORTED, twin)
    assert await writer.load(globex, need) == Snapshot(tenant=tenant(globex), counters=Counters())


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(structs.replace(IMPORTED, resource=BOB.id), id="linked"),
        pytest.param(structs.replace(IMPORTED, is_imported=False), id="not imported"),
        pytest.param(structs.replace(IMPORTED, email=None), id="without an address"),
        pytest.param(structs.replace(IMPORTED, email="other@example.com"), id="with another address"),
    ],
)
async def test_an_imported_account_that_changed_is_found_by_its_address_no_more(
    writer: DirectoryWriter, filled: TenantId, globex: TenantId, after: Account
) -> None:
    await _commit(writer, globex, Content(accounts_inserted=[IMPORTED]))

    await _commit(writer, filled, Content(accounts_updated=[after]))

    need = Need(emails=frozenset({"imported@example.com"}))
    assert (await writer.load(filled, need)).accounts == {}
    assert (await writer.load(globex, need)).accounts == _by_id(IMPORTED)
    assert (await writer.load(filled, Need(accounts=frozenset({after.id})))).accounts == _by_id(after)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(account(105, None, external_id="E-5"), id="detached"),
        pytest.param(account(105, BOB, external_id="E-5", is_leaving=True), id="leaving"),
        pytest.param(IMPORTED, id="imported with an address"),
        pytest.param(account(105, None, external_id="E-5", is_imported=True), id="imported with an externalId"),
    ],
)
async def test_an_account_that_may_be_found_to_be_a_newcomers_is_told_of(
    writer: DirectoryWriter, acme: TenantId, globex: TenantId, found: Account
) -> None:
    for each in (acme, globex):
        await _commit(writer, each, Content(accounts_inserted=[account(101, ANN)]))

    await _commit(writer, acme, Content(accounts_inserted=[found]))
    assert [await writer.has_unlinked(each) for each in (acme, globex)] == [True, False]

    await _commit(writer, acme, Content(accounts_updated=[structs.replace(found, resource=BOB.id, is_leaving=False)]))
    assert [await writer.has_unlinked(each) for each in (acme, globex)] == [False, False]


async def test_an_account_that_only_its_login_tells_of_is_not_told_of(writer: DirectoryWriter, acme: TenantId) -> None:
    await _commit(writer, acme, Content(accounts_inserted=[account(105, None), account(106, None, is_imported=True)]))

    assert not await writer.has_unlinked(acme)


# what is kept of an account


@pytest.mark.parametrize(
    "fields",
    [
        {"is_leaving": True},
        {"is_imported": True},
        {"email": "Ünï'$@example.com"},
        {"has_legal_hold": True},
        {"is_leaving": True, "is_imported": True, "email": "a@example.com", "has_legal_hold": True},
    ],
)
async def test_marks_of_an_account_are_kept_and_taken_back(
    writer: DirectoryWriter, accounts: AccountReader, acme: TenantId, globex: TenantId, fields: dict[str, Any]
) -> None:
    marked = structs.replace(ANNS, **fields)
    for each in (acme, globex):
        await _commit(writer, each, Content(accounts_inserted=[marked, account(102, BOB)]))

    await _commit(writer, acme, Content(accounts_updated=[ANNS, structs.replace(account(102, BOB), **fields)]))

    changed = structs.replace(account(102, BOB), **fields)
    assert await accounts.accounts(acme, after="", limit=10) == [ANNS, changed]
    assert await accounts.accounts(globex, after="", limit=10) == [marked, account(102, BOB)]
    loaded = await writer.load(acme, Need(logins=frozenset({ANN.name, BOB.name})))
    assert loaded.accounts == _by_id(ANNS, changed)


async def test_needs_of_every_kind_are_loaded_together(
    writer: DirectoryWriter, filled: TenantId, globex: TenantId
) -> None:
    need = Need(
        resources=frozenset({TEAM.id}),
        tombstones=frozenset(STONES),
        accounts=frozenset({ANNS.id, LEAVING.id}),
        emails=frozenset({"imported@example.com"}),
        external_ids=frozenset({"E-3"}),
    )

    snapshot = await writer.load(filled, need)

    assert set(snapshot.resources) == {TEAM.id, ANN.id}
    assert snapshot.accounts == _by_id(ANNS, LEAVING, KEPT, IMPORTED)
    assert set(snapshot.cohorts) == {TEAM.id, GONE_GROUP.id}
    assert snapshot.tombstones == STONES
    assert await writer.load(globex, need) == Snapshot(tenant=tenant(globex), counters=Counters())
