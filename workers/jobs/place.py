"""Where a job stands, as its record keeps it."""

import msgspec

from tenants.jobs.job import Job


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """A job's next step, written down before it is sent, so that whoever repeats the step repeats the very same one."""

    stage: int = 0
    """Which of its kind's stages it is in."""
    after: str = ""
    """What lies behind within the stage: the last id, or how many of the chosen ones."""
    next: str = ""
    """What lies behind once the planned step is done; empty: no step is planned."""
    chunk: tuple[str, ...] = ()
    """Whom the planned step is about, where they were read and not chosen."""
    round: int = 1
    """How often it goes over what failed."""
    size: int = 0
    """The size of its chunks while they are smaller than usual, because one of them failed as a whole."""
    has_moved: bool = False
    """Whether this round has changed anything."""
    judged_done: int = 0
    judged_failed: int = 0
    """What was done and failed when an administrator let it go on: no longer a reason to pause."""


def place_of(job: Job) -> Place:
    """Return where the job stands; at its beginning where it has not begun."""
    return msgspec.json.decode(job.place, type=Place) if job.place else Place()


def written(place: Place) -> str:
    """Return the place as text."""
    return msgspec.json.encode(place).decode()
