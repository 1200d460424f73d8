"""The journal: what a tenant's transactions append, in one collection: receipts, audit entries, events.

A document holds all that one transaction appends of one kind, as one text, under the number of its last item; where
that would be too large for a document, several do. Few documents and one insert make appending cheap.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TypeVar

from tenants.mongo.documents import Database, Document
from tenants.mongo.keys import below
from tenants.portions import portions as divided

T = TypeVar("T")
Encoded = TypeVar("Encoded", bytes, str)

AUDIT = "audit"
EVENTS = "events"
RECEIPTS = "receipts"

_LARGEST = 4 * 1024 * 1024
"""A document may have 16 MB."""
_BATCH = 16


def numbered_key(tenant: str, kind: str, number: int) -> str:
    """Return the key under which a document of the journal is kept; keys sort like numbers."""
    return f"{tenant}/{kind}/{number:012d}"


def portions(items: Sequence[T], encode: Callable[[Sequence[T]], Encoded]) -> list[tuple[Sequence[T], Encoded]]:
    """Return the items in as few portions as documents can hold, each with its encoded form."""
    return divided(items, encode, largest=_LARGEST)


def read(
    database: Database, path: tuple[str, str], decode: Callable[[Document], Sequence[T]], *, after: int, limit: int
) -> list[T]:
    """Return items of one tenant and kind (the path) with numbers greater than ``after``, in order."""
    if limit < 1:
        return []
    numbers = below(*path, after=f"{after:012d}")
    found: list[T] = []
    documents = database.journal.find({"_id": numbers}, sort={"_id": 1}, limit=limit, batch_size=_BATCH)
    with closing(documents):
        for document in documents:
            items = decode(document)
            last = int(document["_id"].rsplit("/", 1)[1])
            found += items[max(0, after + len(items) - last) :]
            if len(found) >= limit:
                break
    return found[:limit]
