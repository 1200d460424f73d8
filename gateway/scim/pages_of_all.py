"""Finding the part of a list of all resource types (RFC 7644, 3.4.2.1).

Without a sort, pages by index show one type after the other. Everything else is merged: each type's resources come in
the same order, and an attribute that a type lacks has no value there.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import orjson
from msgspec.structs import replace

from gateway.patience import in_time
from gateway.scim.listing import Listing, ListRequest
from gateway.scim.walks import Walks
from gateway.settings import GatewaySettings
from schemas.ids import TenantId
from schemas.scim.definitions.model import ResourceType
from schemas.scim.errors import InvalidPathError, TooManyError
from schemas.scim.filters.across import resolve_across
from schemas.scim.filters.nodes import Field
from schemas.scim.filters.parser import parse_filter
from schemas.scim.query import Position, Query, Sort
from schemas.scim.rendering import BASE
from schemas.scim.search import search_document
from schemas.scim.sorting import parse_sort, position
from tenants.directory.port import DirectoryReader
from tenants.directory.records import CachedResource, Page

_BY_ID_DOWN = Sort(Field(("id",), (False,)), descending=True)


class _Part(msgspec.Struct, frozen=True):
    """What is asked of one type."""

    type: ResourceType
    query: Query
    sort: Sort | None
    """What its resources are compared by; None: they have no value, or ids alone are compared."""

    def behind(self, place: Position | None, *, is_sorted: bool) -> "_Part | None":
        """Return what is asked of the resources behind a place; None where there are none."""
        if place is None:
            return self
        if self.sort is not None or not is_sorted:
            return replace(self, query=replace(self.query, after=place))
        is_down = self.query.sort is _BY_ID_DOWN
        if place.value is not None:
            return None if is_down else self
        return replace(self, query=replace(self.query, after=Position(place.id if is_down else None, place.id)))


@dataclass(frozen=True, slots=True)
class _Merged:
    """Resources of all types in one order, each with its place."""

    rows: Sequence[tuple[Position, CachedResource]]
    total: int
    has_more: bool
    """Whether there is any beyond what was asked of each type."""


class PagesOfAll:
    """Finds pages of the resources of all types."""

    def __init__(self, directory: DirectoryReader, walks: Walks, settings: GatewaySettings) -> None:
        """Read from this directory."""
        self._directory = directory
        self._walks = walks
        self._settings = settings

    async def find(self, tenant: TenantId, types: Sequence[ResourceType], asked: ListRequest) -> Listing:
        """Return what is asked for.

        Raises:
            ScimError: It cannot be had.
            PortUnavailableError: The store cannot be reached, or takes too long.
        """
        sorts, is_down = _sorts(asked, types)
        parts = _parts(asked, types, sorts, count=self._walks.page_size(asked), is_down=is_down)
        is_sorted = bool(asked.sort_by)
        if asked.cursor is not None:
            return await self._walk(tenant, parts, asked, is_sorted=is_sorted, is_down=is_down)
        if is_sorted:
            return await self._sorted(tenant, parts, asked, is_down=is_down)
        return await self._one_after_the_other(tenant, parts, asked)

    async def _one_after_the_other(self, tenant: TenantId, parts: Sequence[_Part], asked: ListRequest) -> Listing:
        total, found, left = 0, list[CachedResource](), self._walks.page_size(asked)
        for part in parts:
            query = replace(part.query, start_index=max(1, asked.start_index - total), count=left)
            page = await self._search(tenant, query)
            total += page.total
            found += page.resources
            left -= len(page.resources)
        return Listing(found, total, asked.start_index)

    async def _sorted(self, tenant: TenantId, parts: Sequence[_Part], asked: ListRequest, *, is_down: bool) -> Listing:
        first, count = asked.start_index - 1, self._walks.page_size(asked)
        if first + count > self._settings.max_count:
            limit = self._settings.max_count
            raise TooManyError(f"sorted over all types the first {limit} resources are shown; use a cursor for more")
        reaching = [replace(part, query=replace(part.query, count=first + count if count else 0)) for part in parts]
        merged = await self._merged(tenant, reaching, is_down=is_down)
        shown = [resource for _, resource in merged.rows[first : first + count]]
        return Listing(shown, merged.total, asked.start_index)

    async def _walk(
        self, tenant: TenantId, parts: Sequence[_Part], asked: ListRequest, *, is_sorted: bool, is_down: bool
    ) -> Listing:
        walked = repr((tenant, [(part.query.resource_type, part.query.filter, part.sort) for part in parts], is_down))
        count, total, place = self._walks.page_size(asked), None, None
        if asked.cursor:
            cursor = self._walks.opened(asked.cursor, asked.count, walked)
            count, total, place = cursor.count, cursor.total, cursor.position
        sized = [replace(part, query=replace(part.query, count=count, total=total)) for part in parts]
        behind = [rest for part in sized if (rest := part.behind(place, is_sorted=is_sorted)) is not None]
        merged = await self._merged(tenant, behind, is_down=is_down)
        total = merged.total if total is None else total
        shown = merged.rows[:count]
        following = None
        if shown and (merged.has_more or len(merged.rows) > count):
            following = self._walks.sealed(shown[-1][0], count=count, total=total, walked=walked)
        return Listing([resource for _, resource in shown], total, start_index=None, next_cursor=following)

    async def _merged(self, tenant: TenantId, parts: Sequence[_Part], *, is_down: bool) -> _Merged:
        pages = await asyncio.gather(*(self._search(tenant, part.query) for part in parts))
        rows = [
            (_place(resource, part), resource)
            for part, page in zip(parts, pages, strict=True)
            for resource in page.resources
        ]
        rows.sort(key=lambda row: _key(row[0]), reverse=is_down)
        return _Merged(rows, sum(page.total for page in pages), any(page.next is not None for page in pages))

    async def _search(self, tenant: TenantId, query: Query) -> Page:
        return await in_time(self._directory.search(tenant, query), self._settings.read_timeout_seconds)


def _sorts(asked: ListRequest, types: Sequence[ResourceType]) -> tuple[list[Sort | None], bool]:
    """Return what each type's resources are compared by, and whether the order is descending.

    Raises:
        ScimError: No type can be sorted in this way.
    """
    sorts: list[Sort | None] = []
    refusals: list[InvalidPathError] = []
    for type_ in types:
        try:
            sorts.append(parse_sort(asked.sort_by, asked.sort_order, type_))
        except InvalidPathError as refusal:
            sorts.append(None)
            refusals.append(refusal)
    if refusals and len(refusals) == len(types):
        raise refusals[0]
    return sorts, any(sort is not None and sort.descending for sort in sorts)


def _parts(
    asked: ListRequest, types: Sequence[ResourceType], sorts: Sequence[Sort | None], *, count: int, is_down: bool
) -> list[_Part]:
    """Return what is asked of each type that may have what is looked for."""
    answers = [True] * len(types) if asked.filter is None else resolve_across(parse_filter(asked.filter), types)
    return [
        _Part(
            type_,
            Query(
                type_.name,
                None if isinstance(answer, bool) else answer,
                count=count,
                sort=_BY_ID_DOWN if sort is None and is_down else sort,
            ),
            sort,
        )
        for type_, answer, sort in zip(types, answers, sorts, strict=True)
        if answer is not False
    ]


def _place(resource: CachedResource, part: _Part) -> Position:
    """Return where the resource stands in the common order."""
    if part.sort is None:
        return Position(None, resource.id)
    shown = orjson.loads(resource.rendered.replace(BASE, b""))
    meta = shown.pop("meta")
    document = search_document(
        part.type,
        resource.id,
        shown,
        created=meta["created"],
        modified=meta["lastModified"],
        version=resource.version,
    )
    return position(document, part.sort)


def _key(place: Position) -> tuple[bool, bool, object, str]:
    # Types may give one name to values of several kinds; texts come behind everything else.
    return place.value is None, isinstance(place.value, str), place.value or 0, place.id
