"""Jobs about whom a filter finds: asked of the directory part by part, whoever dies meanwhile."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from schemas.ids import JobId, TenantId
from schemas.messages.events import EventType
from tenants.directory.pending import PendingKind
from tenants.jobs.job import Job, JobKind, JobState
from tests.support.builders import NOW
from tests.support.office import DRY_RUN, SYNC, Office, carry_out, make_group, make_people, open_office
from tests.unit.workers.test_jobs import Dying, drives_no_jobs, driving
from workers.jobs.settings import JobSettings
from workers.jobs.stages import CHUNK


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with open_office(mode=SYNC) as office:
        yield office


async def subjects(office: Office, event: EventType) -> Counter[str]:
    return Counter(one.subject for one in await office.acme.events() if one.type is event)


async def test_the_state_of_those_alone_is_repeated_whom_the_filter_finds(office: Office) -> None:
    wanted = await make_people(office.acme, 2 * CHUNK + 7, name="wanted")
    await make_people(office.acme, CHUNK, name="other")
    await make_people(office.globex, 3, name="wanted")
    async with office.working():
        job = await office.done(JobKind.REPEAT, {"filter": 'userName sw "wanted"', "type": "User"})
    assert (job.total, job.done, job.failed) == (len(wanted), len(wanted), 0)
    accounts = {account.id for account in await office.acme.accounts() if account.resource in wanted}
    assert await subjects(office, EventType.ACCOUNT_UPDATED) == dict.fromkeys(accounts, 1)
    assert not [one for one in await office.globex.events() if one.type is EventType.ACCOUNT_UPDATED]


async def test_groups_are_found_likewise(office: Office) -> None:
    people = await make_people(office.acme, 2)
    staff, _ = [await make_group(office.acme, name, people) for name in ("staff", "guests")]
    async with office.working():
        job = await office.done(JobKind.REPEAT, {"filter": 'displayName eq "STAFF"', "type": "Group"})
    assert job.done == 1
    assert await subjects(office, EventType.COHORT_UPDATED) == {staff: 1}


async def test_those_whom_a_filter_finds_are_released_and_the_others_stay_pending() -> None:
    async with open_office(mode=DRY_RUN) as office:
        wanted = await make_people(office.acme, 3, name="wanted")
        await make_people(office.acme, 3, name="other")
        async with office.working():
            job = await office.done(JobKind.RELEASE, {"filter": 'userName sw "wanted"'})
        assert (job.total, job.done) == (3, 3)
        assert [account.resource for account in await office.acme.accounts()] == wanted


async def test_whoever_is_deleted_after_they_were_found_is_not_released_as_a_leaver() -> None:
    async with open_office(mode=DRY_RUN) as office:
        (leaver,) = await make_people(office.acme, 1)
        async with office.working():
            await office.done(JobKind.RELEASE, {"resources": [leaver]})
        job = await office.start(JobKind.RELEASE, {"filter": "active eq true"})
        async with driving(office, "w2", office.stores.jobs, JobSettings(look_seconds=0.02)):
            while not (await office.jobs.job("acme", job.id)).step:
                pass
            await carry_out(office.acme, [office.acme.delete(leaver)])
            async with office.working("carries out", change=drives_no_jobs):
                ended = await office.ended(job)
        assert (ended.state, ended.done, ended.failed) == (JobState.DONE, 1, 0)
        assert [account.resource for account in await office.acme.accounts()] == [leaver]
        assert (await office.stores.pending.counts(TenantId("acme")))[PendingKind.LEAVER] == 1


async def test_a_filter_that_finds_nobody_is_done_at_once(office: Office) -> None:
    async with office.working():
        job = await office.done(JobKind.REPEAT, {"filter": 'userName eq "nobody"'})
    assert (job.total, job.done, job.failed) == (0, 0, 0)


@pytest.mark.parametrize("steps", range(4))
async def test_another_driver_goes_on_where_the_first_one_died(office: Office, steps: int) -> None:
    await make_people(office.acme, 2 * CHUNK + 7, name="wanted")
    await make_people(office.acme, 5, name="other")
    settings = JobSettings(look_seconds=0.02, lease_seconds=0.3)
    dying = Dying(office.stores.jobs, steps=steps)
    job = await office.start(JobKind.REPEAT, {"filter": 'userName sw "wanted"'})
    async with office.working("carries out", change=drives_no_jobs):
        async with driving(office, "first", dying, settings):
            await dying.is_dead.wait()
        async with driving(office, "second", office.stores.jobs, settings):
            ended = await office.ended(job)
    assert (ended.state, ended.done, ended.failed) == (JobState.DONE, 2 * CHUNK + 7, 0)
    told = await subjects(office, EventType.ACCOUNT_UPDATED)
    assert (len(told), set(told.values())) == (2 * CHUNK + 7, {1})


async def test_a_filter_that_cannot_be_answered_any_more_pauses_the_job_and_says_so(office: Office) -> None:
    await make_people(office.acme, 1)
    parameters = {"filter": "shoeSize eq 44"}
    job = Job(JobId("j9"), TenantId("acme"), JobKind.REPEAT, NOW, "operator:ada", parameters)
    await office.stores.jobs.add(job)
    async with office.working():
        paused = await office.ended(job)
    assert paused.state is JobState.PAUSED
    assert paused.reason == "its filter cannot be answered any more: what is asked for is no attribute of User"
    assert await subjects(office, EventType.ACCOUNT_UPDATED) == {}
