"""The plans of all tenants in SQLite."""

from collections.abc import Sequence
from typing import Any

import orjson

from schemas.ids import PlanId, ResourceId, TenantId
from tenants.plans.plan import Destruction, Plan
from tenants.plans.port import KEPT, Plans
from tenants.sqlite import Connection, SqliteStore, insert

_COLUMNS = "id, tenant, created, principal, sequence, digest, destructive, erasures, counts"
_PLAN = f"SELECT {_COLUMNS} FROM plans WHERE tenant = ? AND id = ?"
_LATEST = f"SELECT {_COLUMNS} FROM plans WHERE tenant = ? ORDER BY created DESC, id DESC LIMIT ?"
_ADD = f"INSERT INTO plans ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_OLD = "SELECT id FROM plans WHERE tenant = ? ORDER BY created DESC, id DESC LIMIT -1 OFFSET ?"
_DESTRUCTIVE = "SELECT resource, kind FROM plan_items WHERE tenant = ? AND plan = ? ORDER BY resource, kind"


class SqlitePlans(Plans):
    """What administrators have reviewed, in SQLite."""

    def __init__(self, store: SqliteStore) -> None:
        """Work on the open file."""
        self._store = store

    async def add(self, plan: Plan, destructive: Sequence[Destruction]) -> None:
        rows = [(plan.tenant, plan.id, item.resource, item.kind) for item in destructive]

        def write(connection: Connection) -> None:
            connection.execute(_ADD, _row(plan))
            insert(connection, "plan_items (tenant, plan, resource, kind)", rows)
            _forget_old(connection, plan.tenant)

        await self._store.write(write)

    async def plan(self, tenant: TenantId, id: PlanId) -> Plan | None:
        found = await self._select(_PLAN, (tenant, id))
        return _plan_of(found[0]) if found else None

    async def plans(self, tenant: TenantId, *, limit: int) -> Sequence[Plan]:
        return [_plan_of(row) for row in await self._select(_LATEST, (tenant, max(0, limit)))]

    async def destructive(self, tenant: TenantId, id: PlanId) -> Sequence[Destruction]:
        rows = await self._select(_DESTRUCTIVE, (tenant, id))
        return [Destruction(ResourceId(resource), kind) for resource, kind in rows]

    async def _select(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        return await self._store.read(lambda connection: connection.execute(sql, parameters).fetchall())


def _forget_old(connection: Connection, tenant: TenantId) -> None:
    for (old,) in connection.execute(_OLD, (tenant, KEPT)).fetchall():
        connection.execute("DELETE FROM plan_items WHERE tenant = ? AND plan = ?", (tenant, old))
        connection.execute("DELETE FROM plans WHERE tenant = ? AND id = ?", (tenant, old))


def _row(plan: Plan) -> tuple[Any, ...]:
    return (
        plan.id,
        plan.tenant,
        plan.created,
        plan.principal,
        plan.sequence,
        plan.digest,
        plan.destructive,
        plan.erasures,
        orjson.dumps(dict(plan.counts)).decode(),
    )


def _plan_of(row: Sequence[Any]) -> Plan:
    id, tenant, created, principal, sequence, digest, destructive, erasures, counts = row
    return Plan(
        id=PlanId(id),
        tenant=TenantId(tenant),
        created=created,
        principal=principal,
        sequence=sequence,
        digest=digest,
        destructive=destructive,
        erasures=erasures,
        counts=orjson.loads(counts),
    )
