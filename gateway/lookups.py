"""Reads that most of the traffic consists of, grouped over all waiting requests."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from gateway.grouping import Grouped
from gateway.metrics import GatewayMetrics
from gateway.settings import GatewaySettings
from schemas.ids import ResourceId, TenantId
from tenants.directory.port import DirectoryReader
from tenants.directory.records import CachedResource, GroupOfMember, Member
from tenants.read_cache.port import LookupKey, ReadCache

V = TypeVar("V")
OneResource = tuple[TenantId, ResourceId]


@dataclass(frozen=True, slots=True)
class FirstMembers:
    """The first of a Group's members, in the order of their ids."""

    members: Sequence[Member] = ()
    is_all: bool = True
    """Whether there are no more."""


class Lookups:
    """Resources by key, members by group, groups by member; each answer as of the question or later."""

    def __init__(
        self, read_cache: ReadCache, directory: DirectoryReader, settings: GatewaySettings, metrics: GatewayMetrics
    ) -> None:
        """Read from these ports."""
        self._directory = directory

        def observing(kind: str) -> partial[None]:
            return partial(metrics.grouped, kind)

        timeout = settings.read_timeout_seconds
        self._resources: Grouped[LookupKey, Sequence[CachedResource]] = Grouped(
            read_cache.find,
            limit=settings.find_limit,
            in_flight=settings.finds_in_flight,
            timeout_seconds=timeout,
            observe=observing("find"),
        )
        limits = {"limit": settings.find_limit, "in_flight": settings.relations_in_flight}
        self._members_at_once = settings.members_at_once
        self._members: Grouped[OneResource, FirstMembers] = Grouped(
            self._members_of, **limits, timeout_seconds=timeout, observe=observing("members")
        )
        self._groups: Grouped[OneResource, Sequence[GroupOfMember]] = Grouped(
            self._groups_of, **limits, timeout_seconds=timeout, observe=observing("groups_of")
        )

    def resources(self, key: LookupKey) -> "asyncio.Future[Sequence[CachedResource] | None]":
        """Return the resources that have the key, to be awaited."""
        return self._resources.ask(key)

    def members(self, tenant: TenantId, group: ResourceId) -> "asyncio.Future[FirstMembers | None]":
        """Return the group's members, or the first of them where they are many, to be awaited."""
        return self._members.ask((tenant, group))

    def groups(self, tenant: TenantId, member: ResourceId) -> "asyncio.Future[Sequence[GroupOfMember] | None]":
        """Return the groups that the member is in, to be awaited."""
        return self._groups.ask((tenant, member))

    async def close(self) -> None:
        """Drop what is under way."""
        for grouped in (self._resources, self._members, self._groups):
            await grouped.close()

    async def first_members(self, tenant: TenantId, groups: Sequence[ResourceId]) -> Mapping[ResourceId, FirstMembers]:
        """Return the members of each group, or the first of them where all together are many."""
        found = await self._directory.members(tenant, groups, limit=self._members_at_once)
        if sum(map(len, found.values())) < self._members_at_once:
            return {group: FirstMembers(members) for group, members in found.items()}
        # Read group by group in the order of ids, up to somewhere within the last one.
        last = max(found)
        return {group: FirstMembers(found.get(group, ()), is_all=group < last) for group in groups}

    async def _members_of(self, wanted: Sequence[OneResource]) -> Mapping[OneResource, FirstMembers]:
        return await _ask_per_tenant(wanted, self.first_members)

    async def _groups_of(self, wanted: Sequence[OneResource]) -> Mapping[OneResource, Sequence[GroupOfMember]]:
        return await _ask_per_tenant(wanted, self._directory.groups_of)


async def _ask_per_tenant(
    wanted: Sequence[OneResource],
    call: Callable[[TenantId, Sequence[ResourceId]], Awaitable[Mapping[ResourceId, V]]],
) -> Mapping[OneResource, V]:
    tenants: dict[TenantId, list[ResourceId]] = {}
    for tenant, id in wanted:
        tenants.setdefault(tenant, []).append(id)
    answers = await asyncio.gather(*(call(tenant, ids) for tenant, ids in tenants.items()))
    return {
        (tenant, id): found for tenant, answer in zip(tenants, answers, strict=True) for id, found in answer.items()
    }
