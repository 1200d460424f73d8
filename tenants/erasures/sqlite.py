"""Erasures in SQLite."""

import asyncio
from collections.abc import Collection, Sequence

import orjson

from schemas.ids import AccountId, TenantId
from schemas.messages.codec import decode_outcomes, encode_outcomes
from tenants.audit.sqlite import append_entries
from tenants.erasures.leftovers import emptied_outcome, entry_of
from tenants.erasures.port import Erasure, Erasures
from tenants.sqlite import Connection, SqliteStore, insert

_DUE = """SELECT tenant, account, resource, at FROM erasures WHERE (tenant, id) > (?, ?)
ORDER BY tenant, id LIMIT ?"""
_RIPE = """SELECT id FROM accounts INDEXED BY accounts_to_erase
WHERE tenant = ? AND erase_at IS NOT NULL AND erase_at <= ? AND NOT legal_hold ORDER BY erase_at LIMIT ?"""
# A transaction's receipts and audit entries are of one moment.
_RECEIPTS = """SELECT rowid, outcome FROM receipts WHERE tenant = ?1 AND at IN (
    SELECT a.latest FROM json_each(?2) AS k
        CROSS JOIN audit_targets AS t ON t.tenant = ?1 AND t.target = k.value
        CROSS JOIN audit AS a ON a.tenant = ?1 AND a.number = t.number)"""
_TOMBSTONES = """UPDATE tombstones SET name = '', external_id = NULL
WHERE tenant = ? AND id IN (SELECT value FROM json_each(?))"""
_REST = 50
"""Nobody can write while the file is written anew: for each second of that, this many without."""


class SqliteErasures(Erasures):
    """The table ``erasures``."""

    def __init__(self, store: SqliteStore) -> None:
        """Work on the open file."""
        self._store = store
        self._rests_until = 0.0

    async def due(self, *, after: Erasure | None, limit: int) -> Sequence[Erasure]:
        place = (after.tenant, after.id) if after is not None else ("", "")
        return await self._store.read(
            lambda connection: [Erasure(*row) for row in connection.execute(_DUE, (*place, limit))]
        )

    async def ripe(self, tenant: TenantId, *, now: str, limit: int) -> Sequence[AccountId]:
        return await self._store.read(
            lambda connection: [AccountId(id) for (id,) in connection.execute(_RIPE, (tenant, now, limit))]
        )

    async def purge(self, tenant: TenantId, ids: Collection[str]) -> None:
        await self._store.write(lambda connection: _purge(connection, tenant, ids))

    async def scrub(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now < self._rests_until:
            return False
        is_done = await self._store.compact()
        ended = asyncio.get_running_loop().time()
        self._rests_until = ended + _REST * (ended - now)
        return is_done

    async def finish(self, erasures: Sequence[Erasure], *, at: str) -> int:
        return await self._store.write(lambda connection: _finish(connection, erasures, at))


def insert_erasures(connection: Connection, erasures: Sequence[Erasure]) -> None:
    """Insert erasures within a transaction; who comes and goes once more is due once."""
    rows = [(one.tenant, one.id, one.account, one.resource, one.at) for one in erasures]
    insert(
        connection,
        "erasures (tenant, id, account, resource, at)",
        rows,
        on_conflict="ON CONFLICT (tenant, id) DO UPDATE SET resource = excluded.resource, at = excluded.at",
    )


def _purge(connection: Connection, tenant: TenantId, ids: Collection[str]) -> None:
    listed = orjson.dumps(sorted(ids))
    for rowid, receipt in connection.execute(_RECEIPTS, (tenant, listed)).fetchall():
        outcomes = decode_outcomes(receipt)
        after = tuple(emptied_outcome(outcome, ids) for outcome in outcomes)
        if after != outcomes:
            connection.execute("UPDATE receipts SET outcome = ? WHERE rowid = ?", (encode_outcomes(after), rowid))
    connection.execute(_TOMBSTONES, (tenant, listed))


def _finish(connection: Connection, erasures: Sequence[Erasure], at: str) -> int:
    ended = [one for one in erasures if _remove(connection, one)]
    if ended:
        append_entries(connection, ended[0].tenant, [entry_of(one, at=at) for one in ended])
    return len(ended)


def _remove(connection: Connection, one: Erasure) -> bool:
    key = (one.tenant, one.id, one.at)
    return connection.execute("DELETE FROM erasures WHERE tenant = ? AND id = ? AND at = ?", key).rowcount == 1
