"""The outbox in SQLite."""

from collections.abc import Mapping, Sequence

import msgspec
import orjson

from schemas.ids import TenantId
from schemas.messages.events import Event
from tenants.outbox.emptying import emptied, is_about_account, users_of
from tenants.outbox.port import Outbox
from tenants.sqlite import Connection, SqliteStore, insert

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Event).decode
_ABOUT = """SELECT e.event FROM json_each(?2) AS k CROSS JOIN events AS e INDEXED BY events_by_account
    ON e.tenant = ?1 AND e.account = k.value"""


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

    async def redact(self, tenant: TenantId, accounts: Mapping[str, str]) -> frozenset[str]:
        return await self._store.write(lambda connection: _redact(connection, tenant, accounts))


def insert_events(connection: Connection, tenant: TenantId, events: Sequence[Event]) -> None:
    """Insert numbered events within a transaction."""
    rows = [
        (tenant, event.number, event.subject if is_about_account(event) else None, _encode(event)) for event in events
    ]
    insert(connection, "events (tenant, number, account, event)", rows)


def _redact(connection: Connection, tenant: TenantId, accounts: Mapping[str, str]) -> frozenset[str]:
    rows = connection.execute(_ABOUT, (tenant, orjson.dumps(sorted(accounts)))).fetchall()
    events = [event for row in rows if (event := _decode(row[0])).at <= accounts[event.subject]]
    changed = [after for event in events if (after := emptied(event)) is not event]
    connection.executemany(
        "UPDATE events SET event = ? WHERE tenant = ? AND number = ?",
        [(_encode(event), tenant, event.number) for event in changed],
    )
    return frozenset(users_of(events))
