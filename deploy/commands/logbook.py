"""``rollcall events``: what the LMS is told, in order."""

from typing import Any

import msgspec
import typer

from deploy.commands.session import AS_JSON, Session, run, show, table_of

_AFTER = typer.Option(0, help="Begin after the event of this number.")
_LIMIT = typer.Option(100, min=1, max=10_000, help="Show so many at most.")


def events(tenant: str, after: int = _AFTER, limit: int = _LIMIT, as_json: bool = AS_JSON) -> None:
    """Show the feed of a tenant's events, oldest first."""

    async def work(session: Session) -> list[dict[str, Any]]:
        id = (await session.tenants.tenant(tenant)).id
        return [
            msgspec.to_builtins(event) for event in await session.stores.outbox.events(id, after=after, limit=limit)
        ]

    rows = run(work)
    columns = ("number", "at", "type", "subject")
    show(rows, as_json=as_json, table=lambda: table_of(columns, [[row[key] for key in columns] for row in rows]))
