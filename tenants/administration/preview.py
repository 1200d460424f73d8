"""The preview: what would happen if all that is pending were released now; counted, listed and searched.

Everything is a stream over what is pending. A list needs the forecast as well, since items depend on each other; the
last one is kept and serves as long as nothing of the tenant changes.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from schemas.ids import ResourceId, TenantId
from schemas.timestamps import timestamp
from tenants.administration.actor import RefusedError
from tenants.administration.preview_forecast import Forecast, forecast
from tenants.administration.preview_pages import Facts, Pages
from tenants.directory.pending import PendingKind, PendingReader, PendingResource
from tenants.directory.records import Edge, Hold, StoredResource
from tenants.directory.writer import Need
from tenants.errors import UnknownTenantError
from tenants.policies.preview import Foreseen, Verdict, changes, cohort_changes
from tenants.policies.settings import OperationMode
from tenants.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Summary:
    """What a release would do, as numbers."""

    at: str
    mode: OperationMode
    counts: Mapping[Foreseen, int]
    """All of them, those that do not occur as 0."""
    pending: Mapping[PendingKind, int]
    sequence: int
    """The tenant's transaction up to which it is."""


@dataclass(frozen=True, slots=True)
class PreviewItem:
    """What a release would do to one item."""

    kind: PendingKind
    id: str
    """Of a membership the Group's and the member's, with a slash between."""
    name: str
    """The userName or displayName; of a membership the member's."""
    external_id: str | None
    group: str
    """Of a membership: the Group's displayName."""
    hold: Hold | None
    """Why it waits now."""
    effects: tuple[Foreseen, ...]
    """What applying it would do, though it be kept back."""
    counts_as: tuple[Foreseen, ...]
    """What a release of all does to it: what keeps it back, or its effects, or nothing."""
    reason: str
    changes: Mapping[str, tuple[Any, Any]]
    """Attribute → before, after."""

    @property
    def place(self) -> str:
        """Return where the next page begins after this item."""
        return f"{self.kind.value}/{self.id}"


@dataclass(frozen=True, slots=True)
class PreviewQuery:
    """Which items are wanted."""

    effects: frozenset[Foreseen] = frozenset()
    """Those that count as any of these; none: all."""
    holds: frozenset[Hold] = frozenset()
    """Those that wait for any of these reasons; none: all."""
    search: str = ""
    """Part of a name, an externalId or an id, in whichever case."""
    after: str = ""
    """The place of the last item of the page before."""

    def wants(self, item: PreviewItem) -> bool:
        """Tell whether the item is asked for."""
        if self.effects and self.effects.isdisjoint(item.counts_as):
            return False
        if self.holds and item.hold not in self.holds:
            return False
        if not self.search:
            return True
        wanted = self.search.casefold()
        return any(wanted in text.casefold() for text in (item.name, item.group, item.external_id or "", item.id))


@dataclass(slots=True)
class _Known:
    """A forecast, and what it is good for."""

    sequence: int
    revision: int
    forecast: Forecast


@dataclass(slots=True)
class Preview:
    """What would happen if all that is pending were released now."""

    pending: PendingReader
    facts: Facts
    clock: Callable[[], float]
    _known: dict[TenantId, _Known] = field(default_factory=dict)

    async def summary(self, name: str) -> Summary:
        """Return the counts.

        Raises:
            RefusedError: There is no such tenant.
        """
        tenant, known = await self._forecast(name)
        counts, pending = known.forecast.counts, known.forecast.pending
        return Summary(
            at=timestamp(self.clock()),
            mode=tenant.policies.mode,
            counts={kind: counts[kind] for kind in Foreseen},
            pending={kind: pending[kind] for kind in PendingKind},
            sequence=known.sequence,
        )

    async def destructive(self, name: str) -> Mapping[ResourceId, Foreseen]:
        """Return whose account would be disabled or erased.

        Raises:
            RefusedError: There is no such tenant.
        """
        _, known = await self._forecast(name)
        return known.forecast.destructive

    async def items(self, name: str, query: PreviewQuery | None = None) -> AsyncGenerator[PreviewItem, None]:
        """Yield the items that are asked for, in the order of a release, each kind by id.

        Raises:
            RefusedError: There is no such tenant, or the place is none.
        """
        query = query or PreviewQuery()
        first, after = _start(query.after)
        tenant, known = await self._forecast(name)
        pages = self._pages(tenant, known.forecast)
        for kind in _KINDS[_KINDS.index(first) :]:
            async for page in _listed(pages, kind, after if kind is first else "", query):
                for item in page:
                    yield item

    async def page(self, name: str, query: PreviewQuery, *, limit: int) -> list[PreviewItem]:
        """Return the first of the items that are asked for; the last one's ``place`` leads on."""
        found: list[PreviewItem] = []
        if limit < 1:
            return found
        async with aclosing(self.items(name, query)) as items:
            async for item in items:
                found.append(item)
                if len(found) == limit:
                    break
        return found

    async def _forecast(self, name: str) -> tuple[Tenant, _Known]:
        try:
            now = await self.facts.load(TenantId(name), Need())
        except UnknownTenantError as error:
            raise RefusedError(f"there is no tenant named {name}") from error
        tenant, sequence = now.tenant, now.counters.sequence
        known = self._known.get(tenant.id)
        if known is None or (known.sequence, known.revision) != (sequence, tenant.revision):
            made = await forecast(self._pages(tenant, Forecast()))
            known = _Known(sequence, tenant.revision, made)
            self._known = {tenant.id: known}
        return tenant, known

    def _pages(self, tenant: Tenant, made: Forecast) -> Pages:
        return Pages(self.pending, self.facts, tenant.id, tenant.policies, made.memory)


_KINDS = list(PendingKind)


def _start(place: str) -> tuple[PendingKind, str]:
    if not place:
        return PendingKind.USER, ""
    kind, _, id = place.partition("/")
    if kind not in set(PendingKind) or not id:
        raise RefusedError(f"{place!r} is no place in a preview")
    return PendingKind(kind), id


def _listed(
    pages: Pages, kind: PendingKind, after: str, query: PreviewQuery
) -> AsyncGenerator[list[PreviewItem], None]:
    if kind is PendingKind.MEMBERSHIP:
        return _memberships(pages, after, query)
    return _resources(pages, kind, after, query)


async def _resources(
    pages: Pages, kind: PendingKind, after: str, query: PreviewQuery
) -> AsyncGenerator[list[PreviewItem], None]:
    async for page in pages.resources(kind, after=ResourceId(after)):
        found = ((_item(kind, of, verdict), of, verdict) for of, verdict in page)
        # What changes is told of those alone that are asked for: it takes longer than all the rest.
        yield [replace(item, changes=_changes(pages, of, verdict)) for item, of, verdict in found if query.wants(item)]


async def _memberships(pages: Pages, after: str, query: PreviewQuery) -> AsyncGenerator[list[PreviewItem], None]:
    group, _, member = after.partition("/")
    async for page in pages.memberships(after=(ResourceId(group), ResourceId(member))):
        named = await _named(pages, (edge for edge, _ in page))
        yield [item for edge, verdict in page if query.wants(item := _membership(pages, edge, verdict, named))]


async def _named(pages: Pages, edges: Iterable[Edge]) -> Mapping[ResourceId, StoredResource]:
    ids = frozenset(id for edge in edges for id in (edge.group, edge.member))
    return (await pages.facts.load(pages.tenant, Need(resources=ids))).resources


def _item(kind: PendingKind, item: PendingResource, verdict: Verdict) -> PreviewItem:
    of = item.resource or item.tombstone
    if of is None:
        raise ValueError("neither a resource nor a tombstone")
    is_user = of.type == "User"
    return PreviewItem(
        kind=kind,
        id=of.id,
        name=str(item.resource.attributes["userName" if is_user else "displayName"]) if item.resource else of.name,
        external_id=of.external_id,
        group="",
        hold=of.hold,
        effects=tuple(effect for effect, _ in verdict.effects),
        counts_as=verdict.kinds,
        reason=_reason(verdict),
        changes={},
    )


def _changes(pages: Pages, of: PendingResource, verdict: Verdict) -> Mapping[str, tuple[Any, Any]]:
    kept = of.resource or of.tombstone
    if kept is not None and kept.type == "User":
        return changes(of.resource, verdict, pages.policies)
    return cohort_changes(of.resource, of.cohort)


def _membership(pages: Pages, edge: Edge, verdict: Verdict, named: Mapping[ResourceId, StoredResource]) -> PreviewItem:
    member, group = named.get(edge.member), named.get(edge.group)
    waits_for_mode = Hold.DRY_RUN if pages.policies.mode is OperationMode.DRY_RUN else None
    of_group = group.hold if group is not None else None
    return PreviewItem(
        kind=PendingKind.MEMBERSHIP,
        id=f"{edge.group}/{edge.member}",
        name=_display(member),
        external_id=member.external_id if member is not None else None,
        group=_display(group),
        hold=Hold.EXCLUDED if edge.is_kept else of_group or waits_for_mode,
        effects=tuple(effect for effect, _ in verdict.effects),
        counts_as=verdict.kinds,
        reason=_reason(verdict),
        changes={"member": (edge.applied, edge.desired)} if verdict.effects else {},
    )


def _display(resource: StoredResource | None) -> str:
    if resource is None:
        return ""
    return str(resource.attributes["userName" if resource.type == "User" else "displayName"])


def _reason(verdict: Verdict) -> str:
    return verdict.reason or "; ".join(dict.fromkeys(reason for _, reason in verdict.effects))
