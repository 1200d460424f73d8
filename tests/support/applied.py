"""The LMS side held against the directory: accounts, cohorts, events and audit of one tenant in sync mode."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from deploy.wiring import Stores
from schemas.ids import ResourceId, TenantId
from schemas.messages.events import OPERATIONAL, Event, EventType
from tenants.audit.port import AuditEntry
from tenants.directory.records import Account, AccountStatus, Cohort
from tests.support.client import ScimClient

_PAGE = 500
_NOT_PROFILE = {"schemas", "id", "meta", "active", "groups"}


class _Numbered(Protocol):
    @property
    def number(self) -> int: ...


N = TypeVar("N", bound=_Numbered)


@dataclass(slots=True)
class Applied:
    """What a tenant has in the LMS."""

    accounts: dict[str, Account]
    """By the User that each is linked to."""
    detached: list[Account]
    cohorts: dict[str, Cohort]
    members: dict[str, set[str]]
    """By cohort."""


@dataclass(slots=True)
class Follower:
    """An LMS that knows nothing but the events."""

    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    cohorts: dict[str, str] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)

    def follow(self, event: Event) -> None:
        """Do what the event says; it has to make sense where it stands."""
        subject, payload = event.subject, event.payload
        if event.type in OPERATIONAL:
            return
        match event.type:
            case EventType.ACCOUNT_CREATED:
                assert subject not in self.profiles, f"{subject} was created twice"
                self._keep(subject, payload)
            case EventType.ACCOUNT_ERASED:
                del self.profiles[subject], self.statuses[subject]
            case EventType.COHORT_CREATED:
                assert subject not in self.cohorts, f"{subject} was created twice"
                self.cohorts[subject], self.members[subject] = payload["name"], set()
            case EventType.COHORT_UPDATED:
                self.cohorts[subject] = payload["name"]
            case EventType.COHORT_REMOVED:
                del self.cohorts[subject], self.members[subject]
            case EventType.MEMBER_ADDED:
                assert payload["user"] not in self.members[subject], f"{payload['user']} was added twice"
                self.members[subject].add(payload["user"])
            case EventType.MEMBER_REMOVED:
                self.members[subject].remove(payload["user"])
            case _:
                assert subject in self.profiles, f"{subject} was changed before it was created"
                self._keep(subject, payload)

    def _keep(self, account: str, payload: dict[str, Any]) -> None:
        self.profiles[account], self.statuses[account] = payload["profile"], payload["status"]


async def check_applied(stores: Stores, client: ScimClient) -> None:
    """Assert that the LMS side is what the directory says, and that the events alone lead there, each told once."""
    applied = await read_applied(stores, client.tenant)
    await _check_accounts(applied, client)
    await _check_cohorts(applied, client)
    events = await all_events(stores, client.tenant)
    _check_order([event.sequence for event in events])
    _check_follower(events, applied)
    _check_order([entry.sequence for entry in await all_audit(stores, client.tenant) if entry.sequence])


async def read_applied(stores: Stores, tenant: TenantId) -> Applied:
    """Return all accounts and cohorts."""
    accounts = await _all_after(lambda after: stores.accounts.accounts(tenant, after=after, limit=_PAGE), _account_id)
    cohorts = await _all_after(lambda after: stores.accounts.cohorts(tenant, after=after, limit=_PAGE), _cohort_id)
    members = {str(one.resource): await stores.accounts.cohort_members(tenant, one.resource) for one in cohorts}
    linked = {str(account.resource): account for account in accounts if account.resource is not None}
    detached = [account for account in accounts if account.resource is None]
    assert len(linked) + len(detached) == len(accounts), "two accounts are linked to one User"
    assert all(len(set(ids)) == len(ids) for ids in members.values()), "a cohort has a member twice"
    return Applied(
        linked,
        detached,
        {str(cohort.resource): cohort for cohort in cohorts},
        {cohort: set(map(str, ids)) for cohort, ids in members.items()},
    )


async def all_events(stores: Stores, tenant: TenantId) -> Sequence[Event]:
    """Return the tenant's events, their numbers checked: from 1, without gap or double."""
    return await _all_numbered(lambda after: stores.outbox.events(tenant, after=after, limit=_PAGE))


async def all_audit(stores: Stores, tenant: TenantId) -> Sequence[AuditEntry]:
    """Return the tenant's audit log, its numbers checked likewise."""
    return await _all_numbered(lambda after: stores.audit.entries(tenant, after=after, limit=_PAGE))


def count_events(events: Sequence[Event], type: EventType) -> Counter[str]:
    """Return how many events of the type each subject has."""
    return Counter(event.subject for event in events if event.type is type)


async def _check_accounts(applied: Applied, client: ScimClient) -> None:
    users = {user["id"]: user for user in await client.walk("/Users")}
    assert {id for id in users if users[id]["active"]} <= applied.accounts.keys() <= users.keys()
    for id, account in applied.accounts.items():
        user = users[id]
        expected = {name: value for name, value in user.items() if name not in _NOT_PROFILE}
        assert account.profile == expected
        assert (account.login, account.external_id) == (user["userName"], user.get("externalId"))
        assert account.status is (AccountStatus.ACTIVE if user["active"] else AccountStatus.DISABLED)


async def _check_cohorts(applied: Applied, client: ScimClient) -> None:
    groups = {group["id"]: group for group in await client.walk("/Groups", count=20)}
    assert {id: cohort.name for id, cohort in applied.cohorts.items()} == {
        id: group["displayName"] for id, group in groups.items()
    }
    assert applied.members == {
        id: {member["value"] for member in group.get("members", ())} for id, group in groups.items()
    }


def _check_follower(events: Sequence[Event], applied: Applied) -> None:
    lms = Follower()
    for event in events:
        lms.follow(event)
    accounts = [*applied.accounts.values(), *applied.detached]
    assert lms.profiles == {account.id: account.profile for account in accounts}
    assert lms.statuses == {account.id: account.status.value for account in accounts}
    assert lms.cohorts == {id: cohort.name for id, cohort in applied.cohorts.items()}
    assert lms.members == applied.members


def _check_order(sequences: Sequence[int]) -> None:
    assert list(sequences) == sorted(sequences), "the transactions' numbers are out of order"


async def _all_numbered(page_after: Callable[[int], Awaitable[Sequence[N]]]) -> Sequence[N]:
    found: list[N] = []
    while page := await page_after(len(found)):
        found += page
    assert [one.number for one in found] == list(range(1, len(found) + 1)), "numbers have a gap or a double"
    return found


R = TypeVar("R")


async def _all_after(page_after: Callable[[str], Awaitable[Sequence[R]]], id_of: Callable[[R], str]) -> list[R]:
    found: list[R] = []
    after = ""
    while page := await page_after(after):
        found += page
        after = id_of(page[-1])
    return found


def _account_id(account: Account) -> str:
    return account.id


def _cohort_id(cohort: Cohort) -> ResourceId:
    return cohort.resource
