"""The shelf in SQLite: what the embedded shape set aside outlives its process, and other processes see it."""

from collections.abc import Collection, Sequence
from typing import Any

import orjson

from schemas.ids import TenantId
from schemas.messages.codec import UnreadableMessageError, decode_commands, encode_commands
from schemas.messages.commands import Command
from tenants.bus.port import ParkedDelivery
from tenants.bus.shelf import Shelf, Wanted
from tenants.sqlite import Connection, SqliteStore

_COLUMNS = "tenant, message, reason, at, id"
_THESE = "tenant = ? AND patience IS NULL AND (? IS NULL OR id IN (SELECT value FROM json_each(?)))"
_BY_AGE = "at, rowid"


class SqliteShelf(Shelf):
    """The table ``parked``."""

    def __init__(self, store: SqliteStore) -> None:
        """Work on the open file."""
        self._store = store

    async def put(self, parked: ParkedDelivery) -> None:
        row = (parked.tenant, encode_commands(parked.commands), parked.reason, parked.parked, parked.id)

        def replace(connection: Connection) -> None:
            connection.execute(f"INSERT OR REPLACE INTO parked ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)", row)

        await self._store.write(replace)

    async def parked(self, tenant: TenantId, *, limit: int) -> Sequence[ParkedDelivery]:
        def select(connection: Connection) -> list[ParkedDelivery]:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM parked WHERE tenant = ? AND patience IS NULL ORDER BY {_BY_AGE} LIMIT ?",
                (tenant, limit),
            )
            return [_delivery(*row) for row in rows]

        return await self._store.read(select)

    async def want(
        self, tenant: TenantId, ids: Collection[str] | None, *, patience_seconds: float
    ) -> Sequence[ParkedDelivery]:
        def mark(connection: Connection) -> list[ParkedDelivery]:
            readable = [delivery for delivery in _these(connection, tenant, ids) if delivery.commands]
            parameters = (patience_seconds, tenant, *_listed([delivery.id for delivery in readable]))
            connection.execute(f"UPDATE parked SET patience = ? WHERE {_THESE}", parameters)
            return readable

        return await self._store.write(mark)

    async def wanted(self) -> Sequence[Wanted]:
        def select(connection: Connection) -> list[Wanted]:
            rows = connection.execute(
                f"SELECT patience, {_COLUMNS} FROM parked WHERE patience IS NOT NULL ORDER BY tenant, {_BY_AGE}"
            )
            return [Wanted(_delivery(*row), patience) for patience, *row in rows]

        return await self._store.read(select)

    async def returned(self, tenant: TenantId, id: str) -> None:
        def remove(connection: Connection) -> None:
            connection.execute("DELETE FROM parked WHERE tenant = ? AND id = ? AND patience IS NOT NULL", (tenant, id))

        await self._store.write(remove)

    async def discard(self, tenant: TenantId, ids: Collection[str] | None) -> Sequence[ParkedDelivery]:
        def remove(connection: Connection) -> list[ParkedDelivery]:
            found = _these(connection, tenant, ids)
            connection.execute(f"DELETE FROM parked WHERE {_THESE}", (tenant, *_listed(ids)))
            return found

        return await self._store.write(remove)


def _these(connection: Connection, tenant: TenantId, ids: Collection[str] | None) -> list[ParkedDelivery]:
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM parked WHERE {_THESE} ORDER BY {_BY_AGE}", (tenant, *_listed(ids))
    )
    return [_delivery(*row) for row in rows]


def _listed(ids: Collection[str] | None) -> tuple[str | None, str]:
    text = orjson.dumps(sorted(ids or ())).decode()
    return (None if ids is None else text), text


def _delivery(tenant: Any, message: bytes, reason: str, at: str, id: str) -> ParkedDelivery:
    return ParkedDelivery(TenantId(tenant), _commands(message), reason, at, id)


def _commands(message: bytes) -> tuple[Command, ...]:
    try:
        return decode_commands(message)
    except UnreadableMessageError:
        return ()
