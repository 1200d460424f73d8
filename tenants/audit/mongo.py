"""The audit log in MongoDB's journal."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from pymongo.client_session import ClientSession

from schemas.ids import TenantId
from tenants.audit.port import AuditEntry, AuditLog, numbered
from tenants.errors import LaneLostError, PortUnavailableError, UnknownTenantError
from tenants.mongo import Database, Document, MongoStore, journal
from tenants.mongo.transactions import transact

_PATIENCE_SECONDS = 10.0
"""How long an append gives way to the transactions of a busy lane."""
_PACE_SECONDS = 0.02
"""The least time between two appends of one process for one tenant. Each makes a worker that loaded before it decide
again, so a flood of refused tokens must leave room for the tenant's transactions."""
_decoder = msgspec.json.Decoder(list[AuditEntry])


@dataclass(slots=True)
class _Turn:
    """Whose turn it is to append to one tenant's log, and when."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    not_before: float = 0.0


class MongoAuditLog(AuditLog):
    """Entries, as JSON, in the order of their numbers."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self._turns: dict[TenantId, _Turn] = {}

    async def append(self, tenant: TenantId, entries: Sequence[AuditEntry]) -> None:
        if not entries:
            return
        turn = self._turns.setdefault(tenant, _Turn())
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS), turn.lock:
                await self._append(tenant, entries, turn)
        except UnknownTenantError:
            self._turns.pop(tenant, None)
            raise
        except TimeoutError as error:
            raise PortUnavailableError("the tenant's transactions leave no room for the audit entries") from error

    async def entries(self, tenant: TenantId, *, after: int, limit: int) -> Sequence[AuditEntry]:
        path = (tenant, journal.AUDIT)
        return await self._store.run(
            lambda database: journal.read(database, path, _entries_of, after=after, limit=limit)
        )

    async def _append(self, tenant: TenantId, entries: Sequence[AuditEntry], turn: _Turn) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(turn.not_before - loop.time())
            try:
                await self._store.run(lambda database: _append(database, tenant, entries))
                return
            except LaneLostError:
                continue
            finally:
                turn.not_before = loop.time() + _PACE_SECONDS


def audit_documents(tenant: TenantId, entries: Sequence[AuditEntry]) -> list[Document]:
    """Return the journal's documents that hold the numbered entries."""
    return [_document(tenant, portion, text) for portion, text in journal.portions(entries, _encode)]


def _document(tenant: TenantId, entries: Sequence[AuditEntry], text: str) -> Document:
    document: Document = {"_id": journal.numbered_key(tenant, journal.AUDIT, entries[-1].number), "entries": text}
    targets = {f"{tenant}/{entry.target}" for entry in entries if entry.target}
    if targets:
        document["g"] = list(targets)
    return document


def _append(database: Database, tenant: TenantId, entries: Sequence[AuditEntry]) -> None:
    def write(session: ClientSession) -> None:
        raised = database.tenants.find_one_and_update(
            {"_id": tenant}, {"$inc": {"audit": len(entries)}}, projection={"audit": 1}, session=session
        )
        if raised is None:
            raise UnknownTenantError(f"there is no tenant {tenant}")
        documents = audit_documents(tenant, numbered(entries, after=raised["audit"]))
        database.journal.insert_many(documents, session=session)

    transact(database, write)


def _encode(entries: Sequence[AuditEntry]) -> str:
    return msgspec.json.encode(entries).decode()


def _entries_of(document: Document) -> list[AuditEntry]:
    return _decoder.decode(document["entries"])
