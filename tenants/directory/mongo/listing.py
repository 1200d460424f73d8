"""Lists without a filter: pages of a range of keys, however deep.

To find the n-th key the server has to count n keys. So the key at which a page ended is remembered together with the
tenant's sequence: as long as that stands, nothing has come or gone, and the next page begins there at once. A client
that reads page after page of a quiet tenant makes the server count nothing.
"""

from schemas.ids import TenantId
from schemas.scim.query import Query
from tenants.directory.mongo.documents import ANSWER, cached_resource
from tenants.directory.records import Page
from tenants.mongo import Database
from tenants.mongo.keys import below

MAX_TIME_MS = 8_000
"""How long the server works on one search."""
_COUNTERS = {"User": "users", "Group": "groups"}
_BY_ID = {"_id": 1}
_MOST_PLACES = 2_000
_BATCH = 10_000

Place = tuple[TenantId, str, int, int]
"""Tenant, resource type, sequence, and how many keys come before."""


class Listing:
    """Pages of lists, and the places where they end. Several threads may use it at once."""

    def __init__(self) -> None:
        self._last_keys: dict[Place, str] = {}

    def page(self, database: Database, tenant: TenantId, query: Query) -> Page:
        """Return the page; the total is the tenant's counter, read before it."""
        type, skipped = query.resource_type, query.start_index - 1
        record = database.tenants.find_one({"_id": tenant}, {"sequence": 1, "users": 1, "groups": 1})
        total: int = record.get(_COUNTERS.get(type, ""), 0) if record else 0
        if record is None or skipped >= total or query.count < 1:
            return Page(total)
        sequence: int = record["sequence"]
        keys = below(tenant, type)
        if skipped:
            keys["$gt"] = self._last_key(database, (tenant, type, sequence, skipped))
        found = database.resources.find({"_id": keys}, ANSWER, sort=_BY_ID, limit=query.count, batch_size=_BATCH)
        documents = found.to_list()
        if documents:
            self._remember((tenant, type, sequence, skipped + len(documents)), documents[-1]["_id"])
        return Page(total, tuple(map(cached_resource, documents)))

    def _last_key(self, database: Database, place: Place) -> str:
        """Return the last of the keys that come before the place."""
        if place in self._last_keys:
            return self._last_keys[place]
        tenant, type, _, skipped = place
        keys = below(tenant, type)
        # The index alone answers; going over the documents would take ten times as long.
        last = database.resources.find_one(
            {"_id": keys}, _BY_ID, sort=_BY_ID, skip=skipped - 1, max_time_ms=MAX_TIME_MS
        )
        if last is None:
            # There were more when the counter was read: nothing comes after the end.
            return keys["$lt"]
        self._remember(place, last["_id"])
        key: str = last["_id"]
        return key

    def _remember(self, place: Place, key: str) -> None:
        if len(self._last_keys) >= _MOST_PLACES:
            self._last_keys.clear()
        self._last_keys[place] = key
