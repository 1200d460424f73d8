"""Walks along an index that has an order, from any place of it, until there are as many documents as wanted."""

from dataclasses import dataclass, field

from schemas.scim.query import Position
from tenants.directory.mongo.documents import ANSWER
from tenants.directory.mongo.ordering import Order, Range, ranges
from tenants.mongo import Database, Document

MAX_TIME_MS = 8_000
"""How long the server works on one search."""
BATCH = 10_000
"""Documents in one answer of the server, as far as 16 MB reach."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a walk begins, and what it looks for."""

    order: Order
    after: Position | None = None
    skip: int = 0
    condition: Document = field(default_factory=dict)
    """What the documents meet."""


def walk(database: Database, wanted: Walk, limit: int) -> list[Document]:
    """Return so many documents, with what answers and places are made of."""
    return _documents(database, wanted, ANSWER | {wanted.order.index.path: 1}, limit)


def place_of(database: Database, order: Order, number: int) -> Position | None:
    """Return the place of the resource before which there are so many; the index alone answers."""
    found = _documents(database, Walk(order, skip=number), order.index.fields, 1)
    return order.position(found[0]) if found else None


def _documents(database: Database, wanted: Walk, fields: Document, limit: int) -> list[Document]:
    skip, found = wanted.skip, list[Document]()
    for part in ranges(wanted.order, wanted.after):
        if len(found) < limit:
            more = _range(database, wanted, part, fields, skip=skip, limit=limit - len(found))
            if skip:
                skip = 0 if more else skip - _size(database, wanted, part)
            found += more
    return found


def _range(database: Database, wanted: Walk, part: Range, fields: Document, *, skip: int, limit: int) -> list[Document]:
    names = wanted.order.index.names
    documents = database.resources.find(
        wanted.condition,
        fields,
        hint=[(name, 1) for name in names],
        sort=[(name, wanted.order.direction) for name in names],
        skip=skip,
        limit=limit,
        batch_size=BATCH,
        max_time_ms=MAX_TIME_MS,
    )
    start, end = (list(zip(names, key, strict=True)) for key in (part.start, part.end))
    return documents.min(start).max(end).to_list()


def _size(database: Database, wanted: Walk, part: Range) -> int:
    """Return how many there are to skip in a whole range."""
    condition = {"$and": [part.condition, wanted.condition]}
    hint = [(name, 1) for name in wanted.order.index.names]
    return database.resources.count_documents(condition, hint=hint, maxTimeMS=MAX_TIME_MS)
