"""``rollcall preview`` and ``rollcall plan``: what a release would do; frozen for whoever confirms it."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import typer
from rich.table import Table

from deploy.commands.session import AS_JSON, Session, fail, run, show, table_of
from tenants.administration.preview import PreviewItem, PreviewQuery, Summary
from tenants.administration.preview_files import csv_head, csv_line, item_of, json_line
from tenants.directory.records import Hold
from tenants.plans.plan import Destruction, Plan
from tenants.policies.preview import Foreseen

plans = typer.Typer(help="Freeze what a release would do, for whoever confirms it.", no_args_is_help=True)

_EFFECT = typer.Option([], "--effect", help="Only what counts as this; may be given several times.")
_HOLD = typer.Option([], "--hold", help="Only what waits for this reason; may be given several times.")
_SEARCH = typer.Option("", help="Only whose name, externalId or id contains this.")
_AFTER = typer.Option("", help="Go on after this place, which the page before ended with.")
_LIMIT = typer.Option(50, min=0, max=10_000, help="List so many at most; 0: the counts alone.")
_CSV = typer.Option(None, "--csv", help="Write all that is asked for to this file, as CSV; - is standard output.")
_JSONL = typer.Option(None, "--jsonl", help="Write all that is asked for to this file, as JSON Lines; - likewise.")
_SHOWN_AT_MOST = 100


def preview(
    tenant: str,
    effect: list[Foreseen] = _EFFECT,
    hold: list[Hold] = _HOLD,
    search: str = _SEARCH,
    after: str = _AFTER,
    limit: int = _LIMIT,
    csv: Path | None = _CSV,
    jsonl: Path | None = _JSONL,
    as_json: bool = AS_JSON,
) -> None:
    """Show what would happen if all that is pending were released now."""
    query = PreviewQuery(frozenset(effect), frozenset(hold), search, after)
    if csv is not None and jsonl is not None:
        fail("write one file at a time: --csv or --jsonl", 2)
    if csv is not None:
        _export(tenant, query, csv, csv_line, head=csv_head())
    elif jsonl is not None:
        _export(tenant, query, jsonl, json_line)
    else:
        _show(tenant, query, limit, as_json=as_json)


@plans.command()
def create(tenant: str, as_json: bool = AS_JSON) -> None:
    """Freeze what a release would do now."""
    _show_plan(lambda session: session.plans.create(tenant, actor=session.actor), as_json=as_json)


@plans.command("show")
def show_plan(
    tenant: str, plan: str = typer.Argument("", help="The plan's id; without it, the latest."), as_json: bool = AS_JSON
) -> None:
    """Show a plan, and whose account it disables or erases."""
    _show_plan(lambda session: session.plans.plan(tenant, plan), as_json=as_json)


def _show(tenant: str, query: PreviewQuery, limit: int, *, as_json: bool) -> None:
    async def work(session: Session) -> tuple[Summary, list[PreviewItem]]:
        return await session.preview.summary(tenant), await session.preview.page(tenant, query, limit=limit)

    summary, items = run(work)
    is_more = 0 < len(items) == limit
    value = {
        "at": summary.at,
        "mode": summary.mode.value,
        "counts": {kind.value: count for kind, count in summary.counts.items()},
        "pending": {kind.value: count for kind, count in summary.pending.items()},
        "items": [item_of(item) for item in items],
        "next": items[-1].place if is_more else None,
    }
    show(value, as_json=as_json, table=lambda: _headline(summary))
    if not as_json and items:
        show(None, as_json=False, table=lambda: _items(items))
        if is_more:
            typer.echo(f"More: --after {items[-1].place}", err=True)


def _export(
    tenant: str, query: PreviewQuery, target: Path, line: Callable[[PreviewItem], str], *, head: str = ""
) -> None:
    async def work(session: Session) -> int:
        await session.tenants.tenant(tenant)
        count = 0
        with _opened(target) as file:
            file.write(head)
            async for item in session.preview.items(tenant, query):
                file.write(line(item))
                count += 1
        return count

    typer.echo(f"{run(work):,} items were written.", err=True)


def _opened(target: Path) -> AbstractContextManager[TextIO]:
    return nullcontext(sys.stdout) if str(target) == "-" else target.open("w", encoding="utf-8", newline="")


def _show_plan(made: Callable[[Session], Any], *, as_json: bool) -> None:
    async def work(session: Session) -> tuple[Plan, Sequence[Destruction]]:
        plan: Plan = await made(session)
        return plan, await session.plans.destructive(plan.tenant, plan.id)

    plan, destructive = run(work)
    value = {**asdict(plan), "items": [asdict(item) for item in destructive]}
    show(value, as_json=as_json, table=lambda: _plan(plan, destructive))


_WORDS = {
    Foreseen.CREATE: "people created",
    Foreseen.LINK: "existing accounts linked",
    Foreseen.UPDATE: "updated",
    Foreseen.ENABLE: "enabled",
    Foreseen.DISABLE: "disabled",
    Foreseen.DETACH: "kept without their User",
    Foreseen.ERASE: "erased for good",
    Foreseen.CREATE_COHORT: "cohorts created",
    Foreseen.UPDATE_COHORT: "cohorts updated",
    Foreseen.REMOVE_COHORT: "cohorts removed",
    Foreseen.JOIN: "memberships begin",
    Foreseen.LEAVE: "memberships end",
    Foreseen.CONFLICT: "need your decision",
    Foreseen.EXCLUDED: "are set aside",
    Foreseen.GUARD: "are held by the guard",
    Foreseen.NOTHING: "have no effect",
}


def _headline(summary: Summary) -> str:
    told = [f"{count:,} {_WORDS[kind]}" for kind, count in summary.counts.items() if count]
    if not told:
        return "Nothing is pending."
    return f"If all were released now: {' · '.join(told)}."


def _items(items: Sequence[PreviewItem]) -> Table:
    table = table_of(("kind", "who", "effect", "hold", "why", "changes"), [_row(item) for item in items])
    for column in table.columns:
        column.overflow = "fold"
    return table


def _row(item: PreviewItem) -> tuple[str, ...]:
    who = f"{item.name} in {item.group}" if item.group else item.name
    changes = "; ".join(f"{name}: {_value(old)} → {_value(new)}" for name, (old, new) in item.changes.items())
    hold = item.hold.value if item.hold is not None else ""
    return item.kind.value, who, " ".join(item.counts_as), hold, item.reason, changes


def _value(value: object) -> str:
    return "–" if value is None else str(value)


def _plan(plan: Plan, destructive: Sequence[Destruction]) -> str:
    told = " · ".join(f"{count:,} {_WORDS[Foreseen(kind)]}" for kind, count in plan.counts.items())
    lines = [f"Plan {plan.id} of {plan.created}, reviewed by {plan.principal}", told or "Nothing is pending."]
    lines += [f"  {item.kind} {item.resource}" for item in destructive[:_SHOWN_AT_MOST]]
    if len(destructive) > _SHOWN_AT_MOST:
        lines.append(f"  and {len(destructive) - _SHOWN_AT_MOST:,} more (--json has all)")
    erase = f" --erase {plan.erasures}" if plan.erasures else ""
    lines.append(f"Confirm it: rollcall mode {plan.tenant} sync --plan {plan.id}{erase}")
    return "\n".join(lines)
