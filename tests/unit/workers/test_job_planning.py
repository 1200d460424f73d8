"""Planning a job: what its next step is about, and what it has come to. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from schemas.ids import CommandId, JobId, TenantId, WorkerId
from schemas.messages.administration import (
    ActivateAccounts,
    AlignAccounts,
    FlagAccount,
    ImportAccounts,
    LmsAccount,
    ReleaseResources,
    RepairAccounts,
    RepeatState,
    ResolveConflict,
    SetAside,
    TakeBack,
)
from schemas.messages.outcomes import Abandoned, Carried, Item, Outcome, Rejected
from tenants.directory.pending import PendingKind
from tenants.jobs.job import MOST_FAILURES, Job, JobKind, JobState
from tests.support.builders import NOW
from workers.jobs.choice import claimable
from workers.jobs.place import place_of
from workers.jobs.planning import (
    BACK_TO_DRY_RUN,
    PARKED,
    Part,
    begun,
    chosen_part,
    concluded,
    is_planned,
    planned,
    round_ended,
    size_of,
    stage_of,
)
from workers.jobs.settings import JobSettings
from workers.jobs.stages import CHUNK, Source, chunk_of, command_of

WORKER = WorkerId("w1")
Answer = Callable[[Job], Outcome]


def a_job(kind: JobKind = JobKind.RELEASE, tenant: str = "acme", id: str = "j1", **parameters: Any) -> Job:
    return Job(JobId(id), TenantId(tenant), kind, NOW, "operator:ada", parameters)


def about(job: Job, ids: Sequence[str]) -> Job:
    """Return the job with a step about these, as they were read."""
    return planned(job, Part(ids[-1], tuple(ids)))


def names(count: int, start: int = 0) -> list[str]:
    return [f"{number:04}" for number in range(start, start + count)]


def carried(job: Job, failing: int = 0, *, changes: bool = True) -> Outcome:
    """Return the outcome of the job's step of which the first ones fail."""
    done = ("create",) if changes else ()
    items = [
        Item(id, failure="in conflict") if number < failing else Item(id, done)
        for number, id in enumerate(chunk_of(job))
    ]
    return Carried(CommandId("c1"), 1, tuple(items))


def sources(job: Job) -> list[Source]:
    """Return the stages that the job goes through when each is empty."""
    found = []
    while (stage := stage_of(job)) is not None:
        found.append(stage.source)
        job = planned(job, Part(""))
    return found


def test_a_release_goes_over_users_groups_memberships_and_leavers() -> None:
    counts = {PendingKind.USER: 5, PendingKind.MEMBERSHIP: 7}
    job = begun(a_job(), counts)
    assert job.total == 12
    assert sources(job) == [
        Source.PENDING_USERS,
        Source.PENDING_GROUPS,
        Source.PENDING_MEMBERSHIPS,
        Source.PENDING_LEAVERS,
    ]


def test_chosen_ones_are_taken_in_chunks_in_their_order() -> None:
    job = begun(a_job(resources=names(CHUNK + 2)), {})
    assert job.total == CHUNK + 2
    found: list[str] = []
    while (stage := stage_of(job)) is not None:
        part = chosen_part(job, stage)
        assert part is not None
        job = planned(job, part)
        if is_planned(job):
            found += chunk_of(job)
            job = concluded(job, carried(job))
    assert found == names(CHUNK + 2)
    ended = round_ended(round_ended(job))
    assert (ended.done, ended.failed) == (CHUNK + 2, 0)


@pytest.mark.parametrize("kind", [JobKind.RELEASE, JobKind.REPEAT])
def test_whom_a_filter_finds_is_read_and_not_known_before(kind: JobKind) -> None:
    job = begun(a_job(kind, filter="active eq true"), {PendingKind.USER: 5}, found=7)
    assert (job.total, sources(job)) == (7, [Source.FOUND])
    stage = stage_of(job)
    assert stage is not None
    assert chosen_part(job, stage) is None
    assert list(chunk_of(about(job, names(7)))) == names(7)


@pytest.mark.parametrize(
    ("kind", "parameters", "command"),
    [
        (JobKind.RELEASE, {"resources": ["r1"]}, ReleaseResources),
        (JobKind.SET_ASIDE, {"resources": ["r1"]}, SetAside),
        (JobKind.TAKE_BACK, {"resources": ["r1"]}, TakeBack),
        (JobKind.REPAIR, {"resources": ["r1"]}, RepairAccounts),
        (JobKind.REPEAT, {"resources": ["r1"]}, RepeatState),
        (JobKind.ACTIVATE, {"accounts": ["a1"]}, ActivateAccounts),
        (JobKind.ALIGN, {"accounts": ["a1"]}, AlignAccounts),
        (JobKind.IMPORT, {"accounts": [{"lms_id": "1", "login": "ann"}]}, ImportAccounts),
        (JobKind.RESOLVE, {"resource": "r1", "link": "a1"}, ResolveConflict),
        (JobKind.FLAG, {"account": "a1", "has_legal_hold": True}, FlagAccount),
    ],
)
def test_each_kind_sends_its_command_under_an_id_of_job_and_step(
    kind: JobKind, parameters: dict[str, Any], command: type
) -> None:
    job = begun(a_job(kind, **parameters), {})
    stage = stage_of(job)
    assert stage is not None
    part = chosen_part(job, stage)
    assert part is not None
    job = replace(planned(job, part), step=3)
    sent = command_of(job, deadline=1.0)
    assert isinstance(sent, command)
    assert (sent.id, sent.tenant, sent.caller.principal) == ("j1-3", "acme", "operator:ada")
    assert command_of(job, deadline=1.0) == sent


def test_an_import_sends_the_accounts_and_a_membership_its_pair() -> None:
    job = begun(a_job(JobKind.IMPORT, accounts=[{"lms_id": "1", "login": "ann"}]), {})
    sent = command_of(planned(job, Part("1")), deadline=1.0)
    assert isinstance(sent, ImportAccounts)
    assert sent.accounts == (LmsAccount("1", "ann"),)
    pair = begun(a_job(memberships=[["g", "m"]]), {})
    pair = planned(planned(pair, Part("")), Part("1"))
    release = command_of(pair, deadline=1.0)
    assert isinstance(release, ReleaseResources)
    assert (release.memberships, release.resources, release.is_chosen) == ((("g", "m"),), (), True)


def test_a_part_about_nobody_is_passed_over_without_a_step() -> None:
    job = planned(begun(a_job(JobKind.ACTIVATE), {}), Part("a7"))
    assert (is_planned(job), place_of(job).after) == (False, "a7")


def test_failures_are_counted_and_the_first_of_them_kept() -> None:
    job = begun(a_job(), {PendingKind.USER: 10_000})
    for number in range(3):
        many = about(job, names(600, 600 * number))
        job = concluded(many, carried(many, failing=600 if number < 2 else 0))
        job = replace(job, state=JobState.RUNNING)
    assert (job.done, job.failed, len(job.failures)) == (600, 1200, MOST_FAILURES)


@pytest.mark.parametrize(("count", "failing", "pauses"), [(49, 49, False), (50, 20, False), (50, 21, True)])
def test_a_job_pauses_when_more_than_two_fifths_of_at_least_fifty_fail(count: int, failing: int, pauses: bool) -> None:
    job = about(begun(a_job(), {PendingKind.USER: 1000}), names(count))
    assert (concluded(job, carried(job, failing)).state is JobState.PAUSED) is pauses


def test_a_resumed_job_is_judged_by_what_comes_after() -> None:
    job = about(begun(a_job(), {PendingKind.USER: 1000}), names(100))
    paused = concluded(job, carried(job, 90))
    assert "90 of 100" in paused.reason
    resumed = about(replace(paused, state=JobState.RUNNING), names(100, 100))
    assert concluded(resumed, carried(resumed, 30)).state is JobState.RUNNING
    assert concluded(resumed, carried(resumed, 60)).state is JobState.PAUSED


def test_what_failed_is_tried_once_more_as_long_as_that_changes_anything() -> None:
    job = about(begun(a_job(), {PendingKind.USER: 10}), names(10))
    second = round_ended(concluded(job, carried(job, 3)))
    assert (second.state, second.done, second.failed, place_of(second).round) == (JobState.RUNNING, 7, 0, 2)
    # One of the three is done now, two still fail, and one that is kept back comes along.
    job = about(second, names(4))
    items = (Item("0000", ("create",)), Item("0001", failure="x"), Item("0002", failure="x"), Item("0003"))
    third = round_ended(concluded(job, Carried(CommandId("c"), 1, items)))
    assert (third.done, third.failed, place_of(third).round) == (8, 0, 3)
    job = about(third, names(2))
    last = round_ended(concluded(job, carried(job, 2)))
    assert (last.state, last.done, last.failed, last.total) == (JobState.DONE, 8, 2, 10)


def test_only_a_release_tries_once_more() -> None:
    job = about(begun(a_job(JobKind.REPEAT), {}), names(10))
    assert round_ended(concluded(job, carried(job, 3))).state is JobState.DONE


def test_what_came_to_be_as_it_should_be_by_itself_is_done() -> None:
    job = about(begun(a_job(), {PendingKind.USER: 10}), names(6))
    done = round_ended(concluded(job, carried(job)))
    assert (done.done, done.total) == (10, 10)


def test_a_release_of_all_that_is_refused_in_dry_run_is_stopped_and_one_of_chosen_ones_fails() -> None:
    job = about(begun(a_job(), {}), names(2))
    stopped = concluded(job, Rejected(CommandId("c"), 409, "the tenant is in dry-run"))
    assert (stopped.state, stopped.reason) == (JobState.STOPPED, BACK_TO_DRY_RUN)
    chosen = planned(begun(a_job(resources=names(2)), {}), Part("2"))
    assert concluded(chosen, Rejected(CommandId("c"), 409, "no")).failed == 2


def test_a_chunk_that_fails_as_a_whole_is_taken_apart_until_the_culprit_is_found() -> None:
    """Everything but item 0333 of 500 is done, though a command with it in it is parked."""
    everybody = names(500)
    job = begun(a_job(), {PendingKind.USER: 500})
    steps = 0
    while job.state is JobState.RUNNING:
        stage = stage_of(job)
        if stage is None:
            break
        ids = [name for name in everybody if name > place_of(job).after][: size_of(job, stage)]
        job = planned(job, Part(ids[-1], tuple(ids)) if ids and stage.source is Source.PENDING_USERS else Part(""))
        if is_planned(job):
            steps += 1
            parked = Abandoned(CommandId("c"), "failed", is_parked=True)
            job = concluded(job, parked if "0333" in chunk_of(job) else carried(job))
    assert (job.done, job.failed) == (499, 1)
    assert [(failure.item, failure.reason) for failure in job.failures] == [("0333", PARKED)]
    assert steps < 60


# Which job next


def ids(jobs: Sequence[Job], driven: Sequence[tuple[str, str]] = (), *, now: float = 0.0, **settings: int) -> list[str]:
    keys = [(TenantId(tenant), JobId(id)) for tenant, id in driven]
    return [job.id for job in claimable(jobs, keys, WORKER, now=now, settings=JobSettings(**settings))]


def test_a_job_of_all_waits_for_older_ones_of_its_tenant_and_chosen_ones_wait_for_nobody() -> None:
    jobs = [
        a_job(JobKind.SET_ASIDE, id="aside", resources=["r1"]),
        a_job(id="all"),
        a_job(tenant="globex", id="other"),
        a_job(id="chosen", resources=["r2"]),
    ]
    assert ids(jobs) == ["aside", "other", "chosen"]
    assert ids(jobs[1:]) == ["all", "other", "chosen"]


def test_a_worker_takes_no_more_than_it_has_room_for_and_no_tenant_takes_it_all() -> None:
    jobs = [a_job(id=f"a{number}", resources=["r"]) for number in range(5)]
    jobs += [a_job(tenant="globex", id="g1")]
    assert ids(jobs) == ["a0", "a1", "g1"]
    assert ids(jobs, [("acme", "a0")]) == ["a1", "g1"]
    assert ids(jobs, jobs_at_once=1) == ["a0"]


def test_a_job_that_another_worker_drives_is_taken_over_when_its_lease_has_ended() -> None:
    jobs = [replace(a_job(id="theirs"), driver="w2", driven_until=10.0)]
    jobs += [replace(a_job(tenant="globex", id="mine"), driver=WORKER, driven_until=10.0)]
    assert ids(jobs, now=9.0) == ["mine"]
    assert ids(jobs, now=10.0) == ["theirs", "mine"]
