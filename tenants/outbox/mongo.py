"""The outbox in MongoDB's journal."""

from collections.abc import Sequence

import msgspec

from schemas.ids import TenantId
from schemas.messages.events import Event
from tenants.mongo import Document, MongoStore, journal
from tenants.outbox.port import Outbox

_decoder = msgspec.json.Decoder(list[Event])


class MongoOutbox(Outbox):
    """Events, as JSON, in the order of their numbers."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store

    async def events(self, tenant: TenantId, *, after: int, limit: int) -> Sequence[Event]:
        path = (tenant, journal.EVENTS)
        return await self._store.run(
            lambda database: journal.read(database, path, _events_of, after=after, limit=limit)
        )


def event_documents(tenant: TenantId, events: Sequence[Event]) -> list[Document]:
    """Return the journal's documents that hold the numbered events."""
    return [
        {"_id": journal.numbered_key(tenant, journal.EVENTS, portion[-1].number), "events": text}
        for portion, text in journal.portions(events, _encode)
    ]


def _encode(events: Sequence[Event]) -> str:
    return msgspec.json.encode(events).decode()


def _events_of(document: Document) -> list[Event]:
    return _decoder.decode(document["events"])
