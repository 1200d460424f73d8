"""The outbox in SQLite."""

from collections.abc import Sequence

import msgspec

from schemas.ids import TenantId
from schemas.messages.events import Event
from tenants.outbox.port import Outbox
from tenants.sqlite import Connection, SqliteStore, insert

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Event).decode


class SqliteOutbox(Outbox):
    """The feed of a tenant's events, in SQLite."""

    def __init__(self, store: SqliteStore) -> None:
        """Work on the open file."""
        self._store = store

    async def events(self, tenant: TenantId, *, after: int, limit: int) -> Sequence[Event]:
        def select(connection: Connection) -> list[Event]:
            rows = connection.execute(
                "SELECT event FROM events WHERE tenant = ? AND number > ? ORDER BY number LIMIT ?",
                (tenant, after, limit),
            )
            return [_decode(event) for (event,) in rows]

        return await self._store.read(select)


def insert_events(connection: Connection, tenant: TenantId, events: Sequence[Event]) -> None:
    """Insert numbered events within a transaction."""
    insert(connection, "events (tenant, number, event)", [(tenant, event.number, _encode(event)) for event in events])
