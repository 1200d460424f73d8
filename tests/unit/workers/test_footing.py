"""Newcomers are decided without loading where that is safe, and come out as if everything had been loaded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from schemas.ids import AccountId, TenantId
from schemas.messages.administration import ImportAccounts, LmsAccount
from schemas.messages.commands import Command
from schemas.messages.outcomes import Applied, Rejected
from tenants.audit.links import digest_of
from tenants.directory.records import Counters, Hold
from tenants.directory.writer import Changes, DirectoryWriter, Need, Snapshot
from tenants.errors import PortUnavailableError
from tenants.policies.settings import Deprovisioning, LinkRule, OperationMode, Policies
from tests.support.cases import cases
from tests.support.histories import Step, commands_of, said, state_of, steps, unguarded
from tests.support.lane import CATALOG, START, Lane, open_lanes
from workers.execution import Execution

SYNC = Policies(mode=OperationMode.SYNC, has_guard=False)
DRY_RUN = replace(SYNC, mode=OperationMode.DRY_RUN)


class Watched(DirectoryWriter):
    """A writer that counts what is asked of it."""

    def __init__(self, writer: DirectoryWriter) -> None:
        self._writer = writer
        self.loads = self.probes = 0
        self.is_away = False

    async def load(self, tenant: TenantId, need: Need) -> Snapshot:
        self.loads += 1
        return await self._writer.load(tenant, need)

    async def has_unlinked(self, tenant: TenantId) -> bool:
        self.probes += 1
        return await self._writer.has_unlinked(tenant)

    async def commit(self, changes: Changes) -> Counters:
        if self.is_away:
            self.is_away = False
            await self._writer.commit(changes)
            raise PortUnavailableError("the answer was lost")
        return await self._writer.commit(changes)


@asynccontextmanager
async def watched(policies: Policies = SYNC) -> AsyncIterator[tuple[Lane, Watched]]:
    """Open a tenant whose worker has carried out the first newcomer."""
    async with open_lanes("acme", policies=policies) as (lane,):
        writer = Watched(lane.stores.writer)
        lane.execution = Execution(writer, catalog=CATALOG, clock=lambda: lane.now)
        await lane.made(lane.create(userName="first", externalId="e-first"))
        writer.loads = writer.probes = 0
        yield lane, writer


def people(lane: Lane, *names: str, **attributes: Any) -> list[Command]:
    """Return newcomers of these names."""
    return [lane.create(userName=name, externalId=f"e-{name}", **attributes) for name in names]


async def test_newcomers_after_newcomers_need_nothing_loaded() -> None:
    async with watched() as (lane, writer):
        for batch in (people(lane, "ann", "bob"), [lane.create("Group", displayName="Staff")], people(lane, "cat")):
            assert all(isinstance(outcome, Applied) for outcome in await lane.run(*batch))
        assert (writer.loads, writer.probes) == (0, 0)
        assert sorted(account.login for account in await lane.accounts()) == ["ann", "bob", "cat", "first"]


async def test_the_audit_chain_holds_over_what_was_not_loaded() -> None:
    async with watched() as (lane, writer):
        for name in ("ann", "bob", "cat"):
            await lane.run(*people(lane, name))
        assert writer.loads == 0
        links = await lane.stores.audit.links(lane.tenant, after=0, limit=100)
        digests = ["", *(link.digest for link in links)]
        assert len(links) == 4
        assert [digest_of(lane.tenant, link, previous=digests[n]) for n, link in enumerate(links)] == digests[1:]


async def test_changes_of_others_by_the_same_worker_leave_the_footing() -> None:
    async with watched() as (lane, writer):
        (ann,) = await lane.run(*people(lane, "ann"))
        assert isinstance(ann, Applied)
        await lane.run(lane.patch(ann.resource_id, {"op": "replace", "path": "active", "value": False}))
        writer.loads = 0
        await lane.run(*people(lane, "bob"))
        assert (writer.loads, writer.probes) == (0, 0)


@pytest.mark.parametrize("policies", [SYNC, DRY_RUN])
async def test_a_name_that_is_taken_is_found_out_by_the_commit(policies: Policies) -> None:
    async with watched(policies) as (lane, writer):
        outcomes = await lane.run(*people(lane, "ann", "FIRST", "bob"))
        assert [type(outcome) for outcome in outcomes] == [Applied, Rejected, Applied]
        assert isinstance(outcomes[1], Rejected)
        assert (outcomes[1].status, outcomes[1].scim_type) == (409, "uniqueness")
        assert writer.loads == 1
        # Whoever sends people once more is not tried again each time.
        writer.loads = 0
        await lane.run(*people(lane, "ann"))
        await lane.run(*people(lane, "ann"))
        assert (writer.loads, writer.probes) == (2, 0)


async def test_a_person_who_returns_is_revived() -> None:
    async with watched() as (lane, _):
        first = await lane.made(lane.create(userName="ann", externalId="e-ann"))
        await lane.run(lane.patch(first.resource_id, {"op": "replace", "path": "active", "value": False}))
        (again,) = await lane.run(*people(lane, "ann"))
        assert isinstance(again, Applied)
        assert again.resource_id == first.resource_id
        assert len(await lane.accounts()) == 2


async def test_an_account_that_was_kept_is_linked_again() -> None:
    async with watched() as (lane, _):
        first = await lane.made(lane.create(userName="ann", externalId="e-ann"))
        kept = {account.id for account in await lane.accounts()}
        await lane.run(lane.delete(first.resource_id))
        (again,) = await lane.run(lane.create(userName="ann2", externalId="e-ann"))
        assert isinstance(again, Applied)
        assert {account.id for account in await lane.accounts()} == kept


async def test_a_worker_that_comes_later_asks_whether_accounts_were_kept() -> None:
    async with watched() as (lane, writer):
        first = await lane.made(lane.create(userName="ann", externalId="e-ann"))
        await lane.run(lane.delete(first.resource_id))
        lane.execution = Execution(writer, catalog=CATALOG, clock=lambda: lane.now)
        await lane.run(*people(lane, "bob"))
        await lane.run(lane.create(userName="ann2", externalId="e-ann"))
        assert (writer.probes, len(await lane.accounts())) == (1, 3)


async def test_a_tenant_with_kept_accounts_is_not_asked_for_them_at_every_batch() -> None:
    async with watched() as (lane, writer):
        first = await lane.made(lane.create(userName="ann", externalId="e-ann"))
        await lane.run(lane.delete(first.resource_id))
        for name in ("bob", "cat", "dan"):
            await lane.run(*people(lane, name))
        assert writer.probes == 1
        # The account is in use again, and nobody else's is left.
        await lane.run(lane.create(userName="ann2", externalId="e-ann"))
        writer.loads = 0
        for name in ("eve", "flo"):
            await lane.run(*people(lane, name))
        assert (writer.probes, writer.loads) == (2, 1)


async def test_an_account_that_another_worker_left_is_found_after_changes_of_our_own() -> None:
    async with watched() as (lane, _):
        first = await lane.made(lane.create(userName="ann", externalId="e-ann"))
        bob = await lane.made(lane.create(userName="bob", externalId="e-bob"))
        other = Execution(lane.stores.writer, catalog=CATALOG, clock=lambda: lane.now)
        await other.execute(lane.tenant, [lane.delete(first.resource_id)], may_repeat=False)
        await lane.run(lane.patch(bob.resource_id, {"op": "replace", "path": "active", "value": False}))
        await lane.run(lane.create(userName="ann2", externalId="e-ann"))
        assert len(await lane.accounts()) == 3


@pytest.mark.parametrize(
    "given_account",
    [
        LmsAccount(lms_id="7", login="somebody", external_id="e-ann"),
        LmsAccount(lms_id="7", login="ann"),
        LmsAccount(lms_id="7", login="somebody", email="ann@acme.example", is_verified=True),
    ],
    ids=["by externalId", "by userName", "by e-mail"],
)
async def test_an_account_that_was_imported_meanwhile_is_found(given_account: LmsAccount) -> None:
    rules = (LinkRule.EXTERNAL_ID, LinkRule.USER_NAME, LinkRule.EMAIL)
    async with watched(replace(SYNC, link_by=rules, owned_domains=("acme.example",))) as (lane, _):
        await lane.carried(lane.administer(ImportAccounts, accounts=(given_account,)))
        emails = [{"value": "ann@acme.example"}]
        (ann,) = await lane.run(*people(lane, "ann", emails=emails))
        assert isinstance(ann, Applied)
        (imported,) = [account for account in await lane.accounts() if account.id == AccountId("7")]
        stored = (await lane.stores.writer.load(lane.tenant, Need(resources=frozenset([ann.resource_id])))).resources
        # Linked at once, or shown to an administrator, since that would change the account's login.
        is_linked = imported.resource == ann.resource_id
        assert is_linked or stored[ann.resource_id].hold is Hold.CONFLICT
        assert len(await lane.accounts()) == 2


async def test_links_by_email_need_nothing_loaded_where_nobody_was_imported() -> None:
    rules = replace(SYNC, link_by=(LinkRule.EMAIL,), owned_domains=("acme.example",))
    async with watched(rules) as (lane, writer):
        await lane.run(*people(lane, "ann", emails=[{"value": "ann@acme.example"}]))
        assert (writer.loads, len(await lane.accounts())) == (0, 2)


async def test_inactive_newcomers_are_looked_up() -> None:
    async with watched() as (lane, writer):
        await lane.run(*people(lane, "ann", active=False))
        assert writer.loads == 1


async def test_what_another_worker_did_meanwhile_is_found_out() -> None:
    async with watched() as (lane, writer):
        other = Execution(lane.stores.writer, catalog=CATALOG, clock=lambda: lane.now)
        await other.execute(lane.tenant, people(lane, "ann"), may_repeat=False)
        outcomes = await lane.run(*people(lane, "ann", "bob"))
        assert [type(outcome) for outcome in outcomes] == [Rejected, Applied]
        assert writer.loads == 1


async def test_settings_that_changed_meanwhile_hold() -> None:
    async with watched() as (lane, _):
        await lane.set_policies(mode=OperationMode.DRY_RUN)
        (ann,) = await lane.run(*people(lane, "ann"))
        assert isinstance(ann, Applied)
        assert [account.login for account in await lane.accounts()] == ["first"]


async def test_a_commit_whose_answer_was_lost_is_not_repeated() -> None:
    async with watched() as (lane, writer):
        writer.is_away = True
        (ann,) = await lane.run(*people(lane, "ann"))
        assert isinstance(ann, Applied)
        assert sorted(account.login for account in await lane.accounts()) == ["ann", "first"]
        assert writer.loads == 1


@cases(40)
@given(steps)
def test_histories_come_out_as_if_everything_had_been_loaded(history: list[Step]) -> None:
    async def compare() -> None:
        async with open_lanes("standing", "loading", policies=unguarded(Deprovisioning.DISABLE)) as (one, other):
            assert await _told(one, history) == await _told(other, history, forgetting=True)
            ours, theirs = await state_of(one), await state_of(other)
            assert [ours[key] for key in ("users", "groups", "members", "cohorts")] == [
                theirs[key] for key in ("users", "groups", "members", "cohorts")
            ]

    asyncio.run(compare())


async def _told(lane: Lane, history: list[Step], *, forgetting: bool = False) -> list[object]:
    told: list[object] = []
    for command in commands_of(lane, history):
        if forgetting:
            lane.execution = Execution(lane.stores.writer, catalog=CATALOG, clock=lambda: START)
        told += said(await lane.run(command))
    return told
