"""The plans of all tenants in MongoDB: ``plans``, and what is destructive in them in ``plan_items``, by portions.

Items lie in the portions by resource: ``f`` is the first resource of a portion and ``l`` the last, so that a few are
found without reading all.
"""

from collections.abc import Collection, Iterator, Sequence

import msgspec
from pymongo.client_session import ClientSession

from schemas.ids import PlanId, ResourceId, TenantId
from tenants.mongo import Database, Document, MongoStore
from tenants.mongo.keys import below
from tenants.mongo.transactions import transact
from tenants.plans.plan import Destruction, Plan
from tenants.plans.port import KEPT, Plans

_PORTION = 1_000
"""Items in a document: a release reads one or two of them for each of its steps."""


class MongoPlans(Plans):
    """Plans as documents."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store

    async def add(self, plan: Plan, destructive: Sequence[Destruction]) -> None:
        await self._store.run(lambda database: _add(database, plan, destructive))

    async def plan(self, tenant: TenantId, id: PlanId) -> Plan | None:
        key = {"_id": _key(tenant, id)}
        document = await self._store.run(lambda database: database.plans.find_one(key))
        return _plan_of(document) if document else None

    async def plans(self, tenant: TenantId, *, limit: int) -> Sequence[Plan]:
        if limit < 1:
            return []
        found = await self._store.run(lambda database: _latest(database, tenant, limit=limit))
        return [_plan_of(document) for document in found]

    async def destructive(self, tenant: TenantId, id: PlanId) -> Sequence[Destruction]:
        return await self._store.run(lambda database: _destructive(database, tenant, id))


def portions_with(tenant: TenantId, plan: PlanId, resources: Collection[ResourceId]) -> Document:
    """Return the condition that the portions meet in which these resources may be, if the plan names them."""
    return {"_id": below(tenant, plan), "f": {"$lte": max(resources)}, "l": {"$gte": min(resources)}}


def _add(database: Database, plan: Plan, destructive: Sequence[Destruction]) -> None:
    key = _key(plan.tenant, plan.id)
    document = {**msgspec.to_builtins(plan), "_id": key, "c": f"{plan.tenant}/{plan.created}/{plan.id}"}
    portions = [
        {
            "_id": f"{key}/{start:09d}",
            "f": portion[0].resource,
            "l": portion[-1].resource,
            "items": [[item.resource, item.kind] for item in portion],
        }
        for start, portion in _portions(sorted(destructive))
    ]

    def work(session: ClientSession) -> None:
        database.plans.insert_one(document, session=session)
        if portions:
            database.plan_items.insert_many(portions, session=session)
        for old in _latest(database, plan.tenant, skip=KEPT, session=session):
            database.plan_items.delete_many({"_id": below(old["_id"])}, session=session)
            database.plans.delete_one({"_id": old["_id"]}, session=session)

    transact(database, work)


def _portions(items: Sequence[Destruction]) -> Iterator[tuple[int, Sequence[Destruction]]]:
    for start in range(0, len(items), _PORTION):
        yield start, items[start : start + _PORTION]


def _latest(
    database: Database, tenant: TenantId, *, limit: int = 0, skip: int = 0, session: ClientSession | None = None
) -> list[Document]:
    found = database.plans.find({"c": below(tenant)}, sort={"c": -1}, limit=limit, skip=skip, session=session)
    return found.to_list()


def _destructive(database: Database, tenant: TenantId, id: PlanId) -> list[Destruction]:
    portions = database.plan_items.find({"_id": below(tenant, id)}, sort={"_id": 1})
    return [Destruction(ResourceId(resource), kind) for portion in portions for resource, kind in portion["items"]]


def _plan_of(document: Document) -> Plan:
    return msgspec.convert(document, Plan)


def _key(tenant: TenantId, id: PlanId) -> str:
    return f"{tenant}/{id}"
