"""What waits to be applied, in SQLite: ranges of indexes that hold nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from schemas.ids import ResourceId, TenantId
from tenants.directory.pending import PendingKind, PendingReader, PendingResource
from tenants.directory.records import Account, Edge
from tenants.directory.sqlite.rows import (
    ACCOUNT_JSON,
    COHORT_JSON,
    EDGE_JSON,
    TOMBSTONE_JSON,
    account_of,
    cohort_of,
    edge_of,
    resource_of,
    tombstone_of,
)
from tenants.sqlite import SqliteStore, one_document

_TYPES: Mapping[PendingKind, str] = {PendingKind.USER: "User", PendingKind.GROUP: "Group"}

# A RESOURCE_JSON without what only answers and filters want.
_RESOURCE_JSON = """json_array(r.type, r.id, r.version, r.created, r.modified, r.name, r.external_id,
    json(r.attributes), json_object(), '', r.applied_version, r.hold)"""
_IS_PENDING = "(r.hold IS NOT NULL OR r.applied_version < r.version)"
# Of whom nothing is applied, these are arrays of nulls.
_APPLIED_JSON = f"{ACCOUNT_JSON}, {COHORT_JSON}"
# What is JSON already is not read as JSON once more, which takes as long as all the rest.
_ARRAY_OF_ONES = "'[' || coalesce(group_concat(one), '') || ']'"
_RESOURCES = f"""
SELECT {_ARRAY_OF_ONES} FROM (
    SELECT json_array({_RESOURCE_JSON}, NULL, {_APPLIED_JSON}) AS one
    FROM resources AS r INDEXED BY {{index}}
        LEFT JOIN accounts AS a ON a.tenant = r.tenant AND a.resource = r.id
        LEFT JOIN cohorts AS c ON c.tenant = r.tenant AND c.resource = r.id
    WHERE r.tenant = ? AND r.type = ? AND r.id > ? AND {{condition}} ORDER BY r.id LIMIT ?)
"""
# Each: tenant, type, after, limit.
_PENDING = _RESOURCES.format(index="resources_pending", condition=_IS_PENDING)
_ALL = _RESOURCES.format(index="resources_by_type", condition="true")
# Tenant, after, limit.
_LEAVERS = f"""
SELECT {_ARRAY_OF_ONES} FROM (
    SELECT json_array(NULL, {TOMBSTONE_JSON}, {_APPLIED_JSON}) AS one
    FROM tombstones AS t INDEXED BY tombstones_by_id
        LEFT JOIN accounts AS a ON a.tenant = t.tenant AND a.resource = t.id
        LEFT JOIN cohorts AS c ON c.tenant = t.tenant AND c.resource = t.id
    WHERE t.tenant = ? AND t.id > ? ORDER BY t.id LIMIT ?)
"""
# Tenant, group, member, limit.
_MEMBERSHIPS = f"""
SELECT json_group_array(json(one)) FROM (
    SELECT {EDGE_JSON} AS one FROM edges AS e INDEXED BY edges_pending
    WHERE e.tenant = ? AND (e.grp, e.member) > (?, ?) AND e.desired <> e.applied ORDER BY e.grp, e.member LIMIT ?)
"""
# Keys, tenant.
_DETACHED = f"""
SELECT json_group_array({ACCOUNT_JSON}) FROM json_each(?) AS k CROSS JOIN accounts AS a INDEXED BY accounts_detached
    ON a.tenant = ? AND (a.resource IS NULL OR a.leaving) AND a.external_id = k.value
"""
_WITH_LOGINS = f"""
SELECT json_group_array({ACCOUNT_JSON}) FROM json_each(?) AS k CROSS JOIN accounts AS a INDEXED BY accounts_by_login
    ON a.tenant = ? AND a.login_key = k.value
"""
# Tenant.
_COUNT_OF_TYPE = f"""(SELECT count(*) FROM resources AS r INDEXED BY resources_pending
    WHERE r.tenant = ?1 AND r.type = '{{type}}' AND {_IS_PENDING})"""
_COUNTS = f"""
SELECT json_array(
    {_COUNT_OF_TYPE.format(type="User")},
    {_COUNT_OF_TYPE.format(type="Group")},
    (SELECT count(*) FROM edges AS e INDEXED BY edges_pending WHERE e.tenant = ?1 AND e.desired <> e.applied),
    (SELECT count(*) FROM tombstones AS t INDEXED BY tombstones_by_id WHERE t.tenant = ?1))
"""


class SqlitePendingReader(PendingReader):
    """One tenant's pending part, in SQLite."""

    def __init__(self, store: SqliteStore) -> None:
        """Work on the open file."""
        self._store = store

    async def pending(
        self, tenant: TenantId, kind: PendingKind, *, after: ResourceId, limit: int
    ) -> Sequence[PendingResource]:
        if kind is PendingKind.MEMBERSHIP:
            raise ValueError("memberships are no resources: pending_memberships")
        if kind is PendingKind.LEAVER:
            rows = await self._select(_LEAVERS, (tenant, after, limit))
        else:
            rows = await self._select(_PENDING, (tenant, _TYPES[kind], after, limit))
        return [_pending_of(row) for row in rows]

    async def resources(
        self, tenant: TenantId, resource_type: str, *, after: ResourceId, limit: int
    ) -> Sequence[PendingResource]:
        rows = await self._select(_ALL, (tenant, resource_type, after, limit))
        return [_pending_of(row) for row in rows]

    async def pending_memberships(
        self, tenant: TenantId, *, after: tuple[ResourceId, ResourceId], limit: int
    ) -> Sequence[Edge]:
        return [edge_of(row) for row in await self._select(_MEMBERSHIPS, (tenant, *after, limit))]

    async def detached(self, tenant: TenantId, external_ids: Sequence[str]) -> Sequence[Account]:
        rows = await self._select(_DETACHED, (_keys(external_ids), tenant))
        return [account_of(row) for row in rows]

    async def with_logins(self, tenant: TenantId, logins: Sequence[str]) -> Sequence[Account]:
        rows = await self._select(_WITH_LOGINS, (_keys(logins), tenant))
        return [account_of(row) for row in rows]

    async def counts(self, tenant: TenantId) -> dict[PendingKind, int]:
        users, groups, memberships, leavers = await self._select(_COUNTS, (tenant,))
        return {
            PendingKind.USER: users,
            PendingKind.GROUP: groups,
            PendingKind.MEMBERSHIP: memberships,
            PendingKind.LEAVER: leavers,
        }

    async def _select(self, sql: str, parameters: Sequence[Any]) -> Any:
        return await self._store.read(lambda connection: one_document(connection, sql, parameters))


def _keys(keys: Sequence[str]) -> bytes:
    return orjson.dumps(sorted(set(keys)))


def _pending_of(row: Sequence[Any]) -> PendingResource:
    resource, tombstone, account, cohort = row
    return PendingResource(
        resource=resource_of(resource) if resource is not None else None,
        tombstone=tombstone_of(tombstone) if tombstone is not None else None,
        account=account_of(account) if account[0] is not None else None,
        cohort=cohort_of(cohort) if cohort[0] is not None else None,
    )
