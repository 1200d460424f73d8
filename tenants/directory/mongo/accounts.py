"""The LMS side in MongoDB, to read."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from pymongo.cursor import Cursor

from schemas.ids import ResourceId, TenantId
from tenants.directory.mongo.documents import stored_account, stored_cohort
from tenants.directory.port import AccountReader
from tenants.directory.records import Account, Cohort
from tenants.mongo import Database, Document, MongoStore
from tenants.mongo.keys import below, last_part, last_parts

_BATCH = 10_000
_OWNERS = {"User": ("accounts", "r"), "Group": ("cohorts", "_id")}
"""Where the LMS side says whose it is: (collection, field)."""


class MongoAccountReader(AccountReader):
    """Accounts and cohorts in ranges of their keys."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store

    async def accounts(self, tenant: TenantId, *, after: str, limit: int) -> Sequence[Account]:
        keys = below(tenant, after=after)
        found = await self._store.run(lambda database: _range(database, "accounts", keys, limit))
        return [stored_account(document) for document in found]

    async def cohorts(self, tenant: TenantId, *, after: str, limit: int) -> Sequence[Cohort]:
        keys = below(tenant, after=after)
        found = await self._store.run(lambda database: _range(database, "cohorts", keys, limit))
        return [stored_cohort(document) for document in found]

    async def of_nobody(
        self, tenant: TenantId, resource_type: str, *, after: ResourceId, limit: int
    ) -> Sequence[ResourceId]:
        return await self._store.run(lambda database: _of_nobody(database, tenant, resource_type, after, limit))

    async def cohort_members(self, tenant: TenantId, cohort: ResourceId) -> Sequence[ResourceId]:
        applied = {"_id": below(tenant, cohort), "a": True}
        edges = await self._store.run(
            lambda database: database.edges.find(applied, {"_id": 1}, sort={"_id": 1}, batch_size=_BATCH).to_list()
        )
        return [ResourceId(last_parts(edge["_id"])[1]) for edge in edges]


def _range(database: Database, collection: str, keys: Document, limit: int) -> list[Document]:
    if limit < 1:
        return []
    return database[collection].find({"_id": keys}, sort={"_id": 1}, limit=limit, batch_size=limit).to_list()


def _of_nobody(
    database: Database, tenant: TenantId, resource_type: str, after: ResourceId, limit: int
) -> list[ResourceId]:
    """Return whom the LMS side knows alone: both sides' ids come out of indexes, in one order."""
    collection, field = _OWNERS[resource_type]
    with (
        _keys(database, collection, field, below(tenant, after=after)) as applied,
        _keys(database, "resources", "_id", below(tenant, resource_type, after=after)) as desired,
    ):
        known = (last_part(document[field]) for document in applied)
        living = (last_parts(document["_id"])[1] for document in desired)
        return [ResourceId(id) for id in islice(_without(known, living), limit)]


def _keys(database: Database, collection: str, field: str, keys: Document) -> Cursor[Document]:
    fields = {"_id": 0, field: 1} if field != "_id" else {"_id": 1}
    return database[collection].find({field: keys}, fields, sort={field: 1}, batch_size=_BATCH)


def _without(ids: Iterable[str], others: Iterable[str]) -> Iterator[str]:
    """Yield the ids that are not among the others; both come in their order."""
    rest = iter(others)
    other = next(rest, None)
    for id in ids:
        while other is not None and other < id:
            other = next(rest, None)
        if id != other:
            yield id
