"""Jobs driven by real workers over SQLite: each kind to its end, whoever dies, stops or comes back meanwhile."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from schemas.ids import JobId, ResourceId, TenantId, WorkerId
from schemas.messages.commands import Command
from schemas.messages.events import EventType
from schemas.messages.outcomes import Outcome
from tenants.bus.port import CommandSender
from tenants.directory.pending import PendingKind, PendingReader, PendingResource
from tenants.directory.records import Account, AccountStatus, Edge
from tenants.errors import PortUnavailableError
from tenants.jobs.job import Job, JobKind, JobState
from tenants.jobs.port import Jobs
from tenants.policies.settings import Activation, Authentication
from tenants.ports import WorkerPorts
from tests.support.office import (
    ADA,
    DRY_RUN,
    PATIENCE_SECONDS,
    SYNC,
    Office,
    carry_out,
    make_group,
    make_people,
    open_office,
)
from workers.jobs.driver import JobDriver
from workers.jobs.settings import JobSettings


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with open_office(mode=DRY_RUN) as office:
        yield office


async def created(office: Office) -> Counter[str]:
    """Return how often each account of ACME was made known."""
    events = await office.acme.events()
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    return Counter(event.subject for event in events if event.type is EventType.ACCOUNT_CREATED)


async def is_nothing_pending(office: Office) -> bool:
    return not sum((await office.stores.pending.counts(TenantId("acme"))).values())


# Releasing all


async def test_a_switch_to_sync_releases_users_groups_memberships_and_leavers(office: Office) -> None:
    acme = office.acme
    async with office.working():
        (leaver,) = await make_people(acme, 1, name="leaver")
        await office.switch("acme", SYNC)
        assert (await office.ended((await office.jobs.jobs("acme", limit=1))[0])).state is JobState.DONE
        await office.switch("acme", DRY_RUN)
        people = await make_people(acme, 600)
        group = await make_group(acme, "staff", people)
        await carry_out(acme, [acme.delete(leaver)])
        assert len(await created(office)) == 1

        switched = await office.switch("acme", SYNC)
        assert switched.release is not None
        job = await office.ended(switched.release)

    assert (job.state, job.failed, job.done) == (JobState.DONE, 0, job.total)
    assert job.total == 600 + 1 + 600 + 1
    assert set((await created(office)).values()) == {1}
    accounts = {account.resource: account for account in await acme.accounts()}
    assert accounts.keys() == {None, *people}
    assert accounts[None].status is AccountStatus.DISABLED
    assert sorted(await acme.cohort_members(group)) == sorted(people)
    assert await is_nothing_pending(office)
    assert await office.globex.events() == []


async def test_two_tenants_are_released_side_by_side(office: Office) -> None:
    await make_people(office.acme, 300)
    await make_people(office.globex, 300)
    async with office.working(), office.working("w2"):
        switched = [await office.switch(name, SYNC) for name in ("acme", "globex")]
        for one in switched:
            assert one.release is not None
            assert (await office.ended(one.release)).done == 300
    for lane in (office.acme, office.globex):
        assert len(await lane.accounts()) == 300


async def test_single_failures_are_recorded_and_the_rest_goes_on(office: Office) -> None:
    await office.switch("acme", SYNC)
    (kept,) = await make_people(office.acme, 1, name="ann")
    await carry_out(office.acme, [office.acme.delete(kept)])
    await office.switch("acme", DRY_RUN)
    # The same name for another person: an administrator has to decide.
    (newcomer,) = await carry_out(office.acme, [office.acme.create(userName="ann0", externalId="other")])
    await make_people(office.acme, 260)
    async with office.working():
        switched = await office.switch("acme", SYNC)
        assert switched.release is not None
        job = await office.ended(switched.release)
        assert (job.state, job.done, job.failed) == (JobState.DONE, 260, 1)
        assert [failure.item for failure in job.failures] == [newcomer]
        decided = await office.done(JobKind.RESOLVE, {"resource": newcomer, "link": None})
        assert (decided.done, decided.failed) == (1, 0)
    assert await is_nothing_pending(office)


async def test_going_back_to_dry_run_stops_a_release_and_what_is_left_stays_pending(office: Office) -> None:
    await make_people(office.acme, 1200)
    async with office.working():
        switched = await office.switch("acme", SYNC)
        assert switched.release is not None
        async for job in office.jobs.follow("acme", switched.release.id, every_seconds=0.001):
            if job.done:
                break
        back = await office.switch("acme", DRY_RUN)
        assert [job.id for job in back.stopped] == [switched.release.id]
        stopped = await office.ended(switched.release)
    assert (stopped.state, stopped.reason) == (JobState.STOPPED, "the tenant went back to dry-run")
    released = len(await office.acme.accounts())
    pending = (await office.stores.pending.counts(TenantId("acme")))[PendingKind.USER]
    assert 0 < released < 1200
    assert released + pending == 1200

    async with office.working():
        again = await office.switch("acme", SYNC)
        assert again.release is not None
        assert (await office.ended(again.release)).done == pending
    assert set((await created(office)).values()) == {1}
    assert len(await office.acme.accounts()) == 1200


async def test_a_release_that_meets_dry_run_stops_by_itself(office: Office) -> None:
    await make_people(office.acme, 3)
    async with office.working():
        job = await office.ended(await office.start(JobKind.RELEASE))
    assert (job.state, job.reason) == (JobState.STOPPED, "the tenant went back to dry-run")
    assert await office.acme.accounts() == []


async def test_a_switch_that_was_interrupted_is_finished_by_repeating_it(office: Office) -> None:
    await make_people(office.acme, 3)
    await office.acme.set_policies(mode=SYNC)
    async with office.working():
        first = await office.switch("acme", SYNC)
        assert first.release is not None
        await office.ended(first.release)
        assert (await office.switch("acme", SYNC)).release is None
    assert len(await office.acme.accounts()) == 3


# Chosen ones


async def test_chosen_ones_are_released_set_aside_and_taken_back_without_leaving_dry_run(office: Office) -> None:
    people = await make_people(office.acme, 5)
    async with office.working():
        await office.done(JobKind.RELEASE, {"resources": people[:2]})
        assert {account.resource for account in await office.acme.accounts()} == set(people[:2])
        await office.done(JobKind.SET_ASIDE, {"resources": people[2:4], "reason": "later"})
        switched = await office.switch("acme", SYNC)
        assert switched.release is not None
        await office.ended(switched.release)
        assert {account.resource for account in await office.acme.accounts()} == {*people[:2], people[4]}
        await office.done(JobKind.TAKE_BACK, {"resources": people[2:4]})
    assert len(await office.acme.accounts()) == 5
    assert set((await created(office)).values()) == {1}


async def test_choosing_nobody_is_not_choosing_all(office: Office) -> None:
    await make_people(office.acme, 2)
    async with office.working():
        job = await office.done(JobKind.RELEASE, {"resources": []})
    assert (job.total, job.done) == (0, 0)
    assert await office.acme.accounts() == []


async def test_accounts_are_activated_one_or_all_and_aligned(office: Office) -> None:
    await office.acme.set_policies(mode=SYNC, activation=Activation.MANUAL)
    await make_people(office.acme, 300)
    awaiting = [account.id for account in await office.acme.accounts()]
    async with office.working():
        await office.done(JobKind.ACTIVATE, {"accounts": awaiting[:1]})
        assert Counter(account.status for account in await office.acme.accounts()) == {
            AccountStatus.ACTIVE: 1,
            AccountStatus.AWAITING_ACTIVATION: 299,
        }
        assert (await office.done(JobKind.ACTIVATE)).done == 299
        await office.acme.set_policies(authentication=Authentication.SSO)
        assert (await office.done(JobKind.ALIGN)).done == 300
    accounts = await office.acme.accounts()
    assert {(account.status, account.sign_in) for account in accounts} == {(AccountStatus.ACTIVE, "sso")}


async def test_accounts_are_imported_flagged_and_their_state_repeated(office: Office) -> None:
    await office.acme.set_policies(mode=SYNC)
    rows = [{"lms_id": f"lms-{number}", "login": f"old{number}"} for number in range(300)]
    async with office.working():
        assert (await office.done(JobKind.IMPORT, {"accounts": rows})).done == 300
        await office.done(JobKind.FLAG, {"account": "lms-7", "has_legal_hold": True, "status": None})
        people = await make_people(office.acme, 2)
        before = len(await office.acme.events())
        assert (await office.done(JobKind.REPEAT)).done == 2
        assert [event.type for event in (await office.acme.events())[before:]] == [EventType.ACCOUNT_UPDATED] * 2
        assert (await office.done(JobKind.REPAIR, {"resources": people})).failed == 0
    assert [account.id for account in await office.acme.accounts() if account.has_legal_hold] == ["lms-7"]
    assert sum(account.is_imported for account in await office.acme.accounts()) == 300


# Dying, stopping


class Passing(Jobs):
    """The jobs of a store, passed on."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def add(self, job: Job) -> None:
        await self._jobs.add(job)

    async def job(self, tenant: TenantId, id: JobId) -> Job | None:
        return await self._jobs.job(tenant, id)

    async def jobs(self, tenant: TenantId, *, limit: int) -> Sequence[Job]:
        return await self._jobs.jobs(tenant, limit=limit)

    async def running(self) -> Sequence[Job]:
        return await self._jobs.running()

    async def claim(self, tenant: TenantId, id: JobId, *, driver: str, now: float, until: float) -> Job | None:
        return await self._jobs.claim(tenant, id, driver=driver, now=now, until=until)

    async def advance(self, job: Job) -> bool:
        return await self._jobs.advance(job)

    async def change_state(self, job: Job) -> bool:
        return await self._jobs.change_state(job)

    async def forget_people(self, tenant: TenantId, accounts: Collection[str]) -> bool:
        return await self._jobs.forget_people(tenant, accounts)


class Dying(Passing):
    """Jobs as a worker sees them that is killed when it is about to write its n-th step down."""

    def __init__(self, jobs: Jobs, *, steps: int) -> None:
        super().__init__(jobs)
        self._steps = steps
        self.is_dead = asyncio.Event()

    async def claim(self, tenant: TenantId, id: JobId, *, driver: str, now: float, until: float) -> Job | None:
        if self.is_dead.is_set():
            return None
        return await super().claim(tenant, id, driver=driver, now=now, until=until)

    async def advance(self, job: Job) -> bool:
        self._steps -= 1
        if self._steps < 0:
            self.is_dead.set()
            await asyncio.Event().wait()
        return await super().advance(job)


class Renewed(Passing):
    """Jobs that tell when one has been claimed so often."""

    def __init__(self, jobs: Jobs, *, times: int) -> None:
        super().__init__(jobs)
        self._times = times
        self.is_driven = asyncio.Event()
        self.is_kept = asyncio.Event()

    async def claim(self, tenant: TenantId, id: JobId, *, driver: str, now: float, until: float) -> Job | None:
        claimed = await super().claim(tenant, id, driver=driver, now=now, until=until)
        self._times -= claimed is not None
        self.is_driven.set()
        if self._times <= 0:
            self.is_kept.set()
        return claimed


class Slow(PendingReader):
    """A reader that tells how much is pending only when it is let."""

    def __init__(self, pending: PendingReader, let: asyncio.Event) -> None:
        self._pending = pending
        self._let = let

    async def counts(self, tenant: TenantId) -> dict[PendingKind, int]:
        await self._let.wait()
        return await self._pending.counts(tenant)

    async def pending(
        self, tenant: TenantId, kind: PendingKind, *, after: ResourceId, limit: int
    ) -> Sequence[PendingResource]:
        return await self._pending.pending(tenant, kind, after=after, limit=limit)

    async def resources(
        self, tenant: TenantId, resource_type: str, *, after: ResourceId, limit: int
    ) -> Sequence[PendingResource]:
        return await self._pending.resources(tenant, resource_type, after=after, limit=limit)

    async def pending_memberships(
        self, tenant: TenantId, *, after: tuple[ResourceId, ResourceId], limit: int
    ) -> Sequence[Edge]:
        return await self._pending.pending_memberships(tenant, after=after, limit=limit)

    async def detached(self, tenant: TenantId, external_ids: Sequence[str]) -> Sequence[Account]:
        return await self._pending.detached(tenant, external_ids)

    async def with_logins(self, tenant: TenantId, logins: Sequence[str]) -> Sequence[Account]:
        return await self._pending.with_logins(tenant, logins)


class Unseen(Passing):
    """Jobs as a worker sees them that carries out commands and drives no jobs."""

    async def running(self) -> Sequence[Job]:
        return ()


class Faulty(CommandSender):
    """A sender that is away at first; then what it sends arrives, but the first outcomes are lost on their way back."""

    def __init__(self, sender: CommandSender) -> None:
        self._sender = sender
        self.sent: list[Command] = []

    async def send(self, tenant: TenantId, commands: Sequence[Command]) -> None:
        self.sent += commands
        if len(self.sent) == 1:
            raise PortUnavailableError("away")
        await self._sender.send(tenant, commands)

    async def outcomes(self) -> AsyncIterator[Sequence[Outcome]]:
        async for outcomes in self._sender.outcomes():
            if len(self.sent) > 2:
                yield outcomes


@asynccontextmanager
async def driving(
    office: Office,
    name: str,
    jobs: Jobs,
    settings: JobSettings,
    change: Callable[[WorkerPorts], WorkerPorts] = lambda ports: ports,
) -> AsyncIterator[None]:
    """Drive jobs; carry out nothing."""
    ports = change(replace(office.worker_ports(), jobs=jobs))
    driver = JobDriver(WorkerId(name), ports, settings=settings, clock=time.time)
    running = asyncio.ensure_future(driver.run())
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            yield
    finally:
        running.cancel()
        await asyncio.wait([running])


@pytest.mark.parametrize("steps", range(6))
async def test_a_driver_that_dies_after_an_outcome_is_followed_by_one_that_doubles_nothing(
    office: Office, steps: int
) -> None:
    people = await make_people(office.acme, 600)
    group = await make_group(office.acme, "staff", people[:300])
    settings = JobSettings(look_seconds=0.02, lease_seconds=0.3)
    jobs = Dying(office.stores.jobs, steps=steps)
    switched = await office.switch("acme", SYNC)
    assert switched.release is not None
    async with office.working("carries out", change=drives_no_jobs):
        async with driving(office, "dies", jobs, settings):
            await jobs.is_dead.wait()
        async with driving(office, "takes over", office.stores.jobs, settings):
            job = await office.ended(switched.release)
    assert (job.state, job.done, job.failed, job.total) == (JobState.DONE, 901, 0, 901)
    assert job.driver == "takes over"
    assert set((await created(office)).values()) == {1}
    assert len(await office.acme.accounts()) == 600
    assert sorted(await office.acme.cohort_members(group)) == sorted(people[:300])
    added = [event for event in await office.acme.events() if event.type is EventType.MEMBER_ADDED]
    assert len(added) == 300


async def test_a_driver_stays_the_driver_while_it_reads_what_comes_next(office: Office) -> None:
    await make_people(office.acme, 3)
    switched = await office.switch("acme", SYNC)
    assert switched.release is not None
    settings = JobSettings(look_seconds=0.02, lease_seconds=0.3)
    jobs = Renewed(office.stores.jobs, times=5)

    def slow(ports: WorkerPorts) -> WorkerPorts:
        return replace(ports, pending=Slow(ports.pending, jobs.is_kept))

    async with (
        office.working("carries out", change=drives_no_jobs),
        driving(office, "reads", jobs, settings, slow),
    ):
        await jobs.is_driven.wait()
        async with driving(office, "waits", office.stores.jobs, settings):
            job = await office.ended(switched.release)
    assert (job.done, job.driver) == (3, "reads")


async def test_a_step_that_could_not_be_sent_or_was_not_answered_is_sent_again_under_the_same_id(
    office: Office,
) -> None:
    people = await make_people(office.acme, 3)
    senders: list[Faulty] = []

    def faulty(ports: WorkerPorts) -> WorkerPorts:
        senders.append(Faulty(ports.sender))
        return replace(ports, sender=senders[0])

    settings = JobSettings(
        look_seconds=0.02, lease_seconds=0.3, deadline_seconds=0.5, grace_seconds=0.1, again_seconds=0.02
    )
    job = await office.start(JobKind.RELEASE, {"resources": people})
    async with (
        office.working("carries out", change=drives_no_jobs),
        driving(office, "w2", office.stores.jobs, settings, faulty),
    ):
        ended = await office.ended(job)
    assert (ended.state, ended.done, ended.failed) == (JobState.DONE, 3, 0)
    assert len({command.id for command in senders[0].sent}) == 1
    assert len(senders[0].sent) >= 3
    assert set((await created(office)).values()) == {1}


async def test_a_driver_that_is_told_to_stop_gives_its_jobs_up_at_once(office: Office) -> None:
    await make_people(office.acme, 3)
    switched = await office.switch("acme", SYNC)
    assert switched.release is not None
    # Nobody carries anything out: the first step is under way when the driver stops.
    async with driving(office, "stops", office.stores.jobs, JobSettings(look_seconds=0.02, lease_seconds=3600)):
        await _first_step(office, switched.release)
    async with office.working("goes on"):
        assert (await office.ended(switched.release)).done == 3
    assert set((await created(office)).values()) == {1}


async def test_a_stopped_job_goes_no_further_and_a_job_of_all_waits_for_older_ones(office: Office) -> None:
    people = await make_people(office.acme, 3)
    aside = await office.start(JobKind.SET_ASIDE, {"resources": people[:1]})
    stopped = await office.start(JobKind.SET_ASIDE, {"resources": people[1:2]})
    assert (await office.jobs.stop("acme", stopped.id, actor=ADA)).state is JobState.STOPPED
    switched = await office.switch("acme", SYNC)
    assert switched.release is not None
    async with office.working():
        await office.ended(switched.release)
    assert (await office.jobs.job("acme", aside.id)).done == 1
    assert (await office.jobs.job("acme", stopped.id)).step == 0
    assert {account.resource for account in await office.acme.accounts()} == set(people[1:])


async def test_a_job_that_fails_by_a_fault_of_ours_is_paused_and_the_others_go_on(office: Office) -> None:
    people = await make_people(office.acme, 1)
    broken = await office.start(JobKind.IMPORT, {"accounts": [{"lms_id": "1", "login": 7}]})
    async with office.working():
        paused = await office.ended(broken)
        await office.done(JobKind.RELEASE, {"resources": people})
    assert (paused.state, "fault of ours (ValidationError)" in paused.reason) == (JobState.PAUSED, True)


async def _first_step(office: Office, job: Job) -> Job:
    """Return the job when its first step is planned."""
    async for now in office.jobs.follow(job.tenant, job.id, every_seconds=0.01):
        if now.step:
            return now
    raise AssertionError("it ended before its first step")


def drives_no_jobs(ports: WorkerPorts) -> WorkerPorts:
    return replace(ports, jobs=Unseen(ports.jobs))
