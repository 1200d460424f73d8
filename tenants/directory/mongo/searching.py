"""Searches that need more than a list in the order of an index: with a filter, or sorted by what no index has."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from schemas.ids import TenantId
from schemas.scim.filters.nodes import EdgeQuestion, Field, ResolvedFilter
from schemas.scim.query import Position, Query, Sort
from tenants.directory.mongo.documents import ANSWER, cached_resource
from tenants.directory.mongo.filters import Scope, is_anchored, is_indexed, nodes, normal, translate
from tenants.directory.mongo.listing import counters
from tenants.directory.mongo.memberships import found_by_edges
from tenants.directory.mongo.ordering import Order, sorting_stages
from tenants.directory.mongo.walking import BATCH, MAX_TIME_MS, Walk, walk
from tenants.directory.records import CachedResource, Page
from tenants.mongo import Database, Document
from tenants.mongo.keys import below, last_parts

_ID = Field(("id",), (False,))

Part = tuple[Sequence[CachedResource], list[Position]]
"""Resources, and their places: of one more than asked for where there are more."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which resources are looked for."""

    of_type: Document
    """What all of the tenant and type meet."""
    condition: Document
    """What those meet that are looked for."""
    is_indexed: bool = False
    """Whether an index leads to them; then the condition is met by none of other tenants and types."""
    is_narrow: bool = False
    """Whether it leads to few."""

    @property
    def whole(self) -> Document:
        """What is met by nothing else."""
        return self.condition if self.is_indexed else self.ranged

    @property
    def ranged(self) -> Document:
        """The same, as a range of ids that can be gone along; where few are meant nobody should."""
        return self.condition if self.is_narrow else {"$and": [self.of_type, self.condition]}


def search(database: Database, tenant: TenantId, query: Query, order: Order | None) -> Page:
    """Return the page; ``order`` is the query's where an index has it."""
    selection = _selection(database, tenant, query)
    total = partial(_total, database, tenant, query, selection)
    if query.count < 1:
        return Page(total())
    if order is not None and order.is_by_id:
        resources, places = _by_id(database, selection, query, order)
    elif order is not None and not selection.is_indexed:
        resources, places = _along(database, selection, query, order)
    else:
        resources, places = _sorted(database, selection, query, tenant)
    has_more = len(places) > query.count
    return Page(
        total(rest=None if has_more else len(places)),
        tuple(resources[: query.count]),
        places[query.count - 1] if has_more else None,
    )


def _by_id(database: Database, selection: Selection, query: Query, order: Order) -> Part:
    """Let the server choose between the index of ids and those that the filter is about."""
    condition = selection.ranged
    if query.after is not None:
        rest = {"$lt" if order.descending else "$gt": f"{order.index.scope}/{query.after.id}"}
        condition = {"$and": [condition, {"_id": rest}]}
    documents = database.resources.find(
        condition,
        ANSWER,
        sort={"_id": order.direction},
        skip=query.start_index - 1,
        limit=query.count + 1,
        batch_size=BATCH,
        max_time_ms=MAX_TIME_MS,
        allow_disk_use=True,
    ).to_list()
    return [cached_resource(one) for one in documents], [order.position(one) for one in documents]


def _along(database: Database, selection: Selection, query: Query, order: Order) -> Part:
    """Go along the order's index, and look at each document: the filter lets many pass, or no index is about it."""
    wanted = Walk(order, query.after, query.start_index - 1, selection.condition)
    documents = walk(database, wanted, query.count + 1)
    return [cached_resource(one) for one in documents], [order.position(one) for one in documents]


def _sorted(database: Database, selection: Selection, query: Query, tenant: TenantId) -> Part:
    """Have the server sort small documents of all that meet the filter, and fetch those of the page."""
    sort = query.sort or Sort(_ID)
    stages: list[Document] = [
        {"$match": selection.whole},
        *sorting_stages(sort, query.after, f"{tenant}/{query.resource_type}"),
        {"$skip": query.start_index - 1},
        {"$limit": query.count + 1},
    ]
    found = database.resources.aggregate(stages, allowDiskUse=True, maxTimeMS=MAX_TIME_MS, batchSize=BATCH).to_list()
    keys = [one["_id"] for one in found[: query.count]]
    documents = database.resources.find({"_id": {"$in": keys}}, ANSWER, batch_size=BATCH)
    by_key = {document["_id"]: cached_resource(document) for document in documents}
    # What was deleted in between is not shown any more.
    resources = [by_key[key] for key in keys if key in by_key]
    return resources, [Position(one.get("k"), last_parts(one["_id"])[1]) for one in found]


def _total(database: Database, tenant: TenantId, query: Query, selection: Selection, *, rest: int | None = None) -> int:
    """Return how many meet the filter; ``rest`` is how many there are from the page's beginning, where it is known."""
    if query.total is not None:
        return query.total
    if query.filter is None:
        return counters(database, tenant, query.resource_type)[1]
    skipped = query.start_index - 1
    if rest is not None and query.after is None and (rest or not skipped):
        return skipped + rest
    return database.resources.count_documents(selection.whole, maxTimeMS=MAX_TIME_MS)


def _selection(database: Database, tenant: TenantId, query: Query) -> Selection:
    of_type: Document = {"_id": below(tenant, query.resource_type)}
    if query.filter is None:
        return Selection(of_type, {})
    filter = normal(query.filter)
    scope = _scope(database, tenant, query.resource_type, filter)
    return Selection(of_type, translate(filter, scope), is_indexed(filter, scope), is_anchored(filter, scope))


def _scope(database: Database, tenant: TenantId, resource_type: str, filter: ResolvedFilter) -> Scope:
    """Return what the filter is about. What is asked for by memberships is found by the edges first."""
    asked = {node for node in nodes(filter) if isinstance(node, EdgeQuestion)}
    return Scope(tenant, resource_type, {question: found_by_edges(database, tenant, question) for question in asked})
