"""``rollcall audit``: ask the audit log, follow its chain, export it, tell a timeline."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO

import typer
from msgspec import structs
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from deploy.commands.session import AS_JSON, Session, fail, run, show, table_of
from schemas.timestamps import timestamp
from tenants.administration.audit import Verified
from tenants.administration.audit_files import csv_head, csv_line, json_line
from tenants.administration.audit_timeline import Step, StepKind
from tenants.audit.port import AuditEntry, AuditQuery

app = typer.Typer(help="Ask, follow and export the audit log.", no_args_is_help=True)


class Format(StrEnum):
    """How an export is written."""

    JSONL = "jsonl"
    CSV = "csv"


_SINCE = typer.Option(None, help="From this moment on: 2026-11-25, or 2026-11-25T14:49:10+01:00.")
_UNTIL = typer.Option(None, help="Before this moment; a day is included.")
_ACTOR = typer.Option("", help="Who did it, like token:ID or operator:NAME.")
_PERSON = typer.Option("", help="Whom it was about: the userName or id of a User, the id of anything else.")
_REQUEST = typer.Option("", help="The id of a request (X-Request-Id).")
_ACTION = typer.Option("", help="What was done: scim.create, or a family like scim, token, tenant.")
_OUTCOME = typer.Option("", help="applied, unchanged, rejected, refused, put_off or failed.")
_AFTER = typer.Option(0, min=0, help="Go on after the entry of this number.")
_LIMIT = typer.Option(100, min=1, max=10_000, help="Show so many at most.")
_NEWEST = typer.Option(False, "--newest", help="Newest first.")
_FORMAT = typer.Option(Format.JSONL, help="JSON Lines, or CSV for spreadsheets.")
_OUTPUT = typer.Option(None, help="The file to write; without it, standard output.")
_DAYS = typer.Option(..., help="Entries that are older are removed.")


@app.command("list")
def list_entries(
    tenant: str,
    since: str | None = _SINCE,
    until: str | None = _UNTIL,
    actor: str = _ACTOR,
    person: str = _PERSON,
    request: str = _REQUEST,
    action: str = _ACTION,
    outcome: str = _OUTCOME,
    after: int = _AFTER,
    limit: int = _LIMIT,
    newest: bool = _NEWEST,
    as_json: bool = AS_JSON,
) -> None:
    """Show a tenant's audit log, oldest first."""
    asked = AuditQuery(
        since=_moment(since, "--since"),
        until=_moment(until, "--until", whole_day=True),
        actor=actor,
        target=person,
        request_id=request,
        action=action,
        outcome=outcome,
        after=after,
        newest_first=newest,
        limit=limit,
    )

    async def work(session: Session) -> list[dict[str, Any]]:
        query = await _resolved(session, tenant, asked)
        return [structs.asdict(entry) for entry in await session.audit.find(tenant, query)]

    rows = run(work)
    show(rows, as_json=as_json, table=lambda: _entries(rows))


@app.command()
def verify(tenant: str, as_json: bool = AS_JSON) -> None:
    """Follow the chain of a tenant's audit log; exit code 1 where it does not hold."""

    async def work(session: Session) -> Verified:
        with _progress() as bar:
            return await session.audit.verify(tenant, progress=bar)

    verified = run(work)
    show({"holds": not verified.fault, **asdict(verified)}, as_json=as_json, table=lambda: _verdict(verified))
    if verified.fault:
        fail(f"the audit log of {tenant} was tampered with or damaged: {verified.fault}", 1)


@app.command()
def export(
    tenant: str,
    format: Format = _FORMAT,
    output: Path | None = _OUTPUT,
    since: str | None = _SINCE,
    until: str | None = _UNTIL,
    actor: str = _ACTOR,
    person: str = _PERSON,
    request: str = _REQUEST,
    action: str = _ACTION,
    outcome: str = _OUTCOME,
) -> None:
    """Write all entries that are asked for, oldest first, as JSON Lines or CSV."""
    asked = AuditQuery(
        since=_moment(since, "--since"),
        until=_moment(until, "--until", whole_day=True),
        actor=actor,
        target=person,
        request_id=request,
        action=action,
        outcome=outcome,
    )

    async def work(session: Session) -> int:
        await session.tenants.tenant(tenant)
        query = await _resolved(session, tenant, asked)
        with _target(output) as file:
            return await _write(session.audit.export(tenant, query), file, format)

    count = run(work)
    typer.echo(f"{count:,} entries were written.", err=True)


@app.command()
def timeline(
    tenant: str,
    person: str = _PERSON,
    request: str = _REQUEST,
    limit: int = typer.Option(200, min=1, max=1000, help="Tell of so many audit entries at most."),
    as_json: bool = AS_JSON,
) -> None:
    """Tell what happened to a person, or because of a request: request, decision, effects, events."""
    if bool(person) == bool(request):
        fail("name either --person or --request", 1)

    async def work(session: Session) -> list[Step]:
        if person:
            return list(await session.timelines.of_person(tenant, person, limit=limit))
        return list(await session.timelines.of_request(tenant, request, limit=limit))

    steps = run(work)
    show([asdict(step) for step in steps], as_json=as_json, table=lambda: _story(steps))


@app.command()
def keep(tenant: str, days: int = _DAYS, as_json: bool = AS_JSON) -> None:
    """Set how long a tenant's entries are kept."""

    async def work(session: Session) -> int:
        return (await session.audit.keep_for(tenant, days, actor=session.actor)).policies.audit_days

    kept = run(work)
    show({"audit_days": kept}, as_json=as_json, table=lambda: f"Entries of {tenant} are kept for {kept} days.")


@app.command()
def forget(tenant: str, as_json: bool = AS_JSON) -> None:
    """Remove what is older than the tenant keeps it; the chain of the rest can still be followed."""

    async def work(session: Session) -> int:
        return await session.audit.forget_expired(tenant)

    count = run(work)
    show({"forgotten": count}, as_json=as_json, table=lambda: f"{count:,} entries were removed.")


async def _resolved(session: Session, tenant: str, query: AuditQuery) -> AuditQuery:
    if not query.target:
        return query
    return replace(query, target=await session.timelines.person_id(tenant, query.target))


def _moment(text: str | None, option: str, *, whole_day: bool = False) -> str:
    if text is None:
        return ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{option} is to be a moment like 2026-11-25 or 2026-11-25T14:49:10Z, not {text!r}", 1)
    if whole_day and len(text) == len("2026-11-25"):
        moment += timedelta(days=1)
    return timestamp((moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp())


async def _write(entries: AsyncIterator[AuditEntry], file: TextIO, format: Format) -> int:
    line: Callable[[AuditEntry], str] = csv_line if format is Format.CSV else json_line
    if format is Format.CSV:
        file.write(csv_head())
    count = 0
    async for entry in entries:
        file.write(line(entry))
        count += 1
    return count


def _target(output: Path | None) -> AbstractContextManager[TextIO]:
    return nullcontext(sys.stdout) if output is None else output.open("w", encoding="utf-8", newline="")


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Yield what moves a bar on standard error; there is none where nobody looks at it."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Following the chain", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _verdict(verified: Verified) -> str:
    lines = [f"{verified.entries:,} entries were followed, from {verified.first} on."]
    if verified.redacted:
        lines.append(f"{verified.redacted:,} of them had their details erased; that they were there still holds.")
    if verified.older:
        lines.append(f"{verified.older:,} of them are older than the chain: nothing vouches for them.")
    lines.append("The chain does not hold." if verified.fault else "The chain holds.")
    return "\n".join(lines)


def _entries(rows: list[dict[str, Any]]) -> Table:
    columns = ("number", "at", "action", "outcome", "principal", "target")
    return _whole(table_of(columns, [[row[key] for key in columns] for row in rows]))


def _whole(table: Table) -> Table:
    """Return the table with texts that go on in the next line rather than end in dots."""
    for column in table.columns:
        column.overflow = "fold"
    return table


_COLOURS = {StepKind.REQUEST: "cyan", StepKind.DECISION: "bold", StepKind.EFFECT: "yellow", StepKind.EVENT: "green"}


def _story(steps: list[Step]) -> Table:
    table = _whole(table_of(("at", "step", "what", "transaction"), []))
    for step in steps:
        row = (step.at, step.kind.value, step.text, str(step.sequence or ""))
        table.add_row(*row, style=_COLOURS[step.kind])
    return table
