"""The directory in SQLite, to change."""

from schemas.ids import TenantId
from tenants.directory.records import Counters
from tenants.directory.sqlite.committing import commit
from tenants.directory.sqlite.loading import has_unlinked, load
from tenants.directory.writer import Changes, DirectoryWriter, Need, Snapshot
from tenants.sqlite import SqliteStore


class SqliteDirectoryWriter(DirectoryWriter):
    """A tenant's directory and LMS side, in SQLite."""

    def __init__(self, store: SqliteStore) -> None:
        """Work on the open file."""
        self._store = store

    async def load(self, tenant: TenantId, need: Need) -> Snapshot:
        return await self._store.read(lambda connection: load(connection, tenant, need))

    async def has_unlinked(self, tenant: TenantId) -> bool:
        return await self._store.read(lambda connection: has_unlinked(connection, tenant))

    async def commit(self, changes: Changes) -> Counters:
        return await self._store.write(lambda connection: commit(connection, changes))
