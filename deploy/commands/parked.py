"""``rollcall parked``: commands that no worker could carry out."""

from collections.abc import Sequence
from typing import Any

import typer
from rich.table import Table

from deploy.commands.session import AS_JSON, Session, fail, run, show, table_of
from tenants.administration.parked import described
from tenants.bus.port import ParkedDelivery

app = typer.Typer(help="List, replay and discard commands that no worker could carry out.", no_args_is_help=True)

_IDS = typer.Argument(None, metavar="[ID]...", help="As `rollcall parked list` shows them.")
_ALL = typer.Option(False, "--all", help="All that is parked.")
_YES = typer.Option(False, "--yes", "-y", help="Do not ask.")
_LIMIT = typer.Option(100, min=1, max=1_000, help="Show so many at most.")


@app.command("list")
def list_parked(tenant: str, limit: int = _LIMIT, as_json: bool = AS_JSON) -> None:
    """List what is parked, the oldest first: what it was about, and why it could not be carried out."""

    async def work(session: Session) -> list[dict[str, Any]]:
        return [_shown(delivery) for delivery in await session.parked.parked(tenant, limit=limit)]

    rows = run(work)
    show(rows, as_json=as_json, table=lambda: _table(rows))


@app.command()
def replay(tenant: str, ids: list[str] | None = _IDS, every: bool = _ALL, as_json: bool = AS_JSON) -> None:
    """Put parked commands back on the tenant's lane, as they were, behind all that came since.

    What becomes of them stands in the audit log; what fails again is parked again. In the embedded shape the serving
    process takes them back within a second, or when it starts next.
    """
    chosen = _chosen(ids, every=every)

    async def work(session: Session) -> list[dict[str, Any]]:
        found = await session.parked.replay(tenant, chosen, actor=session.actor)
        if session.settings.is_embedded and found:
            typer.echo("The serving process takes them back within a second, or when it starts next.", err=True)
        return _told(chosen, found)

    rows = run(work)
    show(rows, as_json=as_json, table=lambda: _sentence(rows, "put back on the lane"))


@app.command()
def discard(
    tenant: str, ids: list[str] | None = _IDS, every: bool = _ALL, yes: bool = _YES, as_json: bool = AS_JSON
) -> None:
    """Throw parked commands away for good."""
    chosen = _chosen(ids, every=every)
    if chosen is None and not yes:
        typer.confirm(f"All parked commands of {tenant} are lost for good. Go ahead?", err=True, abort=True)

    async def work(session: Session) -> list[dict[str, Any]]:
        return _told(chosen, await session.parked.discard(tenant, chosen, actor=session.actor))

    rows = run(work)
    show(rows, as_json=as_json, table=lambda: _sentence(rows, "thrown away"))


def _chosen(ids: Sequence[str] | None, *, every: bool) -> Sequence[str] | None:
    """Return the ids; None for all."""
    if bool(ids) is every:
        fail("name what you mean: ids of `rollcall parked list`, or --all", 2)
    return None if every else ids


def _told(chosen: Sequence[str] | None, found: Sequence[ParkedDelivery]) -> list[dict[str, Any]]:
    here = {delivery.id for delivery in found}
    for id in chosen or ():
        if id not in here:
            typer.echo(f"{id} is not parked, or cannot be read; it was left out.", err=True)
    return [_shown(delivery) for delivery in found]


def _shown(delivery: ParkedDelivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "parked": delivery.parked,
        "reason": delivery.reason,
        "commands": [described(command) for command in delivery.commands],
    }


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    lines = [
        (row["id"], row["parked"], _in_words(command), command["resource"], row["reason"])
        for row in rows
        for command in row["commands"] or ({"kind": "unreadable", "type": None, "resource": None},)
    ]
    return table_of(("id", "parked", "command", "resource", "reason"), lines)


def _in_words(command: dict[str, Any]) -> str:
    return f"{command['kind']} {command['type']}" if command["type"] else str(command["kind"])


def _sentence(rows: Sequence[dict[str, Any]], what: str) -> str:
    commands = sum(len(row["commands"]) for row in rows)
    if not rows:
        return "Nothing was parked."
    return f"{commands:,} command{'s were' if commands != 1 else ' was'} {what}."
