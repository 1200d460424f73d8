"""One batch's view of a tenant: the snapshot with the batch's own changes laid over it.

Reading something that was not loaded raises ``MissingFactsError`` with what to load; nothing is guessed. Writing
stages; ``changes`` turns all that was staged into one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from msgspec import structs

from schemas.ids import AccountId, PlanId, ResourceId
from schemas.messages.events import Event, EventType
from schemas.messages.outcomes import Outcome
from schemas.scim.conformity import conformed
from schemas.scim.definitions.catalog import Catalog
from schemas.scim.search import search_document
from schemas.timestamps import unix_seconds
from tenants.audit.port import AuditEntry
from tenants.directory.records import Account, Cohort, Counters, Edge, Reference, StoredResource, Tombstone
from tenants.directory.writer import Changes, Need, Snapshot
from tenants.erasures.port import Erasure
from tenants.policies.guard import WINDOW_MINUTES, Guard, limit_of, within_window
from tenants.tenant import Dialect
from workers.facts import MissingFactsError

Key = TypeVar("Key")
Value = TypeVar("Value")
EdgeKey = tuple[ResourceId, ResourceId]
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Moment:
    """When a batch is decided; taken once."""

    at: str
    """RFC 3339, UTC, milliseconds."""
    unix_seconds: float


class Workspace:
    """A tenant's directory and LMS side, as loaded and as changed by the batch so far."""

    def __init__(self, snapshot: Snapshot, need: Need, *, catalog: Catalog, moment: Moment) -> None:
        """Lay an empty sheet of changes over the snapshot that answers the need."""
        self.tenant = snapshot.tenant
        self.policies = snapshot.tenant.policies
        self.is_strict = snapshot.tenant.dialect is Dialect.STRICT
        self.catalog = catalog.with_extensions(snapshot.tenant.extensions)
        self.moment = moment
        self.sequence = snapshot.counters.sequence + 1
        self.mutations = 0
        """How many changes were staged; a refused command must leave it as it was."""
        minute = int(moment.unix_seconds) // _MINUTE
        leaves = within_window(snapshot.counters.leaves, minute)
        self.guard = Guard(limit_of(self.policies, snapshot.counters.accounts, leaves), leaves, minute)
        self._snapshot = snapshot
        self._need = need
        self._resources: dict[ResourceId, StoredResource | None] = {}
        self._fresh: set[ResourceId] = set()
        self._holders: dict[tuple[str, str], ResourceId | None] = {}
        self._accounts: dict[AccountId, Account | None] = {}
        self._account_of: dict[ResourceId, AccountId] = {
            account.resource: account.id for account in snapshot.accounts.values() if account.resource
        }
        self._by_login = {account.login_key: account.id for account in snapshot.accounts.values()}
        # Names and logins are unique: who was met with one is the only one who had it.
        self._logins = frozenset(self._by_login)
        self._named = {(resource.type, resource.name): resource.id for resource in snapshot.resources.values()}
        self._unlinked = {account.id for account in snapshot.accounts.values() if account.is_unlinked}
        self._cohorts: dict[ResourceId, Cohort | None] = {}
        self._edges: dict[EdgeKey, Edge | None] = {}
        self._cleared: set[ResourceId] = set()
        self._tombstones: dict[ResourceId, Tombstone | None] = {}
        self.under_way: set[str] = set()
        """Accounts and resources whose effects are just being carried out, one waiting for the other."""
        self._audit: list[AuditEntry] = []
        self._events: list[tuple[EventType, str, dict[str, Any]]] = []
        self._erasures: list[Erasure] = []

    # Reading

    def require(self, need: Need) -> None:
        """See that all of it was loaded: one round trip for many questions that are about to be asked.

        Raises:
            MissingFactsError: Something was not.
        """
        missing = {field.name: getattr(need, field.name) - getattr(self._need, field.name) for field in fields(Need)}
        if any(missing.values()):
            raise MissingFactsError(Need(**missing))

    def conformed(self, resource_type: str, attributes: dict[str, Any]) -> dict[str, Any]:
        """Return the attributes as the tenant's extensions want them now.

        What was stored, or sent by a gateway, before an extension was registered is brought to its form.
        """
        if not self.tenant.extensions:
            return attributes
        return conformed(attributes, self.catalog.resource_type(resource_type))

    def resource(self, resource_type: str, id: ResourceId) -> StoredResource | None:
        """Return the resource of that type, or None."""
        found = self._resource(id)
        return found if found is not None and found.type == resource_type else None

    def _resource(self, id: ResourceId) -> StoredResource | None:
        if id in self._resources:
            return self._resources[id]
        if id not in self._need.resources and id not in self._snapshot.resources:
            raise MissingFactsError(Need(resources=frozenset([id])))
        return self._snapshot.resources.get(id)

    def any_resource(self, id: ResourceId) -> StoredResource | None:
        """Return the resource, of whichever type, or None."""
        return self._resource(id)

    def holder(self, resource_type: str, name: str) -> ResourceId | None:
        """Return the id of the resource that has the prepared name."""
        key = (resource_type, name)
        if key in self._holders:
            return self._holders[key]
        if key in self._named:
            return self._named[key]
        if key not in self._need.names:
            raise MissingFactsError(Need(names=frozenset([key]), logins=frozenset([name])))
        return self._snapshot.holders.get(key)

    def account_of(self, resource: ResourceId) -> Account | None:
        """Return the account linked to the User."""
        id = self._account_of.get(resource)
        if id is not None:
            account = self._account(id)
            return account if account is not None and account.resource == resource else None
        if resource in self._fresh or resource in self._need.resources or resource in self._need.tombstones:
            return None
        raise MissingFactsError(Need(resources=frozenset([resource])))

    def account(self, id: AccountId) -> Account | None:
        """Return the account, or None."""
        found = self._account(id)
        if found is None and id not in self._accounts and id not in self._need.accounts:
            raise MissingFactsError(Need(accounts=frozenset([id])))
        return found

    def _account(self, id: AccountId) -> Account | None:
        return self._accounts[id] if id in self._accounts else self._snapshot.accounts.get(id)

    def account_with_login(self, login: str) -> Account | None:
        """Return the account that has the prepared login."""
        id = self._by_login.get(login)
        account = self._account(id) if id is not None else None
        if account is not None and account.login_key == login:
            return account
        if login not in self._need.logins and login not in self._logins:
            raise MissingFactsError(Need(logins=frozenset([login])))
        return None

    def unlinked_accounts(self, external_id: str) -> list[Account]:
        """Return the accounts with this externalId that are linked to nobody, or to somebody deleted."""
        if external_id not in self._need.external_ids:
            raise MissingFactsError(Need(external_ids=frozenset([external_id])))
        return [account for account in self._all_unlinked() if account.external_id == external_id]

    def imported_accounts(self, email: str) -> list[Account]:
        """Return the accounts that the LMS had before with this folded, verified address, linked to nobody."""
        if email not in self._need.emails:
            raise MissingFactsError(Need(emails=frozenset([email])))
        return [account for account in self._all_unlinked() if account.is_imported and account.email == email]

    def _all_unlinked(self) -> list[Account]:
        found = [self._account(id) for id in sorted(self._unlinked)]
        return [account for account in found if account is not None]

    def tombstone(self, id: ResourceId) -> Tombstone | None:
        """Return the mark of a deleted resource whose leave is pending."""
        if id in self._tombstones:
            return self._tombstones[id]
        if id not in self._need.tombstones:
            raise MissingFactsError(Need(tombstones=frozenset([id])))
        return self._snapshot.tombstones.get(id)

    def planned(self, plan: PlanId, resource: ResourceId) -> str | None:
        """Return how the plan says that the resource's account is destroyed; None: it does not."""
        if (plan, resource) not in self._need.planned:
            raise MissingFactsError(Need(planned=frozenset([(plan, resource)])))
        return self._snapshot.planned.get((plan, resource))

    def cohort(self, group: ResourceId) -> Cohort | None:
        """Return the Group's cohort; the Group must have been read before."""
        return self._cohorts[group] if group in self._cohorts else self._snapshot.cohorts.get(group)

    def edge(self, group: ResourceId, member: ResourceId) -> Edge | None:
        """Return the edge between the two, or None."""
        key = (group, member)
        if key in self._edges:
            return self._edges[key]
        if group in self._cleared or group in self._fresh:
            return None
        if key not in self._need.memberships and group not in self._need.all_members:
            raise MissingFactsError(Need(memberships=frozenset([key])))
        return self._snapshot.edges.get(key)

    def edges_of_group(self, group: ResourceId) -> list[Edge]:
        """Return all edges of the Group."""
        return self._edges_where(group, of_member=False)

    def edges_of_member(self, member: ResourceId) -> list[Edge]:
        """Return all edges that lead to the member."""
        return self._edges_where(member, of_member=True)

    def _edges_where(self, id: ResourceId, *, of_member: bool) -> list[Edge]:
        asked = self._need.groups_of if of_member else self._need.all_members
        if id not in asked and id not in self._fresh:
            wanted = frozenset([id])
            raise MissingFactsError(Need(groups_of=wanted) if of_member else Need(all_members=wanted))
        side = 1 if of_member else 0
        staged = [edge for key, edge in self._edges.items() if key[side] == id and edge is not None]
        kept = [
            edge
            for key, edge in self._snapshot.edges.items()
            if key[side] == id and key not in self._edges and key[0] not in self._cleared
        ]
        return staged + kept

    def reference(self, id: ResourceId) -> Reference | None:
        """Return the type and account of a resource of this tenant, or None when it does not exist."""
        if id in self._resources:
            staged = self._resources[id]
            return Reference(staged.type, self._account_id(id)) if staged is not None else None
        if id in self._snapshot.resources:
            return Reference(self._snapshot.resources[id].type, self._account_id(id))
        if id not in self._need.references and id not in self._need.resources:
            raise MissingFactsError(Need(references=frozenset([id])))
        return self._snapshot.references.get(id)

    def _account_id(self, resource: ResourceId) -> AccountId | None:
        account = self.account_of(resource)
        return account.id if account is not None else None

    # Staging

    def expect_new(self, id: ResourceId) -> None:
        """Tell that the id is new: nothing of it needs to be loaded."""
        self._fresh.add(id)

    def put_resource(self, resource: StoredResource, *, is_new: bool = False) -> None:
        """Stage a new or changed resource; its search document is made when the batch is complete."""
        before = None if is_new else self._resource(resource.id)
        if before is not None and before.name != resource.name:
            self._holders[before.type, before.name] = None
        self._holders[resource.type, resource.name] = resource.id
        self._resources[resource.id] = resource
        if is_new:
            self._fresh.add(resource.id)
        self.mutations += 1

    def remove_resource(self, resource: StoredResource) -> None:
        """Stage the end of a resource; its edges are the caller's matter."""
        self._resources[resource.id] = None
        self._holders[resource.type, resource.name] = None
        self.mutations += 1

    def put_edge(self, edge: Edge) -> None:
        """Stage an edge; one that is neither desired nor applied goes."""
        self._edges[edge.group, edge.member] = edge if edge.desired or edge.applied else None
        self.mutations += 1

    def clear_group(self, group: ResourceId) -> None:
        """Stage the end of all edges of a Group."""
        self._cleared.add(group)
        self._edges = {key: edge for key, edge in self._edges.items() if key[0] != group}
        self.mutations += 1

    def put_account(self, account: Account) -> None:
        """Stage a new or changed account."""
        self._accounts[account.id] = account
        self._by_login[account.login_key] = account.id
        if account.resource is not None:
            self._account_of[account.resource] = account.id
        if account.is_unlinked:
            self._unlinked.add(account.id)
        else:
            self._unlinked.discard(account.id)
        self.mutations += 1

    def remove_account(self, account: Account) -> None:
        """Stage the end of an account, after which nothing of its person is to be left."""
        self._accounts[account.id] = None
        self._erasures.append(Erasure(self.tenant.id, account.id, account.resource, self.moment.at))
        self.mutations += 1

    def erase_traces(self, resource: ResourceId) -> None:
        """Stage that nothing is to be left of the person of a User that has no account."""
        self._erasures.append(Erasure(self.tenant.id, None, resource, self.moment.at))
        self.mutations += 1

    def put_cohort(self, cohort: Cohort) -> None:
        """Stage a new or changed cohort."""
        self._cohorts[cohort.resource] = cohort
        self.mutations += 1

    def remove_cohort(self, group: ResourceId) -> None:
        """Stage the end of a cohort."""
        self._cohorts[group] = None
        self.mutations += 1

    def put_tombstone(self, tombstone: Tombstone) -> None:
        """Stage the mark of a deleted resource whose leave is pending."""
        self._tombstones[tombstone.id] = tombstone
        self.mutations += 1

    def remove_tombstone(self, tombstone: Tombstone) -> None:
        """Stage the end of the mark: the leave is carried out, or there is nothing to leave any more."""
        self._tombstones[tombstone.id] = None
        self.mutations += 1

    def emit(self, type: EventType, subject: str, payload: dict[str, Any]) -> None:
        """Stage an event."""
        self._events.append((type, subject, payload))
        self.mutations += 1

    @property
    def told(self) -> int:
        """How many events were staged so far."""
        return len(self._events)

    def told_since(self, number: int) -> tuple[str, ...]:
        """Return the types of the events that were staged after so many, each once."""
        return tuple(dict.fromkeys(type.value for type, _, _ in self._events[number:]))

    def note(self, entry: AuditEntry) -> None:
        """Stage an audit entry; refusals have theirs, too."""
        self._audit.append(entry)

    # Completing

    def changes(self, outcomes: Sequence[Outcome]) -> Changes:
        """Return everything staged as one transaction."""
        before = self._snapshot.counters
        tripped = self._tell_of_guard(before)
        inserted, updated, removed = self._resource_changes()
        return Changes(
            tenant=self.tenant.id,
            expected_sequence=before.sequence,
            expected_revision=self.tenant.revision,
            counters=Counters(
                sequence=self.sequence,
                events=before.events + len(self._events),
                audit=before.audit + len(self._audit),
                users=before.users + _growth("User", inserted, removed),
                groups=before.groups + _growth("Group", inserted, removed),
                audit_digest=before.audit_digest,
                accounts=before.accounts + self._managed_growth(),
                leaves=self.guard.leaves_after(),
                guard_tripped=tripped,
            ),
            receipts=outcomes,
            at=self.moment.at,
            inserted=inserted,
            updated=updated,
            removed=removed,
            edges_put=[edge for edge in self._edges.values() if edge is not None],
            edges_removed=[key for key in _ended(self._edges) if self._was_edge(key)],
            groups_cleared=[group for group in self._cleared if group not in self._fresh],
            accounts_inserted=[a for a in _put(self._accounts) if a.id not in self._snapshot.accounts],
            accounts_updated=[a for a in _put(self._accounts) if a.id in self._snapshot.accounts],
            accounts_removed=[id for id in _ended(self._accounts) if id in self._snapshot.accounts],
            cohorts_put=_put(self._cohorts),
            cohorts_removed=[id for id in _ended(self._cohorts) if id in self._snapshot.cohorts],
            tombstones_put=_put(self._tombstones),
            tombstones_removed=[
                (kept.type, id) for id in _ended(self._tombstones) if (kept := self._snapshot.tombstones.get(id))
            ],
            audit=self._audit,
            events=[
                Event(self.tenant.id, before.events + offset, self.sequence, type, subject, self.moment.at, payload)
                for offset, (type, subject, payload) in enumerate(self._events, 1)
            ],
            erasures=self._erasures,
        )

    def _managed_growth(self) -> int:
        growth = 0
        for id, account in self._accounts.items():
            before = self._snapshot.accounts.get(id)
            growth += (account is not None and account.resource is not None) - (
                before is not None and before.resource is not None
            )
        return growth

    def _tell_of_guard(self, before: Counters) -> str:
        """Return when the guard began to hold; where that is new, the LMS is told, once within the guard's window."""
        if not self.guard.held:
            return before.guard_tripped
        since = unix_seconds(before.guard_tripped) if before.guard_tripped else 0.0
        if self.moment.unix_seconds - since >= WINDOW_MINUTES * _MINUTE:
            self.emit(EventType.GUARD_TRIPPED, self.tenant.id, {"tenant": self.tenant.id, "limit": self.guard.limit})
            return self.moment.at
        return before.guard_tripped

    def _resource_changes(self) -> tuple[list[StoredResource], list[StoredResource], list[tuple[str, ResourceId]]]:
        inserted: list[StoredResource] = []
        updated: list[StoredResource] = []
        removed: list[tuple[str, ResourceId]] = []
        for id, resource in self._resources.items():
            if resource is not None:
                (inserted if id in self._fresh else updated).append(self._searchable(resource))
            elif id not in self._fresh:
                removed.append((self._snapshot.resources[id].type, id))
        return inserted, updated, removed

    def _searchable(self, resource: StoredResource) -> StoredResource:
        resource_type = self.catalog.resource_type(resource.type)
        search = search_document(
            resource_type,
            resource.id,
            self.conformed(resource.type, resource.attributes),
            created=resource.created,
            modified=resource.modified,
            version=resource.version,
        )
        return structs.replace(resource, search=search)

    def _was_edge(self, key: EdgeKey) -> bool:
        return key in self._snapshot.edges and key[0] not in self._cleared


def _put(staged: dict[Key, Value | None]) -> list[Value]:
    return [value for value in staged.values() if value is not None]


def _ended(staged: dict[Key, Value | None]) -> list[Key]:
    return [key for key, value in staged.items() if value is None]


def _growth(resource_type: str, inserted: Sequence[StoredResource], removed: Sequence[tuple[str, ResourceId]]) -> int:
    gained = sum(1 for resource in inserted if resource.type == resource_type)
    return gained - sum(1 for type, _ in removed if type == resource_type)
