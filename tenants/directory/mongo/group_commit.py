"""Group commit: what several tenants decide in one burst, or while transactions are under way, goes together.

Most tenants bring a command at a time, and a transaction costs much more than what is in it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.ids import TenantId
from tenants.bursts import Burst
from tenants.directory.mongo.commit import commit
from tenants.directory.records import Counters
from tenants.directory.writer import Changes
from tenants.errors import PortUnavailableError
from tenants.mongo import MongoStore

_TRANSACTIONS = 2
"""Under way at once: while one waits for the server, the next is made."""
_LARGEST = 64
"""How many documents about resources and memberships go together; who brings more goes alone, and at once."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A tenant's changes that are not on their way yet, and what they will come to."""

    changes: Changes
    counters: "asyncio.Future[Counters]"


class GroupCommit:
    """Commits changes of many tenants in few transactions; none of them ever fails because of another one."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self._waiting: list[_Waiting] = []
        self._under_way = 0
        self._burst = Burst(lambda: len(self._waiting), self._start, enough=_LARGEST)
        self._groups: set[asyncio.Task[None]] = set()

    async def commit(self, changes: Changes) -> Counters:
        """Return the counters once the changes are durable. When the caller is cancelled, the commit goes on.

        Raises:
            LaneLostError: The sequence, the revision or the audit log has moved on; nothing was kept.
            DuplicateError: A name, login or command id is taken; nothing was kept.
            PortUnavailableError: The store cannot be reached; whether it was kept is told by the receipts.
        """
        if _is_large(changes):
            # It may take seconds: those who bring little neither wait for it nor share its fate.
            (counters,) = await self._store.run(lambda database: commit(database, [changes]))
            return counters
        waiting = _Waiting(changes, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._start_soon()
        return await waiting.counters

    def _start_soon(self) -> None:
        if self._waiting and self._under_way < _TRANSACTIONS:
            self._burst.await_end()

    def _start(self) -> None:
        while self._waiting and self._under_way < _TRANSACTIONS:
            self._under_way += 1
            task = asyncio.get_running_loop().create_task(self._carry_out(self._next_group()))
            self._groups.add(task)
            task.add_done_callback(self._groups.discard)

    def _next_group(self) -> list[_Waiting]:
        """Take who goes together: in order, each tenant once."""
        group: dict[TenantId, _Waiting] = {}
        size = 0
        left: list[_Waiting] = []
        for waiting in self._waiting:
            more = _size(waiting.changes)
            if waiting.changes.tenant in group or (group and size + more > _LARGEST):
                left.append(waiting)
            else:
                group[waiting.changes.tenant] = waiting
                size += more
        self._waiting = left
        return list(group.values())

    async def _carry_out(self, group: Sequence[_Waiting]) -> None:
        outcome = await self._outcome([waiting.changes for waiting in group])
        if isinstance(outcome, PortUnavailableError):
            # Perhaps all of it was kept: the receipts tell, which whoever tries again asks for.
            for waiting in group:
                _settle(waiting, PortUnavailableError(*outcome.args))
        elif isinstance(outcome, BaseException) and len(group) == 1:
            _settle(group[0], outcome)
        elif isinstance(outcome, BaseException):
            # Nothing was kept, since one of them was refused. Which one, and why, shows when each goes alone: at the
            # same time, for a server that has gone meanwhile would else keep the last waiting for all before it.
            await asyncio.gather(*map(self._carry_out_alone, group))
        else:
            for waiting, counters in zip(group, outcome, strict=True):
                _settle(waiting, counters)
        self._under_way -= 1
        self._start_soon()

    async def _carry_out_alone(self, waiting: _Waiting) -> None:
        outcome = await self._outcome([waiting.changes])
        _settle(waiting, outcome if isinstance(outcome, BaseException) else outcome[0])

    async def _outcome(self, batch: Sequence[Changes]) -> Sequence[Counters] | BaseException:
        (outcome,) = await asyncio.gather(
            self._store.run(lambda database: commit(database, batch)), return_exceptions=True
        )
        return outcome


def _settle(waiting: _Waiting, outcome: Counters | BaseException) -> None:
    if waiting.counters.done():
        # Nobody waits for it any more.
        return
    if isinstance(outcome, BaseException):
        waiting.counters.set_exception(outcome)
    else:
        waiting.counters.set_result(outcome)


def _is_large(changes: Changes) -> bool:
    # How many memberships go with a Group that is cleared, only the server knows.
    return bool(changes.groups_cleared) or _size(changes) > _LARGEST


def _size(changes: Changes) -> int:
    return sum(
        map(
            len,
            (
                changes.inserted,
                changes.updated,
                changes.removed,
                changes.edges_put,
                changes.edges_removed,
                changes.accounts_updated,
                changes.accounts_removed,
            ),
        )
    )
