"""The directory as workers write it: load what a batch needs, decide purely, commit all of it or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from schemas.ids import AccountId, CommandId, PlanId, ResourceId, TenantId
from schemas.messages.events import Event
from schemas.messages.outcomes import Outcome
from tenants.audit.port import AuditEntry
from tenants.directory.records import Account, Cohort, Counters, Edge, Reference, StoredResource, Tombstone
from tenants.erasures.port import Erasure
from tenants.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Need:
    """What a batch of commands has to know before it can be decided."""

    receipts: frozenset[CommandId] = frozenset()
    """Commands that may have been carried out before."""
    resources: frozenset[ResourceId] = frozenset()
    """Resources, each with its account or cohort, where it has one."""
    names: frozenset[tuple[str, str]] = frozenset()
    """(resource type, prepared name): whose is it?"""
    logins: frozenset[str] = frozenset()
    """Prepared logins: which accounts have them?"""
    external_ids: frozenset[str] = frozenset()
    """Which detached accounts carry these externalIds?"""
    memberships: frozenset[tuple[ResourceId, ResourceId]] = frozenset()
    """(group, member): is there such an edge?"""
    all_members: frozenset[ResourceId] = frozenset()
    """Groups whose edges are all needed."""
    groups_of: frozenset[ResourceId] = frozenset()
    """Members whose edges are all needed, with the groups they lead to (as ``resources``)."""
    references: frozenset[ResourceId] = frozenset()
    """Resources of which only type and account matter."""
    tombstones: frozenset[ResourceId] = frozenset()
    """Deleted resources whose leave may be pending, each with its account or cohort, where it has one."""
    accounts: frozenset[AccountId] = frozenset()
    """Accounts by their own ids, each with the User it is linked to."""
    emails: frozenset[str] = frozenset()
    """Folded addresses: which imported accounts that nobody is linked to have them verified?"""
    planned: frozenset[tuple[PlanId, ResourceId]] = frozenset()
    """(plan, resource): how does the plan say that the resource's account is destroyed?"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a batch needed, as of one moment (``counters.sequence``)."""

    tenant: Tenant
    counters: Counters
    receipts: Mapping[CommandId, Outcome] = field(default_factory=dict)
    resources: Mapping[ResourceId, StoredResource] = field(default_factory=dict)
    holders: Mapping[tuple[str, str], ResourceId] = field(default_factory=dict)
    """Who has the names asked for; names that are free are missing. Each holder is in ``resources`` too."""
    accounts: Mapping[AccountId, Account] = field(default_factory=dict)
    """All accounts met: of the resources, by login, detached by externalId."""
    cohorts: Mapping[ResourceId, Cohort] = field(default_factory=dict)
    edges: Mapping[tuple[ResourceId, ResourceId], Edge] = field(default_factory=dict)
    """By (group, member); also those that only the LMS still has."""
    references: Mapping[ResourceId, Reference] = field(default_factory=dict)
    tombstones: Mapping[ResourceId, Tombstone] = field(default_factory=dict)
    planned: Mapping[tuple[PlanId, ResourceId], str] = field(default_factory=dict)
    """How (``Destruction.kind``); what a plan does not name is missing, and so is all of a plan that is not kept."""


@dataclass(frozen=True, slots=True)
class Changes:
    """All that one transaction of a tenant writes."""

    tenant: TenantId
    expected_sequence: int
    expected_revision: int
    counters: Counters
    """The counters afterwards; ``audit_digest`` as it was before: the commit seals the entries and renews it."""
    receipts: Sequence[Outcome] = ()
    at: str = ""
    """When, RFC 3339; receipts expire by it."""
    inserted: Sequence[StoredResource] = ()
    updated: Sequence[StoredResource] = ()
    removed: Sequence[tuple[str, ResourceId]] = ()
    """(resource type, id)."""
    edges_put: Sequence[Edge] = ()
    edges_removed: Sequence[tuple[ResourceId, ResourceId]] = ()
    groups_cleared: Sequence[ResourceId] = ()
    """Groups all of whose edges go (carried out before ``edges_put``)."""
    accounts_inserted: Sequence[Account] = ()
    accounts_updated: Sequence[Account] = ()
    accounts_removed: Sequence[AccountId] = ()
    cohorts_put: Sequence[Cohort] = ()
    cohorts_removed: Sequence[ResourceId] = ()
    tombstones_put: Sequence[Tombstone] = ()
    tombstones_removed: Sequence[tuple[str, ResourceId]] = ()
    audit: Sequence[AuditEntry] = ()
    """Numbers and sequence are given to them by the commit, which follow from the counters."""
    events: Sequence[Event] = ()
    erasures: Sequence[Erasure] = ()
    """Of whom nothing is to be left anywhere; what these changes do not remove themselves is removed afterwards."""


class DirectoryWriter(Protocol):
    """A tenant's directory and LMS side, to change."""

    async def load(self, tenant: TenantId, need: Need) -> Snapshot:
        """Return what is needed.

        What is read may be newer than ``counters.sequence``, never older; a commit tells.

        Raises:
            UnknownTenantError: There is no such tenant.
            PortUnavailableError: The store cannot be reached.
        """
        ...

    async def has_unlinked(self, tenant: TenantId) -> bool:
        """Tell whether an account that is linked to nobody, or to somebody deleted, might be found to be a newcomer's.

        By its externalId or verified e-mail address, that is: by its login alone it does not count.

        Raises:
            PortUnavailableError: The store cannot be reached.
        """
        ...

    async def commit(self, changes: Changes) -> Counters:
        """Write all of it in one durable transaction, or nothing; return the counters with the log's new digest.

        Within the transaction, removals and moves of names and logins come before whatever takes them over, so that a
        name given up by one resource can be taken by another in the same transaction.

        Raises:
            LaneLostError: The tenant's sequence or revision is not the expected one any more.
            DuplicateError: A name, login or command id is taken.
            PortUnavailableError: The store cannot be reached. The outcome may be unknown; receipts tell.
        """
        ...
