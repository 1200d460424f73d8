"""Judging what is pending page by page: what a page has to know is loaded at once, then each item is judged purely.

Beside the page in hand, memory holds ids alone, and only of what later pages have to know: accounts that somebody
earlier is linked to, people who come to have an account, what is kept back, and who waits for a login name.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from schemas.ids import AccountId, ResourceId, TenantId
from tenants.directory.pending import PendingKind, PendingReader, PendingResource
from tenants.directory.records import Account, Edge, Hold, StoredResource
from tenants.directory.writer import Need, Snapshot
from tenants.policies.matching import owned_addresses_of
from tenants.policies.preview import (
    Verdict,
    judge_group,
    judge_leaver,
    judge_membership,
    judge_removed_group,
    judge_user,
)
from tenants.policies.settings import LinkRule, Policies

PAGE = 1_000
FIRST = ResourceId("")


class Facts(Protocol):
    """What a batch of commands would be decided on, to be read alone."""

    async def load(self, tenant: TenantId, need: Need) -> Snapshot:
        """Return what is needed (``DirectoryWriter.load``)."""
        ...


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of other items while one is judged."""

    blocked: set[ResourceId] = field(default_factory=set)
    """Users whose login name will not be free."""
    linked: dict[AccountId, ResourceId] = field(default_factory=dict)
    """Accounts that had nobody, and the Users that they are to be linked to."""
    sought: set[AccountId] = field(default_factory=set)
    """Those of them that fit somebody else as well."""
    hoped_for: set[AccountId] = field(default_factory=set)
    """Accounts that fit somebody who cannot be linked as it seems: several fit, or a login name is not free."""
    in_vain: frozenset[tuple[AccountId, ResourceId]] = frozenset()
    """Accounts, and the Users who turned out to be blocked from them; they go to whom they fit next."""
    foreknown: frozenset[AccountId] = frozenset()
    """Accounts of which it was known before anybody was judged that somebody gets them."""
    arriving: set[ResourceId] = field(default_factory=set)
    """Users who have no account yet, and will have one."""
    kept_groups: dict[ResourceId, Hold] = field(default_factory=dict)
    """Groups, deleted ones too, that are kept back."""
    removed_groups: set[ResourceId] = field(default_factory=set)
    """Deleted Groups whose cohorts go."""


@dataclass(frozen=True, slots=True)
class Pages:
    """One tenant's pending part as judged pages, under its present policies."""

    pending: PendingReader
    facts: Facts
    tenant: TenantId
    policies: Policies
    memory: Memory

    async def resources(
        self, kind: PendingKind, *, after: ResourceId = FIRST
    ) -> AsyncIterator[list[tuple[PendingResource, Verdict]]]:
        """Yield pages of Users, Groups or leavers, each with its verdict."""
        while True:
            page = await self.pending.pending(self.tenant, kind, after=after, limit=PAGE)
            if page:
                yield await self._judged(kind, page)
            if len(page) < PAGE:
                return
            after = page[-1].id

    async def memberships(
        self, *, after: tuple[ResourceId, ResourceId] = (FIRST, FIRST)
    ) -> AsyncIterator[list[tuple[Edge, Verdict]]]:
        """Yield pages of memberships that differ, each with its verdict."""
        while True:
            page = await self.pending.pending_memberships(self.tenant, after=after, limit=PAGE)
            if page:
                yield await self._judged_memberships(page)
            if len(page) < PAGE:
                return
            after = (page[-1].group, page[-1].member)

    async def _judged(
        self, kind: PendingKind, page: Sequence[PendingResource]
    ) -> list[tuple[PendingResource, Verdict]]:
        if kind is PendingKind.USER:
            known = await self._accounts_around(page)
            return [(item, self._user(item, known)) for item in page]
        if kind is PendingKind.GROUP:
            return [(item, judge_group(_living(item), item.cohort)) for item in page]
        return [(item, self._leaver(item)) for item in page]

    async def _accounts_around(self, page: Sequence[PendingResource]) -> "_Accounts":
        """Return the accounts that may be the page's Users', or have the login names that they need."""
        need = _need_of(page, self.policies)
        if need == Need():
            return _Accounts(())
        snapshot = await self.facts.load(self.tenant, need)
        return _Accounts(snapshot.accounts.values())

    def _user(self, item: PendingResource, known: "_Accounts") -> Verdict:
        user = _living(item)
        free = self._free(user, known) if item.account is None else ()
        verdict = judge_user(
            user,
            item.account,
            unlinked=free,
            holder=known.by_login.get(user.name),
            policies=self.policies,
        )
        if item.account is None:
            self._claim(user.id, verdict, free)
        return verdict.blocked() if user.id in self.memory.blocked else verdict

    def _claim(self, user: ResourceId, verdict: Verdict, free: Sequence[Account]) -> None:
        """Take note of the account that the User is to be linked to, and of those that keep fitting them without."""
        claimed = verdict.account.id if verdict.account is not None and verdict.kept_back is None else None
        if claimed is not None and (claimed, user) not in self.memory.in_vain:
            self.memory.linked[claimed] = user
            return
        for account in free:
            self.memory.linked.pop(account.id, None)
        if verdict.kept_back is not Hold.EXCLUDED:
            self.memory.hoped_for.update(account.id for account in free)

    def _free(self, user: StoredResource, known: "_Accounts") -> Sequence[Account]:
        """Return the accounts that have nobody, or somebody deleted, and that no earlier User of the release gets."""
        linked = self.memory.linked
        fitting = known.fitting(user, self.policies)
        free = [account for account in fitting if linked.get(account.id, user.id) == user.id]
        self.memory.sought.update(account.id for account in fitting if account not in free)
        return free

    def _leaver(self, item: PendingResource) -> Verdict:
        tombstone = item.tombstone
        if tombstone is None:
            raise ValueError("somebody who left has a tombstone")
        if tombstone.type == "Group":
            return judge_removed_group(tombstone.hold, item.cohort)
        account = item.account
        if account is not None:
            returned = self.memory.linked.get(account.id)
            if returned is not None and returned not in self.memory.blocked:
                account = None
        return judge_leaver(tombstone.hold, account, self.policies)

    async def _judged_memberships(self, page: Sequence[Edge]) -> list[tuple[Edge, Verdict]]:
        unknown = frozenset(edge.member for edge in page if _needs_account(edge) and not self._arrives(edge))
        deleted = frozenset(edge.member for edge in page if not edge.desired and self._kept_back(edge) is not None)
        if not unknown and not deleted:
            return [(edge, self._membership(edge, set(), set())) for edge in page]
        known = await self.facts.load(self.tenant, Need(references=unknown, tombstones=deleted))
        with_account = {id for id, reference in known.references.items() if reference.account is not None}
        leaving = {id for id, mark in known.tombstones.items() if mark.hold not in {Hold.EXCLUDED, Hold.GUARD}}
        return [(edge, self._membership(edge, with_account, leaving)) for edge in page]

    def _membership(self, edge: Edge, with_account: set[ResourceId], leaving: set[ResourceId]) -> Verdict:
        if edge.group in self.memory.removed_groups:
            return Verdict(reason="goes with its Group")
        # Somebody deleted leaves all cohorts when their leave is released, of Groups that are kept back too.
        kept_back = self._kept_back(edge) if edge.member not in leaving else None
        has_account = not _needs_account(edge) or self._arrives(edge) or edge.member in with_account
        return judge_membership(edge, kept_back=kept_back, has_account=has_account)

    def _kept_back(self, edge: Edge) -> Hold | None:
        return Hold.EXCLUDED if edge.is_kept else self.memory.kept_groups.get(edge.group)

    def _arrives(self, edge: Edge) -> bool:
        return edge.member in self.memory.arriving


class _Accounts:
    """Accounts that were met, by what they are looked for."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self.by_login: dict[str, Account] = {}
        self._by_external_id: defaultdict[str, list[Account]] = defaultdict(list)
        self._by_email: defaultdict[str, list[Account]] = defaultdict(list)
        for account in accounts:
            self.by_login[account.login_key] = account
            if account.external_id and (account.resource is None or account.is_leaving):
                self._by_external_id[account.external_id].append(account)
            if account.is_imported and account.email is not None:
                self._by_email[account.email].append(account)

    def fitting(self, user: StoredResource, policies: Policies) -> list[Account]:
        """Return the accounts without anybody that may be the User's, each once, by id."""
        found = list(self._by_external_id.get(user.external_id, ())) if user.external_id else []
        holder = self.by_login.get(user.name)
        if LinkRule.USER_NAME in policies.link_by and holder is not None and holder.is_imported:
            found.append(holder)
        for address in owned_addresses_of(user, policies):
            found += self._by_email.get(address, ())
        return sorted({account.id: account for account in found}.values(), key=lambda account: account.id)


def _need_of(page: Sequence[PendingResource], policies: Policies) -> Need:
    without = [_living(item) for item in page if item.account is None]
    renamed = [
        _living(item).name for item in page if item.account is not None and item.account.login_key != _living(item).name
    ]
    return Need(
        logins=frozenset([*renamed, *(user.name for user in without)]),
        external_ids=frozenset(user.external_id for user in without if user.external_id),
        emails=frozenset(address for user in without for address in owned_addresses_of(user, policies)),
    )


def _living(item: PendingResource) -> StoredResource:
    if item.resource is None:
        raise ValueError("a deleted resource is a leaver")
    return item.resource


def _needs_account(edge: Edge) -> bool:
    return edge.desired and edge.member_type == "User"
