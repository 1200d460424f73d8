"""Lists without a filter, in an order that an index has: pages of a range of the index, however deep.

To find the n-th key the server has to count n keys, from the end that is nearer. So the place at which a page ended is
remembered together with the tenant's sequence: as long as that stands, nothing has come, gone or changed, and the next
page begins there at once. A client that reads page after page of a quiet tenant makes the server count nothing.
"""

from schemas.ids import TenantId
from schemas.scim.query import Position, Query
from tenants.directory.mongo.documents import cached_resource
from tenants.directory.mongo.ordering import Order
from tenants.directory.mongo.walking import Walk, place_of, walk
from tenants.directory.records import Page
from tenants.mongo import Database

_COUNTERS = {"User": "users", "Group": "groups"}
_MOST_PLACES = 2_000

Place = tuple[Order, int, int]
"""The order (of one tenant and type), the tenant's sequence, and how many resources come before."""


class Listing:
    """Pages of lists, and the places where they end. Several threads may use it at once."""

    def __init__(self) -> None:
        self._places: dict[Place, Position] = {}

    def page(self, database: Database, tenant: TenantId, query: Query, order: Order) -> Page:
        """Return the page; the total is the tenant's counter, read before it."""
        sequence, counted = counters(database, tenant, query.resource_type)
        total = counted if query.total is None else query.total
        skip, after = query.start_index - 1, query.after
        if query.count < 1 or (after is None and skip >= counted):
            return Page(total)
        wanted = Walk(order, after, skip)
        if skip and after is None:
            before = self._place_before(database, tenant, query, (order, sequence, skip), counted)
            if before is None:
                # There were more when the counter was read: nothing comes after the end.
                return Page(total)
            wanted = Walk(order, before)
        documents = walk(database, wanted, query.count + 1)
        page = documents[: query.count]
        ends_at = order.position(page[-1]) if page else None
        if ends_at is not None and after is None:
            self._remember((order, sequence, skip + len(page)), ends_at)
        has_more = len(documents) > len(page)
        return Page(total, tuple(map(cached_resource, page)), ends_at if has_more else None)

    def _place_before(
        self, database: Database, tenant: TenantId, query: Query, place: Place, total: int
    ) -> Position | None:
        """Return the last of the places that come before."""
        if place in self._places:
            return self._places[place]
        order, sequence, skip = place
        before = None
        if 2 * skip > total:
            before = place_of(database, order.reversed(), total - skip)
            if counters(database, tenant, query.resource_type) != (sequence, total):
                # Counted from a moving end.
                before = None
        if before is None:
            before = place_of(database, order, skip - 1)
        if before is not None:
            self._remember(place, before)
        return before

    def _remember(self, place: Place, position: Position) -> None:
        if len(self._places) >= _MOST_PLACES:
            self._places.clear()
        self._places[place] = position


def counters(database: Database, tenant: TenantId, resource_type: str) -> tuple[int, int]:
    """Return the tenant's sequence, and how many resources of the type it has."""
    record = database.tenants.find_one({"_id": tenant}, {"sequence": 1, "users": 1, "groups": 1})
    return (record["sequence"], record.get(_COUNTERS.get(resource_type, ""), 0)) if record else (0, 0)
