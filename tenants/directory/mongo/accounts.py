"""The LMS side in MongoDB, to read."""

from collections.abc import Sequence

from schemas.ids import ResourceId, TenantId
from tenants.directory.mongo.documents import stored_account, stored_cohort
from tenants.directory.port import AccountReader
from tenants.directory.records import Account, Cohort
from tenants.mongo import Database, Document, MongoStore
from tenants.mongo.keys import below, last_parts

_BATCH = 10_000


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
