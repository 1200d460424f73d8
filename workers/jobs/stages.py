"""What each kind of job goes over, in which order, and the command that a step sends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from schemas.ids import AccountId, CommandId, ResourceId
from schemas.messages.administration import (
    ActivateAccounts,
    AdministrationCommand,
    AlignAccounts,
    FlagAccount,
    ImportAccounts,
    LmsAccount,
    ReleaseResources,
    RepairAccounts,
    RepeatState,
    ResolveConflict,
    SetAside,
    TakeBack,
)
from schemas.messages.callers import Caller
from tenants.jobs.found import is_by_filter
from tenants.jobs.job import Job, JobKind
from tenants.jobs.parameters import is_chosen, plan_of
from workers.jobs.place import Place, place_of

CHUNK = 250
MEMBERSHIPS = 1_000


class Source(StrEnum):
    """Where a stage's items come from."""

    CHOSEN_RESOURCES = "resources"
    CHOSEN_MEMBERSHIPS = "memberships"
    CHOSEN_ACCOUNTS = "accounts"
    NEW_ACCOUNTS = "new_accounts"
    ONE = "one"
    FOUND = "found"
    PENDING_USERS = "pending_users"
    PENDING_GROUPS = "pending_groups"
    PENDING_MEMBERSHIPS = "pending_memberships"
    PENDING_LEAVERS = "pending_leavers"
    ALL_USERS = "all_users"
    ALL_GROUPS = "all_groups"
    AWAITING_ACCOUNTS = "awaiting_accounts"
    ALL_ACCOUNTS = "all_accounts"


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of a job."""

    source: Source
    size: int = CHUNK
    """How many items a step has."""


_RELEASE = (
    Stage(Source.PENDING_USERS),
    Stage(Source.PENDING_GROUPS),
    Stage(Source.PENDING_MEMBERSHIPS, MEMBERSHIPS),
    Stage(Source.PENDING_LEAVERS),
)
_CHOSEN = (Stage(Source.CHOSEN_RESOURCES), Stage(Source.CHOSEN_MEMBERSHIPS, MEMBERSHIPS))
_ABOUT_RESOURCES: Mapping[JobKind, type[RepairAccounts | RepeatState]] = {
    JobKind.REPAIR: RepairAccounts,
    JobKind.REPEAT: RepeatState,
}
_ABOUT_ACCOUNTS: Mapping[JobKind, type[ActivateAccounts | AlignAccounts]] = {
    JobKind.ACTIVATE: ActivateAccounts,
    JobKind.ALIGN: AlignAccounts,
}
_FOUND = (Stage(Source.FOUND),)
_EVERYBODY = (Stage(Source.ALL_USERS), Stage(Source.ALL_GROUPS))


def stages_of(job: Job) -> tuple[Stage, ...]:
    """Return the job's stages, in order."""
    if is_by_filter(job.parameters):
        return _FOUND
    match job.kind:
        case JobKind.RELEASE:
            return _CHOSEN if is_chosen(job) else _RELEASE
        case JobKind.SET_ASIDE | JobKind.TAKE_BACK:
            return _CHOSEN
        case JobKind.REPAIR | JobKind.REPEAT:
            return (Stage(Source.CHOSEN_RESOURCES),) if is_chosen(job) else _EVERYBODY
        case JobKind.ACTIVATE:
            return (Stage(Source.CHOSEN_ACCOUNTS if is_chosen(job) else Source.AWAITING_ACCOUNTS),)
        case JobKind.ALIGN:
            return (Stage(Source.CHOSEN_ACCOUNTS if is_chosen(job) else Source.ALL_ACCOUNTS),)
        case JobKind.IMPORT:
            return (Stage(Source.NEW_ACCOUNTS),)
        case JobKind.RESOLVE | JobKind.FLAG:
            return (Stage(Source.ONE),)


def chosen(job: Job, source: Source) -> Sequence[str] | None:
    """Return the ids that the job's parameters name for the source; None where they have to be read."""
    match source:
        case Source.CHOSEN_RESOURCES | Source.CHOSEN_ACCOUNTS:
            ids: list[str] = job.parameters.get(source.value, [])
            return ids
        case Source.CHOSEN_MEMBERSHIPS:
            return [membership_id(group, member) for group, member in job.parameters.get("memberships", ())]
        case Source.NEW_ACCOUNTS:
            return [account["lms_id"] for account in job.parameters["accounts"]]
        case Source.ONE:
            return [job.parameters.get("resource") or job.parameters["account"]]
        case _:
            return None


def chunk_of(job: Job) -> Sequence[str]:
    """Return whom the planned step is about."""
    place = place_of(job)
    among = chosen(job, stages_of(job)[place.stage].source)
    return place.chunk if among is None else among[_count(place.after) : _count(place.next)]


def command_of(job: Job, *, deadline: float) -> AdministrationCommand:
    """Return the planned step's command: the same at each call, but for the deadline."""
    ids = chunk_of(job)
    resources, accounts = tuple(map(ResourceId, ids)), tuple(map(AccountId, ids))
    id, tenant, caller = CommandId(f"{job.id}-{job.step}"), job.tenant, _caller(job)
    match job.kind:
        case JobKind.RELEASE:
            return _release(job, ids, deadline)
        case JobKind.SET_ASIDE:
            chosen_ones, pairs = _parted(job, ids)
            return SetAside(id, tenant, caller, deadline, chosen_ones, job.parameters.get("reason", ""), pairs)
        case JobKind.TAKE_BACK:
            return TakeBack(id, tenant, caller, deadline, *_parted(job, ids))
        case JobKind.REPAIR | JobKind.REPEAT:
            return _ABOUT_RESOURCES[job.kind](id, tenant, caller, deadline, resources)
        case JobKind.ACTIVATE | JobKind.ALIGN:
            return _ABOUT_ACCOUNTS[job.kind](id, tenant, caller, deadline, accounts)
        case JobKind.IMPORT:
            return ImportAccounts(id, tenant, caller, deadline, _new_accounts(job, place_of(job)))
        case JobKind.RESOLVE:
            link = job.parameters.get("link")
            return ResolveConflict(id, tenant, caller, deadline, resources[0], AccountId(link) if link else None)
        case JobKind.FLAG:
            legal_hold, status = job.parameters.get("has_legal_hold"), job.parameters.get("status")
            return FlagAccount(id, tenant, caller, deadline, accounts[0], legal_hold, status)


def membership_id(group: str, member: str) -> str:
    """Return a membership as one text that sorts as the pair does."""
    return f"{group}/{member}"


def membership_of(text: str) -> tuple[ResourceId, ResourceId]:
    """Return the group and the member; both empty for an empty text."""
    group, _, member = text.partition("/")
    return ResourceId(group), ResourceId(member)


def _release(job: Job, ids: Sequence[str], deadline: float) -> ReleaseResources:
    resources, memberships = _parted(job, ids)
    return ReleaseResources(
        CommandId(f"{job.id}-{job.step}"),
        job.tenant,
        _caller(job),
        deadline,
        resources=resources,
        memberships=memberships,
        is_chosen=is_chosen(job),
        plan=plan_of(job),
        with_deleted=not is_by_filter(job.parameters),
    )


def _parted(job: Job, ids: Sequence[str]) -> tuple[tuple[ResourceId, ...], tuple[tuple[ResourceId, ResourceId], ...]]:
    """Return whom the step is about as resources and as memberships; one of the two is empty."""
    source = stages_of(job)[place_of(job).stage].source
    if source in {Source.CHOSEN_MEMBERSHIPS, Source.PENDING_MEMBERSHIPS}:
        return (), tuple(map(membership_of, ids))
    return tuple(map(ResourceId, ids)), ()


def _new_accounts(job: Job, place: Place) -> tuple[LmsAccount, ...]:
    part = job.parameters["accounts"][_count(place.after) : _count(place.next)]
    return msgspec.convert(part, tuple[LmsAccount, ...])


def _caller(job: Job) -> Caller:
    """The job's id stands for the request: by it the timeline finds all that came of the job."""
    return Caller(job.principal, name=f"{job.kind} job", address="", agent="", request_id=job.id)


def _count(text: str) -> int:
    return int(text or 0)
