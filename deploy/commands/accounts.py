"""``rollcall accounts``: list, activate, import and flag accounts of the LMS."""

import sys
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from deploy.commands.following import NO_WAIT, followed, tell, whole
from deploy.commands.naming import account_ids
from deploy.commands.session import AS_JSON, Session, fail, run, show, table_of
from schemas.ids import TenantId
from schemas.messages.administration import LmsAccount
from tenants.administration.imports import parameters_of, read_csv, read_json_lines
from tenants.directory.records import Account, AccountStatus
from tenants.jobs.job import Job, JobKind, JobState

app = typer.Typer(help="List, activate, import and flag accounts.", no_args_is_help=True)


class Format(StrEnum):
    """How accounts to import are written."""

    JSONL = "jsonl"
    CSV = "csv"


_READERS: dict[Format, Callable[[Iterable[str]], list[LmsAccount]]] = {
    Format.CSV: read_csv,
    Format.JSONL: read_json_lines,
}
_PAGE = 1_000

_STATUS = typer.Option(None, help="Only accounts that stand so.")
_AFTER = typer.Option("", help="Go on after the account of this id.")
_LIMIT = typer.Option(100, min=1, max=100_000, help="Show so many at most.")
_WHOSE = typer.Argument(None, help="Accounts by id or login.")
_ACCOUNT = typer.Argument(..., help="The account, by id or login.")
_ALL = typer.Option(False, "--all", help="All that wait.")
_FILE = typer.Argument(..., help="The file to read; - for standard input.")
_FORMAT = typer.Option(None, help="How it is written; default: as its name ends.")
_LEGAL_HOLD = typer.Option(None, "--legal-hold/--no-legal-hold", help="Whether nothing may erase it.")
_BY_HAND = typer.Option(None, "--status", help="The status that the account was given by hand in the LMS.")


@app.command("list")
def list_accounts(
    tenant: str,
    status: AccountStatus | None = _STATUS,
    after: str = _AFTER,
    limit: int = _LIMIT,
    as_json: bool = AS_JSON,
) -> None:
    """List a tenant's accounts, by id."""

    async def work(session: Session) -> list[dict[str, Any]]:
        id = (await session.tenants.tenant(tenant)).id
        return [_shown(account) for account in await _accounts(session, id, status, after, limit)]

    rows = run(work)
    columns = ("id", "user", "login", "status", "sign_in", "marks")
    cells = [[", ".join(row[key]) if key == "marks" else row[key] for key in columns] for row in rows]
    show(rows, as_json=as_json, table=lambda: whole(table_of(columns, cells)))


@app.command()
def activate(
    tenant: str,
    whose: list[str] | None = _WHOSE,
    all: bool = _ALL,  # noqa: A002 - the option's name
    no_wait: bool = NO_WAIT,
    as_json: bool = AS_JSON,
) -> None:
    """Let persons in whose accounts await activation."""
    if bool(whose) == all:
        fail("name accounts, or say --all", 2)

    async def work(session: Session) -> list[Job]:
        parameters = {} if all else {"accounts": await account_ids(session, tenant, whose or [])}
        job = await session.jobs.start(tenant, JobKind.ACTIVATE, parameters, actor=session.actor)
        return await followed(session, [job], no_wait=no_wait)

    tell(run(work), as_json=as_json, no_wait=no_wait)


@app.command("import")
def import_accounts(
    tenant: str,
    file: str = _FILE,
    format: Format | None = _FORMAT,
    no_wait: bool = NO_WAIT,
    as_json: bool = AS_JSON,
) -> None:
    """Take over accounts that the LMS had before: lms_id, login, external_id, email, is_verified, is_active.

    They are linked to nobody until somebody comes for whom the tenant's rules find one.
    """
    lines = _lines(file)

    async def work(session: Session) -> list[Job]:
        parts = list(parameters_of(_READERS[_format_of(file, format)](lines)))
        done: list[Job] = []
        for parameters in parts:
            job = await session.jobs.start(tenant, JobKind.IMPORT, parameters, actor=session.actor)
            done += await followed(session, [job], no_wait=no_wait)
            if done[-1].state in {JobState.PAUSED, JobState.STOPPED}:
                break
        return done

    jobs = run(work)
    if not jobs:
        fail(f"{file} has no accounts", 1)
    tell(jobs, as_json=as_json, no_wait=no_wait, as_list=True)


@app.command()
def flag(
    tenant: str,
    account: str = _ACCOUNT,
    legal_hold: bool | None = _LEGAL_HOLD,
    status: AccountStatus | None = _BY_HAND,
    no_wait: bool = NO_WAIT,
    as_json: bool = AS_JSON,
) -> None:
    """Set or lift a legal hold; or note that an account was changed by hand in the LMS, so that it shows as drift."""
    if legal_hold is None and status is None:
        fail("say --legal-hold, --no-legal-hold or --status", 2)

    async def work(session: Session) -> list[Job]:
        (id,) = await account_ids(session, tenant, [account])
        parameters = {"account": id, "has_legal_hold": legal_hold, "status": status.value if status else None}
        job = await session.jobs.start(tenant, JobKind.FLAG, parameters, actor=session.actor)
        return await followed(session, [job], no_wait=no_wait)

    tell(run(work), as_json=as_json, no_wait=no_wait)


async def _accounts(
    session: Session, tenant: TenantId, status: AccountStatus | None, after: str, limit: int
) -> list[Account]:
    found: list[Account] = []
    while len(found) < limit:
        page = await session.stores.accounts.accounts(tenant, after=after, limit=_PAGE)
        found += [account for account in page if status is None or account.status is status]
        if len(page) < _PAGE:
            break
        after = page[-1].id
    return found[:limit]


def _shown(account: Account) -> dict[str, Any]:
    marks = {
        "detached": account.resource is None and not account.is_imported,
        "imported": account.is_imported,
        "leaving": account.is_leaving,
        "legal hold": account.has_legal_hold,
    }
    return {
        "id": account.id,
        "user": account.resource,
        "external_id": account.external_id,
        "login": account.login,
        "status": account.status.value,
        "sign_in": account.sign_in,
        "activated": account.activated,
        "marks": [mark for mark, is_set in marks.items() if is_set],
    }


def _format_of(file: str, format: Format | None) -> Format:
    if format is not None:
        return format
    return Format.CSV if Path(file).suffix.lower() == ".csv" else Format.JSONL


def _lines(file: str) -> list[str]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8-sig")
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}", 1)
    except ValueError as error:
        fail(f"{file} is not text in UTF-8: {error}", 1)
    return text.splitlines(keepends=True)
