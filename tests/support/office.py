"""An office over one SQLite database in memory: two tenants, Ada who administers them, and real workers on a bus."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from schemas.ids import PlanId, ResourceId, WorkerId
from schemas.messages.commands import Command
from schemas.messages.outcomes import Applied
from tenants.administration.actor import Actor
from tenants.administration.jobs import JobAdministration
from tenants.administration.mode import ModeAdministration, Switched
from tenants.administration.tenants import SettingsChange, TenantAdministration
from tenants.bus.inprocess import InProcessBus, open_inprocess
from tenants.jobs.job import Job, JobKind, JobState
from tenants.policies.settings import OperationMode, Policies
from tenants.ports import WorkerPorts
from tests.support.lane import CATALOG, Lane, open_lanes
from tests.support.stores import Stores, administration_ports
from workers.jobs.settings import JobSettings
from workers.worker import Worker, WorkerSettings

ADA = Actor("operator:ada", address="192.0.2.1")
DRY_RUN, SYNC = OperationMode.DRY_RUN, OperationMode.SYNC
PATIENCE_SECONDS = 60.0
_AT_ONCE = 100
_SETTINGS = WorkerSettings(report_seconds=0.05, poll_seconds=0.05, jobs=JobSettings(look_seconds=0.02))


@dataclass(frozen=True, slots=True)
class Office:
    """The use cases, and the lanes of the tenants acme and globex."""

    acme: Lane
    globex: Lane
    bus: InProcessBus
    jobs: JobAdministration
    modes: ModeAdministration

    @property
    def stores(self) -> Stores:
        """The store that all of them work on."""
        return self.acme.stores

    def worker_ports(self) -> WorkerPorts:
        """Return the ports of a worker more."""
        stores = self.stores
        return WorkerPorts(
            registry=stores.registry,
            directory=stores.writer,
            lanes=self.bus.reader(),
            notices=self.bus.notices(),
            jobs=stores.jobs,
            pending=stores.pending,
            accounts=stores.accounts,
            reader=stores.directory,
            sender=self.bus.sender(),
        )

    @asynccontextmanager
    async def working(
        self, name: str = "w1", *, change: Callable[[WorkerPorts], WorkerPorts] = lambda ports: ports
    ) -> AsyncIterator[None]:
        """Run a worker meanwhile; on leaving it has finished what was in hand, and its place in the lines is given up.

        ``change`` may put others in its ports' places.
        """
        reader = self.bus.reader()
        ports = change(replace(self.worker_ports(), lanes=reader))
        worker = Worker(WorkerId(name), ports, catalog=CATALOG, settings=_SETTINGS, clock=time.time)
        async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
            tasks.create_task(worker.run())
            yield
            worker.stop()
        await reader.aclose()

    async def start(self, kind: JobKind, parameters: Mapping[str, Any] | None = None) -> Job:
        """Start a job of acme's."""
        return await self.jobs.start("acme", kind, parameters or {}, actor=ADA)

    async def switch(self, name: str, mode: OperationMode, *, plan: PlanId | None = None) -> Switched:
        """Have the tenant go to the mode, by a confirmed plan or by none."""
        return await self.modes.change(name, SettingsChange(mode=mode), plan=plan, actor=ADA)

    async def ended(self, job: Job) -> Job:
        """Return the job when it runs no more."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return [now async for now in self.jobs.follow(job.tenant, job.id, every_seconds=0.01)][-1]

    async def done(self, kind: JobKind, parameters: Mapping[str, Any] | None = None) -> Job:
        """Start a job of acme's, which has to come to its end."""
        job = await self.ended(await self.start(kind, parameters))
        assert job.state is JobState.DONE, job
        return job


@asynccontextmanager
async def open_office(*, mode: OperationMode) -> AsyncIterator[Office]:
    """Open the office of two tenants in the mode."""
    async with open_lanes("acme", "globex", policies=Policies(mode=mode)) as (acme, globex), open_inprocess() as bus:
        yield office_over(acme, globex, bus)


def office_over(acme: Lane, globex: Lane, bus: InProcessBus) -> Office:
    """Return the office over the store of the two lanes."""
    numbers = count(1)
    # Workers live in the present.
    acme.now = globex.now = time.time()
    stores = acme.stores
    ports = administration_ports(stores, bus.notices())
    jobs = JobAdministration(ports, clock=time.time, new_id=lambda: f"j{next(numbers)}")
    modes = ModeAdministration(TenantAdministration(ports, clock=time.time), jobs, stores.pending)
    return Office(acme, globex, bus, jobs, modes)


async def carry_out(lane: Lane, commands: Sequence[Command]) -> list[ResourceId]:
    """Carry out commands that have to succeed, many at once; return whom they are about."""
    found: list[ResourceId] = []
    for start in range(0, len(commands), _AT_ONCE):
        for outcome in await lane.run(*commands[start : start + _AT_ONCE]):
            assert isinstance(outcome, Applied), outcome
            found.append(outcome.resource_id)
    return found


async def make_people(lane: Lane, count: int, *, name: str = "user") -> list[ResourceId]:
    """Make so many Users, and return their ids."""
    return await carry_out(
        lane, [lane.create(userName=f"{name}{number}", externalId=f"e-{name}{number}") for number in range(count)]
    )


async def make_group(lane: Lane, name: str, members: Sequence[ResourceId]) -> ResourceId:
    """Make a Group with these members, and return its id."""
    return (
        await lane.made(lane.create("Group", displayName=name, members=[{"value": id} for id in members]))
    ).resource_id
