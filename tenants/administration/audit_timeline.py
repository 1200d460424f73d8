"""One timeline for a person or a request: request, decision, effects, events, in order.

Audit entries and events are written in one transaction and carry its number, ``sequence``; that joins them. Events of a
transaction are numbered one after the other, and sequences only grow, so they are found by halving.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import structs

from schemas.ids import TenantId
from schemas.messages.events import OPERATIONAL, Event
from schemas.scim.filters.nodes import Field, Matches, Operator
from schemas.scim.query import Query
from schemas.scim.search import prepared_name
from tenants.administration.actor import RefusedError
from tenants.audit.port import AuditEntry, AuditQuery
from tenants.directory.port import DirectoryReader
from tenants.outbox.port import Outbox
from tenants.ports import AdministrationPorts

_EVENTS_AT_ONCE = 200
_ONE_PERSONS_ENTRIES = 1000
_COUNTED = frozenset({"refused", "put_off", "failed"})
"""Outcomes of what was told together with others of its kind."""


class StepKind(StrEnum):
    """What a step of the timeline shows."""

    REQUEST = "request"
    """Who asked for what."""
    DECISION = "decision"
    """What became of it, and what it changed in the directory."""
    EFFECT = "effect"
    """What it meant for the LMS."""
    EVENT = "event"
    """What the LMS is told."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a timeline."""

    at: str
    kind: StepKind
    text: str
    sequence: int
    """The transaction; 0 outside of the lane."""
    number: int
    """Of the audit entry; of an event its own."""
    facts: dict[str, Any] = field(default_factory=dict)


class Timelines:
    """Tells what happened to a person, or because of a request."""

    def __init__(self, ports: AdministrationPorts, directory: DirectoryReader) -> None:
        """Keep the ports."""
        self._ports = ports
        self._directory = directory

    async def person_id(self, tenant: str, person: str) -> str:
        """Return the id of whom is meant by an id or a userName; a text that is nobody's name is taken for an id.

        Raises:
            RefusedError: No such tenant.
        """
        name = Matches(Field(("userName",), (False,)), Operator.EQ, prepared_name("User", person))
        page = await self._directory.search(await self._existing(tenant), Query("User", name, count=1))
        return page.resources[0].id if page.resources else person

    async def of_person(self, tenant: str, person: str, *, limit: int) -> Sequence[Step]:
        """Return the timeline of a person (id or userName), or of a Group by its id: of the first entries.

        Raises:
            RefusedError: No such tenant, or nothing is known of such a person.
        """
        id, target = await self._existing(tenant), await self.person_id(tenant, person)
        entries = await self._ports.audit.find(id, AuditQuery(target=target, limit=limit))
        if not entries:
            raise RefusedError(f"the audit log of {tenant} knows nothing of {person}")
        return _story(entries, await self._events(id, entries))

    async def of_request(self, tenant: str, request_id: str, *, limit: int) -> Sequence[Step]:
        """Return the timeline of a request.

        Raises:
            RefusedError: No such tenant, or no such request.
        """
        id = await self._existing(tenant)
        entries = await self._ports.audit.find(id, AuditQuery(request_id=request_id, limit=limit))
        if not entries:
            raise RefusedError(f"the audit log of {tenant} knows nothing of the request {request_id}")
        accounts = await self._accounts_of_leavers(id, entries)
        return _story(entries, await self._events(id, entries), accounts)

    async def _accounts_of_leavers(self, tenant: TenantId, entries: Sequence[AuditEntry]) -> dict[str, set[str]]:
        """Return the accounts of the deleted: what the LMS is told of their end names the account alone."""
        leavers = {entry.target for entry in entries if entry.action == "scim.delete" and entry.sequence}
        accounts: dict[str, set[str]] = {}
        for leaver in leavers:
            query = AuditQuery(target=leaver, limit=_ONE_PERSONS_ENTRIES)
            events = await self._events(tenant, await self._ports.audit.find(tenant, query))
            known = accounts.setdefault(leaver, set())
            for event in events:
                _concerns(event, leaver, known)
        return accounts

    async def _events(self, tenant: TenantId, entries: Iterable[AuditEntry]) -> list[Event]:
        found: list[Event] = []
        after = 0
        for sequence in sorted({entry.sequence for entry in entries if entry.sequence}):
            after = await _before(self._ports.outbox, tenant, sequence, after=after)
            found += [event async for event in _of(self._ports.outbox, tenant, sequence, after=after)]
        return [event for event in found if event.type not in OPERATIONAL]

    async def _existing(self, tenant: str) -> TenantId:
        if await self._ports.registry.tenant(TenantId(tenant)) is None:
            raise RefusedError(f"there is no tenant named {tenant}")
        return TenantId(tenant)


async def _before(outbox: Outbox, tenant: TenantId, sequence: int, *, after: int) -> int:
    """Return a number after which the events of the transaction begin; all up to ``after`` are older."""
    low, stride = after, 1
    while await _is_older(outbox, tenant, low + stride, sequence):
        low, stride = low + stride, stride * 2
    high = low + stride
    # Behind `low` may be older ones still, behind `high` there are none.
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if await _is_older(outbox, tenant, middle, sequence) else (low, middle)
    return low


async def _is_older(outbox: Outbox, tenant: TenantId, after: int, sequence: int) -> bool:
    found = await outbox.events(tenant, after=after, limit=1)
    return bool(found) and found[0].sequence < sequence


async def _of(outbox: Outbox, tenant: TenantId, sequence: int, *, after: int) -> AsyncIterator[Event]:
    while True:
        part = await outbox.events(tenant, after=after, limit=_EVENTS_AT_ONCE)
        for event in part:
            if event.sequence > sequence:
                return
            if event.sequence == sequence:
                yield event
        if len(part) < _EVENTS_AT_ONCE:
            return
        after = part[-1].number


def _story(
    entries: Sequence[AuditEntry], events: Sequence[Event], accounts: dict[str, set[str]] | None = None
) -> list[Step]:
    known: dict[str, set[str]] = accounts or {}
    told: dict[int, list[Event]] = {}
    for event in events:
        told.setdefault(event.sequence, []).append(event)
    steps: list[Step] = []
    for entry in entries:
        mine = known.setdefault(entry.target, {entry.target})
        # Several entries of one transaction may be about the same person: what follows is told after the last of them.
        is_last = not any(_follows(other, entry) for other in entries)
        followed = [event for event in told.get(entry.sequence, ()) if is_last and _concerns(event, entry.target, mine)]
        steps += [_request(entry), _decision(entry), *_effects(entry, followed), *map(_event, followed)]
    return steps


def _follows(other: AuditEntry, entry: AuditEntry) -> bool:
    return other.sequence == entry.sequence and other.target == entry.target and other.number > entry.number


def _concerns(event: Event, target: str, accounts: set[str]) -> bool:
    """Tell whether the event is about the target; accounts that are found to be theirs are added."""
    payload = event.payload
    if target in {payload.get("user"), payload.get("cohort_member")}:
        if isinstance(account := payload.get("account"), str):
            accounts.add(account)
        return True
    return event.subject == target or event.subject in accounts


def _request(entry: AuditEntry) -> Step:
    who = f"{entry.principal} ({entry.name})" if entry.name else entry.principal or "nobody known"
    whence = f" from {entry.address}" if entry.address else ""
    facts = structs.asdict(structs.replace(entry, details={}))
    return Step(entry.at, StepKind.REQUEST, f"{entry.action} by {who}{whence}", entry.sequence, entry.number, facts)


def _decision(entry: AuditEntry) -> Step:
    names = ", ".join(entry.details.get("changed", ()))
    reason = entry.details.get("reason") or entry.details.get("cause")
    text = entry.outcome + (f": {reason}" if reason else f": {names}" if names else "")
    if entry.outcome in _COUNTED and (count := entry.details.get("count", 1)) > 1:
        text += f" ({count:,} times, this one the last)"
    if entry.redacted:
        text += " (details were erased)"
    return Step(entry.at, StepKind.DECISION, text, entry.sequence, entry.number, entry.details)


def _effects(entry: AuditEntry, events: Sequence[Event]) -> list[Step]:
    """Return what the decision meant for the LMS, where it is known to have meant anything."""
    hold = entry.details.get("hold")
    if hold:
        text = f"held ({hold}): nothing reaches the LMS until it is released"
    elif events:
        text = "applied to the LMS: " + ", ".join(dict.fromkeys(str(event.type) for event in events))
    elif entry.sequence and entry.outcome == "applied" and not entry.redacted:
        text = "nothing to change in the LMS"
    else:
        return []
    return [Step(entry.at, StepKind.EFFECT, text, entry.sequence, entry.number)]


def _event(event: Event) -> Step:
    text = f"{event.type} {event.subject}"
    return Step(event.at, StepKind.EVENT, text, event.sequence, event.number, msgspec.to_builtins(event))
