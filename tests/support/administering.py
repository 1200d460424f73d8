"""Administration of tenants over a store in memory: use cases, and a real worker that carries out their jobs."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

from schemas.ids import TenantId, WorkerId
from tenants.administration.actor import Actor
from tenants.administration.drift import DriftAdministration
from tenants.administration.jobs import JobAdministration
from tenants.administration.mode import ModeAdministration
from tenants.administration.parked import ParkedAdministration
from tenants.administration.rehearsal import SettingsAdministration
from tenants.administration.tenants import TenantAdministration
from tenants.bus.inprocess import InProcessBus, open_inprocess
from tenants.directory.writer import Need
from tenants.jobs.job import Job
from tenants.policies.settings import Policies
from tenants.ports import AdministrationPorts, WorkerPorts
from tests.support import builders
from tests.support.lane import CATALOG, Lane, open_lanes
from tests.support.stores import Stores, administration_ports
from workers.jobs.settings import JobSettings
from workers.worker import Worker, WorkerSettings

ADA = Actor("operator:ada", address="192.0.2.1")
_PATIENCE_SECONDS = 60.0
_SETTINGS = WorkerSettings(report_seconds=0.05, poll_seconds=0.05, jobs=JobSettings(look_seconds=0.02))


@dataclass(frozen=True, slots=True)
class Office:
    """The use cases over one store, with the tenants' lanes."""

    lanes: list[Lane]
    bus: InProcessBus
    ports: AdministrationPorts
    jobs: JobAdministration
    tenants: TenantAdministration
    settings: SettingsAdministration
    drift: DriftAdministration
    parked: ParkedAdministration

    @property
    def stores(self) -> Stores:
        """The store that all of them work on."""
        return self.lanes[0].stores

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Run a worker meanwhile."""
        stores, reader = self.stores, self.bus.reader()
        ports = WorkerPorts(
            registry=stores.registry,
            directory=stores.writer,
            lanes=reader,
            notices=self.bus.notices(),
            jobs=stores.jobs,
            pending=stores.pending,
            accounts=stores.accounts,
            reader=stores.directory,
            sender=self.bus.sender(),
        )
        worker = Worker(WorkerId("w1"), ports, catalog=CATALOG, settings=_SETTINGS, clock=time.time)
        async with asyncio.timeout(_PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
            tasks.create_task(worker.run())
            yield
            worker.stop()
        await reader.aclose()

    async def ended(self, job: Job) -> Job:
        """Return the job when it runs no more."""
        return [seen async for seen in self.jobs.follow(job.tenant, job.id, every_seconds=0.02)][-1]

    async def disturb(self, tenant: TenantId, content: builders.Content) -> None:
        """Write what no command writes: the LMS side as a fault, or a restored backup, leaves it."""
        snapshot = await self.stores.writer.load(tenant, Need())
        await self.stores.writer.commit(builders.changes(snapshot, content))


@asynccontextmanager
async def open_office(*names: str, policies: Policies) -> AsyncIterator[Office]:
    """Open the use cases over one SQLite database in memory with a tenant for each name."""
    numbers = count(1)
    async with open_lanes(*names, policies=policies) as lanes, open_inprocess() as bus:
        stores = lanes[0].stores
        ports = administration_ports(stores, bus.notices())
        tenants = TenantAdministration(ports, clock=time.time)
        jobs = JobAdministration(ports, clock=time.time, new_id=lambda: f"j{next(numbers)}")
        modes = ModeAdministration(tenants, jobs, stores.pending)
        yield Office(
            lanes=lanes,
            bus=bus,
            ports=ports,
            jobs=jobs,
            tenants=tenants,
            settings=SettingsAdministration(ports, tenants, modes, jobs),
            drift=DriftAdministration(ports, stores.writer, jobs),
            parked=ParkedAdministration(ports, bus.parked_lane(), clock=time.time),
        )
