"""The jobs' promises: kept whole, one driver at a time, no step twice, each tenant's its own."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from schemas.ids import JobId, TenantId
from tenants.errors import DuplicateError
from tenants.jobs.job import MOST_FAILURES, Job, JobFailure, JobKind, JobState
from tenants.jobs.port import Jobs
from tests.support.builders import LATER, NOW

FIRST, SECOND = "worker-1", "worker-2"
NOON = 1764072000.123456
"""Unix seconds."""


def job(tenant: TenantId, id: str = "j1", **fields: Any) -> Job:
    """Return a job that nobody drives yet."""
    return replace(
        Job(id=JobId(id), tenant=tenant, kind=JobKind.RELEASE, created=NOW, principal="operator:ada"), **fields
    )


def odd(tenant: TenantId) -> Job:
    """Return a job with something in every field."""
    return job(
        tenant,
        "j-odd",
        kind=JobKind.IMPORT,
        principal="admin:Ünï'\"",
        parameters={"accounts": [{"lms_id": "a.b", "$x": None, "n": [1, 2.5, True, "\U0001f600"]}], "resources": []},
        state=JobState.PAUSED,
        total=100_000,
        done=70,
        failed=2,
        failures=(JobFailure("r1", "the name 'ü' is taken"), JobFailure("g1 r1", "")),
        step=9,
        place='users:"$0001',
        updated=LATER,
        ended=LATER,
        reason="more than 40 % failed",
        driver=FIRST,
        driven_until=NOON,
    )


async def _claimed(jobs: Jobs, one: Job, driver: str = FIRST, *, now: float = NOON) -> Job:
    """Return the job as its driver now has it."""
    claimed = await jobs.claim(one.tenant, one.id, driver=driver, now=now, until=now + 10)
    assert claimed is not None
    return claimed


async def _running(jobs: Jobs, *tenants: TenantId) -> list[Job]:
    """Return the running jobs of these tenants; a test's database may hold those of other tests."""
    return [one for one in await jobs.running() if one.tenant in tenants]


def _ids(jobs: Iterable[Job]) -> list[str]:
    return [one.id for one in jobs]


# what is kept


async def test_every_field_of_a_job_is_kept(jobs: Jobs, acme: TenantId, globex: TenantId) -> None:
    await jobs.add(odd(acme))
    await jobs.add(job(globex))

    assert await jobs.job(acme, JobId("j-odd")) == odd(acme)
    assert await jobs.job(globex, JobId("j1")) == job(globex)


@pytest.mark.parametrize("kind", JobKind)
@pytest.mark.parametrize("state", JobState)
async def test_every_kind_and_state_is_kept(
    jobs: Jobs, acme: TenantId, globex: TenantId, kind: JobKind, state: JobState
) -> None:
    await jobs.add(job(acme, kind=kind, state=state))
    await jobs.add(job(globex))

    assert await jobs.job(acme, JobId("j1")) == job(acme, kind=kind, state=state)


async def test_a_job_is_its_tenants_alone(jobs: Jobs, acme: TenantId, globex: TenantId) -> None:
    await jobs.add(job(acme))

    assert await jobs.job(globex, JobId("j1")) is None
    assert not await jobs.jobs(globex, limit=10)
    assert await jobs.claim(globex, JobId("j1"), driver=FIRST, now=NOON, until=NOON + 10) is None
    assert not await jobs.change_state(job(globex, state=JobState.STOPPED))
    assert not await jobs.advance(job(globex, step=1))
    assert await jobs.job(acme, JobId("j1")) == job(acme)


async def test_an_id_is_taken_once_in_a_tenant(jobs: Jobs, acme: TenantId, globex: TenantId) -> None:
    await jobs.add(job(acme))
    await jobs.add(job(globex, kind=JobKind.REPAIR))

    with pytest.raises(DuplicateError):
        await jobs.add(job(acme, kind=JobKind.ALIGN, parameters={"accounts": ["a1"]}))

    assert await jobs.job(acme, JobId("j1")) == job(acme)


# which there are


async def test_the_latest_jobs_come_first(jobs: Jobs, acme: TenantId, globex: TenantId) -> None:
    for one in (job(acme, "b"), job(acme, "a", created=LATER), job(acme, "c"), job(globex, "d", created=LATER)):
        await jobs.add(one)

    assert _ids(await jobs.jobs(acme, limit=10)) == ["a", "c", "b"]
    assert _ids(await jobs.jobs(acme, limit=2)) == ["a", "c"]


async def test_running_jobs_of_all_tenants_are_found_oldest_first(jobs: Jobs, acme: TenantId, globex: TenantId) -> None:
    for one in (
        job(acme, "a", created=LATER),
        job(globex, "b"),
        *(job(acme, state, state=state) for state in JobState),
    ):
        await jobs.add(one)

    found = await _running(jobs, acme, globex)

    assert [(one.tenant, one.id) for one in found] == [(acme, "running"), (globex, "b"), (acme, "a")]


@pytest.mark.parametrize("state", [JobState.PAUSED, JobState.STOPPED, JobState.DONE])
async def test_a_job_that_goes_on_no_more_is_not_running(
    jobs: Jobs, acme: TenantId, globex: TenantId, state: JobState
) -> None:
    await jobs.add(job(acme, "by advance"))
    await jobs.add(job(acme, "by change of state"))
    await jobs.add(job(globex))
    driven = await _claimed(jobs, job(acme, "by advance"))

    assert await jobs.advance(replace(driven, step=1, state=state))
    assert await jobs.change_state(job(acme, "by change of state", state=state))

    assert [one.tenant for one in await _running(jobs, acme, globex)] == [globex]


# who drives


async def test_a_claim_returns_the_job_as_it_is_now(jobs: Jobs, acme: TenantId, globex: TenantId) -> None:
    await jobs.add(replace(odd(acme), state=JobState.RUNNING, driver="", driven_until=0.0))
    await jobs.add(replace(odd(globex), state=JobState.RUNNING))

    claimed = await jobs.claim(acme, JobId("j-odd"), driver=SECOND, now=NOON, until=NOON + 10.25)

    assert claimed == replace(odd(acme), state=JobState.RUNNING, driver=SECOND, driven_until=NOON + 10.25)
    assert await jobs.job(acme, JobId("j-odd")) == claimed
    assert await jobs.job(globex, JobId("j-odd")) == replace(odd(globex), state=JobState.RUNNING)


async def test_a_job_has_one_driver_at_a_time(jobs: Jobs, acme: TenantId, globex: TenantId) -> None:
    for tenant in (acme, globex):
        await jobs.add(job(tenant))
    await _claimed(jobs, job(acme))

    assert await jobs.claim(acme, JobId("j1"), driver=SECOND, now=NOON + 9, until=NOON + 19) is None
    assert (await _claimed(jobs, job(globex), SECOND)).driver == SECOND
    assert await jobs.job(acme, JobId("j1")) == job(acme, driver=FIRST, driven_until=NOON + 10)


async def test_of_drivers_that_claim_together_one_has_the_job(jobs: Jobs, acme: TenantId, globex: TenantId) -> None:
    for tenant in (acme, globex):
        await jobs.add(job(tenant))

    claims = await asyncio.gather(
        *(
            jobs.claim(tenant, JobId("j1"), driver=f"worker-{number}", now=NOON, until=NOON + 10)
            for number in range(8)
            for tenant in (acme, globex)
        )
    )

    assert sorted(one.tenant for one in claims if one is not None) == sorted([acme, globex])


async def test_a_driver_stays_the_driver_by_claiming_again(jobs: Jobs, acme: TenantId, globex: TenantId) -> None:
    await jobs.add(job(acme))
    await jobs.add(job(globex))
    await _claimed(jobs, job(acme))

    assert (await _claimed(jobs, job(acme), now=NOON + 5)).driven_until == NOON + 15
    assert await jobs.claim(acme, JobId("j1"), driver=SECOND, now=NOON + 11, until=NOON + 21) is None


async def test_another_takes_over_when_the_driver_is_heard_of_no_more(
    jobs: Jobs, acme: TenantId, globex: TenantId
) -> None:
    await jobs.add(job(acme))
    await jobs.add(job(globex))
    await _claimed(jobs, job(acme))

    assert (await _claimed(jobs, job(acme), SECOND, now=NOON + 10)).driver == SECOND


@pytest.mark.parametrize("state", [JobState.PAUSED, JobState.STOPPED, JobState.DONE])
async def test_a_job_that_does_not_run_cannot_be_claimed(
    jobs: Jobs, acme: TenantId, globex: TenantId, state: JobState
) -> None:
    await jobs.add(job(acme, state=state))
    await jobs.add(job(globex))

    assert await jobs.claim(acme, JobId("j1"), driver=FIRST, now=NOON, until=NOON + 10) is None
    assert await jobs.job(acme, JobId("j1")) == job(acme, state=state)


async def test_no_driver_claims_a_job_that_there_is_not(jobs: Jobs, acme: TenantId, globex: TenantId) -> None:
    await jobs.add(job(globex))

    assert await jobs.claim(acme, JobId("j1"), driver=FIRST, now=NOON, until=NOON + 10) is None


# how far it has come


async def test_a_step_takes_the_place_of_the_one_before(jobs: Jobs, acme: TenantId, globex: TenantId) -> None:
    for tenant in (acme, globex):
        await jobs.add(job(tenant, parameters={"resources": ["r1"]}))
    driven = await _claimed(jobs, job(acme))
    failures = (JobFailure("r1", "the name is taken"), JobFailure("r2", "gone"))
    first = replace(driven, step=1, place="user:1", total=9, done=2, failed=2, failures=failures, updated=LATER)
    second = replace(first, step=2, place="", done=7, state=JobState.DONE, ended=LATER, driven_until=NOON + 20.5)

    assert await jobs.advance(first)
    assert await jobs.job(acme, first.id) == first
    assert await jobs.advance(second)
    assert await jobs.job(acme, first.id) == second
    assert await jobs.job(globex, first.id) == job(globex, parameters={"resources": ["r1"]})


async def test_a_step_may_change_what_is_left_to_do(jobs: Jobs, acme: TenantId, globex: TenantId) -> None:
    for tenant in (acme, globex):
        await jobs.add(job(tenant, parameters={"resources": ["r1", "r2"]}))
    driven = await _claimed(jobs, job(acme))

    assert await jobs.advance(replace(driven, step=1, parameters={"resources": ["r2"]}))

    assert (await _claimed(jobs, job(acme))).parameters == {"resources": ["r2"]}
    assert (await _claimed(jobs, job(globex))).parameters == {"resources": ["r1", "r2"]}


@pytest.mark.parametrize("step", [0, 1, 3])
async def test_no_step_is_done_twice_or_left_out(jobs: Jobs, acme: TenantId, globex: TenantId, step: int) -> None:
    for tenant in (acme, globex):
        await jobs.add(job(tenant, step=1))
    driven = await _claimed(jobs, job(acme))

    assert not await jobs.advance(replace(driven, step=step, done=5, place="x", parameters={"accounts": []}))

    assert await jobs.job(acme, driven.id) == driven


async def test_who_has_lost_a_job_cannot_advance_it(jobs: Jobs, acme: TenantId, globex: TenantId) -> None:
    for tenant in (acme, globex):
        await jobs.add(job(tenant))
    lost = await _claimed(jobs, job(acme))
    kept = await _claimed(jobs, job(globex))
    taken = await _claimed(jobs, job(acme), SECOND, now=NOON + 11)

    assert not await jobs.advance(replace(lost, step=1, done=5))
    assert await jobs.advance(replace(kept, step=1, done=5))
    assert await jobs.advance(replace(taken, step=1, done=6))

    assert await jobs.job(acme, lost.id) == replace(taken, step=1, done=6)


@pytest.mark.parametrize("state", [JobState.PAUSED, JobState.STOPPED])
async def test_a_job_that_was_stopped_meanwhile_does_not_advance(
    jobs: Jobs, acme: TenantId, globex: TenantId, state: JobState
) -> None:
    for tenant in (acme, globex):
        await jobs.add(job(tenant))
    driven = await _claimed(jobs, job(acme))
    await jobs.change_state(replace(driven, state=state, reason="ada said so"))

    assert not await jobs.advance(replace(driven, step=1, done=5))

    stopped = await jobs.job(acme, driven.id)
    assert stopped is not None
    assert (stopped.state, stopped.step, stopped.done) == (state, 0, 0)


async def test_as_many_failures_as_are_recorded_are_kept(jobs: Jobs, acme: TenantId, globex: TenantId) -> None:
    for tenant in (acme, globex):
        await jobs.add(job(tenant))
    driven = await _claimed(jobs, job(acme))
    failures = tuple(JobFailure(f"r{number}", "the name is taken") for number in range(MOST_FAILURES))

    assert await jobs.advance(replace(driven, step=1, failed=MOST_FAILURES, failures=failures))

    advanced = await jobs.job(acme, driven.id)
    assert advanced is not None
    assert advanced.failures == failures


# whether it goes on


async def test_a_change_of_state_leaves_driver_and_progress(jobs: Jobs, acme: TenantId, globex: TenantId) -> None:
    for tenant in (acme, globex):
        await jobs.add(replace(odd(tenant), state=JobState.RUNNING, reason="", updated=NOW, ended=""))
    stopped = job(
        acme, "j-odd", state=JobState.STOPPED, reason="ada said so", updated=LATER, ended=LATER, driver=SECOND, step=1
    )

    assert await jobs.change_state(stopped)

    found = await jobs.job(acme, stopped.id)
    assert found is not None
    expected = replace(odd(acme), state=JobState.STOPPED, reason="ada said so")
    assert replace(found, driven_until=0.0) == replace(expected, driven_until=0.0)
    untouched = replace(odd(globex), state=JobState.RUNNING, reason="", updated=NOW, ended="")
    assert await jobs.job(globex, stopped.id) == untouched


async def test_a_job_that_runs_again_may_be_claimed_at_once(jobs: Jobs, acme: TenantId, globex: TenantId) -> None:
    for tenant in (acme, globex):
        await jobs.add(job(tenant))
        await _claimed(jobs, job(tenant))
    await jobs.change_state(job(acme, state=JobState.PAUSED))
    await jobs.change_state(job(acme, state=JobState.RUNNING))

    assert [one.tenant for one in await _running(jobs, acme, globex)] == sorted([acme, globex])
    assert (await _claimed(jobs, job(acme), SECOND, now=NOON + 1)).driver == SECOND
    assert await jobs.claim(globex, JobId("j1"), driver=SECOND, now=NOON + 1, until=NOON + 11) is None


async def test_the_state_of_a_job_that_there_is_not_cannot_be_changed(
    jobs: Jobs, acme: TenantId, globex: TenantId
) -> None:
    await jobs.add(job(globex))

    assert not await jobs.change_state(job(acme, state=JobState.STOPPED))
    assert await jobs.job(acme, JobId("j1")) is None


# what is forgotten


class Overtaken:
    """A store in which something happens once, as soon as the first call has been answered."""

    def __init__(self, store: object, event: Callable[[], Awaitable[object]]) -> None:
        self._store = store
        self._events = [event]

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        async def call(*args: Any) -> object:
            result = await method(*args)
            if self._events:
                await self._events.pop()()
            return result

        return call


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (JobKind.IMPORT, {"accounts": [{"lms_id": "a1", "login": "ann"}]}),
        (JobKind.REPEAT, {"filter": 'userName eq "ann"', "type": "User"}),
    ],
)
async def test_a_job_that_ends_while_people_are_forgotten_keeps_them_from_being_done(
    jobs: Jobs, acme: TenantId, monkeypatch: pytest.MonkeyPatch, kind: JobKind, parameters: dict[str, Any]
) -> None:
    naming = job(acme, kind=kind, parameters=parameters)
    await jobs.add(naming)
    end = partial(jobs.change_state, replace(naming, state=JobState.DONE))
    monkeypatch.setattr(jobs, "_store", Overtaken(vars(jobs)["_store"], end))

    assert not await jobs.forget_people(acme, {"a1"})
    assert await jobs.forget_people(acme, {"a1"})

    forgotten = await jobs.job(acme, naming.id)
    assert forgotten is not None
    assert "ann" not in repr(forgotten.parameters)


@pytest.mark.parametrize("text", ['userName eq "ann"', "badge eq 4711", "badge ge 4711 and active eq true"])
async def test_a_filter_that_may_name_somebody_is_waited_for(jobs: Jobs, acme: TenantId, text: str) -> None:
    naming = job(acme, parameters={"filter": text, "type": "User"})
    await jobs.add(naming)

    assert not await jobs.forget_people(acme, {"a1"})
    await jobs.change_state(replace(naming, state=JobState.DONE))
    assert await jobs.forget_people(acme, {"a1"})


async def test_a_filter_that_names_nobody_is_not_waited_for(jobs: Jobs, acme: TenantId) -> None:
    await jobs.add(job(acme, parameters={"filter": "active eq false or not (title pr)", "type": "User"}))

    assert await jobs.forget_people(acme, {"a1"})
