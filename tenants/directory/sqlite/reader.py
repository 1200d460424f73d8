"""The directory and the LMS side in SQLite, to read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import orjson

from schemas.ids import ResourceId, TenantId
from schemas.scim.query import Query
from tenants.directory.port import AccountReader, DirectoryReader
from tenants.directory.records import Account, CachedResource, Cohort, GroupOfMember, Member, Page
from tenants.directory.sqlite.rows import ACCOUNT_JSON, COHORT_JSON, account_of, cohort_of
from tenants.directory.sqlite_filters import translate
from tenants.sqlite import SqliteStore, one_document

T = TypeVar("T")

_TOTALS = {
    "User": "SELECT users FROM tenants WHERE id = ?1",
    "Group": "SELECT groups FROM tenants WHERE id = ?1",
}
_COUNTED_TOTAL = "SELECT count(*) FROM resources WHERE tenant = ?1 AND type = ?2"
# Tenant, type, count, skip. Rows to skip are counted from the end that is nearer.
_WHOLE = """
WITH
page (total, count, skip) AS MATERIALIZED (SELECT coalesce(({total}), 0), ?3, ?4),
found AS (
    SELECT * FROM (
        SELECT r.type, r.id, r.version, r.modified, r.rendered FROM resources AS r
        WHERE r.tenant = ?1 AND r.type = ?2
        ORDER BY r.id LIMIT (SELECT iif(2 * skip <= total, count, 0) FROM page) OFFSET ?4
    )
    UNION ALL
    SELECT * FROM (
        SELECT r.type, r.id, r.version, r.modified, r.rendered FROM resources AS r
        WHERE r.tenant = ?1 AND r.type = ?2
        ORDER BY r.id DESC LIMIT (SELECT iif(2 * skip > total, max(0, min(count, total - skip)), 0) FROM page)
        OFFSET (SELECT max(0, total - skip - count) FROM page)
    )
)
SELECT json_array(
    (SELECT total FROM page),
    (SELECT json_group_array(json_array(type, id, version, modified, rendered)) FROM (SELECT * FROM found ORDER BY id))
)
"""
# Tenant, type, the condition's values, count, skip.
_FILTERED = """
WITH
hits AS MATERIALIZED (
    SELECT r.rowid AS place, r.id FROM resources AS r WHERE r.tenant = ? AND r.type = ? AND ({condition})
)
SELECT json_array(
    (SELECT count(*) FROM hits),
    (
        SELECT json_group_array(json_array(r.type, r.id, r.version, r.modified, r.rendered))
        FROM (SELECT place FROM hits ORDER BY id LIMIT ? OFFSET ?) AS h CROSS JOIN resources AS r ON r.rowid = h.place
    )
)
"""


class SqliteDirectoryReader(DirectoryReader):
    """Reads of one tenant, in SQLite."""

    def __init__(self, store: SqliteStore) -> None:
        """Work on the open file."""
        self._store = store

    async def search(self, tenant: TenantId, query: Query) -> Page:
        sql, parameters = _search(tenant, query)
        total, rows = await self._select(sql, parameters)
        return Page(total, tuple(_cached(*row) for row in rows))

    async def members(self, tenant: TenantId, groups: Sequence[ResourceId]) -> Mapping[ResourceId, Sequence[Member]]:
        rows = await self._select(
            """SELECT json_group_array(json_array(grp, member, member_type)) FROM (
                SELECT e.grp, e.member, e.member_type
                FROM json_each(?) AS k CROSS JOIN edges AS e ON e.tenant = ? AND e.grp = k.value AND e.desired
                ORDER BY e.grp, e.member)""",
            (orjson.dumps(sorted(set(groups))), tenant),
        )
        return _grouped(rows, Member)

    async def groups_of(
        self, tenant: TenantId, members: Sequence[ResourceId]
    ) -> Mapping[ResourceId, Sequence[GroupOfMember]]:
        rows = await self._select(
            """SELECT json_group_array(json_array(member, id, display)) FROM (
                SELECT e.member, r.id, json_extract(r.attributes, '$.displayName') AS display
                FROM json_each(?) AS k CROSS JOIN edges AS e ON e.tenant = ? AND e.member = k.value AND e.desired
                    CROSS JOIN resources AS r ON r.tenant = e.tenant AND r.id = e.grp
                ORDER BY e.member, e.grp)""",
            (orjson.dumps(sorted(set(members))), tenant),
        )
        return _grouped(rows, GroupOfMember)

    async def _select(self, sql: str, parameters: Sequence[Any]) -> Any:
        return await self._store.read(lambda connection: one_document(connection, sql, parameters))


class SqliteAccountReader(AccountReader):
    """The LMS side, in SQLite."""

    def __init__(self, store: SqliteStore) -> None:
        """Work on the open file."""
        self._store = store

    async def accounts(self, tenant: TenantId, *, after: str, limit: int) -> Sequence[Account]:
        rows = await self._select(
            f"""SELECT json_group_array(json(one)) FROM (SELECT {ACCOUNT_JSON} AS one FROM accounts AS a
                WHERE a.tenant = ? AND a.id > ? ORDER BY a.id LIMIT ?)""",
            (tenant, after, limit),
        )
        return [account_of(row) for row in rows]

    async def cohorts(self, tenant: TenantId, *, after: str, limit: int) -> Sequence[Cohort]:
        rows = await self._select(
            f"""SELECT json_group_array(json(one)) FROM (SELECT {COHORT_JSON} AS one FROM cohorts AS c
                WHERE c.tenant = ? AND c.resource > ? ORDER BY c.resource LIMIT ?)""",
            (tenant, after, limit),
        )
        return [cohort_of(row) for row in rows]

    async def cohort_members(self, tenant: TenantId, cohort: ResourceId) -> Sequence[ResourceId]:
        members: list[ResourceId] = await self._select(
            """SELECT json_group_array(member) FROM (
                SELECT member FROM edges WHERE tenant = ? AND grp = ? AND applied ORDER BY member)""",
            (tenant, cohort),
        )
        return members

    async def _select(self, sql: str, parameters: Sequence[Any]) -> Any:
        return await self._store.read(lambda connection: one_document(connection, sql, parameters))


def _search(tenant: TenantId, query: Query) -> tuple[str, list[Any]]:
    """Return the statement that yields the total and the page's rows as one JSON array, and its parameters."""
    place, page = [tenant, query.resource_type], [query.count, query.start_index - 1]
    if query.filter is not None:
        condition = translate(query.filter, tenant=tenant, resource_type=query.resource_type)
        return _FILTERED.replace("{condition}", condition.sql), [*place, *condition.values, *page]
    return _WHOLE.replace("{total}", _TOTALS.get(query.resource_type, _COUNTED_TOTAL)), [*place, *page]


def _cached(type: str, id: ResourceId, version: int, modified: str, rendered: str) -> CachedResource:
    return CachedResource(type, id, version, modified, rendered.encode())


def _grouped(rows: Iterable[Sequence[Any]], make: Callable[..., T]) -> dict[ResourceId, list[T]]:
    """Return what the rows' later columns make, by their first column, in their order."""
    grouped: dict[ResourceId, list[T]] = {}
    for owner, *columns in rows:
        grouped.setdefault(owner, []).append(make(*columns))
    return grouped
