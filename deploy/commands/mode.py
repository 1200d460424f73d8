"""``rollcall mode``: from dry-run to sync, which applies all that is pending, and back."""

import sys
from collections.abc import Mapping
from enum import StrEnum

import typer

from deploy.commands.following import NO_WAIT, followed, shown, tell
from deploy.commands.session import AS_JSON, Session, fail, run, show
from schemas.ids import PlanId
from tenants.administration.actor import RefusedError
from tenants.administration.mode import Switched
from tenants.administration.rehearsal import Changed
from tenants.administration.tenants import SettingsChange
from tenants.directory.pending import PendingKind
from tenants.jobs.job import Job
from tenants.policies.preview import Foreseen
from tenants.policies.settings import OperationMode

_WORDS = {
    PendingKind.USER: "Users",
    PendingKind.GROUP: "Groups",
    PendingKind.MEMBERSHIP: "memberships",
    PendingKind.LEAVER: "deleted ones",
}


class Mode(StrEnum):
    """The operation modes, as they are typed."""

    DRY_RUN = "dry-run"
    SYNC = "sync"


_YES = typer.Option(False, "--yes", "-y", help="Do not ask.")
_PLAN = typer.Option("", help="The plan that was reviewed: nobody is disabled or erased whom it does not name.")
_ERASE = typer.Option(None, min=0, help="How many accounts are erased for good, typed to say that you know.")


def mode(
    tenant: str,
    mode: Mode,
    plan: str = _PLAN,
    erase: int | None = _ERASE,
    yes: bool = _YES,
    no_wait: bool = NO_WAIT,
    as_json: bool = AS_JSON,
) -> None:
    """Switch a tenant's operation mode.

    sync: all that is pending is applied by a job, users first and deprovisioning last, and what comes from now on at
    once. dry-run: nothing reaches the LMS any more, and a release under way is stopped.
    """
    wanted = OperationMode(mode.value.replace("-", "_"))
    if wanted is OperationMode.DRY_RUN and plan:
        fail("a plan is confirmed by going to sync", 2)
    if erase is not None and wanted is OperationMode.DRY_RUN:
        fail("nobody is erased by going to dry-run", 2)

    async def work(session: Session) -> tuple[Switched, list[Job]]:
        change = SettingsChange(mode=wanted)
        confirmed: PlanId | None = None
        if plan:
            confirmed = (await session.plans.confirm(tenant, plan, erase=erase, actor=session.actor)).id
        elif wanted is OperationMode.SYNC:
            waiting = await check_erasures(session, tenant, erase=erase)
            _confirm(tenant, waiting, is_confirmed=yes)
        changed = await session.changes.change(tenant, change, plan=confirmed, existing=False, actor=session.actor)
        tell_changed(changed)
        release = [changed.switched.release] if changed.switched.release else []
        return changed.switched, await followed(session, [*release, *changed.jobs], no_wait=no_wait)

    switched, jobs = run(work)
    if jobs:
        tell(jobs, as_json=as_json, no_wait=no_wait)
    else:
        row = {"mode": switched.tenant.policies.mode.value, "stopped": [shown(job) for job in switched.stopped]}
        show(row, as_json=as_json, table=lambda: f"{tenant} is in {mode.value}.")


async def check_erasures(session: Session, tenant: str, *, erase: int | None) -> Mapping[PendingKind, int]:
    """See that whoever goes to sync knows how many accounts are erased for good; return how much is pending.

    Raises:
        RefusedError: There is no such tenant, or they do not.
    """
    waiting = await session.modes.waiting(tenant)
    erased = (await session.preview.summary(tenant)).counts[Foreseen.ERASE] if waiting[PendingKind.LEAVER] else 0
    if erased != (erase or 0):
        raise RefusedError(
            f"this erases {erased:,} accounts for good: `rollcall preview {tenant} --effect erase` names them;"
            f" say that you know: rollcall mode {tenant} sync --erase {erased}"
        )
    return waiting


def tell_changed(changed: Changed) -> None:
    """Say on standard error what a change of settings has set off."""
    switched = changed.switched
    tenant, release = switched.tenant.id, switched.release
    if release is not None:
        typer.echo(f"A job releases what is pending: `rollcall job watch {tenant} {release.id}`", err=True)
    for job in switched.stopped:
        typer.echo(f"The release {job.id} was stopped; what it has not released stays pending.", err=True)
    for job in changed.jobs:
        typer.echo(f"A job changes existing accounts: `rollcall job watch {tenant} {job.id}`", err=True)


def _confirm(tenant: str, waiting: Mapping[PendingKind, int], *, is_confirmed: bool) -> None:
    """Go ahead only where somebody has said so, or nothing is pending.

    Raises:
        RefusedError: Nobody has.
    """
    if is_confirmed or not sum(waiting.values()):
        return
    question = f"{_in_words(waiting)} will be applied to the LMS of {tenant}"
    if not sys.stdin.isatty():
        raise RefusedError(f"{question}; say --yes to confirm")
    if not typer.confirm(f"{question}. Go ahead?", err=True):
        raise RefusedError("nothing was changed")


def _in_words(waiting: Mapping[PendingKind, int]) -> str:
    parts = [f"{waiting[kind]:,} {word}" for kind, word in _WORDS.items() if waiting.get(kind)]
    return f"What is pending ({', '.join(parts)})"
