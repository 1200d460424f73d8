"""What the other tests hold the LMS side against is sharp: a store in which one thing is wrong does not pass."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from msgspec import structs

from deploy.wiring import Stores
from schemas.ids import AccountId, ResourceId, TenantId
from tenants.directory.records import Account, AccountStatus, Cohort, Edge
from tenants.directory.writer import Need
from tests.support import builders
from tests.support.applied import check_applied
from tests.support.builders import Content
from tests.support.client import open_client
from tests.support.crowd import admit_groups, admit_people
from tests.support.entra import people
from tests.support.shapes import Shape


@dataclass(frozen=True, slots=True)
class Settled:
    """Something of what a tenant has in the LMS."""

    tenant: TenantId
    account: Account
    cohort: Cohort
    edge: Edge


NEW = AccountId("ffff")
Tampering = Callable[[Settled], Content]


@pytest.mark.parametrize(
    ("tamper", "complaint"),
    [
        (lambda was: Content(accounts_updated=[structs.replace(was.account, profile={})]), "another profile"),
        (lambda was: Content(accounts_updated=[structs.replace(was.account, login="eve")]), "other names"),
        (
            lambda was: Content(accounts_updated=[structs.replace(was.account, status=AccountStatus.DISABLED)]),
            "another status",
        ),
        (lambda was: Content(accounts_removed=[was.account.id]), "has no account"),
        (
            lambda was: Content(accounts_inserted=[structs.replace(was.account, id=NEW, login_key="eve")]),
            "two accounts|linked",
        ),
        (lambda was: Content(accounts_inserted=[_detached(was.account)]), "the events tell"),
        (lambda was: Content(cohorts_put=[replace(was.cohort, name="Another")]), "named otherwise"),
        (lambda was: Content(edges_put=[replace(was.edge, applied=False)]), "other members"),
        (lambda was: Content(events=[builders.event(was.tenant, was.account.id)]), "was created twice"),
    ],
)
async def test_one_thing_that_is_wrong_is_found(embedded: Shape, tamper: Tampering, complaint: str) -> None:
    (access,) = await embedded.admit("acme")
    async with open_client(access) as client, embedded.stores() as stores:
        users = await admit_people(client, people(7))
        await admit_groups(client, {"Staff": users})
        await check_applied(stores, client)

        await _write(stores, access.tenant, tamper(await _settled(stores, access.tenant)))

        with pytest.raises(AssertionError, match=complaint):
            await check_applied(stores, client)


async def _settled(stores: Stores, tenant: TenantId) -> Settled:
    (account, *_) = await stores.accounts.accounts(tenant, after="", limit=1)
    (cohort,) = await stores.accounts.cohorts(tenant, after="", limit=1)
    edge = Edge(cohort.resource, account.resource or ResourceId(""), "User", desired=True, applied=True)
    return Settled(tenant, account, cohort, edge)


async def _write(stores: Stores, tenant: TenantId, content: Content) -> None:
    await stores.writer.commit(builders.changes(await stores.writer.load(tenant, Need()), content))


def _detached(account: Account) -> Account:
    return structs.replace(account, id=NEW, resource=None, login_key="eve")
