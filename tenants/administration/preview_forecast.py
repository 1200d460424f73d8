"""The forecast: all that is pending, counted by what a release of it would do.

Users and leavers are judged first; then it is clear whose login names get free, and with that who will have an account
to join groups with. That may show that an account is not for whom it seemed to be, or that only one is left of several
that fit somebody. Then the forecast is made once more on what is known now, as a release goes over what failed once
more.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from schemas.ids import ResourceId
from tenants.administration.preview_pages import Memory, Pages
from tenants.directory.pending import PendingKind, PendingResource
from tenants.policies.preview import DESTRUCTIVE, Foreseen, Verdict, judge_leaver
from tenants.policies.preview_logins import LoginLines
from tenants.policies.settings import Policies


@dataclass(slots=True)
class Forecast:
    """What a release would do to everything that is pending."""

    memory: Memory = field(default_factory=Memory)
    counts: Counter[Foreseen] = field(default_factory=Counter)
    """Each effect, and each reason to keep something back, by how often it occurs."""
    pending: Counter[PendingKind] = field(default_factory=Counter)
    destructive: dict[ResourceId, Foreseen] = field(default_factory=dict)
    """Whose account would be disabled or erased."""

    def count(self, kind: PendingKind, id: ResourceId | None, verdict: Verdict) -> None:
        """Add one item; a membership has no id of its own."""
        self.pending[kind] += 1
        for effect in verdict.kinds:
            self.counts[effect] += 1
            if effect in DESTRUCTIVE and id is not None:
                self.destructive[id] = effect


async def forecast(pages: Pages) -> Forecast:
    """Return the forecast; its memory knows what judging single items takes."""
    made = await _surveyed(pages)
    while (wiser := _wiser(made.memory)) is not None:
        made = await _surveyed(replace(pages, memory=wiser))
    return made


def _wiser(memory: Memory) -> Memory | None:
    """Return what to begin with once more; None where everybody has been judged on what is known now."""
    linked = {account: user for account, user in memory.linked.items() if user not in memory.blocked}
    in_vain = {(account, memory.linked[account]) for account in memory.sought & memory.linked.keys() - linked.keys()}
    if in_vain <= memory.in_vain and memory.hoped_for & linked.keys() <= memory.foreknown:
        return None
    # Both only grow, so this comes to an end.
    return Memory(linked=linked, in_vain=memory.in_vain | in_vain, foreknown=memory.foreknown | linked.keys())


async def _surveyed(pages: Pages) -> Forecast:
    survey = _Survey(Forecast(pages.memory), pages.policies)
    async for page in pages.resources(PendingKind.USER):
        for item, verdict in page:
            survey.user(item, verdict)
    async for page in pages.resources(PendingKind.LEAVER):
        for item, verdict in page:
            survey.leaver(item, verdict)
    survey.close_lines()
    async for page in pages.resources(PendingKind.GROUP):
        for item, verdict in page:
            survey.group(item, verdict)
    async for memberships in pages.memberships():
        for _, verdict in memberships:
            survey.forecast.count(PendingKind.MEMBERSHIP, None, verdict)
    return survey.forecast


class _Waiting(NamedTuple):
    """Somebody who waits for a login name."""

    verdict: Verdict
    has_account: bool


class _Returned(NamedTuple):
    """Somebody deleted whose account goes to a User who waits for a login name."""

    user: ResourceId
    if_linked: Verdict
    if_not: Verdict


@dataclass(slots=True)
class _Survey:
    """A forecast in the making."""

    forecast: Forecast
    policies: Policies
    _lines: LoginLines = field(default_factory=LoginLines)
    _waiting: dict[ResourceId, _Waiting] = field(default_factory=dict)
    _returned: dict[ResourceId, _Returned] = field(default_factory=dict)

    def user(self, item: PendingResource, verdict: Verdict) -> None:
        """Count a User, or put them into a line."""
        has_account = item.account is not None
        account = verdict.account
        if verdict.contested is not None:
            wanted = account.id if account is not None else None
            self._lines.waits(item.id, wanted, verdict.contested.id, is_linked=has_account)
            self._waiting[item.id] = _Waiting(_slim(verdict), has_account)
            return
        self._count_user(item.id, verdict, has_account=has_account)
        if verdict.kept_back is None and account is not None and account.login_key != _name(item):
            self._lines.frees(account.id)

    def leaver(self, item: PendingResource, verdict: Verdict) -> None:
        """Count a deleted User or Group."""
        tombstone, account = item.tombstone, item.account
        if tombstone is None:
            raise ValueError("somebody who left has a tombstone")
        if tombstone.type == "Group":
            self._removed_group(item.id, verdict)
        returned = self.forecast.memory.linked.get(account.id) if account is not None else None
        if returned in self._waiting and returned is not None:
            if_not = judge_leaver(tombstone.hold, account, self.policies)
            self._returned[item.id] = _Returned(returned, _slim(verdict), _slim(if_not))
            return
        self.forecast.count(PendingKind.LEAVER, item.id, verdict)
        if account is not None and Foreseen.ERASE in verdict.kinds:
            self._lines.frees(account.id)

    def close_lines(self) -> None:
        """Decide who gets their login name, and count those who waited to know."""
        blocked = self.forecast.memory.blocked
        blocked |= self._lines.blocked()
        for id, waiting in self._waiting.items():
            verdict = waiting.verdict.blocked() if id in blocked else waiting.verdict
            self._count_user(id, verdict, has_account=waiting.has_account)
        for id, returned in self._returned.items():
            verdict = returned.if_not if returned.user in blocked else returned.if_linked
            self.forecast.count(PendingKind.LEAVER, id, verdict)
        self._waiting.clear()
        self._returned.clear()

    def group(self, item: PendingResource, verdict: Verdict) -> None:
        """Count a Group."""
        self.forecast.count(PendingKind.GROUP, item.id, verdict)
        if verdict.kept_back is not None:
            self.forecast.memory.kept_groups[item.id] = verdict.kept_back

    def _removed_group(self, id: ResourceId, verdict: Verdict) -> None:
        if verdict.kept_back is None:
            self.forecast.memory.removed_groups.add(id)
        else:
            self.forecast.memory.kept_groups[id] = verdict.kept_back

    def _count_user(self, id: ResourceId, verdict: Verdict, *, has_account: bool) -> None:
        self.forecast.count(PendingKind.USER, id, verdict)
        if not has_account and verdict.kept_back is None and verdict.effects:
            self.forecast.memory.arriving.add(id)


def _slim(verdict: Verdict) -> Verdict:
    """Return the verdict without the accounts that it was reached from."""
    return replace(verdict, account=None, contested=None)


def _name(item: PendingResource) -> str:
    return item.resource.name if item.resource is not None else ""
