"""The guard: how much deprovisioning may reach the LMS within an hour before an administrator has looked at it.

It counts accounts that are disabled or erased and members that leave cohorts, by the identity provider's word alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tenants.policies.settings import Policies

WINDOW_MINUTES = 60
_AT_LEAST = 20
"""Protects small tenants from false alarms."""
_SHARE = 10
"""One in so many of the managed accounts."""

Leaves = tuple[tuple[int, int], ...]
"""(minute since 1970, how many left in it), the oldest first."""


def limit_of(policies: Policies, managed_accounts: int, leaves: Leaves) -> int | None:
    """Return how many may leave within the window; None where the guard is off.

    Args:
        policies: The tenant's choices.
        managed_accounts: How many there are now.
        leaves: Who left within the window: they were managed when it began.
    """
    if not policies.has_guard:
        return None
    if policies.guard_limit is not None:
        return policies.guard_limit
    return max(_AT_LEAST, (managed_accounts + sum(count for _, count in leaves)) // _SHARE)


@dataclass(slots=True)
class Guard:
    """The guard's count during one batch."""

    limit: int | None
    leaves: Leaves
    """Within the window."""
    minute: int
    admitted: int = 0
    held: int = 0
    _used: int = field(init=False)

    def __post_init__(self) -> None:
        """Count what left already."""
        self._used = sum(count for _, count in self.leaves)

    def admit(self, count: int = 1) -> bool:
        """Tell whether so many more may leave now, all of them or none; those that may are counted."""
        if self.limit is not None and self._used + count > self.limit:
            self.held += count
            return False
        self._used += count
        self.admitted += count
        return True

    def leaves_after(self) -> Leaves:
        """Return the window with what this batch admitted."""
        if not self.admitted:
            return self.leaves
        *older, last = self.leaves or ((self.minute, 0),)
        if last[0] == self.minute:
            return (*older, (self.minute, last[1] + self.admitted))
        return (*self.leaves, (self.minute, self.admitted))


def within_window(leaves: Sequence[tuple[int, int]], minute: int) -> Leaves:
    """Return what left within the window that ends now."""
    return tuple((at, count) for at, count in leaves if at > minute - WINDOW_MINUTES)
