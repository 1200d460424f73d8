"""The attribute that a rendered body lacks, because memberships are kept apart: a Group's members, a User's groups."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import orjson

from gateway.lookups import Lookups
from schemas.ids import ResourceId, TenantId
from schemas.scim.definitions.catalog import Catalog
from schemas.scim.definitions.model import ResourceType
from schemas.scim.rendering import BASE
from tenants.directory.port import DirectoryReader
from tenants.directory.records import CachedResource, GroupOfMember, Member

E = TypeVar("E")
_BASE = BASE.decode()


class Relation(ABC, Generic[E]):
    """One such attribute."""

    attribute: str

    def is_possible(self, resource: CachedResource) -> bool:
        """Tell whether the resource may have entries at all."""
        return True

    @abstractmethod
    def of(self, tenant: TenantId, id: ResourceId) -> "asyncio.Future[Sequence[E] | None]":
        """Return the resource's entries, to be awaited; travels with other requests' questions."""

    @abstractmethod
    async def of_page(self, tenant: TenantId, ids: Sequence[ResourceId]) -> Mapping[ResourceId, Sequence[E]]:
        """Return the entries of many resources; resources without any may be missing."""

    @abstractmethod
    def rendered(self, entries: Sequence[E]) -> bytes:
        """Return the entries as a JSON array, with ``BASE`` for the Tenant URL."""


class MembersOfGroup(Relation[Member]):
    """``members``."""

    attribute = "members"

    def __init__(self, lookups: Lookups, directory: DirectoryReader, catalog: Catalog) -> None:
        """Read from these; the catalog knows where members are served."""
        self._lookups = lookups
        self._directory = directory
        self._endpoints = {type_.name: type_.endpoint for type_ in catalog.resource_types}

    def of(self, tenant: TenantId, id: ResourceId) -> "asyncio.Future[Sequence[Member] | None]":
        return self._lookups.members(tenant, id)

    async def of_page(self, tenant: TenantId, ids: Sequence[ResourceId]) -> Mapping[ResourceId, Sequence[Member]]:
        return await self._directory.members(tenant, ids)

    def rendered(self, entries: Sequence[Member]) -> bytes:
        # Ids are hexadecimal digits and types are our own words: nothing needs escaping.
        items = [
            f'{{"value":"{member.id}","$ref":"{_BASE}{self._endpoints[member.type]}/{member.id}","type":"{member.type}"}}'
            for member in entries
        ]
        return f"[{','.join(items)}]".encode()


class GroupsOfUser(Relation[GroupOfMember]):
    """``groups`` (RFC 7643, 4.1.2), direct ones."""

    attribute = "groups"

    def __init__(self, lookups: Lookups, directory: DirectoryReader) -> None:
        """Read from these."""
        self._lookups = lookups
        self._directory = directory

    def is_possible(self, resource: CachedResource) -> bool:
        return resource.may_be_member

    def of(self, tenant: TenantId, id: ResourceId) -> "asyncio.Future[Sequence[GroupOfMember] | None]":
        return self._lookups.groups(tenant, id)

    async def of_page(
        self, tenant: TenantId, ids: Sequence[ResourceId]
    ) -> Mapping[ResourceId, Sequence[GroupOfMember]]:
        return await self._directory.groups_of(tenant, ids)

    def rendered(self, entries: Sequence[GroupOfMember]) -> bytes:
        items = [
            b'{"value":"%b","$ref":"%b/Groups/%b","display":%b,"type":"direct"}'
            % (group.id.encode(), BASE, group.id.encode(), orjson.dumps(group.display))
            for group in entries
        ]
        return b"[%b]" % b",".join(items)


def relation_of(
    resource_type: ResourceType, lookups: Lookups, directory: DirectoryReader, catalog: Catalog
) -> Relation[Member] | Relation[GroupOfMember]:
    """Return the relation of a resource type: Groups have members, everything else is in groups."""
    if resource_type.name == "Group":
        return MembersOfGroup(lookups, directory, catalog)
    return GroupsOfUser(lookups, directory)
