"""The model's LMS side: accounts and cohorts, which follow the directory as the settings say, or wait.

Written from the meaning of the settings, not from the workers: no versions, edges, effects, batches or transactions.
The guard is off, nothing is set aside and the LMS had no accounts before.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

DRY_RUN, CONFLICT = "dry_run", "conflict"


@dataclass
class Account:
    """An LMS user."""

    id: str
    user: str | None
    """None: its User was deleted, and it was kept."""
    login: str
    external_id: str | None
    profile: dict[str, Any]
    status: str
    sign_in: str
    was_active: bool
    """Whether it was ever let in: that is asked once."""
    is_leaving: bool = False
    """Its User was deleted, but that waits."""


@dataclass
class Cohort:
    """An LMS group."""

    name: str
    members: set[str] = field(default_factory=set)


@dataclass
class Lms:
    """Accounts and cohorts, and what waits."""

    users: dict[str, dict[str, Any]]
    groups: dict[str, dict[str, Any]]
    members: dict[str, set[str]]
    mode: str = "dry_run"
    activation: str = "automatic"
    authentication: str = "password"
    deprovisioning: str = "disable"
    accounts: dict[str, Account] = field(default_factory=dict)
    cohorts: dict[str, Cohort] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    """Living Users and Groups that have not reached the LMS as they are, and why."""
    leavers: set[str] = field(default_factory=set)
    """Deleted ones whose account or cohort is still there."""
    _under_way: set[str] = field(default_factory=set)
    """Users and accounts, one waiting for the other's login name."""

    # The identity provider's doing

    def user_changed(self, id: str, *, is_new: bool = False) -> None:
        """Follow a User, or let it wait."""
        self._follow(id, self._may_inline, is_inline=True, is_new=is_new)

    def user_deleted(self, id: str) -> None:
        """Let the account go as the tenant chose, or let that wait."""
        account = self._account_of(id)
        is_held = account is not None and self.mode == "dry_run"
        if not is_held:
            self._leave_cohorts_in_sync(id)
        self.waiting.pop(id, None)
        if account is not None and is_held:
            account.is_leaving = True
            self.leavers.add(id)
        elif account is not None:
            self._let_go(account)

    def group_changed(self, id: str, *, added: Collection[str], removed: Collection[str]) -> None:
        """Follow a Group, or let it wait; one that waited is followed whole."""
        if self.mode == "dry_run":
            self.waiting[id] = DRY_RUN
            return
        is_whole = id in self.waiting
        self._follow_cohort(id)
        if is_whole:
            self._follow_members(id)
        self.cohorts[id].members -= set(removed)
        self.cohorts[id].members |= self._that_can_join(added)

    def group_deleted(self, id: str) -> None:
        """Take the cohort away, or let that wait."""
        self._leave_cohorts_in_sync(id)
        self.waiting.pop(id, None)
        if id in self.cohorts and self.mode == "dry_run":
            self.leavers.add(id)
        else:
            self.cohorts.pop(id, None)

    # The administrator's doing

    def change_setting(self, name: str, value: str) -> bool:
        """Set it; going to sync releases all that waits. False: it is refused."""
        if (name, value) == ("activation", "manual") and self.authentication == "sso":
            return False
        setattr(self, name, value)
        if (name, value) == ("mode", "sync"):
            self.release_all()
        return True

    def release(self, ids: Iterable[str]) -> None:
        """Let these very ones have their way, whatever the mode."""
        chosen = set(ids)
        for id in ids:
            if id in self.users:
                self._follow(id, chosen.__contains__)
            elif id in self.groups:
                self._follow_cohort(id)
                self._follow_members(id)
            elif id in self.leavers:
                self._let_leaver_go(id)

    def release_all(self) -> None:
        """Let all have their way: Users, Groups, memberships, then leavers; again while that gets anybody further."""
        if self.mode == "dry_run":
            return
        is_moving = True
        while is_moving:
            before = repr((self.accounts, self.cohorts))
            for id in sorted(set(self.waiting) & set(self.users)):
                if id in self.waiting:
                    self._follow(id, lambda _: True)
            for id in sorted(set(self.waiting) & set(self.groups)):
                self._follow_cohort(id)
            for id in self.groups:
                self._follow_members(id)
            for id in sorted(self.leavers):
                if id in self.leavers:
                    self._let_leaver_go(id)
            is_moving = repr((self.accounts, self.cohorts)) != before and CONFLICT in self.waiting.values()

    def activate(self, ids: Iterable[str]) -> None:
        """Let these in who wait for it."""
        for id in ids:
            if id in self.accounts and self.accounts[id].status == "awaiting_activation":
                self.accounts[id].status, self.accounts[id].was_active = "active", True

    def align(self) -> None:
        """Give the accounts in use the sign-in that is chosen now; where nobody has to wait, nobody does."""
        for account in self.accounts.values():
            if account.user is not None:
                account.sign_in = self.authentication
                if not self._must_wait:
                    self.activate([account.id])

    # Users

    @property
    def _must_wait(self) -> bool:
        """Whether a new account waits for an administrator: never with single sign-on."""
        return self.activation == "manual" and self.authentication == "password"

    def _may_inline(self, id: str) -> bool:
        """Tell whether somebody who waits may be helped along by what the identity provider does to others."""
        return id not in self.leavers and self.waiting.get(id, CONFLICT) == CONFLICT

    def _follow(
        self, id: str, may_help: Callable[[str], bool], *, is_inline: bool = False, is_new: bool = False
    ) -> None:
        """Bring the account in line with the User, or note why that waits."""
        own = self._account_of(id)
        found = [own] if own is not None else self._kept_for(id)
        account = found[0] if len(found) == 1 else None
        is_clear = len(found) < 2
        if is_clear and self._is_in_line(id, account):
            self.waiting.pop(id, None)
        elif is_inline and self.mode == "dry_run":
            self.waiting[id] = DRY_RUN
        elif is_clear and self._gets_login(id, account, may_help, is_inline=is_inline):
            self.waiting.pop(id, None)
            self._bring_in_line(id, account)
            if own is None and not is_new:
                self._join_cohorts(id)
        else:
            self.waiting[id] = CONFLICT
            if own is not None:
                # Being let in or locked out needs no login name.
                self._set_status(own, is_active=self.users[id]["active"])

    def _kept_for(self, id: str) -> list[Account]:
        """Return the accounts that were kept for whoever returns with this externalId, and are not about to end."""
        external_id = self.users[id].get("externalId")
        return [
            account
            for account in self.accounts.values()
            if external_id
            and account.external_id == external_id
            and (account.user is None or (account.is_leaving and self.deprovisioning == "disable"))
        ]

    def _is_in_line(self, id: str, account: Account | None) -> bool:
        user = self.users[id]
        if account is None:
            # Who was never active gets no account.
            return not user["active"]
        return (
            account.user == id
            and account.profile == _profile(user)
            and (account.status == "disabled") is not user["active"]
        )

    def _gets_login(
        self, id: str, account: Account | None, may_help: Callable[[str], bool], *, is_inline: bool
    ) -> bool:
        """Tell whether the User's name is free as a login, or made so; two in a ring step aside for each other."""
        login = self._login(id)
        holder = self._holder(login)
        if holder is None or holder is account:
            return True
        if holder.id in self._under_way:
            holder.login = f"~{holder.id}"
            return True
        if holder.user is None or not may_help(holder.user):
            return False
        added = {id, account.id} if account is not None else {id}
        self._under_way |= added
        if holder.is_leaving:
            self._let_leaver_go(holder.user)
        elif self._login(holder.user) != login:
            self._follow(holder.user, may_help, is_inline=is_inline)
        self._under_way -= added
        return self._holder(login) is None

    def _bring_in_line(self, id: str, account: Account | None) -> None:
        user = self.users[id]
        if account is None:
            status = "awaiting_activation" if self._must_wait else "active"
            account = Account(id, id, "", None, {}, status, self.authentication, was_active=not self._must_wait)
            self.accounts[id] = account
        before = account.login
        account.user, account.is_leaving = id, False
        account.login, account.external_id, account.profile = self._login(id), user.get("externalId"), _profile(user)
        self._set_status(account, is_active=user["active"])
        self._serve(before)

    def _set_status(self, account: Account, *, is_active: bool) -> None:
        if not is_active:
            account.status = "disabled"
        elif account.status == "disabled":
            account.was_active = account.was_active or not self._must_wait
            account.status = "active" if account.was_active else "awaiting_activation"

    def _let_leaver_go(self, id: str) -> None:
        self.leavers.discard(id)
        account = self._account_of(id)
        for cohort in self.cohorts.values():
            cohort.members.discard(id)
        self.cohorts.pop(id, None)
        # Somebody may have returned to it meanwhile.
        if account is not None:
            self._let_go(account)

    def _let_go(self, account: Account) -> None:
        if self.deprovisioning == "delete":
            del self.accounts[account.id]
            self._serve(account.login)
        else:
            account.user, account.is_leaving, account.status = None, False, "disabled"

    def _serve(self, login: str) -> None:
        """Help whoever waits for a login that has become free; not in dry-run, where all wait."""
        if self.mode == "sync" and self._holder(login) is None:
            for id in self.users:
                if self._login(id) == login and self.waiting.get(id) == CONFLICT and id not in self._under_way:
                    self._follow(id, self._may_inline, is_inline=True)

    def _account_of(self, user: str) -> Account | None:
        return next((account for account in self.accounts.values() if account.user == user), None)

    def _holder(self, login: str) -> Account | None:
        return next((account for account in self.accounts.values() if account.login == login), None)

    def _login(self, id: str) -> str:
        name: str = self.users[id]["userName"]
        return name.casefold()

    # Groups

    def _follow_cohort(self, id: str) -> None:
        self.waiting.pop(id, None)
        self.cohorts.setdefault(id, Cohort("")).name = self.groups[id]["displayName"]

    def _follow_members(self, id: str) -> None:
        cohort, wanted = self.cohorts[id], self.members[id]
        cohort.members = (cohort.members & wanted) | self._that_can_join(wanted)

    def _that_can_join(self, ids: Collection[str]) -> set[str]:
        """Return those of them that are Groups or have accounts."""
        return {id for id in ids if id in self.groups or self._account_of(id) is not None}

    def _join_cohorts(self, id: str) -> None:
        """Let somebody who has an account now join the cohorts that expect them."""
        for group, members in self.members.items():
            if id in members and group not in self.waiting:
                self.cohorts[group].members.add(id)

    def _leave_cohorts_in_sync(self, id: str) -> None:
        if self.mode == "sync":
            for group, cohort in self.cohorts.items():
                if group not in self.waiting:
                    cohort.members.discard(id)


def _profile(user: dict[str, Any]) -> dict[str, Any]:
    """Return what the LMS learns of a User: everything but ``active``."""
    return {name: value for name, value in user.items() if name != "active"}
