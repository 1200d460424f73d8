"""Executing a batch: load, decide, commit; again when another transaction came first; one by one when it fails."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from schemas.ids import TenantId
from schemas.messages.commands import Command
from schemas.messages.outcomes import Abandoned, Outcome
from schemas.scim.definitions.catalog import Catalog
from schemas.timestamps import timestamp
from tenants.directory.writer import DirectoryWriter, Need, Snapshot
from tenants.errors import DuplicateError, LaneLostError, PortUnavailableError, UnknownTenantError
from workers.decision import Decision, decide
from workers.facts import MissingFactsError, needs_of, united
from workers.footing import Footings
from workers.workspace import Moment

log = structlog.get_logger(__name__)

_FIRST_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 1.0
_DUPLICATES_AT_MOST = 5
"""More in a row are a fault: what was loaded anew would have told of the other one. The batch is then taken apart."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a batch."""

    outcomes: tuple[Outcome, ...]
    failed: tuple[tuple[Command, str], ...] = ()
    """Commands that cannot be carried out because of a fault of ours, with its name; to be parked."""


class Execution:
    """Carries out batches of one tenant at a time."""

    def __init__(self, directory: DirectoryWriter, *, catalog: Catalog, clock: Callable[[], float]) -> None:
        """Keep what every batch needs."""
        self._directory = directory
        self._footings = Footings(directory)
        self._catalog = catalog
        self._clock = clock

    async def execute(self, tenant: TenantId, commands: Sequence[Command], *, may_repeat: bool) -> Result:
        """Carry out the commands in one transaction and return their outcomes, durable.

        A store that cannot be reached is waited for until the commands' deadlines have passed.

        Args:
            tenant: Whose commands they are.
            commands: In the order of the lane.
            may_repeat: Whether some may have been carried out before.
        """
        try:
            return Result(await self._attempts(tenant, commands, may_repeat=may_repeat))
        except UnknownTenantError:
            return Result(tuple(Abandoned(command.id, "there is no such tenant") for command in commands))
        except Exception as error:
            if len(commands) == 1:
                log.exception("Command failed", tenant=tenant, command_id=commands[0].id)
                abandoned = Abandoned(commands[0].id, "it failed and was parked", is_parked=True)
                return Result((abandoned,), ((commands[0], type(error).__name__),))
            log.exception("Batch failed, its commands are carried out one by one", tenant=tenant, size=len(commands))
        return await self._one_by_one(tenant, commands)

    async def _one_by_one(self, tenant: TenantId, commands: Sequence[Command]) -> Result:
        """One bad command never fails its neighbours."""
        results = [await self.execute(tenant, [command], may_repeat=True) for command in commands]
        return Result(
            tuple(outcome for result in results for outcome in result.outcomes),
            tuple(failure for result in results for failure in result.failed),
        )

    async def _attempts(
        self, tenant: TenantId, commands: Sequence[Command], *, may_repeat: bool
    ) -> tuple[Outcome, ...]:
        need = needs_of(commands)
        receipts = Need(receipts=frozenset(command.id for command in commands))
        if may_repeat:
            need = united(need, receipts)
        pause = _FIRST_PAUSE_SECONDS
        duplicates = 0
        while True:
            try:
                return await self._attempt(tenant, commands, need)
            except DuplicateError:
                duplicates += 1
                if duplicates > _DUPLICATES_AT_MOST:
                    raise
                log.info("Batch is decided again", tenant=tenant, cause="a unique key is taken")
            except (LaneLostError, PortUnavailableError) as error:
                # Another transaction came first, or there is no store: again, until nobody waits for it any more.
                log.info("Batch is tried again", tenant=tenant, cause=type(error).__name__, detail=str(error))
                if all(command.deadline <= self._clock() for command in commands):
                    return tuple(Abandoned(command.id, "it could not be stored in time") for command in commands)
            need = united(need, receipts)
            if self._footings.leave(tenant):
                # Perhaps only what was assumed is wrong.
                continue
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _attempt(self, tenant: TenantId, commands: Sequence[Command], need: Need) -> tuple[Outcome, ...]:
        snapshot, decision = await self._decide(tenant, commands, need)
        if decision.changes is not None:
            is_firm = await self._footings.is_firm(commands, snapshot)
            counters = await self._directory.commit(decision.changes)
            self._footings.renew(snapshot, decision.changes, counters, is_firm=is_firm)
        return decision.outcomes

    async def _decide(self, tenant: TenantId, commands: Sequence[Command], need: Need) -> tuple[Snapshot, Decision]:
        while True:
            snapshot = self._footings.assumed(tenant, commands, need) or await self._directory.load(tenant, need)
            try:
                return snapshot, decide(commands, snapshot, need, catalog=self._catalog, moment=self._moment())
            except MissingFactsError as missing:
                need = united(need, missing.need)

    def _moment(self) -> Moment:
        now = self._clock()
        return Moment(timestamp(now), now)
