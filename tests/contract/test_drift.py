"""Drift is found the same in every store, page by page, and each tenant's alone."""

import time
from dataclasses import replace

import pytest
from msgspec import structs

from schemas.ids import TenantId
from tenants.administration.drift import DriftAdministration
from tenants.administration.jobs import JobAdministration
from tenants.directory.records import Account, AccountStatus, StoredResource
from tenants.directory.writer import Need
from tenants.policies.drift import DriftClass
from tenants.policies.effects import profile_of
from tenants.policies.settings import OperationMode
from tests.support import builders
from tests.support.stores import Stores, administration_ports

MORE_THAN_A_PAGE = 1_050


@pytest.fixture
def drift(stores: Stores) -> DriftAdministration:
    ports = administration_ports(stores)
    jobs = JobAdministration(ports, clock=time.time, new_id=lambda: "j1")
    return DriftAdministration(ports, stores.writer, jobs)


async def test_a_tenant_whose_two_sides_agree_has_none(
    stores: Stores, drift: DriftAdministration, acme: TenantId, globex: TenantId
) -> None:
    await write(stores, acme, agreeing(5))
    await write(stores, globex, builders.Content(inserted=[builders.user(1)]))

    assert await counts(drift, acme) == {}


async def test_missing_accounts_are_found_on_every_page(
    stores: Stores, drift: DriftAdministration, acme: TenantId
) -> None:
    content = agreeing(MORE_THAN_A_PAGE)
    without = {1, 1_000, 1_001, MORE_THAN_A_PAGE}
    accounts = [one for number, one in enumerate(content.accounts_inserted, 1) if number not in without]
    await write(stores, acme, content._replace(accounts_inserted=accounts))

    report = await drift.report(acme, limit=10)

    assert {item.id for item in report.items} == {builders.resource_id(number) for number in without}
    assert {item.kind for item in report.items} == {DriftClass.MISSING_ACCOUNT}


async def test_accounts_and_cohorts_of_nobody_are_found_on_every_page(
    stores: Stores, drift: DriftAdministration, acme: TenantId
) -> None:
    dead = [builders.user(number) for number in range(1, MORE_THAN_A_PAGE + 1)]
    accounts = [account_of(number, user) for number, user in enumerate(dead, 1)]
    cohorts = [builders.cohort(builders.group(number)) for number in range(2_000, 2_000 + MORE_THAN_A_PAGE)]
    await write(stores, acme, builders.Content(accounts_inserted=accounts, cohorts_put=cohorts))

    assert await counts(drift, acme) == {
        DriftClass.ACCOUNT_OF_NOBODY: MORE_THAN_A_PAGE,
        DriftClass.COHORT_OF_NOBODY: MORE_THAN_A_PAGE,
    }


async def test_leavers_whose_leave_is_held_are_nobodys_drift(
    stores: Stores, drift: DriftAdministration, acme: TenantId
) -> None:
    user, group = builders.user(1), builders.group(2)
    content = builders.Content(
        accounts_inserted=[structs.replace(account_of(1, user), is_leaving=True), builders.account(3, None)],
        cohorts_put=[builders.cohort(group)],
        edges_put=[builders.edge(group, user, desired=False)],
        tombstones_put=[builders.tombstone(user), builders.tombstone(group)],
    )
    await write(stores, acme, content)

    assert await counts(drift, acme) == {}


async def test_accounts_cohorts_and_memberships_that_differ_are_found(
    stores: Stores, drift: DriftAdministration, acme: TenantId
) -> None:
    users = [builders.user(number) for number in range(1, 5)]
    groups = [builders.group(5), builders.group(6)]
    accounts = [account_of(number, user) for number, user in enumerate(users, 1)]
    accounts[0] = structs.replace(accounts[0], profile={})
    accounts[1] = structs.replace(accounts[1], status=AccountStatus.DISABLED)
    accounts[2] = structs.replace(accounts[2], sign_in="sso")
    content = builders.Content(
        inserted=[*users, *groups],
        accounts_inserted=accounts,
        cohorts_put=[replace(builders.cohort(groups[0]), name="Another")],
        edges_put=[builders.edge(groups[0], users[3], applied=False), builders.edge(groups[0], users[2])],
    )
    await write(stores, acme, content)

    assert await counts(drift, acme) == {
        DriftClass.ATTRIBUTES: 1,
        DriftClass.STATUS: 1,
        DriftClass.SIGN_IN: 1,
        DriftClass.MISSING_COHORT: 1,
        DriftClass.COHORT: 1,
        DriftClass.MEMBERSHIP: 1,
    }


async def counts(drift: DriftAdministration, tenant: TenantId) -> dict[DriftClass, int]:
    found = await drift.report(tenant, limit=0)
    return {kind: count for kind, count in found.counts.items() if count}


def account_of(number: int, user: StoredResource) -> Account:
    return builders.account(number, user, profile=profile_of(user), login_key=user.name)


def agreeing(count: int) -> builders.Content:
    """Return people with the accounts that they should have."""
    users = [builders.user(number) for number in range(1, count + 1)]
    accounts = [account_of(number, user) for number, user in enumerate(users, 1)]
    return builders.Content(inserted=users, accounts_inserted=accounts)


async def write(stores: Stores, tenant: TenantId, content: builders.Content) -> None:
    """Write it all to the tenant, in sync mode."""
    record = await stores.registry.tenant(tenant)
    assert record is not None
    policies = replace(record.policies, mode=OperationMode.SYNC)
    await stores.registry.change_tenant(replace(record, policies=policies, revision=record.revision + 1))
    snapshot = await stores.writer.load(tenant, Need())
    await stores.writer.commit(builders.changes(snapshot, content))
