"""One tenant of the real product: its provisioning client, its administrator, and workers that die one by one."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, cast

import msgspec

from schemas.ids import CommandId, TenantId, WorkerId
from schemas.messages.commands import Command
from schemas.messages.outcomes import Outcome
from tenants.administration.audit import AuditAdministration, Verified
from tenants.administration.jobs import JobAdministration
from tenants.administration.mode import ModeAdministration
from tenants.administration.tenants import SettingsChange, TenantAdministration
from tenants.jobs.job import Job, JobKind
from tenants.jobs.port import Jobs
from tenants.policies.settings import Policies
from tenants.ports import WorkerPorts
from tenants.registry.port import Registry
from tenants.tenant import Tenant
from tests.laws.buses import Buses, Hands
from tests.laws.fate import Fate, Killed, mortal
from tests.support import builders
from tests.support.lane import CALLER, CATALOG, Lane
from tests.support.office import ADA
from tests.support.stores import Stores, administration_ports
from workers.jobs.settings import JobSettings
from workers.worker import Worker, WorkerSettings

_PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.002
_SETTINGS = WorkerSettings(jobs=JobSettings(look_seconds=0.05, again_seconds=0.01))
_LIFETIME_SECONDS = 3_600.0
"""Of commands: the time that passes at each death must not let them expire, since chance would decide which."""


class World:
    """A tenant, and whoever works for it."""

    def __init__(self, stores: Stores, buses: Buses, tenant: TenantId) -> None:
        """Nothing runs before ``open_world``."""
        self.lane = Lane(stores, tenant)
        # The stores forget receipts by a clock of their own.
        self.lane.now = time.time()
        self.fate = Fate()
        self.sent: list[CommandId] = []
        self.lost: set[CommandId] = set()
        """What was sent on a bus that ended before it told the outcome."""
        self._stores = stores
        self._buses = buses
        self._expected: dict[CommandId, asyncio.Future[Outcome | None]] = {}
        self._worker: Worker | None = None
        self._is_over = False
        ports = administration_ports(stores, buses.notices)
        numbers = count(1)
        self._audit = AuditAdministration(ports, clock=self._clock)
        self._jobs = JobAdministration(ports, clock=self._clock, new_id=lambda: f"{tenant}-j{next(numbers)}")
        self._modes = ModeAdministration(TenantAdministration(ports, clock=self._clock), self._jobs, stores.pending)

    def _clock(self) -> float:
        return self.lane.now

    # The provisioning client

    async def ask(self, commands: Sequence[Command]) -> list[Outcome | None]:
        """Send each command without waiting for the one before; return the outcomes, None for those that got lost."""
        expected = [await self.send(command) for command in commands]
        return [await outcome for outcome in expected]

    async def send(self, command: Command) -> "asyncio.Future[Outcome | None]":
        """Send a command; return its outcome to come."""
        outcome: asyncio.Future[Outcome | None] = asyncio.get_running_loop().create_future()
        self._expected[command.id] = outcome
        self.sent.append(command.id)
        caller = msgspec.structs.replace(CALLER, request_id=command.id)
        deadline = self.lane.now + _LIFETIME_SECONDS
        sent = msgspec.structs.replace(command, caller=caller, deadline=deadline)
        await self._buses.sender.send(self.lane.tenant, [sent])
        return outcome

    # The administrator

    async def change(self, change: SettingsChange) -> Job | None:
        """Change settings; return the release that began with it.

        Raises:
            RefusedError: They are at odds.
        """
        return (await self._modes.change(self.lane.tenant, change, actor=ADA)).release

    async def start(self, kind: JobKind, parameters: Mapping[str, Any]) -> Job:
        """Start a job."""
        return await self._jobs.start(self.lane.tenant, kind, parameters, actor=ADA)

    async def ended(self, job: Job) -> Job:
        """Return the job when it runs no more."""
        return [now async for now in self._jobs.follow(job.tenant, job.id, every_seconds=_LOOK_SECONDS)][-1]

    async def all_ended(self) -> Sequence[Job]:
        """Return all jobs when none runs any more."""
        return [await self.ended(job) for job in await self._jobs.jobs(self.lane.tenant, limit=100)]

    async def verified(self) -> Verified:
        """Follow the audit log's chain."""
        return await self._audit.verify(self.lane.tenant)

    # The workers

    async def live(self) -> None:
        """Let one worker after the other work, each until it dies, the last one until it is told to stop."""
        for number in count(1):
            is_stopped = False
            async with self._buses.worker(f"w{number}") as hands:
                self.fate.begin_life()
                self.fate.tell_only = hands.tell_only
                self._worker = Worker(
                    WorkerId(f"w{number}"), self._ports(hands), catalog=CATALOG, settings=_SETTINGS, clock=self._clock
                )
                if self._is_over:
                    # The one before died of its last call when all was done.
                    self._worker.stop()
                try:
                    await self._worker.run()
                    is_stopped = True
                except* Killed:
                    # Its jobs are another's when this has passed.
                    self.lane.now += _SETTINGS.jobs.lease_seconds + 1
            if is_stopped:
                return
            if self.fate.takes_bus:
                self._lose_bus()

    def _ports(self, hands: Hands) -> WorkerPorts:
        stores, tenant = self._stores, self.lane.tenant
        return WorkerPorts(
            registry=mortal(cast("Registry", _OneTenant(stores.registry, tenant)), self.fate),
            directory=mortal(stores.writer, self.fate),
            lanes=mortal(hands.lanes, self.fate),
            notices=mortal(hands.notices, self.fate),
            jobs=mortal(cast("Jobs", _JobsOfOneTenant(stores.jobs, tenant)), self.fate),
            pending=mortal(stores.pending, self.fate),
            accounts=mortal(stores.accounts, self.fate),
            reader=mortal(stores.directory, self.fate),
            sender=mortal(hands.sender, self.fate),
        )

    def stop(self) -> None:
        """Let the last worker finish."""
        self._is_over = True
        if self._worker is not None:
            self._worker.stop()

    async def hear(self) -> None:
        """Hand out outcomes, whichever bus they come by, until cancelled."""
        while True:
            async for outcomes in self._buses.sender.outcomes():
                for outcome in outcomes:
                    expected = self._expected.get(outcome.command)
                    # It may be told twice.
                    if expected is not None and not expected.done():
                        expected.set_result(outcome)

    def _lose_bus(self) -> None:
        self._buses.lose()
        for id, expected in self._expected.items():
            if not expected.done():
                self.lost.add(id)
                expected.set_result(None)


class _OneTenant:
    """A registry in which a worker finds this tenant alone: those of other histories are not its matter."""

    def __init__(self, registry: Registry, tenant: TenantId) -> None:
        self._registry = registry
        self._tenant = tenant

    def __getattr__(self, name: str) -> Any:
        return getattr(self._registry, name)

    async def tenants(self) -> Sequence[Tenant]:
        found = await self._registry.tenant(self._tenant)
        return [found] if found is not None else []


class _JobsOfOneTenant:
    """Jobs among which a worker finds this tenant's alone."""

    def __init__(self, jobs: Jobs, tenant: TenantId) -> None:
        self._jobs = jobs
        self._tenant = tenant

    def __getattr__(self, name: str) -> Any:
        return getattr(self._jobs, name)

    async def running(self) -> Sequence[Job]:
        return [job for job in await self._jobs.running() if job.tenant == self._tenant]


@asynccontextmanager
async def open_world(stores: Stores, buses: Buses, tenant: TenantId) -> AsyncIterator[World]:
    """Make the tenant, in dry-run and without a guard, and let a worker live."""
    await stores.registry.add_tenant(builders.tenant(tenant, policies=Policies(has_guard=False)))
    world = World(stores, buses, tenant)
    async with asyncio.timeout(_PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
        living, hearing = tasks.create_task(world.live()), tasks.create_task(world.hear())
        yield world
        world.stop()
        await living
        hearing.cancel()
        await world.fate.carry_out_belated()
