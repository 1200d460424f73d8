"""The directory in MongoDB, to read."""

from collections.abc import Mapping, Sequence

from schemas.ids import ResourceId, TenantId
from schemas.scim.query import Query
from tenants.directory.mongo.listing import Listing
from tenants.directory.mongo.memberships import groups_of, members
from tenants.directory.mongo.ordering import order_of
from tenants.directory.mongo.searching import search
from tenants.directory.port import DirectoryReader
from tenants.directory.records import GroupOfMember, Member, Page
from tenants.mongo import MongoStore


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

    async def members(
        self,
        tenant: TenantId,
        groups: Sequence[ResourceId],
        *,
        after: ResourceId | None = None,
        limit: int | None = None,
    ) -> Mapping[ResourceId, Sequence[Member]]:
        if not groups or limit == 0:
            return {}
        return await self._store.run(lambda database: members(database, tenant, groups, after=after, limit=limit))

    async def groups_of(
        self, tenant: TenantId, members: Sequence[ResourceId]
    ) -> Mapping[ResourceId, Sequence[GroupOfMember]]:
        if not members:
            return {}
        return await self._store.run(lambda database: groups_of(database, tenant, members))
