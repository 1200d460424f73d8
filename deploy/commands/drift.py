"""``rollcall drift``: what differs between directory and LMS though nothing is pending."""

from typing import Any

import typer
from rich.table import Table

from deploy.commands.following import NO_WAIT, followed, tell
from deploy.commands.session import AS_JSON, Session, run, show, table_of
from tenants.administration.drift import DriftReport, Repair
from tenants.jobs.job import Job
from tenants.policies.drift import Drift, DriftClass

app = typer.Typer(help="Report and repair what differs between directory and LMS.", no_args_is_help=True)

_CLASSES = typer.Option(None, "--class", help="Only what differs in this way; may be repeated.")
_LIMIT = typer.Option(100, min=0, max=100_000, help="Show so many at most; all are counted.")


@app.command()
def report(
    tenant: str, classes: list[DriftClass] | None = _CLASSES, limit: int = _LIMIT, as_json: bool = AS_JSON
) -> None:
    """Compare accounts and cohorts with the directory; what is pending or held is no drift."""

    async def work(session: Session) -> DriftReport:
        return await session.drift.report(tenant, classes or (), limit=limit)

    found = run(work)
    if found.leaves_memberships_out:
        typer.echo(
            "Memberships are left out: in dry-run, or during a release, those that differ are pending.", err=True
        )
    show(_shown(found), as_json=as_json, table=lambda: _tables(found))


@app.command()
def repair(
    tenant: str, classes: list[DriftClass] | None = _CLASSES, no_wait: bool = NO_WAIT, as_json: bool = AS_JSON
) -> None:
    """Bring accounts and cohorts in line with the directory; the guard counts whom that disables.

    With sign_in_differs (or no class at all) accounts get the tenant's present sign-in.
    """

    async def work(session: Session) -> tuple[Repair, list[Job]]:
        started = await session.drift.repair(tenant, classes or (), actor=session.actor)
        return started, await followed(session, started.jobs, no_wait=no_wait)

    started, jobs = run(work)
    for kind, count in started.incurable.items():
        typer.echo(f"{count:,} × {kind.value} cannot be repaired by a command; somebody has to look at it.", err=True)
    if jobs:
        tell(jobs, as_json=as_json, no_wait=no_wait)
    else:
        show([], as_json=as_json, table=lambda: "There is nothing to repair.")


def _shown(report: DriftReport) -> dict[str, Any]:
    return {
        "counts": {kind.value: count for kind, count in report.counts.items()},
        "items": [_item(drift) for drift in report.items],
        "leaves_memberships_out": report.leaves_memberships_out,
    }


def _item(drift: Drift) -> dict[str, Any]:
    return {
        "class": drift.kind.value,
        "id": drift.id,
        "name": drift.name,
        "account": drift.account,
        "differences": {name: list(sides) for name, sides in drift.differences.items()},
        "cure": drift.cure.value if drift.cure is not None else None,
    }


def _tables(report: DriftReport) -> Table | str:
    counts = [(kind.value, count) for kind, count in report.counts.items() if count]
    if not counts:
        return "Directory and LMS agree."
    tables = [table_of(("class", "count"), counts)]
    if report.items:
        rows = [(one.kind.value, one.id, one.name, one.account, _sides(one)) for one in report.items]
        tables.append(table_of(("class", "id", "name", "account", "directory → LMS"), rows))
    grid = Table.grid(padding=(1, 0))
    for table in tables:
        grid.add_row(table)
    return grid


def _sides(drift: Drift) -> str:
    return "; ".join(f"{name}: {wanted!r} → {found!r}" for name, (wanted, found) in drift.differences.items())
