"""Committing what was decided: one transaction, a few writes of many documents, for one tenant or several.

The first write compares and raises each tenant's counters. Whoever else writes a tenant's record at the same time, or
did since it was loaded, makes it fail before anything else is tried.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from pymongo import DeleteMany, ReplaceOne, UpdateMany, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError

from schemas.ids import ResourceId
from schemas.messages.codec import encode_outcomes
from tenants.audit.links import Sealed
from tenants.audit.mongo import audit_documents
from tenants.directory.mongo.documents import (
    account_document,
    cohort_document,
    edge_document,
    resource_document,
    rewriting,
    tombstone_document,
)
from tenants.directory.records import Counters
from tenants.directory.sealing import sealed
from tenants.directory.writer import Changes
from tenants.erasures.mongo import erasure_document
from tenants.errors import DuplicateError, LaneLostError
from tenants.mongo import Database, Document, journal
from tenants.mongo.inserting import insert
from tenants.mongo.keys import below
from tenants.mongo.transactions import transact
from tenants.outbox.mongo import event_documents

Operation = DeleteMany | ReplaceOne[Document] | UpdateMany | UpdateOne
_ORDER: Mapping[type, int] = {DeleteMany: 0, UpdateMany: 1, UpdateOne: 2, ReplaceOne: 2}
_COLLECTIONS = ("resources", "accounts", "edges", "cohorts", "tombstones", "erasures", "journal")


@dataclass(frozen=True, slots=True)
class _Work:
    """A tenant's changes as they are written."""

    changes: Changes
    links: Sequence[Sealed]
    """The audit entries, as links of the tenant's chain."""
    counters: Counters


@dataclass(slots=True)
class _Writes:
    """What is written to one collection, of all tenants."""

    operations: list[Operation] = field(default_factory=list)
    inserted: list[Document] = field(default_factory=list)


def commit(database: Database, batch: Sequence[Changes]) -> Sequence[Counters]:
    """Write all changes of all the tenants, each of which is there once, or nothing.

    Return their counters, with the digest of the audit log as it is then.

    Raises:
        LaneLostError: A sequence, a revision or an audit log has moved on.
        DuplicateError: A name, login or command id is taken.
    """
    works = [_Work(changes, *sealed(changes)) for changes in batch]
    try:
        transact(database, partial(_write, database, works, exchange=False))
    except DuplicateError:
        # Perhaps names change hands among the updated: then all of them are laid down before any is taken up.
        if not any(_may_exchange(work.changes) for work in works):
            raise
        transact(database, partial(_write, database, works, exchange=True))
    return [work.counters for work in works]


def _may_exchange(changes: Changes) -> bool:
    return max(len(changes.updated), len(changes.accounts_updated)) >= 2  # noqa: PLR2004 - it takes two


def _write(database: Database, works: Sequence[_Work], session: ClientSession, *, exchange: bool) -> None:
    _raise_counters(database, works, session)
    for collection, writes in _writes(works, exchange=exchange).items():
        if writes.operations:
            # Operations of one kind travel together. Those of one tenant are in this order already.
            writes.operations.sort(key=lambda operation: _ORDER[type(operation)])
            database[collection].bulk_write(writes.operations, session=session)
        if writes.inserted:
            insert(database, collection, writes.inserted, session)


def _writes(works: Sequence[_Work], *, exchange: bool) -> Mapping[str, _Writes]:
    """Return what is written, by collection, in order."""
    written = {name: _Writes() for name in _COLLECTIONS}
    for work in works:
        changes, tenant = work.changes, work.changes.tenant
        joining = {edge.member for edge in changes.edges_put if edge.desired and edge.member_type == "User"}
        written["resources"].operations += _resources(changes, joining, exchange=exchange)
        written["resources"].inserted += _new_resources(changes, joining)
        written["accounts"].operations += _accounts(changes, exchange=exchange)
        written["accounts"].inserted += [account_document(tenant, account) for account in changes.accounts_inserted]
        written["edges"].operations += _edges(changes)
        written["cohorts"].operations += _cohorts(changes)
        written["tombstones"].operations += _tombstones(changes)
        written["erasures"].operations += [_put(erasure_document(erasure)) for erasure in changes.erasures]
        written["journal"].inserted += _journal(changes, work.links)
    return written


def _raise_counters(database: Database, works: Sequence[_Work], session: ClientSession) -> None:
    updates = [
        {"q": _counters_before(work.changes, work.counters), "u": {"$set": _counters_after(work.counters)}}
        for work in works
    ]
    # A plain command, as inserts are.
    answer = database.command("update", "tenants", updates=updates, session=session)
    if answer.get("writeErrors"):
        raise BulkWriteError(answer)
    if answer["n"] != len(works):
        expected = ", ".join(f"{work.changes.tenant} at {work.changes.expected_sequence}" for work in works)
        raise LaneLostError(f"not each of these is at its sequence any more: {expected}")


def _counters_before(changes: Changes, counters: Counters) -> Document:
    return {
        "_id": changes.tenant,
        "sequence": changes.expected_sequence,
        "revision": changes.expected_revision,
        "audit": counters.audit - len(changes.audit),
    }


def _counters_after(counters: Counters) -> Document:
    return {
        "sequence": counters.sequence,
        "events": counters.events,
        "audit": counters.audit,
        "users": counters.users,
        "groups": counters.groups,
        "audit_digest": counters.audit_digest,
        "accounts": counters.accounts,
        "leaves": [list(leave) for leave in counters.leaves],
        "guard_tripped": counters.guard_tripped,
    }


def _new_resources(changes: Changes, joining: AbstractSet[ResourceId]) -> list[Document]:
    documents = [resource_document(changes.tenant, resource) for resource in changes.inserted]
    for resource, document in zip(changes.inserted, documents, strict=True):
        if resource.type == "User" and resource.id not in joining:
            document["o"] = True
    return documents


def _resources(changes: Changes, joining: AbstractSet[ResourceId], *, exchange: bool) -> list[Operation]:
    removed = [f"{changes.tenant}/{type}/{id}" for type, id in changes.removed]
    updated = [resource_document(changes.tenant, resource) for resource in changes.updated]
    return [
        *_removal(removed),
        *_not_alone(changes, joining),
        *(_laying_down(updated, "n") if exchange else ()),
        *map(rewriting, updated),
    ]


def _not_alone(changes: Changes, joining: AbstractSet[ResourceId]) -> list[Operation]:
    old = joining - {resource.id for resource in changes.inserted}
    if not old:
        return []
    keys = [f"{changes.tenant}/User/{id}" for id in old]
    return [UpdateMany({**_any_of(keys), "o": True}, {"$unset": {"o": ""}})]


def _accounts(changes: Changes, *, exchange: bool) -> list[Operation]:
    removed = [f"{changes.tenant}/{id}" for id in changes.accounts_removed]
    updated = [account_document(changes.tenant, account) for account in changes.accounts_updated]
    return [
        *_removal(removed),
        *(_laying_down(updated, "l") if exchange else ()),
        *(ReplaceOne({"_id": document["_id"]}, document) for document in updated),
    ]


def _laying_down(updated: list[Document], name: str) -> list[Operation]:
    """Return what takes the unique field from all of them, so that it may change hands."""
    return [UpdateMany(_any_of([document["_id"] for document in updated]), {"$unset": {name: ""}})] if updated else []


def _edges(changes: Changes) -> list[Operation]:
    tenant = changes.tenant
    return [
        *(DeleteMany({"_id": below(tenant, group)}) for group in changes.groups_cleared),
        *_removal([f"{tenant}/{group}/{member}" for group, member in changes.edges_removed]),
        *map(_put, (edge_document(tenant, edge) for edge in changes.edges_put)),
    ]


def _cohorts(changes: Changes) -> list[Operation]:
    removed = [f"{changes.tenant}/{id}" for id in changes.cohorts_removed]
    return [*_removal(removed), *(_put(cohort_document(changes.tenant, cohort)) for cohort in changes.cohorts_put)]


def _tombstones(changes: Changes) -> list[Operation]:
    removed = [f"{changes.tenant}/{type}/{id}" for type, id in changes.tombstones_removed]
    documents = (tombstone_document(changes.tenant, tombstone) for tombstone in changes.tombstones_put)
    return [*_removal(removed), *map(_put, documents)]


def _journal(changes: Changes, links: Sequence[Sealed]) -> list[Document]:
    return [
        *_receipts(changes),
        *audit_documents(changes.tenant, links),
        *event_documents(changes.tenant, changes.events),
    ]


def _receipts(changes: Changes) -> list[Document]:
    tenant, sequence = changes.tenant, changes.counters.sequence
    documents: list[Document] = [
        {
            "_id": f"{journal.numbered_key(tenant, journal.RECEIPTS, sequence)}/{portion}",
            "c": [f"{tenant}/{outcome.command}" for outcome in outcomes],
            "receipts": encoded,
        }
        for portion, (outcomes, encoded) in enumerate(journal.portions(changes.receipts, encode_outcomes))
    ]
    if changes.at:
        expiring = {"at": datetime.fromisoformat(changes.at)}
        documents = [{**document, **expiring} for document in documents]
    return documents


def _removal(keys: list[str]) -> list[Operation]:
    return [DeleteMany(_any_of(keys))] if keys else []


def _put(document: Document) -> ReplaceOne[Document]:
    return ReplaceOne({"_id": document["_id"]}, document, upsert=True)


def _any_of(keys: list[str]) -> Document:
    return {"_id": {"$in": keys}}
