"""Values of the directory and the LMS side for tests: plausible, deterministic, consistent with each other."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec
import orjson
from msgspec import structs

from schemas.ids import AccountId, CommandId, ResourceId, TenantId, TokenId
from schemas.messages.events import Event, EventType
from schemas.messages.outcomes import Applied, Outcome
from tenants.audit.port import AuditEntry, numbered
from tenants.directory.records import (
    Account,
    AccountStatus,
    Cohort,
    Counters,
    Edge,
    Hold,
    StoredResource,
    Tombstone,
)
from tenants.directory.writer import Changes, Snapshot
from tenants.registry.port import TokenRecord
from tenants.tenant import Tenant

NOW = "2026-11-25T14:49:10.123Z"
LATER = "2026-11-25T14:50:00.000Z"


class Content(NamedTuple):
    """What a transaction of ``changes`` writes beside its receipts, all of it optional."""

    inserted: Sequence[StoredResource] = ()
    updated: Sequence[StoredResource] = ()
    removed: Sequence[StoredResource] = ()
    edges_put: Sequence[Edge] = ()
    edges_removed: Sequence[tuple[ResourceId, ResourceId]] = ()
    groups_cleared: Sequence[ResourceId] = ()
    accounts_inserted: Sequence[Account] = ()
    accounts_updated: Sequence[Account] = ()
    accounts_removed: Sequence[AccountId] = ()
    cohorts_put: Sequence[Cohort] = ()
    cohorts_removed: Sequence[ResourceId] = ()
    tombstones_put: Sequence[Tombstone] = ()
    tombstones_removed: Sequence[tuple[str, ResourceId]] = ()
    audit: Sequence[AuditEntry] = ()
    events: Sequence[Event] = ()
    receipts: Sequence[Outcome] = ()


def tenant(id: TenantId, **fields: Any) -> Tenant:
    """Return a tenant's record."""
    return replace(Tenant(id=id, display_name=f"The company {id}", created=NOW), **fields)


def token(tenant: TenantId, id: str, **fields: Any) -> TokenRecord:
    """Return what is kept of a token."""
    record = TokenRecord(
        tenant=tenant,
        id=TokenId(id),
        name="Entra ID",
        last_four="w1xY",
        digest="5e" * 32,
        created=NOW,
        created_by="operator:ada",
        expires="2027-11-25T14:49:10.123Z",
    )
    return replace(record, **fields)


def resource_id(number: int) -> ResourceId:
    """Return the id of that number; ids sort like their numbers."""
    return ResourceId(f"{number:032x}")


def account_id(number: int) -> AccountId:
    """Return the account id of that number."""
    return AccountId(f"{number:032x}")


def user(
    number: int, name: str | None = None, *, search: dict[str, Any] | None = None, **fields: Any
) -> StoredResource:
    """Return a User; ``search`` adds to the search document."""
    name = f"user{number}@example.com" if name is None else name
    return _resource("User", number, {"userName": name, "active": True}, search=search, name=name.casefold(), **fields)


def group(
    number: int, name: str | None = None, *, search: dict[str, Any] | None = None, **fields: Any
) -> StoredResource:
    """Return a Group; ``search`` adds to the search document."""
    name = f"Group {number}" if name is None else name
    return _resource("Group", number, {"displayName": name}, search=search, name=name.casefold(), **fields)


def edge(
    group: StoredResource, member: StoredResource, *, desired: bool = True, applied: bool = True, is_kept: bool = False
) -> Edge:
    """Return the membership of a resource in a Group."""
    return Edge(group.id, member.id, member.type, desired, applied, is_kept)


def account(number: int, user: StoredResource | None, **fields: Any) -> Account:
    """Return the account of a User, or a detached one."""
    login = user.attributes["userName"] if user else f"leaver{number}@example.com"
    record = Account(
        id=account_id(number),
        resource=user.id if user else None,
        external_id=user.external_id if user else None,
        login=login,
        login_key=login.casefold(),
        status=AccountStatus.ACTIVE,
        sign_in="password",
        profile={"displayName": f"Person {number}", "emails": [{"value": login, "primary": True}]},
        activated=True,
    )
    return structs.replace(record, **fields)


def cohort(group: StoredResource) -> Cohort:
    """Return the cohort of a Group."""
    return Cohort(resource=group.id, name=group.attributes["displayName"], external_id=group.external_id)


def tombstone(resource: StoredResource) -> Tombstone:
    """Return what is left of a deleted resource while its leave waits."""
    return Tombstone(
        type=resource.type,
        id=resource.id,
        name=resource.name,
        external_id=resource.external_id,
        deleted=LATER,
        hold=Hold.DRY_RUN,
    )


def applied(command: str, resource: StoredResource | None = None, *, sequence: int = 1) -> Applied:
    """Return the outcome of a command that was carried out."""
    return Applied(
        command=CommandId(command),
        sequence=sequence,
        resource_id=resource.id if resource else resource_id(0),
        version=resource.version if resource else 1,
        body=resource.rendered if resource else b"",
        changed=True,
        created=True,
    )


def entry(action: str = "scim.create", **fields: Any) -> AuditEntry:
    """Return an audit entry without a number."""
    fact = AuditEntry(
        at=NOW,
        action=action,
        outcome="applied",
        principal="token:t1",
        name="Entra ID",
        address="192.0.2.7",
        agent="curl",
        request_id="r1",
        target_type="User",
        target=resource_id(1),
        details={"userName": [None, "ann@example.com"]},
    )
    return structs.replace(fact, **fields)


def event(tenant: TenantId, subject: str = "a1", type: EventType = EventType.ACCOUNT_CREATED) -> Event:
    """Return an event without a number."""
    return Event(
        tenant=tenant,
        number=0,
        sequence=0,
        type=type,
        subject=subject,
        at=NOW,
        payload={"login": "ann@example.com", "n": 1},
    )


def changes(snapshot: Snapshot, content: Content, *, at: str = NOW) -> Changes:
    """Return the transaction that follows the snapshot, its counters raised by what it writes."""
    before = snapshot.counters
    audit = [structs.replace(one, sequence=before.sequence + 1) for one in content.audit]
    return Changes(
        tenant=snapshot.tenant.id,
        expected_sequence=before.sequence,
        expected_revision=snapshot.tenant.revision,
        counters=counters_after(before, content),
        at=at,
        audit=numbered(audit, after=before.audit),
        events=_numbered_events(content.events, before),
        **{name: value for name, value in content._asdict().items() if name not in {"audit", "events", "removed"}},
        removed=[(one.type, one.id) for one in content.removed],
    )


def counters_after(before: Counters, content: Content) -> Counters:
    """Return the counters as the transaction leaves them."""
    return Counters(
        sequence=before.sequence + 1,
        events=before.events + len(content.events),
        audit=before.audit + len(content.audit),
        users=before.users + _count(content.inserted, "User") - _count(content.removed, "User"),
        groups=before.groups + _count(content.inserted, "Group") - _count(content.removed, "Group"),
        audit_digest=before.audit_digest,
    )


def _count(resources: Iterable[StoredResource], type: str) -> int:
    return sum(resource.type == type for resource in resources)


def _numbered_events(events: Sequence[Event], before: Counters) -> list[Event]:
    return [
        msgspec.structs.replace(one, number=number, sequence=before.sequence + 1)
        for number, one in enumerate(events, before.events + 1)
    ]


def _resource(
    type: str, number: int, attributes: dict[str, Any], *, search: dict[str, Any] | None, name: str, **fields: Any
) -> StoredResource:
    id = resource_id(number)
    external_id = fields.get("external_id")
    name_key = "userName" if type == "User" else "displayName"
    meta = {
        "resourceType": type,
        "created": NOW.replace("123Z", "123000Z"),
        "lastModified": NOW.replace("123Z", "123000Z"),
    }
    known = {"externalId": external_id} if external_id else {}
    document = {"id": id, **attributes, name_key: name, **known, "meta": meta, **(search or {})}
    resource = StoredResource(
        type=type,
        id=id,
        version=1,
        created=NOW,
        modified=NOW,
        name=name,
        external_id=None,
        attributes={**attributes, **known},
        search=document,
        rendered=b'{"location":"\x1f/%b"}' % orjson.dumps({"id": id, **attributes, **known})[1:-1].replace(b'"', b"'"),
        applied_version=1,
    )
    return structs.replace(resource, **fields)
