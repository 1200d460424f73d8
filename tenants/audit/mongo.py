"""The audit log in MongoDB's journal: one document for each link of the chain.

``q`` sequence, ``h`` heads, ``x`` details, ``d`` digest, ``e`` earliest, ``l`` latest, ``f`` number of the first entry,
``g`` targets. Documents with ``entries`` are older than the chain.
"""

import asyncio
import os
import re
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from pymongo import UpdateOne
from pymongo.client_session import ClientSession

from schemas.ids import TenantId
from tenants.audit.links import Sealed, entries_of, last_digest, latest_of, marks, redact, seal, unsealed
from tenants.audit.port import AuditArchive, AuditEntry, AuditQuery, ChainEnds, Link
from tenants.errors import LaneLostError, PortUnavailableError, UnknownTenantError
from tenants.mongo import Database, Document, MongoStore, journal
from tenants.mongo.keys import below
from tenants.mongo.transactions import transact

T = TypeVar("T")

_PATIENCE_SECONDS = 10.0
"""How long an append gives way to the transactions of a busy lane."""
_PACE_SECONDS = 0.02
"""The least time between two appends of one process for one tenant. Each makes a worker that loaded before it decide
again, so a flood of refused tokens must leave room for the tenant's transactions."""
_BATCH = 16
_old_entries = msgspec.json.Decoder(list[AuditEntry])


@dataclass(slots=True)
class _Turn:
    """Whose turn it is to write one tenant's log, and when."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    not_before: float = 0.0


class MongoAuditLog(AuditArchive):
    """Links, in the order of their numbers."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self._turns: dict[TenantId, _Turn] = {}

    async def append(self, tenant: TenantId, entries: Sequence[AuditEntry]) -> None:
        if entries:
            await self._write(tenant, lambda database: _append(database, tenant, entries))

    async def entries(self, tenant: TenantId, *, after: int, limit: int) -> Sequence[AuditEntry]:
        return await self.find(tenant, AuditQuery(after=after, limit=limit))

    async def find(self, tenant: TenantId, query: AuditQuery) -> Sequence[AuditEntry]:
        return await self._store.run(lambda database: _find(database, tenant, query))

    async def ends(self, tenant: TenantId) -> ChainEnds:
        record = await self._store.run(lambda database: database.tenants.find_one({"_id": tenant}))
        if record is None:
            raise UnknownTenantError(f"there is no tenant {tenant}")
        start = (record.get("audit_start", 0), record.get("audit_start_digest", ""))
        return ChainEnds(*start, record["audit"], record.get("audit_digest", ""))

    async def links(self, tenant: TenantId, *, after: int, limit: int) -> Sequence[Link]:
        numbers = below(tenant, journal.AUDIT, after=f"{after:012d}")
        return await self._store.run(
            lambda database: [
                _link_of(document) for document in database.journal.find({"_id": numbers}, sort={"_id": 1}, limit=limit)
            ]
        )

    async def redact(self, tenant: TenantId, target: str) -> int:
        return await self._write(tenant, lambda database: _redact(database, tenant, target))

    async def forget(self, tenant: TenantId, *, before: str, limit: int) -> int:
        return await self._write(tenant, lambda database: _forget(database, tenant, before, limit))

    async def _write(self, tenant: TenantId, work: Callable[[Database], T]) -> T:
        turn = self._turns.setdefault(tenant, _Turn())
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS), turn.lock:
                return await self._repeat(work, turn)
        except UnknownTenantError:
            self._turns.pop(tenant, None)
            raise
        except TimeoutError as error:
            raise PortUnavailableError("the tenant's transactions leave no room for the audit log") from error

    async def _repeat(self, work: Callable[[Database], T], turn: _Turn) -> T:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(turn.not_before - loop.time())
            try:
                return await self._store.run(work)
            except LaneLostError:
                continue
            finally:
                turn.not_before = loop.time() + _PACE_SECONDS


def audit_documents(tenant: TenantId, links: Sequence[Sealed]) -> list[Document]:
    """Return the journal's documents that hold the links."""
    return [_document(tenant, each) for each in links]


def _document(tenant: TenantId, sealed: Sealed) -> Document:
    link = sealed.link
    document: Document = {
        "_id": journal.numbered_key(tenant, journal.AUDIT, link.last),
        "f": link.first,
        "q": link.sequence,
        "e": sealed.earliest,
        "l": sealed.latest,
        "h": link.heads,
        "x": link.details,
        "d": link.digest,
    }
    if sealed.targets:
        document["g"] = [f"{tenant}/{target}" for target in sealed.targets]
    return document


def _link_of(document: Document) -> Link:
    if "entries" in document:
        return unsealed(_old_entries.decode(document["entries"]))
    last = int(document["_id"].rsplit("/", 1)[1])
    return Link(document["f"], last, document["q"], document["h"], document["x"], document["d"])


def _append(database: Database, tenant: TenantId, entries: Sequence[AuditEntry]) -> None:
    transact(database, lambda session: append_entries(database, tenant, entries, session))


def append_entries(database: Database, tenant: TenantId, entries: Sequence[AuditEntry], session: ClientSession) -> None:
    """Append entries, one at least, within a transaction.

    Raises:
        UnknownTenantError: There is no such tenant.
    """
    before = database.tenants.find_one_and_update({"_id": tenant}, {"$inc": {"audit": len(entries)}}, session=session)
    if before is None:
        raise UnknownTenantError(f"there is no tenant {tenant}")
    previous = before.get("audit_digest", "")
    links = seal(tenant, entries, after=before["audit"], sequence=0, previous=previous, random_bytes=os.urandom)
    database.tenants.update_one(
        {"_id": tenant}, {"$set": {"audit_digest": last_digest(links, previous)}}, session=session
    )
    database.journal.insert_many(audit_documents(tenant, links), session=session)


def _find(database: Database, tenant: TenantId, query: AuditQuery) -> list[AuditEntry]:
    if query.limit < 1:
        return []
    found: list[AuditEntry] = []
    order = {"_id": -1 if query.newest_first else 1}
    hint = "g_1" if query.target else None
    # Where all entries are asked for, each document holds at least one of them.
    most = query.limit if _is_for_all(query) else 0
    documents = database.journal.find(_condition(tenant, query), sort=order, hint=hint, limit=most, batch_size=_BATCH)
    with closing(documents):
        for document in documents:
            found += entries_of(_link_of(document), query)
            if len(found) >= query.limit:
                break
    return found[: query.limit]


def _is_for_all(query: AuditQuery) -> bool:
    return query == AuditQuery(after=query.after, newest_first=query.newest_first, limit=query.limit)


def _condition(tenant: TenantId, query: AuditQuery) -> Document:
    """Return a condition that finds at least the links with entries that are asked for."""
    after = "" if query.newest_first else f"{query.after:012d}"
    conditions: list[Document] = [{"_id": below(tenant, journal.AUDIT, after=after)}]
    if query.target:
        conditions.append({"g": f"{tenant}/{query.target}"})
    if query.after and query.newest_first:
        conditions.append(_in_link({"f": {"$lt": query.after}}))
    if query.since:
        conditions.append(_in_link({"l": {"$gte": query.since}}))
    if query.until:
        conditions.append(_in_link({"e": {"$lt": query.until}}))
    conditions += (_in_link({"h": {"$regex": re.escape(mark)}}) for mark in marks(query))
    return {"$and": conditions}


def _in_link(condition: Document) -> Document:
    return {"$or": [condition, {"entries": {"$exists": True}}]}


def _redact(database: Database, tenant: TenantId, target: str) -> int:
    def write(session: ClientSession) -> int:
        total, changes = 0, []
        found = database.journal.find({"g": f"{tenant}/{target}"}, session=session, batch_size=_BATCH)
        for document in found:
            link, count = redact(_link_of(document), target)
            if count:
                total += count
                changes.append(UpdateOne({"_id": document["_id"]}, _replacement(link)))
        if changes:
            database.journal.bulk_write(changes, session=session)
        return total

    return transact(database, write)


def _replacement(link: Link) -> Document:
    kept = {"f": link.first, "q": link.sequence, "h": link.heads, "x": link.details, "d": link.digest}
    return {"$set": kept, "$unset": {"entries": ""}}


def _forget(database: Database, tenant: TenantId, before: str, limit: int) -> int:
    def write(session: ClientSession) -> int:
        old: list[Document] = []
        oldest = database.journal.find(
            {"_id": below(tenant, journal.AUDIT)}, sort={"_id": 1}, limit=limit, batch_size=_BATCH, session=session
        )
        with closing(oldest):
            for document in oldest:
                if latest_of(_link_of(document)) >= before:
                    break
                old.append(document)
        if old:
            _remove(database, tenant, old, session)
        return len(old)

    return transact(database, write)


def _remove(database: Database, tenant: TenantId, old: Sequence[Document], session: ClientSession) -> None:
    last = _link_of(old[-1])
    start = {"audit_start": last.last, "audit_start_digest": last.digest}
    database.tenants.update_one({"_id": tenant}, {"$set": start}, session=session)
    database.journal.delete_many({"_id": {"$in": [document["_id"] for document in old]}}, session=session)
