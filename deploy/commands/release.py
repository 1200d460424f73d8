"""``rollcall release`` and ``rollcall replay``: apply what is pending; tell the LMS once more."""

from enum import StrEnum
from typing import Any

import typer

from deploy.commands.following import NO_WAIT, followed, tell
from deploy.commands.naming import pending_ones, resource_ids
from deploy.commands.session import AS_JSON, Session, fail, run
from tenants.administration.actor import RefusedError
from tenants.jobs.job import Job, JobKind
from tenants.policies.settings import OperationMode


class Type(StrEnum):
    """What a filter chooses from."""

    USER = "User"
    GROUP = "Group"


_WHOM = typer.Argument(None, help="Users by id or userName, Groups and deleted ones by id, pairs as GROUP/MEMBER.")
_WHOSE = typer.Argument(None, help="Users by id or userName, Groups by id.")
_ALL = typer.Option(False, "--all", help="All that is pending, but for what is set aside or held by the guard.")
_EVERYBODY = typer.Option(False, "--all", help="All Users and Groups.")
_FILTER = typer.Option("", "--filter", help="Whom a SCIM filter finds, like 'active eq false', as the job goes on.")
_TYPE = typer.Option(None, "--type", help="What the filter chooses from; without it, Users.")


def release(
    tenant: str,
    whom: list[str] | None = _WHOM,
    filter: str = _FILTER,
    type: Type | None = _TYPE,
    all: bool = _ALL,  # noqa: A002 - the option's name
    no_wait: bool = NO_WAIT,
    as_json: bool = AS_JSON,
) -> None:
    """Apply what is pending of chosen ones, whatever holds it and in dry-run too; or of all, in sync mode."""
    _check_choice(whom, filter, type, everybody=all)

    async def work(session: Session) -> list[Job]:
        if all:
            await _check_sync(session, tenant)
        chosen = {} if all else await pending_ones(session, tenant, whom or [])
        parameters = _found(filter, type) if filter else chosen
        job = await session.jobs.start(tenant, JobKind.RELEASE, parameters, actor=session.actor)
        return await followed(session, [job], no_wait=no_wait)

    tell(run(work), as_json=as_json, no_wait=no_wait)


def replay(
    tenant: str,
    whom: list[str] | None = _WHOSE,
    filter: str = _FILTER,
    type: Type | None = _TYPE,
    all: bool = _EVERYBODY,  # noqa: A002 - the option's name
    no_wait: bool = NO_WAIT,
    as_json: bool = AS_JSON,
) -> None:
    """Tell the LMS once more how the accounts and cohorts of chosen ones, or of all, stand."""
    _check_choice(whom, filter, type, everybody=all)

    async def work(session: Session) -> list[Job]:
        parameters = _found(filter, type) if filter else {}
        if whom:
            parameters = {"resources": await resource_ids(session, tenant, whom)}
        job = await session.jobs.start(tenant, JobKind.REPEAT, parameters, actor=session.actor)
        return await followed(session, [job], no_wait=no_wait)

    tell(run(work), as_json=as_json, no_wait=no_wait)


def _check_choice(whom: list[str] | None, filter: str, type: Type | None, *, everybody: bool) -> None:
    if [bool(whom), bool(filter), everybody].count(True) != 1:
        fail("name somebody, give a --filter, or say --all", 2)
    if type is not None and not filter:
        fail("--type goes with a --filter", 2)


def _found(filter: str, type: Type | None) -> dict[str, Any]:
    return {"filter": filter, "type": (type or Type.USER).value}


async def _check_sync(session: Session, tenant: str) -> None:
    record = await session.tenants.tenant(tenant)
    if record.policies.mode is OperationMode.DRY_RUN:
        raise RefusedError(f"{tenant} is in dry-run: name whom to release, or `rollcall mode {tenant} sync`")
