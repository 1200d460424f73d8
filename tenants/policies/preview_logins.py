"""Whose login name will be free: who waits for whom, decided for all that is pending together. Pure.

Login names are unique among a tenant's accounts. A User who needs one waits for the pending effect of the account that
has it; where they go round in a ring, the release gives a passing name. Who waits for somebody who stays is blocked,
and so is a ring with two who do not have their accounts yet: neither can be made to move before the other has.
"""

from dataclasses import dataclass, field

from schemas.ids import AccountId, ResourceId


@dataclass(slots=True)
class LoginLines:
    """Lines of Users that wait for login names; holds ids alone, and only of those that wait or make room."""

    _freed: set[AccountId] = field(default_factory=set)
    _waits: dict[ResourceId, AccountId] = field(default_factory=dict)
    _mover: dict[AccountId, ResourceId] = field(default_factory=dict)
    _unlinked: set[ResourceId] = field(default_factory=set)
    """Of those who wait, the ones whose account is to be linked to them only then."""

    def frees(self, account: AccountId) -> None:
        """Note that the account certainly gives up its login name."""
        self._freed.add(account)

    def waits(self, user: ResourceId, account: AccountId | None, holder: AccountId, *, is_linked: bool = True) -> None:
        """Note that a User, who has the account, is to be linked to it or has none, needs the holder's login name."""
        self._waits[user] = holder
        if not is_linked:
            self._unlinked.add(user)
        if account is not None:
            self._mover[account] = user

    def blocked(self) -> set[ResourceId]:
        """Return the Users whose login name will not be free."""
        is_served: dict[ResourceId, bool] = {}
        for user in self._waits:
            self._follow(user, is_served)
        return {user for user, served in is_served.items() if not served}

    def _follow(self, user: ResourceId, is_served: dict[ResourceId, bool]) -> None:
        """Follow the line to its end: somebody decided before, a name that gets free, a ring, or somebody who stays."""
        line: dict[ResourceId, None] = {}
        current: ResourceId | None = user
        served = False
        while current is not None:
            if current in is_served:
                served = is_served[current]
                break
            if current in line:
                ring = list(line)[list(line).index(current) :]
                served = len(self._unlinked.intersection(ring)) < 2  # noqa: PLR2004 - it takes two
                break
            line[current] = None
            holder = self._waits[current]
            if holder in self._freed:
                served = True
                break
            current = self._mover.get(holder)
        is_served.update(dict.fromkeys(line, served))
