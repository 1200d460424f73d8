"""A job as a value."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from schemas.ids import JobId, TenantId


class JobKind(StrEnum):
    """What a job is about; each sends one kind of command."""

    RELEASE = "release"
    SET_ASIDE = "set_aside"
    TAKE_BACK = "take_back"
    ACTIVATE = "activate"
    ALIGN = "align"
    IMPORT = "import"
    RESOLVE = "resolve"
    REPAIR = "repair"
    REPEAT = "repeat"
    FLAG = "flag"


class JobState(StrEnum):
    """Whether a job goes on."""

    RUNNING = "running"
    PAUSED = "paused"
    """Too much of it failed; it goes on when an administrator says so."""
    STOPPED = "stopped"
    """For good: an administrator stopped it, or the tenant went back to dry-run."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class JobFailure:
    """One item that could not be done."""

    item: str
    """A resource's, account's or membership's id."""
    reason: str


@dataclass(frozen=True, slots=True)
class Job:
    """An administrator's work on one tenant, as far as it has come."""

    id: JobId
    tenant: TenantId
    kind: JobKind
    created: str
    """RFC 3339, UTC, milliseconds."""
    principal: str
    """Who asked for it, as the audit log names them."""
    parameters: dict[str, Any] = field(default_factory=dict)
    """What it is about, as its kind reads it: ``resources`` or ``accounts`` (ids), or nothing for all."""
    state: JobState = JobState.RUNNING
    total: int = 0
    """Items that there were when it began; 0 before they are counted."""
    done: int = 0
    """Items that were done, or were as they should be already."""
    failed: int = 0
    failures: tuple[JobFailure, ...] = ()
    """The first of them (``MOST_FAILURES``)."""
    step: int = 0
    """Raised with each step; a step that was done is never done again under the same number."""
    place: str = ""
    """Where the next step begins, as its kind writes it."""
    updated: str = ""
    ended: str = ""
    reason: str = ""
    """Why it was paused or stopped."""
    driver: str = ""
    """The worker that sends the job's steps."""
    driven_until: float = 0.0
    """Unix seconds; afterwards any worker may take over."""


MOST_FAILURES = 1000
