"""The directory and the LMS side in SQLite, to read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import orjson

from schemas.ids import ResourceId, TenantId
from schemas.scim.membership import MAX_NESTING
from schemas.scim.query import Position, Query
from tenants.directory.port import AccountReader, DirectoryReader
from tenants.directory.records import Account, CachedResource, Cohort, GroupOfMember, Member, Page
from tenants.directory.sqlite.rows import ACCOUNT_JSON, COHORT_JSON, account_of, cohort_of
from tenants.directory.sqlite.searching import search
from tenants.sqlite import SqliteStore, one_document

T = TypeVar("T")

# Groups, tenant, after, limit. A CROSS JOIN is carried out as it is written, group by group and each along the key of
# the table. So the rows come in order, and nothing behind the limit is read, as it would be to sort them.
_MEMBERS = """
SELECT json_group_array(json_array(grp, member, member_type)) FROM (
    SELECT e.grp, e.member, e.member_type
    FROM json_each(?) AS k CROSS JOIN edges AS e
        ON e.tenant = ? AND e.grp = k.value AND e.member > ? AND e.desired
    LIMIT ?)
"""
# Members, tenant.
_GROUPS_OF = f"""
WITH RECURSIVE
reached (member, grp, level) AS (
    SELECT k.value, e.grp, 1
    FROM json_each(?1) AS k CROSS JOIN edges AS e INDEXED BY edges_by_member
        ON e.tenant = ?2 AND e.member = k.value AND e.desired
    UNION
    SELECT o.member, e.grp, o.level + 1
    FROM reached AS o CROSS JOIN edges AS e INDEXED BY edges_by_member
        ON e.tenant = ?2 AND e.member = o.grp AND e.desired
    WHERE o.level < {MAX_NESTING}
)
SELECT json_group_array(json_array(member, id, display, is_direct)) FROM (
    SELECT o.member, r.id, json_extract(r.attributes, '$.displayName') AS display, min(o.level) = 1 AS is_direct
    FROM reached AS o CROSS JOIN resources AS r ON r.tenant = ?2 AND r.id = o.grp
    WHERE o.grp <> o.member GROUP BY o.member, o.grp ORDER BY o.member, o.grp)
"""
# Each: tenant, after, limit. Nothing but indexes is read.
_OF_NOBODY = {
    "User": """
        SELECT json_group_array(id) FROM (
            SELECT a.resource AS id FROM accounts AS a INDEXED BY accounts_by_resource
            WHERE a.tenant = ? AND a.resource > ? AND NOT EXISTS (
                SELECT 1 FROM resources AS r INDEXED BY resources_by_type
                WHERE r.tenant = a.tenant AND r.type = 'User' AND r.id = a.resource)
            ORDER BY a.resource LIMIT ?)
    """,
    "Group": """
        SELECT json_group_array(id) FROM (
            SELECT c.resource AS id FROM cohorts AS c
            WHERE c.tenant = ? AND c.resource > ? AND NOT EXISTS (
                SELECT 1 FROM resources AS r INDEXED BY resources_by_type
                WHERE r.tenant = c.tenant AND r.type = 'Group' AND r.id = c.resource)
            ORDER BY c.resource LIMIT ?)
    """,
}


class SqliteDirectoryReader(DirectoryReader):
    """Reads of one tenant, in SQLite."""

    def __init__(self, store: SqliteStore) -> None:
        """Work on the open file."""
        self._store = store

    async def search(self, tenant: TenantId, query: Query) -> Page:
        statement = search(tenant, query)
        total, rows = await self._select(statement.sql, statement.values)
        return _page(total, rows, query)

    async def members(
        self,
        tenant: TenantId,
        groups: Sequence[ResourceId],
        *,
        after: ResourceId | None = None,
        limit: int | None = None,
    ) -> Mapping[ResourceId, Sequence[Member]]:
        rows = await self._select(
            _MEMBERS, (orjson.dumps(sorted(set(groups))), tenant, after or "", -1 if limit is None else limit)
        )
        return _grouped(rows, Member)

    async def groups_of(
        self, tenant: TenantId, members: Sequence[ResourceId]
    ) -> Mapping[ResourceId, Sequence[GroupOfMember]]:
        rows = await self._select(_GROUPS_OF, (orjson.dumps(sorted(set(members))), tenant))
        return _grouped(rows, lambda id, display, is_direct: GroupOfMember(id, display, bool(is_direct)))

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

    async def of_nobody(
        self, tenant: TenantId, resource_type: str, *, after: ResourceId, limit: int
    ) -> Sequence[ResourceId]:
        ids: list[ResourceId] = await self._select(_OF_NOBODY[resource_type], (tenant, after, limit))
        return ids

    async def cohort_members(self, tenant: TenantId, cohort: ResourceId) -> Sequence[ResourceId]:
        members: list[ResourceId] = await self._select(
            """SELECT json_group_array(member) FROM (
                SELECT member FROM edges WHERE tenant = ? AND grp = ? AND applied ORDER BY member)""",
            (tenant, cohort),
        )
        return members

    async def _select(self, sql: str, parameters: Sequence[Any]) -> Any:
        return await self._store.read(lambda connection: one_document(connection, sql, parameters))


def _page(total: int, rows: Sequence[Sequence[Any]], query: Query) -> Page:
    """Return the page of the rows, of which one more than asked for came where there are more."""
    resources = tuple(
        CachedResource(type, id, version, modified, rendered.encode())
        for type, id, version, modified, rendered, _ in rows[: query.count]
    )
    if len(rows) <= query.count:
        return Page(total, resources)
    return Page(total, resources, Position(rows[query.count - 1][-1], resources[-1].id))


def _grouped(rows: Iterable[Sequence[Any]], make: Callable[..., T]) -> dict[ResourceId, list[T]]:
    """Return what the rows' later columns make, by their first column, in their order."""
    grouped: dict[ResourceId, list[T]] = {}
    for owner, *columns in rows:
        grouped.setdefault(owner, []).append(make(*columns))
    return grouped
