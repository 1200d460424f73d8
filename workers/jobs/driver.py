"""The driver: finds running jobs, claims them, and takes each to its end, step by step.

A step is written down before it is sent and counted after its outcome is known, under a number of its own that is part
of the command's id. Whoever takes over after a death, at whatever point, sends the same command again: it is carried
out if it had not been, or answered by its receipt.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog

from schemas.ids import WorkerId
from schemas.messages.administration import AdministrationCommand
from schemas.messages.outcomes import Abandoned, Outcome
from schemas.scim.errors import InvalidFilterError
from schemas.timestamps import timestamp
from tenants.errors import PortUnavailableError
from tenants.jobs.found import is_by_filter
from tenants.jobs.job import Job, JobState
from tenants.ports import WorkerPorts
from workers.jobs.asking import Asking
from workers.jobs.choice import JobKey, claimable, key_of
from workers.jobs.finding import Finding
from workers.jobs.place import place_of
from workers.jobs.planning import (
    Part,
    begun,
    chosen_part,
    concluded,
    is_about_all_pending,
    is_planned,
    planned,
    round_ended,
    size_of,
    stage_of,
)
from workers.jobs.reading import Reading
from workers.jobs.settings import JobSettings
from workers.jobs.stages import Source, Stage, command_of

log = structlog.get_logger(__name__)

_GIVE_UP_SECONDS = 2.0


class JobDriver:
    """One worker's hand on the jobs of all tenants."""

    def __init__(
        self, worker: WorkerId, ports: WorkerPorts, *, settings: JobSettings, clock: Callable[[], float]
    ) -> None:
        """Nothing runs before ``run``."""
        self._worker = worker
        self._jobs = ports.jobs
        self._settings = settings
        self._clock = clock
        self._asking = Asking(ports.sender, clock=clock)
        self._reading = Reading(ports.pending, ports.accounts)
        self._finding = Finding(ports.registry, ports.reader)
        self._driven: dict[JobKey, Job] = {}
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """Look for jobs at once."""
        self._awake.set()

    async def run(self) -> None:
        """Drive jobs until cancelled; those under way are then another worker's at once."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._asking.receive())
                while True:
                    await self._look(tasks)
                    await self._rest()
        finally:
            await self._give_up()

    async def _look(self, tasks: asyncio.TaskGroup) -> None:
        try:
            running = await self._jobs.running()
            now = self._clock()
            for job in claimable(running, self._driven, self._worker, now=now, settings=self._settings):
                claimed = await self._claim(job)
                if claimed is not None:
                    self._driven[key_of(job)] = claimed
                    tasks.create_task(self._drive(claimed))
        except PortUnavailableError as error:
            log.warning("Jobs could not be looked for", cause=str(error))

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.look_seconds):
                await self._awake.wait()
        self._awake.clear()

    async def _claim(self, job: Job) -> Job | None:
        now = self._clock()
        until = now + self._settings.lease_seconds
        return await self._jobs.claim(job.tenant, job.id, driver=self._worker, now=now, until=until)

    async def _give_up(self) -> None:
        """Let others take over what was under way, without waiting for the lease's end."""
        with suppress(PortUnavailableError, TimeoutError):
            async with asyncio.timeout(_GIVE_UP_SECONDS):
                for job in self._driven.values():
                    now = self._clock()
                    await self._jobs.claim(job.tenant, job.id, driver=self._worker, now=now, until=now)

    # One job

    async def _drive(self, job: Job) -> None:
        names = {"tenant": job.tenant, "job": job.id, "kind": job.kind.value}
        log.info("Job is driven", step=job.step, **names)
        try:
            last = await self._to_its_end(job)
        except PortUnavailableError as error:
            log.warning("Job could not go on, it is tried again", cause=str(error), **names)
        except Exception as error:
            log.exception("Job failed and is paused", **names)
            await self._pause(job, error)
        else:
            log.info("Job has come to rest", state=last.state.value, done=last.done, failed=last.failed, **names)
            self.wake()
        # Not when cancelled: then it is given up.
        del self._driven[key_of(job)]

    async def _to_its_end(self, job: Job) -> Job:
        """Return the job when it is not ours any more, or not running."""
        while job.state is JobState.RUNNING:
            after = await self._while_ours(job, self._step(job))
            if after is None:
                return await self._jobs.job(job.tenant, job.id) or job
            job = after
        return job

    async def _while_ours(self, job: Job, work: Coroutine[Any, Any, Job | None]) -> Job | None:
        """Return what the work comes to, and stay the driver meanwhile; None once the job is not ours any more."""
        working = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait((working,), timeout=self._settings.lease_seconds / 3))[0]:
                if await self._claim(job) is None:
                    return None
            return await working
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    async def _step(self, job: Job) -> Job | None:
        """Carry out the planned step and plan the next one; None where the job is not ours any more."""
        after = job
        if is_planned(job):
            outcome = await self._outcome(job)
            if outcome is None:
                return None
            after = concluded(job, outcome)
        try:
            after = await self._planned(after)
        except InvalidFilterError as error:
            reason = f"its filter cannot be answered any more: {error.kept}"
            after = replace(after, state=JobState.PAUSED, reason=reason)
        after = self._stamped(after, job.step + 1)
        return after if await self._jobs.advance(after) else None

    async def _planned(self, job: Job) -> Job:
        """Return the job with its next step, or come to its end."""
        if not job.place:
            counts = await self._reading.counts(job.tenant) if is_about_all_pending(job) else {}
            found = await self._finding.count(job) if is_by_filter(job.parameters) else 0
            job = begun(job, counts, found=found)
        while job.state is JobState.RUNNING:
            stage = stage_of(job)
            if stage is None:
                job = round_ended(job)
                continue
            part = chosen_part(job, stage) or await self._part(job, stage)
            job = planned(job, part)
            if part.next:
                return job
        return job

    async def _part(self, job: Job, stage: Stage) -> Part:
        after, size = place_of(job).after, size_of(job, stage)
        if stage.source is Source.FOUND:
            return await self._finding.part(job, after=after, limit=size)
        return await self._reading.part(job.tenant, stage.source, after=after, limit=size)

    def _stamped(self, job: Job, step: int) -> Job:
        now = self._clock()
        return replace(
            job,
            step=step,
            driver=self._worker,
            driven_until=now + self._settings.lease_seconds,
            updated=timestamp(now),
            ended=timestamp(now) if job.state in {JobState.DONE, JobState.STOPPED} else "",
        )

    async def _outcome(self, job: Job) -> Outcome | None:
        """Return what became of the planned step, however often it has to be sent; None when the job is lost."""
        while True:
            command = command_of(job, deadline=self._clock() + self._settings.deadline_seconds)
            outcome = await self._asked(job, command)
            if outcome is not None and not (isinstance(outcome, Abandoned) and not outcome.is_parked):
                return outcome
            if await self._claim(job) is None:
                return None
            log.info("Step is sent again", tenant=job.tenant, job=job.id, step=job.step)
            await asyncio.sleep(self._settings.again_seconds)

    async def _asked(self, job: Job, command: AdministrationCommand) -> Outcome | None:
        """Ask; None where there is no outcome."""
        try:
            return await self._asking.ask(command, grace_seconds=self._settings.grace_seconds)
        except PortUnavailableError as error:
            log.warning("Step could not be sent", tenant=job.tenant, job=job.id, cause=str(error))
            return None

    async def _pause(self, job: Job, error: Exception) -> None:
        reason = f"it failed by a fault of ours ({type(error).__name__}); the workers' logs tell more"
        with suppress(PortUnavailableError):
            found = await self._jobs.job(job.tenant, job.id)
            if found is not None and found.state is JobState.RUNNING:
                paused = replace(found, state=JobState.PAUSED, reason=reason, updated=timestamp(self._clock()))
                await self._jobs.change_state(paused)
