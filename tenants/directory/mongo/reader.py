"""The directory in MongoDB, to read."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from schemas.ids import ResourceId, TenantId
from schemas.scim.query import Query
from tenants.directory.mongo.listing import Listing
from tenants.directory.mongo.ordering import order_of
from tenants.directory.mongo.searching import search
from tenants.directory.mongo.walking import BATCH
from tenants.directory.port import DirectoryReader
from tenants.directory.records import GroupOfMember, Member, Page
from tenants.mongo import Database, MongoStore
from tenants.mongo.keys import below, last_parts


class MongoDirectoryReader(DirectoryReader):
    """Searches carried out by the server; memberships read from the edges."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self._listing = Listing()

    async def search(self, tenant: TenantId, query: Query) -> Page:
        order = order_of(query.sort, f"{tenant}/{query.resource_type}", query.resource_type)
        if query.filter is None and order is not None:
            return await self._store.run(lambda database: self._listing.page(database, tenant, query, order))
        return await self._store.run(lambda database: search(database, tenant, query, order))

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


def _members(
    database: Database, tenant: TenantId, groups: Sequence[ResourceId]
) -> Mapping[ResourceId, Sequence[Member]]:
    of_groups = [{"_id": below(tenant, group)} for group in groups]
    found: defaultdict[ResourceId, list[Member]] = defaultdict(list)
    for edge in database.edges.find({"$or": of_groups, "d": True}, {"k": 1}, batch_size=BATCH):
        group, member = last_parts(edge["_id"])
        found[ResourceId(group)].append(Member(ResourceId(member), edge["k"]))
    return {group: sorted(members, key=lambda member: member.id) for group, members in found.items()}


def _groups_of(
    database: Database, tenant: TenantId, members: Sequence[ResourceId]
) -> Mapping[ResourceId, Sequence[GroupOfMember]]:
    of_members = {"m": {"$in": [f"{tenant}/{member}" for member in members]}, "d": True}
    edges = [last_parts(edge["_id"]) for edge in database.edges.find(of_members, {"_id": 1}, batch_size=BATCH)]
    names = _display_names(database, tenant, {group for group, _ in edges})
    found: defaultdict[ResourceId, list[GroupOfMember]] = defaultdict(list)
    for group, member in sorted(edges):
        if group in names:
            found[ResourceId(member)].append(GroupOfMember(ResourceId(group), names[group]))
    return dict(found)


def _display_names(database: Database, tenant: TenantId, groups: set[str]) -> dict[str, str]:
    keys = [f"{tenant}/Group/{group}" for group in groups]
    named = database.resources.find({"_id": {"$in": keys}}, {"d": 1}, batch_size=BATCH)
    return {last_parts(document["_id"])[1]: document["d"] for document in named}
