"""Following a job to its end, with a bar where somebody looks on, and telling what it came to."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from deploy.commands.session import Session, fail, show, table_of
from tenants.administration.jobs import rate_of
from tenants.jobs.found import is_by_filter, type_of
from tenants.jobs.job import Job, JobState
from tenants.jobs.parameters import count_chosen, is_chosen

NO_WAIT = typer.Option(False, "--no-wait", help="Do not follow the job; `rollcall job watch` does at any time.")
_FAILURES_SHOWN = 20
_ID_WIDTH = 32


async def followed(session: Session, jobs: Sequence[Job], *, no_wait: bool) -> list[Job]:
    """Return the jobs when they run no more; at once where nobody is to wait."""
    if no_wait:
        return list(jobs)
    return [await _to_its_end(session, job) for job in jobs]


def tell(jobs: Sequence[Job], *, as_json: bool, no_wait: bool = False, as_list: bool = False) -> None:
    """Print what the jobs came to; exit code 1 where anything was not done, unless nobody waited.

    As JSON the first one, which is nearly always the only one, with the ``others`` where there are any; or a list.
    """
    rows = [shown(job) for job in jobs]
    row = {**rows[0], "others": rows[1:]} if len(rows) > 1 else rows[0] if rows else {}
    show(rows if as_list else row, as_json=as_json, table=lambda: _story(jobs))
    if no_wait:
        return
    wrong = [job for job in jobs if job.failed or job.state is not JobState.DONE]
    if wrong:
        fail("\n".join(_verdict(job) for job in wrong), 1)


def shown(job: Job) -> dict[str, Any]:
    """Return a job as plain values; whom it is about only as a number."""
    return {
        "id": job.id,
        "kind": job.kind.value,
        "about": _about(job),
        "state": job.state.value,
        "total": job.total,
        "done": job.done,
        "failed": job.failed,
        "per_second": round(rate_of(job), 1),
        "by": job.principal,
        "created": job.created,
        "updated": job.updated,
        "ended": job.ended,
        "reason": job.reason,
        "failures": [{"item": failure.item, "reason": failure.reason} for failure in job.failures],
    }


def _about(job: Job) -> str:
    if is_by_filter(job.parameters):
        # Once it is over, and somebody was erased, there is no filter any more.
        return f"{type_of(job.parameters)}s: {job.parameters['filter'] or 'found by a filter'}"
    return f"{count_chosen(job.parameters)} chosen" if is_chosen(job) else "all"


def table_of_jobs(jobs: Sequence[Job]) -> Table:
    """Return jobs as a table."""
    rows = [
        (
            row["id"],
            row["kind"],
            row["about"],
            row["state"],
            f"{row['done']}/{row['total']}",
            row["failed"],
            row["created"],
        )
        for row in map(shown, jobs)
    ]
    table = table_of(("id", "kind", "about", "state", "done", "failed", "created"), rows)
    # To be copied in one piece.
    table.columns[0].no_wrap, table.columns[0].min_width = True, _ID_WIDTH
    return whole(table)


def whole(table: Table) -> Table:
    """Return the table with texts that go on in the next line rather than end in dots."""
    for column in table.columns:
        column.overflow = "fold"
    return table


async def _to_its_end(session: Session, job: Job) -> Job:
    last = job
    try:
        with _bar(job) as progress:
            async for last in session.jobs.follow(job.tenant, job.id):
                progress(last)
    except asyncio.CancelledError:
        typer.echo(f"The job goes on; `rollcall job watch {job.tenant} {job.id}` follows it.", err=True)
        raise
    return last


@contextmanager
def _bar(job: Job) -> Iterator[Any]:
    """Yield what moves a bar on standard error; there is none where nobody looks at it."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]} failed · {task.fields[rate]:,.0f}/s"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(job.kind.value.replace("_", " ").capitalize(), total=job.total or None, failed=0, rate=0.0)
        yield lambda now: bar.update(
            task, completed=now.done + now.failed, total=now.total or None, failed=now.failed, rate=rate_of(now)
        )


def _story(jobs: Sequence[Job]) -> Table:
    if len(jobs) != 1:
        return table_of_jobs(jobs)
    row = shown(jobs[0])
    failures = row.pop("failures")
    table = table_of(("fact", "value"), [(name, value) for name, value in row.items() if value != ""])
    table.show_header = False
    for failure in failures[:_FAILURES_SHOWN]:
        table.add_row("not done", f"{failure['item']}: {failure['reason']}", style="red")
    if len(failures) > _FAILURES_SHOWN:
        table.add_row("", f"and more; `rollcall job show {jobs[0].tenant} {row['id']} --json` has them", style="red")
    return table


def _verdict(job: Job) -> str:
    match job.state:
        case JobState.PAUSED:
            return f"the job {job.id} is paused: {job.reason}. `rollcall job resume|stop {job.tenant} {job.id}`"
        case JobState.STOPPED:
            return f"the job {job.id} was stopped: {job.reason}"
        case _:
            return f"{job.failed:,} of {job.total:,} were not done (job {job.id})"
