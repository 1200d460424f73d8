"""The registry in MongoDB: ``tenants`` (the record with its counters) and ``tokens``."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec
from pymongo import ReturnDocument, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from schemas.ids import TenantId, TokenId
from schemas.messages.events import Event
from tenants.errors import (
    DuplicateError,
    LaneLostError,
    PortUnavailableError,
    RevisionConflictError,
    UnknownTenantError,
)
from tenants.mongo import Database, Document, MongoStore
from tenants.mongo.keys import below
from tenants.mongo.transactions import transact
from tenants.outbox.mongo import event_documents
from tenants.registry.port import Registry, TokenNews, TokenRecord, TokenUse
from tenants.tenant import Tenant

_NO_COUNTERS = {"sequence": 0, "events": 0, "audit": 0, "users": 0, "groups": 0}
_PATIENCE_SECONDS = 10.0
"""How long a transaction here gives way to those of a busy lane."""
_PAUSE_SECONDS = 0.02


class MongoRegistry(Registry):
    """Tenants and tokens as documents."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store

    async def tenant(self, tenant: TenantId) -> Tenant | None:
        document = await self._store.run(lambda database: database.tenants.find_one({"_id": tenant}))
        return tenant_of(document) if document else None

    async def tenants(self) -> Sequence[Tenant]:
        documents = await self._store.run(lambda database: database.tenants.find(sort=[("_id", 1)]).to_list())
        return [tenant_of(document) for document in documents]

    async def add_tenant(self, tenant: Tenant) -> None:
        document = {"_id": tenant.id, **_tenant_fields(tenant), **_NO_COUNTERS}
        await self._store.run(lambda database: _insert(database, "tenants", document))

    async def change_tenant(self, tenant: Tenant) -> None:
        before = {"_id": tenant.id, "revision": tenant.revision - 1}
        change = {"$set": _tenant_fields(tenant)}
        changed = await self._store.run(lambda database: database.tenants.update_one(before, change))
        if not changed.matched_count:
            raise RevisionConflictError(f"tenant {tenant.id} is not at revision {tenant.revision - 1}")

    async def token(self, tenant: TenantId, token: TokenId) -> TokenRecord | None:
        key = _token_key(tenant, token)
        document = await self._store.run(lambda database: database.tokens.find_one({"_id": key}))
        return _token_of(document) if document else None

    async def tokens(self, tenant: TenantId) -> Sequence[TokenRecord]:
        documents = await self._store.run(lambda database: database.tokens.find({"_id": below(tenant)}).to_list())
        return sorted(map(_token_of, documents), key=lambda record: (record.created, record.id))

    async def add_token(self, record: TokenRecord) -> None:
        document = _token_document(record)
        await self._store.run(lambda database: _insert(database, "tokens", document))

    async def revoke_token(self, tenant: TenantId, token: TokenId, *, at: str) -> bool:
        # $min sets a field that is not there, and keeps the earlier of two moments.
        key, change = {"_id": _token_key(tenant, token)}, {"$min": {"revoked": at}}
        revoked = await self._store.run(lambda database: database.tokens.update_one(key, change))
        return revoked.matched_count == 1

    async def rename_token(self, tenant: TenantId, token: TokenId, name: str) -> bool:
        key, change = {"_id": _token_key(tenant, token)}, {"$set": {"name": name}}
        renamed = await self._store.run(lambda database: database.tokens.update_one(key, change))
        return renamed.matched_count == 1

    async def rotate_token(self, new: TokenRecord, old: TokenId, *, stops: str | None) -> bool:
        return await self._patiently(lambda database: _rotate(database, new, old, stops))

    async def announce(self, news: TokenNews) -> bool:
        return await self._patiently(lambda database: _announce(database, news))

    async def record_token_uses(self, uses: Sequence[tuple[TenantId, TokenId, TokenUse]]) -> None:
        if uses:
            changes = [_use(*use) for use in uses]
            await self._store.run(lambda database: database.tokens.bulk_write(changes))

    async def _patiently(self, work: Callable[[Database], bool]) -> bool:
        """Return what the work returns, once no other transaction comes first."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while True:
                    try:
                        return await self._store.run(work)
                    except LaneLostError:
                        await asyncio.sleep(_PAUSE_SECONDS)
        except TimeoutError as error:
            raise PortUnavailableError("the tenant's transactions leave no room for another") from error


def tenant_of(document: Document) -> Tenant:
    """Return the record that a document of ``tenants`` holds."""
    return msgspec.convert({"id": document["_id"], **document}, Tenant)


def _tenant_fields(tenant: Tenant) -> Document:
    fields: Document = msgspec.to_builtins(tenant)
    del fields["id"]
    return fields


def _token_key(tenant: TenantId, token: TokenId) -> str:
    return f"{tenant}/{token}"


def _token_of(document: Document) -> TokenRecord:
    return msgspec.convert(document, TokenRecord)


def _token_document(record: TokenRecord) -> Document:
    fields = {name: value for name, value in msgspec.to_builtins(record).items() if value is not None}
    return {"_id": _token_key(record.tenant, record.id), **fields}


def _rotate(database: Database, new: TokenRecord, old: TokenId, stops: str | None) -> bool:
    standing = {"_id": _token_key(new.tenant, old), "replaced_by": None, "revoked": None}
    fields = {"replaced_by": new.id} if stops is None else {"replaced_by": new.id, "revoked": stops}

    def write(session: ClientSession) -> bool:
        if not database.tokens.update_one(standing, {"$set": fields}, session=session).matched_count:
            return False
        database.tokens.insert_one(_token_document(new), session=session)
        return True

    return transact(database, write)


def _announce(database: Database, news: TokenNews) -> bool:
    before = {"_id": _token_key(news.tenant, news.token), "warned": news.follows}

    def write(session: ClientSession) -> bool:
        if not database.tokens.update_one(before, {"$set": {"warned": news.warned}}, session=session).matched_count:
            return False
        # A commit compares the sequence, so a transaction decided before this one is decided again.
        raised = database.tenants.find_one_and_update(
            {"_id": news.tenant},
            {"$inc": {"sequence": 1, "events": 1}},
            projection={"sequence": 1, "events": 1},
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        if raised is None:
            raise UnknownTenantError(f"there is no tenant {news.tenant}")
        number, sequence = raised["events"], raised["sequence"]
        event = Event(news.tenant, number, sequence, news.type, news.token, news.at, news.payload)
        database.journal.insert_many(event_documents(news.tenant, [event]), session=session)
        return True

    return transact(database, write)


def _use(tenant: TenantId, token: TokenId, use: TokenUse) -> UpdateOne:
    # Gateways report on their own time: an older use does not take the place of a later one.
    not_later = {"_id": _token_key(tenant, token), "last_use.at": {"$not": {"$gt": use.at}}}
    return UpdateOne(not_later, {"$set": {"last_use": msgspec.to_builtins(use)}})


def _insert(database: Database, collection: str, document: Document) -> None:
    try:
        database[collection].insert_one(document)
    except DuplicateKeyError as error:
        raise DuplicateError(f"there is such a document in {collection} already") from error
