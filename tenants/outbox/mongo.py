"""The outbox in MongoDB's journal; documents have ``u``, the accounts that their events are about."""

from collections.abc import Mapping, Sequence

import msgspec
from pymongo import UpdateOne
from pymongo.client_session import ClientSession

from schemas.ids import TenantId
from schemas.messages.events import Event
from tenants.errors import LaneLostError, PortUnavailableError
from tenants.mongo import Database, Document, MongoStore, journal
from tenants.mongo.transactions import transact
from tenants.outbox.emptying import emptied, is_about_account, users_of
from tenants.outbox.port import Outbox

_decoder = msgspec.json.Decoder(list[Event])
_BATCH = 16


class MongoOutbox(Outbox):
    """Events, as JSON, in the order of their numbers."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store

    async def events(self, tenant: TenantId, *, after: int, limit: int) -> Sequence[Event]:
        path = (tenant, journal.EVENTS)
        return await self._store.run(
            lambda database: journal.read(database, path, _events_of, after=after, limit=limit)
        )

    async def redact(self, tenant: TenantId, accounts: Mapping[str, str]) -> frozenset[str]:
        try:
            return await self._store.run(lambda database: _redact(database, tenant, accounts))
        except LaneLostError as error:
            raise PortUnavailableError("another process empties the same events") from error


def event_documents(tenant: TenantId, events: Sequence[Event]) -> list[Document]:
    """Return the journal's documents that hold the numbered events."""
    return [_document(tenant, portion, text) for portion, text in journal.portions(events, _encode)]


def _document(tenant: TenantId, events: Sequence[Event], text: str) -> Document:
    document: Document = {"_id": journal.numbered_key(tenant, journal.EVENTS, events[-1].number), "events": text}
    if accounts := dict.fromkeys(f"{tenant}/{event.subject}" for event in events if is_about_account(event)):
        document["u"] = list(accounts)
    return document


def _redact(database: Database, tenant: TenantId, accounts: Mapping[str, str]) -> frozenset[str]:
    keys = [f"{tenant}/{account}" for account in accounts]

    def write(session: ClientSession) -> frozenset[str]:
        users: set[str] = set()
        changes: list[UpdateOne] = []
        for document in database.journal.find({"u": {"$in": keys}}, session=session, batch_size=_BATCH):
            events = _events_of(document)
            users |= users_of(event for event in events if _is_of_the_ended(event, accounts))
            after = [emptied(event) if _is_of_the_ended(event, accounts) else event for event in events]
            if after != events:
                changes.append(UpdateOne({"_id": document["_id"]}, {"$set": {"events": _encode(after)}}))
        if changes:
            database.journal.bulk_write(changes, session=session)
        return frozenset(users)

    return transact(database, write)


def _is_of_the_ended(event: Event, accounts: Mapping[str, str]) -> bool:
    return is_about_account(event) and event.at <= accounts.get(event.subject, "")


def _encode(events: Sequence[Event]) -> str:
    return msgspec.json.encode(events).decode()


def _events_of(document: Document) -> list[Event]:
    return _decoder.decode(document["events"])
