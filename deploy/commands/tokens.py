"""``rollcall token``: make, list and revoke SCIM tokens."""

import time
from datetime import UTC, datetime
from typing import Any

import typer

from deploy.commands.session import AS_JSON, Session, fail, run, show, table_of
from tenants.administration.tokens import is_live
from tenants.registry.port import TokenRecord

app = typer.Typer(help="Make, list and revoke SCIM tokens.", no_args_is_help=True)


@app.command()
def create(
    tenant: str,
    name: str = typer.Option("provisioning", help="What people call the token."),
    expires: str | None = typer.Option(
        None, help="Its end, like 2027-03-31 (that day, UTC, included); default: a year."
    ),
    as_json: bool = AS_JSON,
) -> None:
    """Make a token; it is shown this once and never again."""
    end = _end_of(expires)

    async def work(session: Session) -> dict[str, Any]:
        issued = await session.tokens.create(tenant, name=name, expires=end, actor=session.actor)
        url = f"{session.settings.public_url}/scim/v2/{tenant}"
        return {"token": issued.token, "tenant_url": url, **_shown(issued.record)}

    made = run(work)
    show(
        made,
        as_json=as_json,
        table=lambda: (
            f"Tenant URL: {made['tenant_url']}\nSCIM token: {made['token']}\n"
            f"Expires: {made['expires']}. Keep the token now: it is not shown again."
        ),
    )


@app.command("list")
def list_tokens(tenant: str, as_json: bool = AS_JSON) -> None:
    """List a tenant's tokens."""

    async def work(session: Session) -> list[dict[str, Any]]:
        return [_shown(record) for record in await session.tokens.tokens(tenant)]

    rows = run(work)
    columns = ("id", "name", "ends_in", "state", "expires", "last_used")
    show(rows, as_json=as_json, table=lambda: table_of(columns, [[row[key] for key in columns] for row in rows]))


@app.command()
def revoke(tenant: str, token: str, as_json: bool = AS_JSON) -> None:
    """Revoke a token, named by its id or name; every gateway refuses it within five seconds."""

    async def work(session: Session) -> dict[str, Any]:
        return _shown(await session.tokens.revoke(tenant, token, actor=session.actor))

    row = run(work)
    show(row, as_json=as_json, table=lambda: f"Token {row['name']} ({row['id']}) is revoked.")


def _end_of(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        end = datetime.fromisoformat(text)
    except ValueError:
        fail(f"--expires is to be a date like 2027-03-31, not {text!r}", 1)
    if len(text) == len("2027-03-31"):
        end = end.replace(hour=23, minute=59, second=59)
    return end if end.tzinfo is not None else end.replace(tzinfo=UTC)


def _shown(record: TokenRecord) -> dict[str, Any]:
    use = record.last_use
    return {
        "id": record.id,
        "name": record.name,
        "ends_in": record.last_four,
        "state": _state(record),
        "created": record.created,
        "created_by": record.created_by,
        "expires": record.expires,
        "revoked": record.revoked,
        "last_used": use.at if use else None,
        "last_used_from": use.address if use else None,
        "last_used_by": use.agent if use else None,
    }


def _state(record: TokenRecord) -> str:
    if record.revoked is not None:
        return "revoked"
    return "live" if is_live(record, time.time()) else "expired"
