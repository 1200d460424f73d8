"""``rollcall token``: make, list, rename, rotate and revoke SCIM tokens."""

import time
from datetime import UTC, datetime
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from deploy.commands.session import AS_JSON, Session, fail, run, show
from tenants.administration.tokens import IssuedToken, OldStops
from tenants.registry.lifetimes import TokenState, days_left, state_of
from tenants.registry.port import TokenRecord

app = typer.Typer(help="Make, list, rename, rotate and revoke SCIM tokens.", no_args_is_help=True)

_EXPIRES = typer.Option(None, help="Its end, like 2027-03-31 (that day, UTC, included); default: a year.")
_TOKEN = typer.Argument(help="The token's id, or its name where only one is called so.")
_NEW_NAME = typer.Option(None, "--name", help="What people call the new token; default: as the old one.")
_OLD_STOPS = typer.Option(OldStops.IN_A_DAY, help="When the old token is refused; never later than its own date.")
_SOON_DAYS, _VERY_SOON_DAYS = 30, 7
_ID_WIDTH = 32


@app.command()
def create(
    tenant: str,
    name: str = typer.Option("provisioning", help="What people call the token."),
    expires: str | None = _EXPIRES,
    as_json: bool = AS_JSON,
) -> None:
    """Make a token; it is shown this once and never again."""
    end = _end_of(expires)

    async def work(session: Session) -> dict[str, Any]:
        issued = await session.tokens.create(tenant, name=name, expires=end, actor=session.actor)
        return _issued(issued, session)

    made = run(work)
    show(made, as_json=as_json, table=lambda: _handed_over(made))


@app.command("list")
def list_tokens(tenant: str, as_json: bool = AS_JSON) -> None:
    """List a tenant's tokens: how each stands, and when, from where and by what it was last used."""

    async def work(session: Session) -> list[dict[str, Any]]:
        return [_shown(record) for record in await session.tokens.tokens(tenant)]

    rows = run(work)
    show(rows, as_json=as_json, table=lambda: _table(rows))


@app.command()
def rename(
    tenant: str,
    token: str = _TOKEN,
    name: str = typer.Argument(help="Its new name."),
    as_json: bool = AS_JSON,
) -> None:
    """Give a token another name."""

    async def work(session: Session) -> dict[str, Any]:
        return _shown(await session.tokens.rename(tenant, token, name, actor=session.actor))

    row = run(work)
    show(row, as_json=as_json, table=lambda: Text(f"Token {row['id']} is named {row['name']}."))


@app.command()
def rotate(
    tenant: str,
    token: str = _TOKEN,
    old_stops: OldStops = _OLD_STOPS,
    name: str | None = _NEW_NAME,
    expires: str | None = _EXPIRES,
    as_json: bool = AS_JSON,
) -> None:
    """Make a token in the place of another, which lives on for a while; the new one is shown this once."""
    end = _end_of(expires)

    async def work(session: Session) -> dict[str, Any]:
        issued, old = await session.tokens.rotate(
            tenant, token, stops=old_stops, name=name, expires=end, actor=session.actor
        )
        return {**_issued(issued, session), "replaces": _shown(old)}

    made = run(work)
    show(made, as_json=as_json, table=lambda: _handed_over(made))


@app.command()
def revoke(tenant: str, token: str = _TOKEN, as_json: bool = AS_JSON) -> None:
    """Revoke a token; every gateway refuses it within five seconds."""

    async def work(session: Session) -> dict[str, Any]:
        return _shown(await session.tokens.revoke(tenant, token, actor=session.actor))

    row = run(work)
    show(row, as_json=as_json, table=lambda: Text(f"Token {row['name']} ({row['id']}) is revoked."))


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


def _issued(issued: IssuedToken, session: Session) -> dict[str, Any]:
    url = f"{session.settings.public_url}/scim/v2/{issued.record.tenant}"
    return {"token": issued.token, "tenant_url": url, **_shown(issued.record)}


def _handed_over(made: dict[str, Any]) -> Text:
    lines = [
        f"Tenant URL: {made['tenant_url']}",
        f"SCIM token: {made['token']}",
        f"Expires: {made['expires']}. Keep the token now: it is not shown again.",
    ]
    if "replaces" in made:
        old = made["replaces"]
        lines.append(f"The old token ({old['id']}): {_words(old)}.")
    return Text("\n".join(lines))


def _shown(record: TokenRecord) -> dict[str, Any]:
    use, now = record.last_use, time.time()
    return {
        "id": record.id,
        "name": record.name,
        "last_four": record.last_four,
        "state": state_of(record, now).value,
        "days_left": days_left(record, now),
        "created": record.created,
        "created_by": record.created_by,
        "expires": record.expires,
        "revoked": record.revoked,
        "replaced_by": record.replaced_by,
        "warned_days": record.warned,
        "last_used": use.at if use else None,
        "last_used_from": use.address if use else None,
        "last_used_by": use.agent if use else None,
    }


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("id", no_wrap=True, min_width=_ID_WIDTH)
    for heading in ("name", "last four", "state", "expires", "last used"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        cells = (row["id"], row["name"], row["last_four"], _state(row), _minute(row["expires"]), _last_use(row))
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in cells))
    return table


def _minute(moment: str) -> str:
    return f"{moment[:10]} {moment[11:16]}"


def _last_use(row: dict[str, Any]) -> str:
    if row["last_used"] is None:
        return "never"
    return f"{_minute(row['last_used'])} from {row['last_used_from']} by {row['last_used_by'] or 'nothing named'}"


def _state(row: dict[str, Any]) -> Text:
    return Text(_words(row), style=_style(row))


def _words(row: dict[str, Any]) -> str:
    """Say how the token stands."""
    days = f"{row['days_left']} day{'' if row['days_left'] == 1 else 's'}"
    match TokenState(row["state"]):
        case TokenState.ENDING:
            return f"ends in {days}"
        case TokenState.STOPPING:
            return f"stops at {_minute(row['revoked'])}"
        case TokenState.LIVE if row["replaced_by"]:
            return f"replaced, ends in {days}"
        case state:
            return state.value


def _style(row: dict[str, Any]) -> str:
    match TokenState(row["state"]):
        case TokenState.LIVE:
            return "green"
        case TokenState.REVOKED:
            return "dim"
        case TokenState.STOPPING:
            return "yellow"
        case TokenState.EXPIRED:
            return "red"
        case TokenState.ENDING if row["days_left"] <= _VERY_SOON_DAYS:
            return "bold red"
        case TokenState.ENDING:
            return "yellow" if row["days_left"] <= _SOON_DAYS else "green"
