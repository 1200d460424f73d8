"""The directory in MongoDB, to write."""

from schemas.ids import TenantId
from tenants.directory.mongo.group_commit import GroupCommit
from tenants.directory.mongo.load import has_unlinked, load
from tenants.directory.records import Counters
from tenants.directory.writer import Changes, DirectoryWriter, Need, Snapshot
from tenants.mongo import MongoStore


class MongoDirectoryWriter(DirectoryWriter):
    """Loads in one round trip (seldom two); commits in one transaction, with other tenants that commit at once."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self._commits = GroupCommit(store)

    async def load(self, tenant: TenantId, need: Need) -> Snapshot:
        return await self._store.run(lambda database: load(database, tenant, need))

    async def has_unlinked(self, tenant: TenantId) -> bool:
        return await self._store.run(lambda database: has_unlinked(database, tenant))

    async def commit(self, changes: Changes) -> Counters:
        return await self._commits.commit(changes)
