"""``rollcall guard``: the limit on deprovisioning, and what is held beyond it."""

from dataclasses import asdict

import typer
from rich.table import Table

from deploy.commands.following import NO_WAIT, followed, tell
from deploy.commands.session import AS_JSON, Session, fail, run, show, table_of
from tenants.administration.guard import GuardState
from tenants.jobs.job import Job

app = typer.Typer(help="The limit on deprovisioning, and what is held beyond it.", no_args_is_help=True)

_IDS = typer.Argument(None, help="Ids as `rollcall guard show` lists them; without any: all that is held.")
_REASON = typer.Option("", help="Why, for the audit log.")
_LIMIT = typer.Argument(..., help="How many may be deprovisioned within an hour: a number, auto, or off.")
_SHOWN_AT_MOST = 100


@app.command("show")
def show_guard(tenant: str, as_json: bool = AS_JSON) -> None:
    """Show the limit, how much of it is used, and whom the guard holds."""
    state = run(lambda session: session.guard.state(tenant))
    show(asdict(state), as_json=as_json, table=lambda: _table(state))


@app.command("set")
def set_guard(tenant: str, limit: str = _LIMIT, as_json: bool = AS_JSON) -> None:
    """Set the limit: a number; auto (a tenth of the managed accounts, 20 at least); or off."""
    if limit not in {"auto", "off"} and not limit.isdecimal():
        fail("the limit is a number, auto or off", 2)

    async def work(session: Session) -> GuardState:
        number = int(limit) if limit.isdecimal() else None
        await session.guard.set(tenant, limit=number, is_on=limit != "off", actor=session.actor)
        return await session.guard.state(tenant)

    state = run(work)
    show(asdict(state), as_json=as_json, table=lambda: _table(state))


@app.command()
def release(tenant: str, ids: list[str] | None = _IDS, no_wait: bool = NO_WAIT, as_json: bool = AS_JSON) -> None:
    """Let go of what is held: the people are disabled or erased, the members leave."""

    async def work(session: Session) -> list[Job]:
        job = await session.guard.release(tenant, ids or [], actor=session.actor)
        return await followed(session, [job], no_wait=no_wait)

    tell(run(work), as_json=as_json, no_wait=no_wait)


@app.command()
def reject(
    tenant: str,
    ids: list[str] | None = _IDS,
    reason: str = _REASON,
    no_wait: bool = NO_WAIT,
    as_json: bool = AS_JSON,
) -> None:
    """Keep them in the LMS, members in their cohorts: set aside until taken back (`rollcall hold clear`)."""

    async def work(session: Session) -> list[Job]:
        job = await session.guard.reject(tenant, ids or [], reason=reason, actor=session.actor)
        return await followed(session, [job], no_wait=no_wait)

    tell(run(work), as_json=as_json, no_wait=no_wait)


def _table(state: GuardState) -> Table:
    rows: list[tuple[object, ...]] = [
        ("limit within an hour", "off" if state.limit is None else state.limit),
        ("managed accounts", state.managed_accounts),
        ("used", state.used),
        ("began to hold", state.tripped or "never"),
        ("held", len(state.held)),
        *((held.kind.value, f"{held.id} {held.name}") for held in state.held[:_SHOWN_AT_MOST]),
    ]
    table = table_of(("fact", "value"), rows)
    table.show_header = False
    return table
