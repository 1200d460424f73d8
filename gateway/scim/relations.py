"""The attribute that a rendered body lacks, because memberships are kept apart: a Group's members, a User's groups."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from gateway.lookups import FirstMembers, Lookups
from gateway.patience import in_time
from gateway.settings import GatewaySettings
from schemas.ids import ResourceId, TenantId
from schemas.scim.definitions.catalog import Catalog
from schemas.scim.definitions.model import ResourceType
from schemas.scim.rendering import BASE
from tenants.directory.port import DirectoryReader
from tenants.directory.records import CachedResource, GroupOfMember, Member

_BASE = BASE.decode()
_MEMBERS_IN_A_PIECE = 1_000
"""Rendered in about a millisecond, so that other requests have their turn in between."""


@dataclass(frozen=True, slots=True)
class Related:
    """A resource's entries, as JSON objects with commas between them and ``BASE`` for the Tenant URL."""

    rendered: bytes
    pieces: AsyncIterator[bytes] | None = None
    """Where they are many: all of them, piece by piece, and ``rendered`` is empty."""


class Relation(ABC):
    """One such attribute."""

    attribute: str

    def is_possible(self, resource: CachedResource) -> bool:
        """Tell whether the resource may have entries at all."""
        return True

    @abstractmethod
    async def of(self, tenant: TenantId, id: ResourceId) -> Related | None:
        """Return the resource's entries, None without any; the question travels with those of other requests."""

    @abstractmethod
    async def of_page(self, tenant: TenantId, ids: Sequence[ResourceId]) -> Mapping[ResourceId, Related]:
        """Return the entries of many resources; resources without any are missing."""


class MembersOfGroup(Relation):
    """``members``: ``value``, ``$ref`` and ``type``.

    There is no ``display``: names are their owners', and would have to be read for each member.
    """

    attribute = "members"

    def __init__(
        self, lookups: Lookups, directory: DirectoryReader, catalog: Catalog, settings: GatewaySettings
    ) -> None:
        """Read from these; the catalog knows where members are served."""
        self._lookups = lookups
        self._directory = directory
        self._endpoints = {type_.name: type_.endpoint for type_ in catalog.resource_types}
        self._at_once = min(settings.members_at_once, _MEMBERS_IN_A_PIECE)
        self._timeout_seconds = settings.read_timeout_seconds

    async def of(self, tenant: TenantId, id: ResourceId) -> Related | None:
        first = await self._lookups.members(tenant, id)
        return None if first is None else self._related(tenant, id, first)

    async def of_page(self, tenant: TenantId, ids: Sequence[ResourceId]) -> Mapping[ResourceId, Related]:
        found = await in_time(self._lookups.first_members(tenant, ids), self._timeout_seconds)
        return {id: self._related(tenant, id, first) for id, first in found.items()}

    def _related(self, tenant: TenantId, group: ResourceId, first: FirstMembers) -> Related:
        if first.is_all:
            return Related(self._rendered(first.members))
        return Related(b"", self._pieces(tenant, group, first.members))

    async def _pieces(self, tenant: TenantId, group: ResourceId, members: Sequence[Member]) -> AsyncIterator[bytes]:
        """Yield these members and all behind them. Each piece is as of its own reading; who stays is in one of them."""
        after: ResourceId | None = None
        while True:
            for start in range(0, len(members), _MEMBERS_IN_A_PIECE):
                yield self._rendered(members[start : start + _MEMBERS_IN_A_PIECE])
            after = members[-1].id if members else after
            reading = self._directory.members(tenant, [group], after=after, limit=self._at_once)
            members = (await in_time(reading, self._timeout_seconds)).get(group, ())
            if not members:
                return

    def _rendered(self, members: Sequence[Member]) -> bytes:
        # Ids are hexadecimal digits and types are our own words: nothing needs escaping.
        items = [
            f'{{"value":"{member.id}","$ref":"{_BASE}{self._endpoints[member.type]}/{member.id}","type":"{member.type}"}}'
            for member in members
        ]
        return ",".join(items).encode()


class GroupsOfUser(Relation):
    """``groups`` (RFC 7643, 4.1.2): direct ones, and indirect ones, which those are in."""

    attribute = "groups"

    def __init__(self, lookups: Lookups, directory: DirectoryReader, settings: GatewaySettings) -> None:
        """Read from these."""
        self._lookups = lookups
        self._directory = directory
        self._timeout_seconds = settings.read_timeout_seconds

    def is_possible(self, resource: CachedResource) -> bool:
        return resource.may_be_member

    async def of(self, tenant: TenantId, id: ResourceId) -> Related | None:
        groups = await self._lookups.groups(tenant, id)
        return _related(groups) if groups else None

    async def of_page(self, tenant: TenantId, ids: Sequence[ResourceId]) -> Mapping[ResourceId, Related]:
        found = await in_time(self._directory.groups_of(tenant, ids), self._timeout_seconds)
        return {id: _related(groups) for id, groups in found.items() if groups}


def _related(groups: Sequence[GroupOfMember]) -> Related:
    items = [
        b'{"value":"%b","$ref":"%b/Groups/%b","display":%b,"type":"%b"}'
        % (
            group.id.encode(),
            BASE,
            group.id.encode(),
            orjson.dumps(group.display),
            b"direct" if group.is_direct else b"indirect",
        )
        for group in groups
    ]
    return Related(b",".join(items))


def relation_of(
    resource_type: ResourceType,
    lookups: Lookups,
    directory: DirectoryReader,
    catalog: Catalog,
    settings: GatewaySettings,
) -> Relation:
    """Return the relation of a resource type: Groups have members, everything else is in groups."""
    if resource_type.name == "Group":
        return MembersOfGroup(lookups, directory, catalog, settings)
    return GroupsOfUser(lookups, directory, settings)
