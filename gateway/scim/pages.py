"""Finding the part of a list that is asked for, by index or by cursor, for whoever shows it: GET or ``.search``."""

from collections.abc import Callable

from msgspec.structs import replace

from gateway.lookups import Lookups
from gateway.patience import in_time
from gateway.scim.listing import Listing, ListRequest, Selection, selection
from gateway.scim.walks import Walks
from gateway.settings import GatewaySettings
from schemas.ids import TenantId
from schemas.scim.definitions.model import ResourceType
from schemas.scim.query import Position, Query
from schemas.scim.sorting import parse_sort
from tenants.directory.port import DirectoryReader
from tenants.directory.records import Page
from tenants.read_cache.port import LookupKey


class Pages:
    """Finds pages of the resources of one type."""

    def __init__(
        self, lookups: Lookups, directory: DirectoryReader, settings: GatewaySettings, now: Callable[[], float]
    ) -> None:
        """Read from these; ``now`` tells Unix seconds."""
        self._lookups = lookups
        self._directory = directory
        self._settings = settings
        self._walks = Walks(settings, now)

    async def find(self, tenant: TenantId, resource_type: ResourceType, asked: ListRequest) -> Listing:
        """Return what is asked for.

        Raises:
            ScimError: It cannot be had.
            PortUnavailableError: The store cannot be reached, or takes too long.
        """
        selected = selection(asked.filter, resource_type)
        sort = parse_sort(asked.sort_by, asked.sort_order, resource_type)
        size = self._walks.page_size(asked)
        query = Query(resource_type.name, selected.filter, start_index=asked.start_index, count=size, sort=sort)
        if asked.cursor is not None:
            return await self._walk(tenant, selected, query, asked)
        page = await self._page(tenant, selected, query)
        return Listing(page.resources, page.total, asked.start_index)

    async def _walk(self, tenant: TenantId, selected: Selection, query: Query, asked: ListRequest) -> Listing:
        """Return the page behind the cursor (RFC 9865, 2)."""
        walked = repr((tenant, query.resource_type, query.filter, query.sort))
        if asked.cursor:
            cursor = self._walks.opened(asked.cursor, asked.count, walked)
            query = replace(query, count=cursor.count, after=cursor.position, total=cursor.total)
        page = await self._page(tenant, selected, query)
        following = None
        if page.next is not None:
            following = self._walks.sealed(page.next, count=query.count, total=page.total, walked=walked)
        return Listing(page.resources, page.total, start_index=None, next_cursor=following)

    async def _page(self, tenant: TenantId, selected: Selection, query: Query) -> Page:
        if selected.lookup is not None and query.after is None:
            kind, value = selected.lookup
            found = await self._lookups.resources(LookupKey(tenant, query.resource_type, kind, value)) or ()
            # Look-ups come by id; where there is no more than one, that is every order.
            if query.sort is None or len(found) <= 1:
                first = query.start_index - 1
                part = tuple(found[first : first + query.count])
                has_more = bool(part) and first + len(part) < len(found)
                return Page(len(found), part, Position(None, part[-1].id) if has_more else None)
        return await in_time(self._directory.search(tenant, query), self._settings.read_timeout_seconds)
