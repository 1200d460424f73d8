"""The jobs of all tenants in SQLite."""

from collections.abc import Collection, Sequence
from typing import Any

import orjson

from schemas.ids import JobId, TenantId
from tenants.jobs.job import Job, JobFailure, JobKind, JobState
from tenants.jobs.parameters import FILTERED, PERSONAL, may_name
from tenants.jobs.port import Jobs
from tenants.sqlite import Connection, SqliteStore

_SELECT = """SELECT j.tenant, j.id, j.kind, j.created, j.principal, p.parameters, j.state, j.total, j.done, j.failed,
    j.failures, j.step, j.place, j.updated, j.ended, j.reason, j.driver, j.driven_until
FROM jobs AS j{index} JOIN job_parameters AS p ON p.tenant = j.tenant AND p.job = j.id"""
_JOB = f"{_SELECT.format(index='')} WHERE j.tenant = ? AND j.id = ?"
_LATEST = f"{_SELECT.format(index='')} WHERE j.tenant = ? ORDER BY j.created DESC, j.id DESC LIMIT ?"
_RUNNING = f"""{_SELECT.format(index=" INDEXED BY jobs_running")} WHERE j.state = 'running'
ORDER BY j.created, j.tenant, j.id"""
_ADD = """INSERT INTO jobs (tenant, id, kind, created, principal, state, total, done, failed, failures, step, place,
    updated, ended, reason, driver, driven_until)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_CLAIM = """UPDATE jobs SET driver = ?3, driven_until = ?5
WHERE tenant = ?1 AND id = ?2 AND state = 'running' AND (driver = ?3 OR driven_until <= ?4)"""
_ADVANCE = """UPDATE jobs SET (state, total, done, failed, failures, step, place, updated, ended, reason, driver,
    driven_until) = (?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
WHERE tenant = ?1 AND id = ?2 AND state = 'running' AND driver = ?16 AND step = ?11 - 1"""
_CHANGE_STATE = """UPDATE jobs SET state = ?, reason = ?, updated = ?, ended = ?, driven_until = 0
WHERE tenant = ? AND id = ?"""
_CHANGE_PARAMETERS = "UPDATE job_parameters SET parameters = ?3 WHERE tenant = ?1 AND job = ?2 AND parameters <> ?3"
_FORGET_PEOPLE = """UPDATE job_parameters SET parameters = ?3 WHERE tenant = ?1 AND parameters <> ?3 AND job IN
    (SELECT id FROM jobs WHERE tenant = ?1 AND kind = ?2 AND state IN ('stopped', 'done'))"""
_FORGET_FILTERS = """UPDATE job_parameters SET parameters = json_set(parameters, '$.filter', '')
    WHERE tenant = ?1 AND json_extract(parameters, '$.filter') <> '' AND job IN
    (SELECT id FROM jobs WHERE tenant = ?1 AND kind = ?2 AND state IN ('stopped', 'done'))"""
_OPEN = f"""{_SELECT.format(index="")} WHERE j.tenant = ? AND j.kind IN ('import', 'release', 'repeat')
    AND j.state IN ('running', 'paused')"""


class SqliteJobs(Jobs):
    """Which jobs there are, in SQLite."""

    def __init__(self, store: SqliteStore) -> None:
        """Work on the open file."""
        self._store = store

    async def add(self, job: Job) -> None:
        def write(connection: Connection) -> None:
            connection.execute(_ADD, _row(job))
            connection.execute("INSERT INTO job_parameters VALUES (?, ?, ?)", _parameters(job))

        await self._store.write(write)

    async def job(self, tenant: TenantId, id: JobId) -> Job | None:
        return await self._store.read(lambda connection: _job(connection, tenant, id))

    async def jobs(self, tenant: TenantId, *, limit: int) -> Sequence[Job]:
        return await self._select(_LATEST, (tenant, limit))

    async def running(self) -> Sequence[Job]:
        return await self._select(_RUNNING, ())

    async def claim(self, tenant: TenantId, id: JobId, *, driver: str, now: float, until: float) -> Job | None:
        def write(connection: Connection) -> Job | None:
            claimed = connection.execute(_CLAIM, (tenant, id, driver, now, until)).rowcount
            return _job(connection, tenant, id) if claimed else None

        return await self._store.write(write)

    async def advance(self, job: Job) -> bool:
        def write(connection: Connection) -> bool:
            advanced = connection.execute(_ADVANCE, _row(job)).rowcount
            if advanced:
                connection.execute(_CHANGE_PARAMETERS, _parameters(job))
            return bool(advanced)

        return await self._store.write(write)

    async def change_state(self, job: Job) -> bool:
        values = (job.state, job.reason, job.updated, job.ended, job.tenant, job.id)
        return await self._store.write(lambda connection: bool(connection.execute(_CHANGE_STATE, values).rowcount))

    async def forget_people(self, tenant: TenantId, accounts: Collection[str]) -> bool:
        def write(connection: Connection) -> None:
            for kind, kept in PERSONAL.items():
                connection.execute(_FORGET_PEOPLE, (tenant, kind, orjson.dumps(kept).decode()))
            for kind in FILTERED:
                connection.execute(_FORGET_FILTERS, (tenant, kind))

        # First: whichever ends from now on is waited for once more.
        still_open = await self._select(_OPEN, (tenant,))
        await self._store.write(write)
        return not any(may_name(job.kind, job.parameters, accounts) for job in still_open)

    async def _select(self, sql: str, parameters: Sequence[Any]) -> Sequence[Job]:
        return await self._store.read(lambda connection: list(map(_job_of, connection.execute(sql, parameters))))


def _job(connection: Connection, tenant: TenantId, id: JobId) -> Job | None:
    row = connection.execute(_JOB, (tenant, id)).fetchone()
    return _job_of(row) if row is not None else None


def _row(job: Job) -> tuple[Any, ...]:
    """Return the columns of ``jobs``."""
    return (
        job.tenant,
        job.id,
        job.kind,
        job.created,
        job.principal,
        job.state,
        job.total,
        job.done,
        job.failed,
        orjson.dumps([[failure.item, failure.reason] for failure in job.failures]).decode(),
        job.step,
        job.place,
        job.updated,
        job.ended,
        job.reason,
        job.driver,
        job.driven_until,
    )


def _parameters(job: Job) -> tuple[str, str, str]:
    """Return the columns of ``job_parameters``."""
    return job.tenant, job.id, orjson.dumps(job.parameters).decode()


def _job_of(row: Sequence[Any]) -> Job:
    tenant, id, kind, created, principal, parameters, state, total, done, failed, failures, *later = row
    step, place, updated, ended, reason, driver, driven_until = later
    return Job(
        id=JobId(id),
        tenant=TenantId(tenant),
        kind=JobKind(kind),
        created=created,
        principal=principal,
        parameters=orjson.loads(parameters),
        state=JobState(state),
        total=total,
        done=done,
        failed=failed,
        failures=tuple(JobFailure(item, why) for item, why in orjson.loads(failures)),
        step=step,
        place=place,
        updated=updated,
        ended=ended,
        reason=reason,
        driver=driver,
        driven_until=driven_until,
    )
