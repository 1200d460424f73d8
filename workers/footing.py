"""Newcomers need nothing loaded, as long as a worker stands on its own last transaction of their tenant.

A new resource asks whether its name is taken, and a new User whether an account that nobody has is theirs. Hardly ever
is that so, and both are known without asking: names and logins are unique keys, so the commit tells; and where no
account was without its User, only a transaction makes one. Whether another one came in between the commit tells, too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from schemas.ids import TenantId
from schemas.messages.commands import Command, CreateResource
from tenants.directory.records import Account, Counters
from tenants.directory.writer import Changes, DirectoryWriter, Need, Snapshot
from tenants.tenant import Tenant

_UNLIKELY = frozenset({"names", "logins", "external_ids", "emails"})
"""What newcomers ask for that hardly ever is there."""


@dataclass(frozen=True, slots=True)
class _Footing:
    """A tenant as our last transaction left it, all of whose accounts had their Users."""

    tenant: Tenant
    counters: Counters


class Footings:
    """What one worker may assume of the tenants that it serves."""

    def __init__(self, directory: DirectoryWriter) -> None:
        """Assume nothing yet."""
        self._directory = directory
        self._footings: dict[TenantId, _Footing] = {}
        self._with_unlinked: set[TenantId] = set()
        """Not to be asked again before an account of theirs has changed."""

    def assumed(self, tenant: TenantId, commands: Iterable[Command], need: Need) -> Snapshot | None:
        """Return what loading would most probably answer, where the commit finds out if not; None: load."""
        footing = self._footings.get(tenant)
        if footing is None or not _is_unlikely(need) or not _are_newcomers(commands):
            return None
        return Snapshot(footing.tenant, footing.counters)

    async def is_firm(self, commands: Iterable[Command], snapshot: Snapshot) -> bool:
        """Tell whether all accounts had their Users as of the snapshot; a commit that follows proves the moment.

        The store is asked only for newcomers none of whom met anybody: after them others are likely, who do neither.

        Raises:
            PortUnavailableError: The store cannot be reached.
        """
        tenant = snapshot.tenant.id
        footing = self._footings.get(tenant)
        if footing is not None and footing.counters.sequence == snapshot.counters.sequence:
            return True
        has_met = bool(snapshot.resources or snapshot.accounts)
        if has_met or tenant in self._with_unlinked or not _are_newcomers(commands):
            return False
        if await self._directory.has_unlinked(tenant):
            self._with_unlinked.add(tenant)
            return False
        return True

    def renew(self, snapshot: Snapshot, changes: Changes, counters: Counters, *, is_firm: bool) -> None:
        """Stand on what was committed, if what it was decided on was firm and it left no account without its User."""
        if changes.accounts_updated or changes.accounts_removed:
            self._with_unlinked.discard(changes.tenant)
        if is_firm and not any(account.is_unlinked for account in _written(changes)):
            self._footings[changes.tenant] = _Footing(snapshot.tenant, counters)
        else:
            self._footings.pop(changes.tenant, None)

    def leave(self, tenant: TenantId) -> bool:
        """Assume nothing of the tenant any more, and tell whether anything was assumed."""
        return self._footings.pop(tenant, None) is not None


def _is_unlikely(need: Need) -> bool:
    return not any(getattr(need, field.name) for field in fields(Need) if field.name not in _UNLIKELY)


def _are_newcomers(commands: Iterable[Command]) -> bool:
    # Inactive Users get no account whose login would have to be free.
    return all(
        isinstance(command, CreateResource) and command.attributes.get("active") is not False for command in commands
    )


def _written(changes: Changes) -> Sequence[Account]:
    return [*changes.accounts_inserted, *changes.accounts_updated]
