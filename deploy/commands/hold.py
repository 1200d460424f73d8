"""``rollcall hold``: set pending ones aside, take them back, decide conflicts."""

from typing import Any

import typer

from deploy.commands.following import NO_WAIT, followed, tell
from deploy.commands.naming import account_ids, pending_ones, resource_ids
from deploy.commands.session import AS_JSON, Session, run
from tenants.jobs.job import Job, JobKind

app = typer.Typer(help="Set aside what is pending, take it back, decide conflicts.", no_args_is_help=True)

_WHOM = typer.Argument(
    ..., help="Users by id or userName, Groups and deleted ones by id, removed members as GROUP/MEMBER."
)
_USER = typer.Argument(..., help="The User, by id or userName.")
_REASON = typer.Option("", help="Why, for the audit log.")
_LINK = typer.Option(None, "--link", help="The account that is theirs, by id or login; without it, they get a new one.")


@app.command("set")
def set_aside(
    tenant: str,
    whom: list[str] = _WHOM,
    reason: str = _REASON,
    no_wait: bool = NO_WAIT,
    as_json: bool = AS_JSON,
) -> None:
    """Set aside: no release of all applies it, and no later change, until it is taken back or released by name."""

    async def work(session: Session) -> list[Job]:
        parameters = {**await pending_ones(session, tenant, whom), "reason": reason}
        return await _done(session, tenant, JobKind.SET_ASIDE, parameters, no_wait=no_wait)

    tell(run(work), as_json=as_json, no_wait=no_wait)


@app.command("clear")
def take_back(tenant: str, whom: list[str] = _WHOM, no_wait: bool = NO_WAIT, as_json: bool = AS_JSON) -> None:
    """Take back what was set aside: pending again in dry-run, applied in sync."""

    async def work(session: Session) -> list[Job]:
        parameters = await pending_ones(session, tenant, whom)
        return await _done(session, tenant, JobKind.TAKE_BACK, parameters, no_wait=no_wait)

    tell(run(work), as_json=as_json, no_wait=no_wait)


@app.command()
def resolve(
    tenant: str, user: str = _USER, link: str | None = _LINK, no_wait: bool = NO_WAIT, as_json: bool = AS_JSON
) -> None:
    """Decide a conflict: link the User to an account; or let who has the login give it up, and make a new one."""

    async def work(session: Session) -> list[Job]:
        (resource,) = await resource_ids(session, tenant, [user])
        account = (await account_ids(session, tenant, [link]))[0] if link else None
        parameters = {"resource": resource, "link": account}
        return await _done(session, tenant, JobKind.RESOLVE, parameters, no_wait=no_wait)

    tell(run(work), as_json=as_json, no_wait=no_wait)


async def _done(
    session: Session, tenant: str, kind: JobKind, parameters: dict[str, Any], *, no_wait: bool
) -> list[Job]:
    job = await session.jobs.start(tenant, kind, parameters, actor=session.actor)
    return await followed(session, [job], no_wait=no_wait)
