"""What a job does next, and what it has come to: (job, what was read or answered) → job. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from schemas.messages.outcomes import Abandoned, Applied, Carried, Outcome, Rejected
from tenants.directory.pending import PendingKind
from tenants.jobs.job import MOST_FAILURES, Job, JobFailure, JobKind, JobState
from tenants.jobs.parameters import count_chosen, is_chosen
from workers.jobs.place import Place, place_of, written
from workers.jobs.stages import Stage, chosen, chunk_of, stages_of

_JUDGED_AT_LEAST = 50
_FAILING_SHARE = 0.4
_NARROWER = 8
_DRY_RUN = 409

BACK_TO_DRY_RUN = "the tenant went back to dry-run"
PARKED = "it failed by a fault of ours; its command is parked"


@dataclass(frozen=True, slots=True)
class Part:
    """The next part of a stage's items."""

    next: str
    """What lies behind after them; empty: the stage has no more."""
    items: tuple[str, ...] = ()
    """Whom a step is to be about; nobody, where all that were looked at are passed over."""


def begun(job: Job, counts: Mapping[PendingKind, int], *, found: int = 0) -> Job:
    """Return the job at its beginning.

    Args:
        job: Before it.
        counts: Of what is pending, which matter where the job is about all of it.
        found: How many its filter finds.
    """
    total = sum(counts.values()) if is_about_all_pending(job) else count_chosen(job.parameters) + found
    return _at(replace(job, total=total), Place())


def is_about_all_pending(job: Job) -> bool:
    """Tell whether the job releases whatever is pending."""
    return job.kind is JobKind.RELEASE and not is_chosen(job)


def stage_of(job: Job) -> Stage | None:
    """Return the stage that the job is in; None at the end of a round."""
    stages, number = stages_of(job), place_of(job).stage
    return stages[number] if number < len(stages) else None


def size_of(job: Job, stage: Stage) -> int:
    """Return how many items the next step is to have."""
    return min(place_of(job).size or stage.size, stage.size)


def chosen_part(job: Job, stage: Stage) -> Part | None:
    """Return the stage's next part where the job's parameters name its items; None where they have to be read."""
    ids = chosen(job, stage.source)
    if ids is None:
        return None
    behind = int(place_of(job).after or 0)
    part = tuple(ids[behind : behind + size_of(job, stage)])
    return Part(str(behind + len(part)) if part else "")


def planned(job: Job, part: Part) -> Job:
    """Return the job with its next step: about this part, or on the way to the next one where it is about nobody."""
    place = place_of(job)
    if not part.next:
        return _at(job, _renewed(place, stage=place.stage + 1, after="", size=0))
    is_step = bool(part.items) or chosen(job, stages_of(job)[place.stage].source) is not None
    if not is_step:
        return _at(job, _renewed(place, after=part.next))
    return _at(job, _renewed(place, next=part.next, chunk=part.items))


def is_planned(job: Job) -> bool:
    """Tell whether a step waits to be carried out."""
    return bool(place_of(job).next)


def round_ended(job: Job) -> Job:
    """Return the job done; or, after a release that changed something, about to try what failed once more.

    Whoever needs a name may have waited for its holder.
    """
    place = place_of(job)
    if job.kind is JobKind.RELEASE and job.failed and place.has_moved:
        again = Place(round=place.round + 1, judged_done=place.judged_done)
        return _at(replace(job, failed=0, failures=()), again)
    total = max(job.total, job.done + job.failed)
    # What else there was came to be as it should be by itself.
    return replace(job, state=JobState.DONE, total=total, done=total - job.failed)


def concluded(job: Job, outcome: Outcome) -> Job:
    """Return the job after its planned step came to this."""
    ids = chunk_of(job)
    match outcome:
        case Carried(items=items):
            failures = [JobFailure(item.id, item.failure) for item in items if item.failure is not None]
            changed = sum(bool(item.effects) and item.failure is None for item in items)
            return _counted(job, ids, failures, changed)
        case Rejected(status=status) if status == _DRY_RUN and is_about_all_pending(job):
            return replace(job, state=JobState.STOPPED, reason=BACK_TO_DRY_RUN)
        case Rejected(detail=detail):
            return _counted(job, ids, [JobFailure(id, detail) for id in ids], 0)
        case Abandoned() if len(ids) > 1:
            return _at(job, _renewed(place_of(job), next="", chunk=(), size=max(1, len(ids) // _NARROWER)))
        case Abandoned():
            return _counted(job, ids, [JobFailure(id, PARKED) for id in ids], 0)
        case Applied():
            raise TypeError("an administrator's command is not answered as an identity provider's")


def _counted(job: Job, ids: Sequence[str], failures: Sequence[JobFailure], changed: int) -> Job:
    place = place_of(job)
    # In a further round those that did not fail before come along, and have been counted.
    done = max(0, len(ids) - len(failures)) if place.round == 1 else changed
    after = _renewed(
        place,
        after=place.next,
        next="",
        chunk=(),
        size=_wider(job, place),
        has_moved=place.has_moved or changed > 0,
    )
    counted = replace(
        job,
        done=job.done + done,
        failed=job.failed + len(failures),
        failures=_first((*job.failures, *failures)),
    )
    counted = replace(counted, total=max(counted.total, counted.done + counted.failed) if counted.total else 0)
    return _judged(_at(counted, after))


def _judged(job: Job) -> Job:
    """Pause a job of which too much fails: what is wrong is likely wrong with all of it."""
    place = place_of(job)
    failed = job.failed - place.judged_failed
    count = failed + job.done - place.judged_done
    if place.round > 1 or count < _JUDGED_AT_LEAST or failed <= _FAILING_SHARE * count:
        return job
    judged = _at(job, _renewed(place, judged_done=job.done, judged_failed=job.failed))
    reason = f"{failed:,} of {count:,} failed; look at the failures, then resume or stop it"
    return replace(judged, state=JobState.PAUSED, reason=reason)


def _wider(job: Job, place: Place) -> int:
    """Return the next chunk's size: it grows back step by step."""
    size = 2 * place.size
    return size if size < stages_of(job)[place.stage].size else 0


def _first(failures: Iterable[JobFailure]) -> tuple[JobFailure, ...]:
    return tuple(failures)[:MOST_FAILURES]


def _at(job: Job, place: Place) -> Job:
    return replace(job, place=written(place))


def _renewed(place: Place, **fields: object) -> Place:
    return msgspec.structs.replace(place, **fields)
