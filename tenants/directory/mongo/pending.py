"""What waits to be applied, in MongoDB: ranges of indexes that hold nothing else.

A page is read first, then the accounts and cohorts of all of it at once.
"""

from collections.abc import Iterable, Mapping, Sequence

from schemas.ids import ResourceId, TenantId
from tenants.directory.mongo.documents import (
    RESOURCE_TYPES,
    stored_account,
    stored_cohort,
    stored_edge,
    stored_resource,
    stored_tombstone,
)
from tenants.directory.pending import PendingKind, PendingReader, PendingResource
from tenants.directory.records import Account, Cohort, Edge, StoredResource, Tombstone
from tenants.mongo import Database, Document, MongoStore
from tenants.mongo.keys import below

_TYPES: Mapping[PendingKind, str] = {PendingKind.USER: "User", PendingKind.GROUP: "Group"}
_BATCH = 10_000
_WITHOUT_ANSWERS = {"s": 0, "r": 0}


class MongoPendingReader(PendingReader):
    """One tenant's pending part."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store

    async def pending(
        self, tenant: TenantId, kind: PendingKind, *, after: ResourceId, limit: int
    ) -> Sequence[PendingResource]:
        if kind is PendingKind.MEMBERSHIP:
            raise ValueError("memberships are no resources: pending_memberships")
        if kind is PendingKind.LEAVER:
            return await self._store.run(lambda database: _leavers(database, tenant, after, limit))
        condition = {"p": below(tenant, _TYPES[kind], after=after)}
        return await self._store.run(lambda database: _resources(database, tenant, condition, limit))

    async def resources(
        self, tenant: TenantId, resource_type: str, *, after: ResourceId, limit: int
    ) -> Sequence[PendingResource]:
        condition = {"_id": below(tenant, resource_type, after=after)}
        return await self._store.run(lambda database: _resources(database, tenant, condition, limit))

    async def pending_memberships(
        self, tenant: TenantId, *, after: tuple[ResourceId, ResourceId], limit: int
    ) -> Sequence[Edge]:
        condition = {"p": below(tenant, after="/".join(after))}
        found = await self._store.run(lambda database: _page(database, "edges", condition, limit))
        return [stored_edge(document) for document in found]

    async def detached(self, tenant: TenantId, external_ids: Sequence[str]) -> Sequence[Account]:
        return await self._accounts(tenant, "x", external_ids)

    async def with_logins(self, tenant: TenantId, logins: Sequence[str]) -> Sequence[Account]:
        return await self._accounts(tenant, "l", logins)

    async def counts(self, tenant: TenantId) -> dict[PendingKind, int]:
        return await self._store.run(lambda database: _counts(database, tenant))

    async def _accounts(self, tenant: TenantId, field: str, values: Sequence[str]) -> Sequence[Account]:
        keys = [f"{tenant}/{value}" for value in values]
        found = await self._store.run(lambda database: _among(database, "accounts", field, keys))
        return [stored_account(document) for document in found]


def _resources(database: Database, tenant: TenantId, condition: Document, limit: int) -> list[PendingResource]:
    found = _page(database, "resources", condition, limit, fields=_WITHOUT_ANSWERS)
    return _with_applied(database, tenant, [stored_resource(document) for document in found])


def _leavers(database: Database, tenant: TenantId, after: ResourceId, limit: int) -> list[PendingResource]:
    """Return a page of both types' ids, of which each type yields as many as may be on it."""
    found = [
        stored_tombstone(document)
        for resource_type in RESOURCE_TYPES
        for document in _page(database, "tombstones", {"_id": below(tenant, resource_type, after=after)}, limit)
    ]
    return _with_applied(database, tenant, sorted(found, key=lambda tombstone: tombstone.id)[:limit])


def _with_applied(
    database: Database, tenant: TenantId, owners: Sequence[StoredResource | Tombstone]
) -> list[PendingResource]:
    accounts = _accounts_of(database, [f"{tenant}/{owner.id}" for owner in owners if owner.type == "User"])
    cohorts = _cohorts_of(database, [f"{tenant}/{owner.id}" for owner in owners if owner.type == "Group"])
    return [
        PendingResource(
            resource=owner if isinstance(owner, StoredResource) else None,
            tombstone=owner if isinstance(owner, Tombstone) else None,
            account=accounts.get(owner.id),
            cohort=cohorts.get(owner.id),
        )
        for owner in owners
    ]


def _accounts_of(database: Database, keys: Sequence[str]) -> dict[ResourceId, Account]:
    found = (stored_account(document) for document in _among(database, "accounts", "r", keys))
    return {account.resource: account for account in found if account.resource is not None}


def _cohorts_of(database: Database, keys: Sequence[str]) -> dict[ResourceId, Cohort]:
    found = (stored_cohort(document) for document in _among(database, "cohorts", "_id", keys))
    return {cohort.resource: cohort for cohort in found}


def _counts(database: Database, tenant: TenantId) -> dict[PendingKind, int]:
    return {
        PendingKind.USER: database.resources.count_documents({"p": below(tenant, "User")}),
        PendingKind.GROUP: database.resources.count_documents({"p": below(tenant, "Group")}),
        PendingKind.MEMBERSHIP: database.edges.count_documents({"p": below(tenant)}),
        PendingKind.LEAVER: database.tombstones.count_documents({"_id": below(tenant)}),
    }


def _page(
    database: Database, collection: str, condition: Document, limit: int, *, fields: Document | None = None
) -> list[Document]:
    if limit < 1:
        return []
    (order,) = condition
    return database[collection].find(condition, fields, sort={order: 1}, limit=limit, batch_size=limit).to_list()


def _among(database: Database, collection: str, field: str, keys: Iterable[str]) -> list[Document]:
    values = list(keys)
    if not values:
        return []
    return database[collection].find({field: {"$in": values}}, batch_size=_BATCH).to_list()
