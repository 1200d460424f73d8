"""One tenant's lane without a bus: commands go straight to the worker's execution over a real store."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from typing import Any, TypeVar

import orjson

from schemas.ids import CommandId, ResourceId, TenantId
from schemas.messages.administration import AdministrationCommand, ReleaseResources
from schemas.messages.callers import Caller
from schemas.messages.commands import Command, CreateResource, DeleteResource, PatchResource, ReplaceResource
from schemas.messages.events import Event
from schemas.messages.outcomes import Applied, Carried, Item, Outcome
from schemas.scim.definitions.catalog import core_catalog
from schemas.scim.patch import parse_patch
from schemas.scim.rendering import BASE
from schemas.scim.validation import validate
from tenants.audit.port import AuditEntry
from tenants.directory.pending import PendingKind
from tenants.directory.records import Account, CachedResource
from tenants.policies.settings import Policies
from tenants.read_cache.port import KeyKind, LookupKey
from tests.support import builders
from tests.support.stores import Stores, open_sqlite_stores
from workers.execution import Execution, Result

A = TypeVar("A", bound=AdministrationCommand)
CATALOG = core_catalog()
ADMINISTRATOR = Caller("operator:ann", "ann", "", "command line", "a1")
CALLER = Caller("token:t1", "Entra ID", "192.0.2.1", "test", "r1")
START = 1_800_000_000.0


class Lane:
    """A tenant's lane: makes commands and has them carried out; time stands still unless moved."""

    def __init__(self, stores: Stores, tenant: TenantId) -> None:
        self.stores = stores
        self.tenant = tenant
        self.now = START
        self._ids = count(1)
        self._administrators = count(1)
        self.execution = Execution(stores.writer, catalog=CATALOG, clock=lambda: self.now)

    # Commands

    def create(self, resource_type: str = "User", **attributes: Any) -> CreateResource:
        number = next(self._ids)
        return CreateResource(
            id=CommandId(f"{self.tenant}-c{number}"),
            tenant=self.tenant,
            caller=CALLER,
            deadline=self.now + 15,
            resource_type=resource_type,
            resource_id=builders.resource_id(number),
            attributes=validate(attributes, CATALOG.resource_type(resource_type), strict=False),
        )

    def replace(
        self, id: str, resource_type: str = "User", *, if_match: tuple[str, ...] = (), **attributes: Any
    ) -> ReplaceResource:
        return ReplaceResource(
            id=self._command_id(),
            tenant=self.tenant,
            caller=CALLER,
            deadline=self.now + 15,
            resource_type=resource_type,
            resource_id=ResourceId(id),
            attributes=validate(attributes, CATALOG.resource_type(resource_type), strict=False),
            if_match=if_match,
        )

    def patch(
        self, id: str, *operations: dict[str, Any], resource_type: str = "User", if_match: tuple[str, ...] = ()
    ) -> PatchResource:
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}
        return PatchResource(
            id=self._command_id(),
            tenant=self.tenant,
            caller=CALLER,
            deadline=self.now + 15,
            resource_type=resource_type,
            resource_id=ResourceId(id),
            operations=parse_patch(body, CATALOG.resource_type(resource_type), strict=False),
            if_match=if_match,
        )

    def delete(self, id: str, resource_type: str = "User", *, if_match: tuple[str, ...] = ()) -> DeleteResource:
        return DeleteResource(
            id=self._command_id(),
            tenant=self.tenant,
            caller=CALLER,
            deadline=self.now + 15,
            resource_type=resource_type,
            resource_id=ResourceId(id),
            if_match=if_match,
        )

    def administer(self, command: type[A], **what: Any) -> A:
        """Return an administrator's command."""
        id = CommandId(f"{self.tenant}-a{next(self._administrators)}")
        return command(id=id, tenant=self.tenant, caller=ADMINISTRATOR, deadline=self.now + 15, **what)

    def _command_id(self) -> CommandId:
        return CommandId(f"{self.tenant}-c{next(self._ids)}")

    # Carrying out

    async def execute(self, *commands: Command, may_repeat: bool = False) -> Result:
        return await self.execution.execute(self.tenant, commands, may_repeat=may_repeat)

    async def run(self, *commands: Command) -> Sequence[Outcome]:
        return (await self.execute(*commands)).outcomes

    async def made(self, command: Command) -> Applied:
        """Carry out one command that has to succeed."""
        (outcome,) = await self.run(command)
        assert isinstance(outcome, Applied), outcome
        return outcome

    async def carried(self, command: Command) -> tuple[Item, ...]:
        """Carry out one administrator's command that has to succeed, and return what it came to."""
        (outcome,) = await self.run(command)
        assert isinstance(outcome, Carried), outcome
        return outcome.items

    async def release_all(self, *, at_once: int = 3) -> list[Item]:
        """Release all that is pending, phase by phase, as a job does."""
        items: list[Item] = []
        for kind in (PendingKind.USER, PendingKind.GROUP):
            items += await self._release_resources(kind, at_once)
        memberships: tuple[tuple[ResourceId, ResourceId], ...] = ()
        place = (ResourceId(""), ResourceId(""))
        while edges := await self.stores.pending.pending_memberships(self.tenant, after=place, limit=at_once):
            memberships = tuple((edge.group, edge.member) for edge in edges)
            items += await self.carried(self.administer(ReleaseResources, memberships=memberships, is_chosen=False))
            place = memberships[-1]
        return items + await self._release_resources(PendingKind.LEAVER, at_once)

    async def _release_resources(self, kind: PendingKind, at_once: int) -> list[Item]:
        items: list[Item] = []
        place = ResourceId("")
        while found := await self.stores.pending.pending(self.tenant, kind, after=place, limit=at_once):
            ids = tuple(one.id for one in found)
            items += await self.carried(self.administer(ReleaseResources, resources=ids, is_chosen=False))
            place = ids[-1]
        return items

    async def set_policies(self, **policies: Any) -> None:
        record = await self.stores.registry.tenant(self.tenant)
        assert record is not None
        changed = replace(record, policies=replace(record.policies, **policies), revision=record.revision + 1)
        await self.stores.registry.change_tenant(changed)

    # Looking

    async def read(self, id: str, resource_type: str = "User") -> dict[str, Any] | None:
        cached = await self.cached(id, resource_type)
        return orjson.loads(cached.rendered.replace(BASE, b"/scim")) if cached else None

    async def cached(self, id: str, resource_type: str = "User") -> CachedResource | None:
        key = LookupKey(self.tenant, resource_type, KeyKind.ID, id)
        found = (await self.stores.read_cache.find([key])).get(key, ())
        return found[0] if found else None

    async def members(self, group: str) -> list[str]:
        found = await self.stores.directory.members(self.tenant, [ResourceId(group)])
        return [member.id for member in found.get(ResourceId(group), ())]

    async def cohort_members(self, group: str) -> list[str]:
        return list(await self.stores.accounts.cohort_members(self.tenant, ResourceId(group)))

    async def accounts(self) -> list[Account]:
        return list(await self.stores.accounts.accounts(self.tenant, after="", limit=10_000))

    async def events(self) -> list[Event]:
        return list(await self.stores.outbox.events(self.tenant, after=0, limit=10_000))

    async def audit(self) -> list[AuditEntry]:
        return list(await self.stores.audit.entries(self.tenant, after=0, limit=10_000))


@asynccontextmanager
async def open_lanes(*names: str, policies: Policies) -> AsyncIterator[list[Lane]]:
    """Open one SQLite database in memory with a tenant for each name."""
    async with open_sqlite_stores(":memory:") as stores:
        for name in names:
            await stores.registry.add_tenant(builders.tenant(TenantId(name), policies=policies))
        yield [Lane(stores, TenantId(name)) for name in names]
