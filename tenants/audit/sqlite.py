"""The audit log in SQLite: one row for each link of the chain."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import orjson

from schemas.ids import TenantId
from tenants.audit.links import Sealed, entries_of, last_digest, latest_of, marks, redact, seal, targets_of, unsealed
from tenants.audit.port import AuditArchive, AuditEntry, AuditQuery, ChainEnds, Link
from tenants.errors import UnknownTenantError
from tenants.sqlite import Connection, SqliteStore, insert

_LINK = "number, first, sequence, entry, details, digest"
_ROW = "audit (tenant, number, first, sequence, earliest, latest, entry, details, digest)"
_old_entry = msgspec.msgpack.Decoder(AuditEntry).decode


class SqliteAuditLog(AuditArchive):
    """Who did what, in SQLite."""

    def __init__(self, store: SqliteStore) -> None:
        """Work on the open file."""
        self._store = store

    async def append(self, tenant: TenantId, entries: Sequence[AuditEntry]) -> None:
        await self._store.write(lambda connection: append_entries(connection, tenant, entries))

    async def entries(self, tenant: TenantId, *, after: int, limit: int) -> Sequence[AuditEntry]:
        return await self.find(tenant, AuditQuery(after=after, limit=limit))

    async def find(self, tenant: TenantId, query: AuditQuery) -> Sequence[AuditEntry]:
        statement, parameters = _selection(tenant, query)

        def select(connection: Connection) -> list[AuditEntry]:
            found: list[AuditEntry] = []
            for row in connection.execute(statement, parameters):
                found += entries_of(_link_of(row), query)
                if len(found) >= query.limit:
                    break
            return found[: max(query.limit, 0)]

        return await self._store.read(select)

    async def ends(self, tenant: TenantId) -> ChainEnds:
        def select(connection: Connection) -> ChainEnds:
            row = connection.execute(
                "SELECT audit_start, audit_start_digest, audit, audit_digest FROM tenants WHERE id = ?", (tenant,)
            ).fetchone()
            if row is None:
                raise UnknownTenantError(tenant)
            return ChainEnds(*row)

        return await self._store.read(select)

    async def links(self, tenant: TenantId, *, after: int, limit: int) -> Sequence[Link]:
        def select(connection: Connection) -> list[Link]:
            return [_link_of(row) for row in _oldest(connection, tenant, after=after, limit=limit)]

        return await self._store.read(select)

    async def redact(self, tenant: TenantId, target: str) -> int:
        def write(connection: Connection) -> int:
            statement, parameters = _selection(tenant, AuditQuery(target=target))
            total = 0
            for row in connection.execute(statement, parameters).fetchall():
                changed, count = redact(_link_of(row), target)
                if count:
                    total += count
                    _put_back(connection, tenant, changed)
            return total

        return await self._store.write(write)

    async def forget(self, tenant: TenantId, *, before: str, limit: int) -> int:
        def write(connection: Connection) -> int:
            links: list[Link] = []
            for row in _oldest(connection, tenant, after=0, limit=limit):
                link = _link_of(row)
                if latest_of(link) >= before:
                    break
                links.append(link)
            if links:
                _remove(connection, tenant, links)
            return len(links)

        return await self._store.write(write)


def append_entries(connection: Connection, tenant: TenantId, entries: Sequence[AuditEntry]) -> None:
    """Append entries within a transaction.

    Raises:
        UnknownTenantError: There is no such tenant.
    """
    # A commit compares this counter, so a transaction decided before the append is decided again.
    row = connection.execute(
        "UPDATE tenants SET audit = audit + ? WHERE id = ? RETURNING audit, audit_digest", (len(entries), tenant)
    ).fetchone()
    if row is None:
        raise UnknownTenantError(tenant)
    after, previous = row[0] - len(entries), row[1]
    links = seal(tenant, entries, after=after, sequence=0, previous=previous, random_bytes=os.urandom)
    connection.execute("UPDATE tenants SET audit_digest = ? WHERE id = ?", (last_digest(links, previous), tenant))
    insert_links(connection, tenant, links)


def insert_links(connection: Connection, tenant: TenantId, links: Sequence[Sealed]) -> None:
    """Insert links within a transaction."""
    insert(connection, _ROW, [_row(tenant, each) for each in links])
    targets = [(tenant, target, each.link.last) for each in links for target in each.targets]
    insert(connection, "audit_targets (tenant, target, number)", targets)


def _row(tenant: TenantId, sealed: Sealed) -> tuple[Any, ...]:
    link = sealed.link
    span = (sealed.earliest, sealed.latest)
    return (tenant, link.last, link.first, link.sequence, *span, link.heads, link.details, link.digest)


def _link_of(row: Sequence[Any]) -> Link:
    number, first, sequence, entry, details, digest = row
    if digest is None:
        return unsealed([_old_entry(entry)])
    return Link(first, number, sequence, entry, details, digest)


def _oldest(connection: Connection, tenant: TenantId, *, after: int, limit: int) -> Iterator[Any]:
    return connection.execute(
        f"SELECT {_LINK} FROM audit WHERE tenant = ? AND number > ? ORDER BY number LIMIT ?", (tenant, after, limit)
    )


def _selection(tenant: TenantId, query: AuditQuery) -> tuple[str, list[Any]]:
    """Return a statement that finds at least the links with entries that are asked for."""
    conditions, parameters = ["tenant = ?"], [tenant]

    def need(condition: str, *values: Any) -> None:
        conditions.append(condition)
        parameters.extend(values)

    if query.after:
        need("coalesce(first, number) < ?" if query.newest_first else "number > ?", query.after)
    if query.target:
        need(
            """number IN (SELECT number FROM audit_targets WHERE tenant = ? AND target = ?
                UNION SELECT number FROM audit WHERE tenant = ? AND digest IS NULL)""",
            *(tenant, query.target, tenant),
        )
    if query.since:
        need("(digest IS NULL OR latest >= ?)", query.since)
    if query.until:
        need("(digest IS NULL OR earliest < ?)", query.until)
    for mark in marks(query):
        need("(digest IS NULL OR instr(entry, ?))", mark)
    order = "DESC" if query.newest_first else "ASC"
    return f"SELECT {_LINK} FROM audit WHERE {' AND '.join(conditions)} ORDER BY number {order}", parameters


def _put_back(connection: Connection, tenant: TenantId, link: Link) -> None:
    connection.execute(
        """UPDATE audit SET first = ?, sequence = ?, entry = ?, details = ?, digest = ?,
            earliest = coalesce(earliest, ''), latest = coalesce(latest, ?)
        WHERE tenant = ? AND number = ?""",
        (link.first, link.sequence, link.heads, link.details, link.digest, latest_of(link), tenant, link.last),
    )
    # What is older than the chain was not among them.
    for target in targets_of(link):
        connection.execute("INSERT OR IGNORE INTO audit_targets VALUES (?, ?, ?)", (tenant, target, link.last))


def _remove(connection: Connection, tenant: TenantId, links: Sequence[Link]) -> None:
    last = links[-1]
    connection.execute("DELETE FROM audit WHERE tenant = ? AND number <= ?", (tenant, last.last))
    connection.execute(
        """DELETE FROM audit_targets WHERE tenant = ? AND (target, number) IN
            (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))""",
        (tenant, orjson.dumps([[target, link.last] for link in links for target in targets_of(link)])),
    )
    connection.execute(
        "UPDATE tenants SET audit_start = ?, audit_start_digest = ? WHERE id = ?", (last.last, last.digest, tenant)
    )
