"""The LMS side held against the directory: accounts, cohorts, events and audit of one tenant in sync mode.

All of it is read as streams, and memory holds ids and digests alone: a tenant may be of any size.
"""

import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import orjson

from deploy.wiring import Stores
from schemas.ids import AccountId, ResourceId, TenantId
from schemas.messages.events import OPERATIONAL, Event, EventType
from tenants.audit.port import AuditEntry
from tenants.directory.records import Account, AccountStatus
from tests.support.client import ScimClient

_PAGE = 500
_NOT_PROFILE = {"schemas", "id", "meta", "active", "groups"}


class _Numbered(Protocol):
    @property
    def number(self) -> int: ...

    @property
    def sequence(self) -> int: ...


N = TypeVar("N", bound=_Numbered)
R = TypeVar("R")


@dataclass(slots=True)
class Follower:
    """An LMS that knows nothing but the events."""

    accounts: dict[str, bytes] = field(default_factory=dict)
    """The digest of each account's profile and status."""
    cohorts: dict[str, str] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)

    def follow(self, event: Event) -> None:
        """Do what the event says; it has to make sense where it stands."""
        subject, payload = event.subject, event.payload
        if event.type in OPERATIONAL:
            return
        match event.type:
            case EventType.ACCOUNT_CREATED:
                assert subject not in self.accounts, f"{subject} was created twice"
                self._keep(subject, payload)
            case EventType.ACCOUNT_ERASED:
                del self.accounts[subject]
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
                assert subject in self.accounts, f"{subject} was changed before it was created"
                self._keep(subject, payload)

    def _keep(self, account: str, payload: dict[str, Any]) -> None:
        self.accounts[account] = _digest(payload["profile"], payload["status"])


async def check_applied(stores: Stores, client: ScimClient) -> None:
    """Assert that the LMS side is what the directory says, and that the events alone lead there, each told once."""
    lms = Follower()
    async for event in events_of(stores, client.tenant):
        lms.follow(event)
    await _check_accounts(stores, client.tenant, lms, owners=await _check_people(stores, client))
    await _check_cohorts(stores, client, lms)
    async for _ in audit_of(stores, client.tenant):
        pass


async def events_of(stores: Stores, tenant: TenantId) -> AsyncIterator[Event]:
    """Yield the tenant's events, held to be numbered from 1, without gap or double, in their transactions' order."""
    async for event in _numbered(lambda after: stores.outbox.events(tenant, after=after, limit=_PAGE)):
        yield event


async def audit_of(stores: Stores, tenant: TenantId) -> AsyncIterator[AuditEntry]:
    """Yield the tenant's audit log, its numbers and order checked likewise."""
    async for entry in _numbered(lambda after: stores.audit.entries(tenant, after=after, limit=_PAGE)):
        yield entry


async def all_events(stores: Stores, tenant: TenantId) -> Sequence[Event]:
    """Return the tenant's events, checked likewise."""
    return [event async for event in events_of(stores, tenant)]


async def all_audit(stores: Stores, tenant: TenantId) -> Sequence[AuditEntry]:
    """Return the tenant's audit log, checked likewise."""
    return [entry async for entry in audit_of(stores, tenant)]


def count_events(events: Sequence[Event], type: EventType) -> Counter[str]:
    """Return how many events of the type each subject has."""
    return Counter(event.subject for event in events if event.type is type)


async def _check_people(stores: Stores, client: ScimClient) -> dict[AccountId, ResourceId]:
    """Assert that each User has the account that it should have; return whose each account is."""
    owners: dict[AccountId, ResourceId] = {}
    everybody = _all_after(
        lambda after: stores.pending.resources(client.tenant, "User", after=ResourceId(after), limit=_PAGE),
        lambda found: found.id,
    )
    async for user in client.stream("/Users?sortBy=id", count=_PAGE):
        found = await anext(everybody, None)
        assert found is not None, f"{user['id']} is not in the store"
        assert found.id == user["id"], "Users are told in another order, or one has two accounts"
        assert found.account is not None or not user["active"], f"{user['id']} has no account"
        if found.account is not None:
            _check_account(found.account, user)
            owners[found.account.id] = found.id
    assert await anext(everybody, None) is None, "a User is not told"
    return owners


def _check_account(account: Account, user: dict[str, Any]) -> None:
    profile = {name: value for name, value in user.items() if name not in _NOT_PROFILE}
    assert account.profile == profile, f"{user['id']} has another profile: {account.profile}"
    names = (user["userName"], user.get("externalId"))
    assert (account.login, account.external_id) == names, f"{user['id']} has other names: {account}"
    status = AccountStatus.ACTIVE if user["active"] else AccountStatus.DISABLED
    assert account.status is status, f"{user['id']} has another status: {account.status}"


async def _check_accounts(
    stores: Stores, tenant: TenantId, lms: Follower, *, owners: Mapping[AccountId, ResourceId]
) -> None:
    """Assert that accounts are linked to these alone, and that whoever followed the events has the very same."""
    told, linked = dict(lms.accounts), dict(owners)
    async for account in _all_after(
        lambda after: stores.accounts.accounts(tenant, after=after, limit=_PAGE), lambda account: account.id
    ):
        assert account.resource == linked.pop(account.id, None), f"{account.id} is linked to somebody else"
        digest = _digest(account.profile, account.status.value)
        assert told.pop(account.id, None) == digest, f"the events tell {account.id} otherwise"
    assert (linked, told) == ({}, {}), "accounts are missing"


async def _check_cohorts(stores: Stores, client: ScimClient, lms: Follower) -> None:
    groups = {group["id"]: group async for group in client.stream("/Groups", count=20)}
    cohorts = _all_after(
        lambda after: stores.accounts.cohorts(client.tenant, after=after, limit=_PAGE), lambda cohort: cohort.resource
    )
    names = {str(cohort.resource): cohort.name async for cohort in cohorts}
    wanted = {id: group["displayName"] for id, group in groups.items()}
    assert names == lms.cohorts == wanted, f"cohorts are named otherwise: {names}"
    for id, group in groups.items():
        applied = await stores.accounts.cohort_members(client.tenant, ResourceId(id))
        assert len(set(applied)) == len(applied), "a cohort has a member twice"
        members = {member["value"] for member in group.get("members", ())}
        assert set(applied) == lms.members[id] == members, f"{id} has other members"


def _digest(profile: dict[str, Any], status: str) -> bytes:
    content = orjson.dumps([profile, status], option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(content, digest_size=16).digest()


async def _numbered(page_after: Callable[[int], Awaitable[Sequence[N]]]) -> AsyncIterator[N]:
    number, sequence = 0, 0
    while page := await page_after(number):
        for one in page:
            assert one.number == number + 1, "numbers have a gap or a double"
            # An administrator's entry beside the lane has none.
            assert one.sequence >= sequence or not one.sequence, "the transactions' numbers are out of order"
            number, sequence = one.number, one.sequence or sequence
            yield one


async def _all_after(
    page_after: Callable[[str], Awaitable[Sequence[R]]], place_of: Callable[[R], str]
) -> AsyncGenerator[R, None]:
    after = ""
    while page := await page_after(after):
        for one in page:
            yield one
        after = place_of(page[-1])
