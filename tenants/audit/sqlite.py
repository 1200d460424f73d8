"""The audit log in SQLite."""

from collections.abc import Sequence

import msgspec

from schemas.ids import TenantId
from tenants.audit.port import AuditEntry, AuditLog, numbered
from tenants.errors import UnknownTenantError
from tenants.sqlite import Connection, SqliteStore, insert

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(AuditEntry).decode


class SqliteAuditLog(AuditLog):
    """Who did what, in SQLite."""

    def __init__(self, store: SqliteStore) -> None:
        """Work on the open file."""
        self._store = store

    async def append(self, tenant: TenantId, entries: Sequence[AuditEntry]) -> None:
        def write(connection: Connection) -> None:
            # A commit compares this counter, so a transaction decided before the append is decided again.
            row = connection.execute(
                "UPDATE tenants SET audit = audit + ? WHERE id = ? RETURNING audit", (len(entries), tenant)
            ).fetchone()
            if row is None:
                raise UnknownTenantError(tenant)
            insert_entries(connection, tenant, numbered(entries, after=row[0] - len(entries)))

        await self._store.write(write)

    async def entries(self, tenant: TenantId, *, after: int, limit: int) -> Sequence[AuditEntry]:
        def select(connection: Connection) -> list[AuditEntry]:
            rows = connection.execute(
                "SELECT entry FROM audit WHERE tenant = ? AND number > ? ORDER BY number LIMIT ?",
                (tenant, after, limit),
            )
            return [_decode(entry) for (entry,) in rows]

        return await self._store.read(select)


def insert_entries(connection: Connection, tenant: TenantId, entries: Sequence[AuditEntry]) -> None:
    """Insert numbered entries within a transaction."""
    insert(connection, "audit (tenant, number, entry)", [(tenant, entry.number, _encode(entry)) for entry in entries])
