"""The resources that hold values under an extension's URI, looked through when its schema comes, changes or goes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from msgspec import structs

from schemas.ids import ResourceId, TenantId
from schemas.scim.conformity import conformed, misfits
from schemas.scim.definitions.catalog import core_catalog
from schemas.scim.definitions.extensions import ExtensionSchema
from schemas.scim.definitions.model import ResourceType
from schemas.scim.filters.nodes import Field, Matches, Operator
from schemas.scim.query import Position, Query
from schemas.scim.rendering import render
from schemas.scim.search import fold, search_document
from tenants.directory.port import DirectoryReader
from tenants.directory.records import StoredResource
from tenants.directory.writer import Changes, DirectoryWriter, Need, Snapshot
from tenants.errors import LaneLostError

_AT_ONCE = 100
_SCHEMAS = Field(("schemas",), (True,))
_PAUSE_SECONDS = 0.01


class ExtendedResources:
    """Finds them, and renews what follows from their attributes and the schemas: search documents and answers.

    Attributes stay as they came until the resource is next written, and versions stand, so this is no command of the
    tenant's lane; it gives way to the lane's transactions.
    """

    def __init__(self, directory: DirectoryReader, writer: DirectoryWriter) -> None:
        """Read and write by these."""
        self._directory = directory
        self._writer = writer

    async def count(self, tenant: TenantId, extension: ExtensionSchema) -> int:
        """Return how many there are."""
        return (await self._directory.search(tenant, structs.replace(_query(extension), count=0))).total

    async def misfits(
        self, tenant: TenantId, extension: ExtensionSchema, resource_type: ResourceType, *, limit: int
    ) -> Sequence[tuple[ResourceId, str]]:
        """Return the first of the values that the schema would not take, each with its resource and the reason."""
        found: list[tuple[ResourceId, str]] = []
        async for ids in self._holders(tenant, extension):
            snapshot = await self._writer.load(tenant, Need(resources=frozenset(ids)))
            for resource in _loaded(snapshot, ids, resource_type):
                found += ((resource.id, why) for why in misfits(resource.attributes, extension.uri, resource_type))
            if len(found) >= limit:
                break
        return found[:limit]

    async def renew(self, tenant: TenantId, extension: ExtensionSchema) -> int:
        """Bring all of them up to the tenant's schemas as they are by now; return how many there were."""
        count = 0
        async for ids in self._holders(tenant, extension):
            await self._renew(tenant, ids, extension.resource_type)
            count += len(ids)
        return count

    async def _renew(self, tenant: TenantId, ids: Sequence[ResourceId], type_name: str) -> None:
        """Renew these, fewer at a time when the lane comes first: the less is loaded, the sooner it is written."""
        waiting, at_once = list(ids), _AT_ONCE
        while waiting:
            now = waiting[:at_once]
            snapshot = await self._writer.load(tenant, Need(resources=frozenset(now)))
            resource_type = core_catalog().with_extensions(snapshot.tenant.extensions).resource_type(type_name)
            renewed = [_renewed(one, resource_type) for one in _loaded(snapshot, now, resource_type)]
            stale = [one for one in renewed if one != snapshot.resources[one.id]]
            try:
                if stale:
                    await self._writer.commit(_changes(snapshot, stale))
            except LaneLostError:
                at_once = max(1, at_once // 2)
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                del waiting[:at_once]

    async def _holders(self, tenant: TenantId, extension: ExtensionSchema) -> AsyncIterator[Sequence[ResourceId]]:
        """Yield the ids of all of them, a page at a time."""
        after = ""
        while True:
            query = structs.replace(_query(extension), after=Position(None, after))
            page = await self._directory.search(tenant, query)
            if not page.resources:
                return
            yield [resource.id for resource in page.resources]
            after = page.resources[-1].id


def _query(extension: ExtensionSchema) -> Query:
    names_it = Matches(_SCHEMAS, Operator.EQ, fold(extension.uri))
    return Query(extension.resource_type, names_it, count=_AT_ONCE)


def _loaded(snapshot: Snapshot, ids: Sequence[ResourceId], resource_type: ResourceType) -> list[StoredResource]:
    found = (snapshot.resources.get(id) for id in ids)
    return [resource for resource in found if resource is not None and resource.type == resource_type.name]


def _renewed(resource: StoredResource, resource_type: ResourceType) -> StoredResource:
    attributes = conformed(resource.attributes, resource_type)
    when, id = {"created": resource.created, "modified": resource.modified}, resource.id
    search = search_document(resource_type, id, attributes, **when, version=resource.version)
    rendered = render(resource_type, id, attributes, **when, version=resource.version)
    return structs.replace(resource, search=search, rendered=rendered)


def _changes(snapshot: Snapshot, updated: Sequence[StoredResource]) -> Changes:
    counters = snapshot.counters
    return Changes(
        tenant=snapshot.tenant.id,
        expected_sequence=counters.sequence,
        expected_revision=snapshot.tenant.revision,
        counters=replace(counters, sequence=counters.sequence + 1),
        updated=updated,
    )
