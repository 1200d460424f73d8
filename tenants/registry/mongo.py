"""The registry in MongoDB: ``tenants`` (the record with its counters) and ``tokens``."""

from collections.abc import Sequence

import msgspec
from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from schemas.ids import TenantId, TokenId
from tenants.errors import DuplicateError, RevisionConflictError
from tenants.mongo import Database, Document, MongoStore
from tenants.mongo.keys import below
from tenants.registry.port import Registry, TokenRecord, TokenUse
from tenants.tenant import Tenant

_NO_COUNTERS = {"sequence": 0, "events": 0, "audit": 0, "users": 0, "groups": 0}


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
        fields = {name: value for name, value in msgspec.to_builtins(record).items() if value is not None}
        document = {"_id": _token_key(record.tenant, record.id), **fields}
        await self._store.run(lambda database: _insert(database, "tokens", document))

    async def revoke_token(self, tenant: TenantId, token: TokenId, *, at: str) -> bool:
        # $min sets a field that is not there, and keeps the earlier of two moments.
        key, change = {"_id": _token_key(tenant, token)}, {"$min": {"revoked": at}}
        revoked = await self._store.run(lambda database: database.tokens.update_one(key, change))
        return revoked.matched_count == 1

    async def record_token_uses(self, uses: Sequence[tuple[TenantId, TokenId, TokenUse]]) -> None:
        if uses:
            changes = [_use(*use) for use in uses]
            await self._store.run(lambda database: database.tokens.bulk_write(changes))


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


def _use(tenant: TenantId, token: TokenId, use: TokenUse) -> UpdateOne:
    # Gateways report on their own time: an older use does not take the place of a later one.
    not_later = {"_id": _token_key(tenant, token), "last_use.at": {"$not": {"$gt": use.at}}}
    return UpdateOne(not_later, {"$set": {"last_use": msgspec.to_builtins(use)}})


def _insert(database: Database, collection: str, document: Document) -> None:
    try:
        database[collection].insert_one(document)
    except DuplicateKeyError as error:
        raise DuplicateError(f"there is such a document in {collection} already") from error
