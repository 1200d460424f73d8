"""Starting, following, stopping and resuming jobs; switching modes; reading what is to be imported."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from schemas.ids import TenantId
from schemas.messages.administration import LmsAccount
from schemas.messages.notices import JobChanged
from tenants.administration.actor import RefusedError
from tenants.administration.imports import ACCOUNTS_PER_JOB, parameters_of, read_csv, read_json_lines
from tenants.administration.jobs import MOST_CHOSEN, rate_of
from tenants.administration.tenants import SettingsChange
from tenants.audit.port import AuditQuery
from tenants.jobs.job import Job, JobKind, JobState
from tenants.policies.settings import Authentication
from tests.support.office import ADA, DRY_RUN, SYNC, Office, make_people, open_office

ACME, GLOBEX = TenantId("acme"), TenantId("globex")


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    """Nobody works in it: jobs stay as they are."""
    async with open_office(mode=DRY_RUN) as office:
        yield office


async def told(office: Office, action: str) -> list[dict[str, Any]]:
    return [entry.details for entry in await office.stores.audit.find(ACME, AuditQuery(action=action))]


async def put(office: Office, job: Job, **fields: Any) -> Job:
    """Let a worker have brought the job further."""
    claimed = await office.stores.jobs.claim(job.tenant, job.id, driver="w1", now=0.0, until=1.0)
    assert claimed is not None
    further = replace(claimed, step=claimed.step + 1, **fields)
    assert await office.stores.jobs.advance(further)
    return further


async def test_a_job_that_is_started_is_kept_noted_and_told_of(office: Office) -> None:
    notices = office.bus.notices().subscribe()
    job = await office.start(JobKind.SET_ASIDE, {"resources": ["r1"], "reason": "later"})
    assert await office.jobs.jobs("acme", limit=10) == [job]
    assert await office.jobs.jobs("globex", limit=10) == []
    assert await told(office, "job.started") == [
        {"kind": "set_aside", "about": "chosen", "count": 1, "resources": ["r1"], "reason": "later"}
    ]
    (entry,) = await office.stores.audit.find(ACME, AuditQuery(request_id=job.id))
    assert (entry.principal, entry.target) == ("operator:ada", job.id)
    assert await anext(notices) == JobChanged(ACME)


async def test_what_an_import_says_of_people_is_not_in_the_audit_log(office: Office) -> None:
    await office.start(JobKind.IMPORT, {"accounts": [{"lms_id": "1", "login": "ann@example.com"}]})
    assert await told(office, "job.started") == [{"kind": "import", "about": "chosen", "count": 1}]


@pytest.mark.parametrize(
    ("tenant", "kind", "parameters"),
    [
        ("initech", JobKind.RELEASE, {}),
        ("acme", JobKind.SET_ASIDE, {}),
        ("acme", JobKind.RELEASE, {"accounts": ["a1"]}),
        ("acme", JobKind.RELEASE, {"resources": ["r"] * (MOST_CHOSEN + 1)}),
    ],
)
async def test_a_job_that_makes_no_sense_is_refused(
    office: Office, tenant: str, kind: JobKind, parameters: dict[str, Any]
) -> None:
    with pytest.raises(RefusedError):
        await office.jobs.start(tenant, kind, parameters, actor=ADA)
    assert await office.stores.jobs.running() == []


async def test_a_job_is_stopped_once_and_only_a_paused_one_is_resumed(office: Office) -> None:
    job = await office.start(JobKind.RELEASE)
    with pytest.raises(RefusedError, match="only a paused job"):
        await office.jobs.resume("acme", job.id, actor=ADA)
    await put(office, job, state=JobState.PAUSED, reason="too much failed", done=3, failed=60)
    resumed = await office.jobs.resume("acme", job.id, actor=ADA)
    assert (resumed.state, resumed.reason, resumed.done) == (JobState.RUNNING, "", 3)
    stopped = await office.jobs.stop("acme", job.id, actor=ADA)
    assert await office.jobs.job("acme", job.id) == stopped
    assert (stopped.state, stopped.reason, bool(stopped.ended)) == (JobState.STOPPED, "operator:ada stopped it", True)
    with pytest.raises(RefusedError, match="ended already"):
        await office.jobs.stop("acme", job.id, actor=ADA)
    with pytest.raises(RefusedError, match="globex has no job"):
        await office.jobs.job("globex", job.id)
    assert [details["done"] for action in ("job.resumed", "job.stopped") for details in await told(office, action)] == [
        3,
        3,
    ]


async def test_following_shows_each_step_and_ends_with_the_job(office: Office) -> None:
    job = await office.start(JobKind.RELEASE)
    seen: list[int] = []
    async for now in office.jobs.follow("acme", job.id, every_seconds=0.0):
        seen.append(now.done)
        await put(office, now, done=now.done + 10, state=JobState.RUNNING if now.done < 20 else JobState.PAUSED)
        if now.done == 20:
            break
    assert seen == [0, 10, 20]
    assert [now.state async for now in office.jobs.follow("acme", job.id)] == [JobState.PAUSED]


def test_the_rate_is_that_of_the_whole_job() -> None:
    job = Job("j", ACME, JobKind.RELEASE, "2026-11-25T14:00:00.000Z", "operator:ada")  # type: ignore[arg-type] # an id
    assert rate_of(job) == 0.0
    later = replace(job, done=90, failed=10, updated="2026-11-25T14:00:10.000Z")
    assert rate_of(later) == 10.0


async def test_a_change_of_settings_with_the_mode_is_one_change_and_releases(office: Office) -> None:
    await make_people(office.acme, 2)
    change = SettingsChange(mode=SYNC, authentication=Authentication.SSO)
    switched = await office.modes.change("acme", change, actor=ADA)
    assert switched.release is not None
    assert (switched.tenant.policies.mode, switched.tenant.policies.authentication) == (SYNC, Authentication.SSO)
    assert (await told(office, "tenant.changed"))[0]["changed"].keys() == {"mode", "authentication"}
    # Asked for again, it is the release that there is.
    again = await office.switch("acme", SYNC)
    assert again.release is not None
    assert again.release.id == switched.release.id
    assert (await office.switch("globex", SYNC)).release is None


async def test_back_in_dry_run_releases_of_all_are_stopped_and_those_of_chosen_ones_go_on(office: Office) -> None:
    people = await make_people(office.acme, 2)
    await office.switch("acme", SYNC)
    chosen = await office.start(JobKind.RELEASE, {"resources": people})
    back = await office.switch("acme", DRY_RUN)
    assert [job.state for job in back.stopped] == [JobState.STOPPED]
    assert [job.id for job in await office.stores.jobs.running()] == [chosen.id]
    assert await office.modes.waiting("acme")


# Chosen by a filter


async def test_the_audit_log_says_that_a_filter_chooses_and_not_what_it_says_of_whom(office: Office) -> None:
    job = await office.start(JobKind.REPEAT, {"filter": 'userName eq "ann@example.com"', "type": "User"})
    assert job.parameters["filter"] == 'userName eq "ann@example.com"'
    assert await told(office, "job.started") == [{"kind": "repeat", "about": "filter", "type": "User"}]


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({"filter": "userName eq"}, "expected a value"),
        ({"filter": "shoeSize eq 44"}, "shoeSize is no attribute of User"),
        ({"filter": 'displayName eq "x"', "type": "Device"}, "not from Device"),
        ({"filter": "active eq true", "resources": ["r1"]}, "not both"),
        ({"type": "User"}, "with a filter"),
    ],
)
async def test_a_filter_that_means_nothing_is_refused_and_nothing_begins(
    office: Office, parameters: dict[str, Any], fault: str
) -> None:
    for kind in (JobKind.RELEASE, JobKind.REPEAT):
        with pytest.raises(RefusedError, match=fault):
            await office.start(kind, parameters)
    assert await told(office, "job.started") == []
    assert list(await office.jobs.jobs("acme", limit=1)) == []


# Reading what is to be imported

ANN = LmsAccount("1", "ann", "e1", "ann@example.com", is_verified=True)
BOB = LmsAccount("2", "bob", is_active=False)
CSV = "lms_id,login,external_id,email,is_verified,is_active\n1,ann,e1,ann@example.com,true,\n2,bob,,,,false\n"
JSON_LINES = """{"lms_id": "1", "login": "ann", "external_id": "e1", "email": "ann@example.com", "is_verified": true}

{"lms_id": "2", "login": "bob", "is_active": false}
"""


def test_csv_and_json_lines_say_the_same() -> None:
    assert read_csv(CSV.splitlines(keepends=True)) == read_json_lines(JSON_LINES.splitlines()) == [ANN, BOB]


@pytest.mark.parametrize(
    ("read", "text", "fault"),
    [
        (read_csv, "lms_id,login\n1,ann\n1,bob\n", "line 3: the account 1 was in line 2"),
        (read_csv, "lms_id,login,age\n1,ann,7\n", "line 2: age is none of"),
        (read_csv, "lms_id,login\n1,ann,7\n", "line 2: more cells than columns"),
        (read_csv, "lms_id,login\n1,\n", "line 2"),
        (read_csv, "lms_id,login,is_active\n1,ann,perhaps\n", "line 2"),
        (read_json_lines, '{"lms_id": "1", "login": "ann"}\n[]\n', "line 2: it is not an object"),
        (read_json_lines, '{"lms_id": "1"', "line 1: it is not JSON"),
        (read_json_lines, '{"lms_id": "1", "login": ""}', "line 1: lms_id and login must not be empty"),
    ],
)
def test_a_line_that_is_no_account_is_named(
    read: Callable[[Iterable[str]], list[LmsAccount]], text: str, fault: str
) -> None:
    with pytest.raises(RefusedError, match=fault):
        read(text.splitlines(keepends=True))


def test_what_is_imported_is_parted_into_jobs() -> None:
    accounts = [LmsAccount(str(number), f"u{number}") for number in range(ACCOUNTS_PER_JOB + 1)]
    parts = list(parameters_of(accounts))
    assert [len(part["accounts"]) for part in parts] == [ACCOUNTS_PER_JOB, 1]
    assert parts[1]["accounts"][0]["lms_id"] == str(ACCOUNTS_PER_JOB)
