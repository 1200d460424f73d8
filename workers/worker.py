"""A worker: stands in line for every lane, carries out what comes, reports its share, hands lanes over."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import structlog

from schemas.ids import TenantId, WorkerId
from schemas.messages.commands import Command
from schemas.messages.notices import JobChanged, TenantChanged, WorkerReported
from schemas.scim.definitions.catalog import Catalog
from tenants.bus.port import Delivery
from tenants.errors import PortUnavailableError
from tenants.ports import WorkerPorts
from workers.balance import WorkerReports, excess_lanes
from workers.execution import Execution
from workers.jobs.driver import JobDriver
from workers.jobs.settings import JobSettings
from workers.token_round import TokenRound

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What an operator may tune."""

    batch_size: int = 64
    """How many commands of one lane go into one transaction at most."""
    lanes_at_once: int = 16
    """How many lanes are served at the same time."""
    report_seconds: float = 2.0
    """How often the share of work is reported and balanced."""
    poll_seconds: float = 5.0
    """How often the registry is asked for tenants that no notice told of."""
    token_seconds: float = 300.0
    """How often tokens that end soon, or have ended, are looked for."""
    jobs: JobSettings = field(default_factory=JobSettings)


class Worker:
    """One of any number of workers."""

    def __init__(
        self,
        id: WorkerId,
        ports: WorkerPorts,
        *,
        catalog: Catalog,
        settings: WorkerSettings,
        clock: Callable[[], float],
    ) -> None:
        """Nothing runs before ``run``."""
        self._id = id
        self._ports = ports
        self._settings = settings
        self._clock = clock
        self._execution = Execution(ports.directory, catalog=catalog, clock=clock)
        self._token_round = TokenRound(ports.registry, clock=clock)
        self._jobs = JobDriver(id, ports, settings=settings.jobs, clock=clock)
        self._reports = WorkerReports(id, lifetime_seconds=3 * settings.report_seconds)
        self._busy: dict[TenantId, int] = {}
        self._subscribed: set[TenantId] = set()
        self._stopping = asyncio.Event()
        self._waiting: set[asyncio.Timeout] = set()
        """The patience of each server that has nothing in hand; a stop ends it."""

    async def run(self) -> None:
        """Work until ``stop``; what is in hand then is finished and settled."""
        with suppress(PortUnavailableError):
            await self._subscribe_all()
        async with asyncio.TaskGroup() as tasks:
            background = [
                tasks.create_task(self._poll_tenants()),
                tasks.create_task(self._listen()),
                tasks.create_task(self._report_and_balance()),
                tasks.create_task(self._token_round.run(every_seconds=self._settings.token_seconds)),
                tasks.create_task(self._jobs.run()),
            ]
            servers = [tasks.create_task(self._serve()) for _ in range(self._settings.lanes_at_once)]
            await self._stopping.wait()
            await asyncio.gather(*servers)
            for task in background:
                task.cancel()
        await self._ports.notices.publish(WorkerReported(self._id, (), 0, leaving=True))

    def stop(self) -> None:
        """Take no more, finish what is in hand."""
        self._stopping.set()
        while self._waiting:
            self._waiting.pop().reschedule(0)

    # Serving lanes

    async def _serve(self) -> None:
        while not self._stopping.is_set():
            deliveries = await self._take()
            if deliveries:
                await self._handle(deliveries)

    async def _take(self) -> Sequence[Delivery]:
        """Wait for work, or for the stop."""
        patience = asyncio.timeout(None)
        try:
            async with patience:
                self._waiting.add(patience)
                return await self._ports.lanes.take(limit=self._settings.batch_size)
        except TimeoutError:
            if not patience.expired():
                raise
            return ()
        finally:
            self._waiting.discard(patience)

    async def _handle(self, deliveries: Sequence[Delivery]) -> None:
        tenant = deliveries[0].tenant
        commands = [command for delivery in deliveries for command in delivery.commands]
        self._busy[tenant] = self._busy.get(tenant, 0) + len(commands)
        may_repeat = any(delivery.redelivered for delivery in deliveries)
        result = await self._execution.execute(tenant, commands, may_repeat=may_repeat)
        try:
            for command, reason in result.failed:
                await self._park(deliveries, command, reason)
            await self._ports.lanes.settle(deliveries, result.outcomes)
        except PortUnavailableError as error:
            log.warning("Outcomes could not be reported, the deliveries come again", tenant=tenant, cause=str(error))
            await self._ports.lanes.give_back(deliveries)

    async def _park(self, deliveries: Sequence[Delivery], command: Command, reason: str) -> None:
        source = next(delivery for delivery in deliveries if command in delivery.commands)
        log.error("Command was parked", tenant=source.tenant, command_id=command.id, reason=reason)
        await self._ports.lanes.park(replace(source, commands=(command,)), reason)

    # Standing in line

    async def _poll_tenants(self) -> None:
        while True:
            await asyncio.sleep(self._settings.poll_seconds)
            try:
                await self._subscribe_all()
            except PortUnavailableError as error:
                log.warning("Tenants could not be read", cause=str(error))

    async def _subscribe_all(self) -> None:
        tenants = await self._ports.registry.tenants()
        await asyncio.gather(*(self._subscribe(tenant.id) for tenant in tenants))

    async def _subscribe(self, tenant: TenantId) -> None:
        if tenant not in self._subscribed:
            self._subscribed.add(tenant)
            await self._ports.lanes.subscribe(tenant)

    async def _listen(self) -> None:
        async for notice in self._ports.notices.subscribe():
            match notice:
                case TenantChanged(tenant):
                    with suppress(PortUnavailableError):
                        # It may be another deployment's, on the same broker: that one's workers know it.
                        if tenant not in self._subscribed and await self._ports.registry.tenant(tenant) is not None:
                            await self._subscribe(tenant)
                case JobChanged():
                    self._jobs.wake()
                case WorkerReported():
                    self._reports.hear(notice, now=self._clock())
                case _:
                    continue

    # Sharing the work

    async def _report_and_balance(self) -> None:
        while True:
            await asyncio.sleep(self._settings.report_seconds)
            busy, self._busy = self._busy, {}
            lanes = tuple(sorted(busy, key=lambda tenant: -busy[tenant]))
            report = WorkerReported(self._id, lanes, sum(busy.values()))
            await self._ports.notices.publish(report)
            log.debug("Share was reported", worker=self._id, busy_lanes=len(lanes), executed=report.executed)
            for tenant in excess_lanes(lanes, self._reports.current(now=self._clock())):
                await self._hand_over(tenant)

    async def _hand_over(self, tenant: TenantId) -> None:
        """Leave the lane's line and stand at its end."""
        log.info("Lane was handed over", tenant=tenant)
        with suppress(PortUnavailableError):
            await self._ports.lanes.unsubscribe(tenant)
            await self._ports.lanes.subscribe(tenant)
