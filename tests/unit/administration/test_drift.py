"""Drift of a tenant over a real store: found by class, and mended by jobs that a real worker carries out."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from msgspec import structs

from schemas.ids import ResourceId
from schemas.messages.administration import FlagAccount, SetAside
from tenants.administration.actor import RefusedError
from tenants.administration.drift import DriftReport
from tenants.directory.records import Account, AccountStatus, Edge
from tenants.jobs.job import JobKind, JobState
from tenants.policies.drift import DriftClass
from tenants.policies.settings import OperationMode, Policies
from tests.support import builders
from tests.support.administering import ADA, Office, open_office
from tests.support.lane import Lane

SYNC = Policies(mode=OperationMode.SYNC)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with open_office("acme", "globex", policies=SYNC) as office:
        yield office


@pytest.fixture
def acme(office: Office) -> Lane:
    return office.lanes[0]


@pytest.fixture
def globex(office: Office) -> Lane:
    return office.lanes[1]


async def test_two_sides_that_agree_show_no_drift(office: Office, acme: Lane) -> None:
    await populate(acme)

    assert counts(await report(office)) == {}


async def test_every_class_is_found_and_only_with_its_tenant(office: Office, acme: Lane, globex: Lane) -> None:
    await wreck(office, acme)
    await populate(globex)

    found = await report(office)

    assert counts(found) == {
        DriftClass.MISSING_ACCOUNT: 1,
        DriftClass.ACCOUNT_OF_NOBODY: 1,
        DriftClass.ATTRIBUTES: 1,
        DriftClass.STATUS: 1,
        DriftClass.SIGN_IN: 1,
        DriftClass.MISSING_COHORT: 1,
        DriftClass.COHORT_OF_NOBODY: 1,
        DriftClass.COHORT: 1,
        DriftClass.MEMBERSHIP: 1,
    }
    assert counts(await office.drift.report(globex.tenant, limit=10)) == {}


async def test_a_repair_mends_what_commands_can_mend(office: Office, acme: Lane) -> None:
    await wreck(office, acme)

    async with office.working():
        repair = await office.drift.repair(acme.tenant, actor=ADA)
        ended = [await office.ended(job) for job in repair.jobs]

    assert [(job.kind, job.state, job.failed) for job in ended] == [
        (JobKind.REPAIR, JobState.DONE, 0),
        (JobKind.ALIGN, JobState.DONE, 0),
        (JobKind.RELEASE, JobState.DONE, 0),
    ]
    assert counts(await report(office)) == repair.incurable == {}


async def test_a_repair_of_one_class_leaves_the_others(office: Office, acme: Lane) -> None:
    await wreck(office, acme)
    before = counts(await report(office))

    async with office.working():
        repair = await office.drift.repair(acme.tenant, [DriftClass.STATUS], actor=ADA)
        for job in repair.jobs:
            await office.ended(job)

    assert counts(await report(office)) == {
        kind: count for kind, count in before.items() if kind is not DriftClass.STATUS
    }


async def test_the_report_lists_the_classes_asked_for_and_counts_all(office: Office, acme: Lane) -> None:
    await wreck(office, acme)

    found = await office.drift.report(acme.tenant, [DriftClass.STATUS, DriftClass.COHORT], limit=10)

    assert {drift.kind for drift in found.items} == {DriftClass.STATUS, DriftClass.COHORT}
    assert sum(found.counts.values()) == 9


async def test_no_more_items_are_listed_than_were_asked_for(office: Office, acme: Lane) -> None:
    await wreck(office, acme)

    found = await office.drift.report(acme.tenant, limit=2)

    assert len(found.items) == 2


async def test_an_account_that_was_changed_by_hand_shows_up(office: Office, acme: Lane) -> None:
    await populate(acme)
    ann = (await acme.accounts())[0]

    await acme.carried(acme.administer(FlagAccount, account=ann.id, status="disabled"))

    (drift,) = (await report(office)).items
    assert (drift.kind, drift.account, drift.differences) == (
        DriftClass.STATUS,
        ann.id,
        {"status": ("active", "disabled")},
    )


async def test_what_waits_in_dry_run_is_no_drift(office: Office, acme: Lane) -> None:
    group, (ann, *_) = await populate(acme)
    await acme.set_policies(mode=OperationMode.DRY_RUN)
    await acme.made(acme.create(userName="eve"))
    await acme.made(acme.patch(group, {"op": "remove", "path": f'members[value eq "{ann}"]'}, resource_type="Group"))
    await acme.made(acme.delete(ann))

    found = await report(office)

    assert (counts(found), found.leaves_memberships_out) == ({}, True)


async def test_what_is_set_aside_is_no_drift(office: Office, acme: Lane) -> None:
    _, (ann, *_) = await populate(acme)
    account = await account_of(acme, ann)
    await office.disturb(acme.tenant, builders.Content(accounts_updated=[structs.replace(account, profile={})]))
    await acme.carried(acme.administer(SetAside, resources=(ann,)))

    assert counts(await report(office)) == {}


async def test_nothing_is_repaired_in_dry_run(office: Office, acme: Lane) -> None:
    await wreck(office, acme)
    await acme.set_policies(mode=OperationMode.DRY_RUN)

    with pytest.raises(RefusedError, match="dry-run"):
        await office.drift.repair(acme.tenant, actor=ADA)

    assert list(await office.jobs.jobs(acme.tenant, limit=10)) == []


async def test_there_is_no_drift_of_a_tenant_that_there_is_not(office: Office) -> None:
    with pytest.raises(RefusedError, match="no tenant"):
        await office.drift.report("initech", limit=1)


async def report(office: Office) -> DriftReport:
    return await office.drift.report("acme", limit=100)


def counts(found: DriftReport) -> dict[DriftClass, int]:
    return {kind: count for kind, count in found.counts.items() if count}


async def populate(lane: Lane) -> tuple[ResourceId, list[ResourceId]]:
    """Make six people who are in a group; return the group's id and theirs."""
    people = [(await lane.made(lane.create(userName=f"user{number}"))).resource_id for number in range(6)]
    members = [{"value": id} for id in people]
    return (await lane.made(lane.create("Group", displayName="Staff", members=members))).resource_id, people


async def account_of(lane: Lane, id: str) -> Account:
    return next(account for account in await lane.accounts() if account.resource == id)


async def wreck(office: Office, lane: Lane) -> None:
    """Leave one drift of each class behind."""
    group, people = await populate(lane)
    lost = (await lane.made(lane.create("Group", displayName="Lost"))).resource_id
    renamed = (await lane.made(lane.create("Group", displayName="Renamed"))).resource_id
    missing, changed, disabled, otherwise = [await account_of(lane, id) for id in people[:4]]
    cohorts = {cohort.resource: cohort for cohort in await lane.stores.accounts.cohorts(lane.tenant, after="", limit=9)}
    nobody, no_group = builders.user(900, "nobody"), builders.group(901, "Nothing")
    content = builders.Content(
        accounts_inserted=[builders.account(900, nobody)],
        accounts_updated=[
            structs.replace(changed, profile={**changed.profile, "title": "Dr"}),
            structs.replace(disabled, status=AccountStatus.DISABLED),
            structs.replace(otherwise, sign_in="sso"),
        ],
        accounts_removed=[missing.id],
        cohorts_put=[replace(cohorts[renamed], name="Another"), builders.cohort(no_group)],
        cohorts_removed=[lost],
        edges_put=[Edge(group, people[4], "User", desired=True, applied=False)],
    )
    await office.disturb(lane.tenant, content)
