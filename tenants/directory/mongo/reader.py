"""The directory in MongoDB, to read."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from schemas.ids import ResourceId, TenantId
from schemas.scim.filters.nodes import HasMember, HasMembers, ResolvedFilter
from schemas.scim.query import Query
from tenants.directory.mongo.documents import ANSWER, cached_resource
from tenants.directory.mongo.filters import Scope, is_anchored, nodes, normal, translate
from tenants.directory.mongo.listing import MAX_TIME_MS, Listing
from tenants.directory.port import DirectoryReader
from tenants.directory.records import GroupOfMember, Member, Page
from tenants.mongo import Database, Document, MongoStore
from tenants.mongo.keys import below, last_parts

_BATCH = 10_000
_LARGEST_SKIP = 2**63 - 1
_BY_ID = {"_id": 1}


class MongoDirectoryReader(DirectoryReader):
    """Searches carried out by the server; memberships read from the edges."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self._listing = Listing()

    async def search(self, tenant: TenantId, query: Query) -> Page:
        if query.filter is None:
            return await self._store.run(lambda database: self._listing.page(database, tenant, query))
        filter = query.filter
        return await self._store.run(lambda database: _search(database, tenant, query, filter))

    async def members(self, tenant: TenantId, groups: Sequence[ResourceId]) -> Mapping[ResourceId, Sequence[Member]]:
        if not groups:
            return {}
        return await self._store.run(lambda database: _members(database, tenant, groups))

    async def groups_of(
        self, tenant: TenantId, members: Sequence[ResourceId]
    ) -> Mapping[ResourceId, Sequence[GroupOfMember]]:
        if not members:
            return {}
        return await self._store.run(lambda database: _groups_of(database, tenant, members))


def _search(database: Database, tenant: TenantId, query: Query, filter: ResolvedFilter) -> Page:
    selection = _selection(database, tenant, query.resource_type, filter)
    skipped = min(query.start_index - 1, _LARGEST_SKIP)
    if query.count < 1:
        return Page(_count(database, selection))
    found = database.resources.find(
        selection,
        ANSWER,
        sort=_BY_ID,
        skip=skipped,
        limit=query.count,
        batch_size=_BATCH,
        max_time_ms=MAX_TIME_MS,
    )
    resources = tuple(map(cached_resource, found))
    if resources and len(resources) < query.count:
        return Page(skipped + len(resources), resources)
    if not resources and not skipped:
        return Page(0)
    return Page(_count(database, selection), resources)


def _selection(database: Database, tenant: TenantId, resource_type: str, filter: ResolvedFilter) -> Document:
    """Return the query for what meets the filter. Groups asked for by their members are found by the edges first."""
    filter = normal(filter)
    asked = list(nodes(filter))
    members = {node.member for node in asked if isinstance(node, HasMember)}
    asks_for_any = any(isinstance(node, HasMembers) for node in asked)
    scope = Scope(
        tenant,
        resource_type,
        groups_of={member: _groups_of_member(database, tenant, member) for member in members},
        groups_with_members=_groups_with_members(database, tenant) if asks_for_any else (),
    )
    condition = translate(filter, scope)
    return condition if is_anchored(filter, scope) else {"_id": below(tenant, resource_type), **condition}


def _groups_of_member(database: Database, tenant: TenantId, member: str) -> list[str]:
    edges = database.edges.find({"m": f"{tenant}/{member}", "d": True}, {"_id": 1}, batch_size=_BATCH)
    return [f"{tenant}/Group/{last_parts(edge['_id'])[0]}" for edge in edges]


def _groups_with_members(database: Database, tenant: TenantId) -> list[str]:
    """Go over all edges of the tenant, in the server; hardly anybody asks for it."""
    group = {"$arrayElemAt": [{"$split": ["$_id", "/"]}, 1]}
    stages: list[Document] = [{"$match": {"_id": below(tenant), "d": True}}, {"$group": {"_id": group}}]
    found = database.edges.aggregate(stages, maxTimeMS=MAX_TIME_MS, batchSize=_BATCH)
    return [f"{tenant}/Group/{document['_id']}" for document in found]


def _count(database: Database, selection: Document) -> int:
    return database.resources.count_documents(selection, maxTimeMS=MAX_TIME_MS)


def _members(
    database: Database, tenant: TenantId, groups: Sequence[ResourceId]
) -> Mapping[ResourceId, Sequence[Member]]:
    of_groups = [{"_id": below(tenant, group)} for group in groups]
    found: defaultdict[ResourceId, list[Member]] = defaultdict(list)
    for edge in database.edges.find({"$or": of_groups, "d": True}, {"k": 1}, batch_size=_BATCH):
        group, member = last_parts(edge["_id"])
        found[ResourceId(group)].append(Member(ResourceId(member), edge["k"]))
    return {group: sorted(members, key=lambda member: member.id) for group, members in found.items()}


def _groups_of(
    database: Database, tenant: TenantId, members: Sequence[ResourceId]
) -> Mapping[ResourceId, Sequence[GroupOfMember]]:
    of_members = {"m": {"$in": [f"{tenant}/{member}" for member in members]}, "d": True}
    edges = [last_parts(edge["_id"]) for edge in database.edges.find(of_members, {"_id": 1}, batch_size=_BATCH)]
    names = _display_names(database, tenant, {group for group, _ in edges})
    found: defaultdict[ResourceId, list[GroupOfMember]] = defaultdict(list)
    for group, member in sorted(edges):
        if group in names:
            found[ResourceId(member)].append(GroupOfMember(ResourceId(group), names[group]))
    return dict(found)


def _display_names(database: Database, tenant: TenantId, groups: set[str]) -> dict[str, str]:
    keys = [f"{tenant}/Group/{group}" for group in groups]
    named = database.resources.find({"_id": {"$in": keys}}, {"d": 1}, batch_size=_BATCH)
    return {last_parts(document["_id"])[1]: document["d"] for document in named}
