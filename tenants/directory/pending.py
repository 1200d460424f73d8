"""What waits to be applied: to be read in bounded memory, by place."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from schemas.ids import ResourceId, TenantId
from tenants.directory.records import Account, Cohort, Edge, StoredResource, Tombstone


class PendingKind(StrEnum):
    """What waits, in the order in which it is released."""

    USER = "user"
    GROUP = "group"
    MEMBERSHIP = "membership"
    LEAVER = "leaver"
    """A deleted User or Group whose account or cohort is still there."""


@dataclass(frozen=True, slots=True)
class PendingResource:
    """A User or Group whose effects wait, or that was deleted while they did."""

    resource: StoredResource | None
    """None: it was deleted."""
    tombstone: Tombstone | None = None
    account: Account | None = None
    """The account linked to it."""
    cohort: Cohort | None = None

    @property
    def id(self) -> ResourceId:
        """The resource's id, living or dead."""
        if self.resource is not None:
            return self.resource.id
        if self.tombstone is None:
            raise ValueError("neither a resource nor a tombstone")
        return self.tombstone.id


class PendingReader(Protocol):
    """One tenant's pending part.

    Raises:
        PortUnavailableError: The store cannot be reached (all methods).
    """

    async def pending(
        self, tenant: TenantId, kind: PendingKind, *, after: ResourceId, limit: int
    ) -> Sequence[PendingResource]:
        """Return pending Users, Groups or leavers with ids greater than ``after``, by id, with what is applied of them.

        Their attributes are whole; ``search`` and ``rendered`` may be empty.
        """
        ...

    async def resources(
        self, tenant: TenantId, resource_type: str, *, after: ResourceId, limit: int
    ) -> Sequence[PendingResource]:
        """Return all resources of the type, pending or not, likewise; for comparing both sides."""
        ...

    async def pending_memberships(
        self, tenant: TenantId, *, after: tuple[ResourceId, ResourceId], limit: int
    ) -> Sequence[Edge]:
        """Return edges that differ from the LMS (``desired`` is not ``applied``) after (group, member), by both."""
        ...

    async def detached(self, tenant: TenantId, external_ids: Sequence[str]) -> Sequence[Account]:
        """Return the accounts with these externalIds that are linked to nobody, or to somebody deleted."""
        ...

    async def with_logins(self, tenant: TenantId, logins: Sequence[str]) -> Sequence[Account]:
        """Return the accounts that have these prepared logins."""
        ...

    async def counts(self, tenant: TenantId) -> dict[PendingKind, int]:
        """Return how many of each kind there are."""
        ...
