"""Committing what was decided: one transaction, a few writes of many documents.

The first write compares and raises the tenant's counters. Whoever else writes the tenant's record at the same time, or
did since it was loaded, makes it fail before anything else is tried.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from pymongo import DeleteMany, ReplaceOne, UpdateMany
from pymongo.client_session import ClientSession

from schemas.messages.codec import encode_outcomes
from tenants.audit.links import Sealed
from tenants.audit.mongo import audit_documents
from tenants.directory.mongo.documents import (
    account_document,
    cohort_document,
    edge_document,
    resource_document,
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

Operation = DeleteMany | ReplaceOne[Document] | UpdateMany


def commit(database: Database, changes: Changes) -> Counters:
    """Write all of it, or nothing; return the counters, with the digest of the audit log as it is then.

    Raises:
        LaneLostError: The sequence, the revision or the audit log has moved on.
        DuplicateError: A name, login or command id is taken.
    """
    links, counters = sealed(changes)
    try:
        transact(database, partial(_write, database, changes, counters, links, exchange=False))
    except DuplicateError:
        # Perhaps names change hands among the updated: then all of them are laid down before any is taken up.
        if max(len(changes.updated), len(changes.accounts_updated)) < 2:  # noqa: PLR2004 - it takes two
            raise
        transact(database, partial(_write, database, changes, counters, links, exchange=True))
    return counters


def _write(
    database: Database,
    changes: Changes,
    counters: Counters,
    links: Sequence[Sealed],
    session: ClientSession,
    *,
    exchange: bool,
) -> None:
    _raise_counters(database, changes, counters, session)
    tenant = changes.tenant
    resources = [resource_document(tenant, resource) for resource in changes.inserted]
    accounts = [account_document(tenant, account) for account in changes.accounts_inserted]
    writes: list[tuple[str, Sequence[Operation], Sequence[Document]]] = [
        ("resources", _resources(changes, exchange=exchange), resources),
        ("accounts", _accounts(changes, exchange=exchange), accounts),
        ("edges", _edges(changes), ()),
        ("cohorts", _cohorts(changes), ()),
        ("tombstones", _tombstones(changes), ()),
        ("erasures", [_put(erasure_document(erasure)) for erasure in changes.erasures], ()),
        ("journal", (), _journal(changes, links)),
    ]
    for collection, operations, inserted in writes:
        if operations:
            database[collection].bulk_write(operations, session=session)
        if inserted:
            insert(database, collection, inserted, session)


def _raise_counters(database: Database, changes: Changes, counters: Counters, session: ClientSession) -> None:
    before = {
        "_id": changes.tenant,
        "sequence": changes.expected_sequence,
        "revision": changes.expected_revision,
        "audit": counters.audit - len(changes.audit),
    }
    after = {
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
    # A plain command, as inserts are.
    update = {"q": before, "u": {"$set": after}}
    if not database.command("update", "tenants", updates=[update], session=session)["n"]:
        raise LaneLostError(f"tenant {changes.tenant} is not at sequence {changes.expected_sequence} any more")


def _resources(changes: Changes, *, exchange: bool) -> list[Operation]:
    removed = [f"{changes.tenant}/{type}/{id}" for type, id in changes.removed]
    updated = [resource_document(changes.tenant, resource) for resource in changes.updated]
    return _in_order(removed, updated, laid_down="n" if exchange else None)


def _accounts(changes: Changes, *, exchange: bool) -> list[Operation]:
    removed = [f"{changes.tenant}/{id}" for id in changes.accounts_removed]
    updated = [account_document(changes.tenant, account) for account in changes.accounts_updated]
    return _in_order(removed, updated, laid_down="l" if exchange else None)


def _in_order(removed: list[str], updated: list[Document], *, laid_down: str | None) -> list[Operation]:
    operations: list[Operation] = _removal(removed)
    if laid_down and updated:
        operations.append(UpdateMany(_any_of([document["_id"] for document in updated]), {"$unset": {laid_down: ""}}))
    operations += [ReplaceOne({"_id": document["_id"]}, document) for document in updated]
    return operations


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
