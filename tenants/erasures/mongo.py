"""Erasures in MongoDB."""

from collections.abc import Collection, Iterable, Sequence

from pymongo import UpdateOne
from pymongo.client_session import ClientSession

from schemas.ids import AccountId, TenantId
from schemas.messages.codec import decode_outcomes, encode_outcomes
from tenants.audit.mongo import append_entries
from tenants.erasures.leftovers import emptied_outcome, entry_of
from tenants.erasures.port import Erasure, Erasures
from tenants.errors import LaneLostError, PortUnavailableError
from tenants.mongo import Database, Document, MongoStore, journal
from tenants.mongo.keys import below, last_part
from tenants.mongo.transactions import transact

_AT_ONCE = 100
_BATCH = 16


class MongoErasures(Erasures):
    """The collection ``erasures``."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store

    async def due(self, *, after: Erasure | None, limit: int) -> Sequence[Erasure]:
        beyond = {"_id": {"$gt": _key(after)}} if after is not None else {}
        found = await self._store.run(
            lambda database: database.erasures.find(beyond, sort={"_id": 1}, limit=limit).to_list()
        )
        return [Erasure(one["tenant"], one["account"], one["resource"], one["at"]) for one in found]

    async def ripe(self, tenant: TenantId, *, now: str, limit: int) -> Sequence[AccountId]:
        condition = {"z": {"$gt": f"{tenant}/", "$lte": f"{tenant}/{now}"}, "legal_hold": {"$ne": True}}
        found = await self._store.run(
            lambda database: database.accounts.find(condition, {"_id": 1}, sort={"z": 1}, limit=limit).to_list()
        )
        return [AccountId(last_part(one["_id"])) for one in found]

    async def purge(self, tenant: TenantId, ids: Collection[str]) -> None:
        await self._store.run(lambda database: _purge(database, tenant, ids))

    async def scrub(self) -> bool:
        # What a document or its older form took in the server's files is the server's to use again.
        return True

    async def finish(self, erasures: Sequence[Erasure], *, at: str) -> int:
        try:
            return await self._store.run(lambda database: _finish(database, erasures, at))
        except LaneLostError as error:
            raise PortUnavailableError("the tenant's transactions leave no room for the audit log") from error


def erasure_document(erasure: Erasure) -> Document:
    """Return the document of an erasure."""
    return {
        "_id": _key(erasure),
        "tenant": erasure.tenant,
        "account": erasure.account,
        "resource": erasure.resource,
        "at": erasure.at,
    }


def _key(erasure: Erasure) -> str:
    return f"{erasure.tenant}/{erasure.id}"


def _purge(database: Database, tenant: TenantId, ids: Collection[str]) -> None:
    sequences = sorted(_sequences(database, tenant, ids))
    for start in range(0, len(sequences), _AT_ONCE):
        _empty_receipts(database, tenant, sequences[start : start + _AT_ONCE], ids)
    keys = [f"{tenant}/User/{id}" for id in ids]
    database.tombstones.update_many({"_id": {"$in": keys}}, {"$set": {"name": "", "external_id": None}})


def _sequences(database: Database, tenant: TenantId, ids: Collection[str]) -> set[int]:
    """Return the transactions that the audit log tells of, in which receipts lie beside the entries."""
    targets = [f"{tenant}/{id}" for id in ids]
    found = database.journal.find({"g": {"$in": targets}}, {"q": 1}, batch_size=10_000)
    return {document.get("q", 0) for document in found}


def _empty_receipts(database: Database, tenant: TenantId, sequences: Iterable[int], ids: Collection[str]) -> None:
    ranges = [{"_id": below(tenant, journal.RECEIPTS, f"{sequence:012d}")} for sequence in sequences]
    changes: list[UpdateOne] = []
    for document in database.journal.find({"$or": ranges}, batch_size=_BATCH):
        before = document["receipts"]
        outcomes = decode_outcomes(before)
        after = tuple(emptied_outcome(outcome, ids) for outcome in outcomes)
        if after != outcomes:
            # As it was read: another process may empty another person's part of it.
            unchanged = {"_id": document["_id"], "receipts": before}
            changes.append(UpdateOne(unchanged, {"$set": {"receipts": encode_outcomes(after)}}))
    if changes and database.journal.bulk_write(changes).matched_count < len(changes):
        raise PortUnavailableError("another process empties the same receipts")


def _finish(database: Database, erasures: Sequence[Erasure], at: str) -> int:
    def write(session: ClientSession) -> int:
        ended = [one for one in erasures if _remove(database, one, session)]
        if ended:
            append_entries(database, ended[0].tenant, [entry_of(one, at=at) for one in ended], session)
        return len(ended)

    return transact(database, write)


def _remove(database: Database, one: Erasure, session: ClientSession) -> bool:
    return database.erasures.delete_one({"_id": _key(one), "at": one.at}, session=session).deleted_count == 1
