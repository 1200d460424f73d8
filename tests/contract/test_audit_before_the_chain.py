"""Entries that were written before there was a chain are read, redacted and forgotten like the others."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
from msgspec import structs
from pymongo import MongoClient

from schemas.ids import TenantId
from tenants.audit.port import AuditEntry, AuditQuery, numbered
from tenants.directory.writer import Need
from tenants.mongo import journal
from tenants.sqlite import tables
from tests.support.builders import Content, changes, entry, tenant
from tests.support.stores import Stores, open_mongo_stores, open_sqlite_stores

ACME = TenantId("before-the-chain")
ANN, BOB = "a" * 32, "b" * 32
OLD = numbered([entry(target=ANN, details={"name": "ann"}), entry(target=BOB), entry("token.refused")], after=0)


def _as_it_was(one: AuditEntry) -> dict[str, object]:
    return {name: value for name, value in structs.asdict(one).items() if name != "redacted"}


def _old_file(path: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        before = tables.MIGRATIONS[: tables.MIGRATIONS.index(tables._AUDIT_CHAIN)]
        for statement in (statement for migration in before for statement in migration):
            old.execute(statement)
        old.execute(f"PRAGMA user_version = {len(before)}")
        old.execute(
            """INSERT INTO tenants (id, display_name, created, status, dialect, policies, revision, audit)
            VALUES (?, '', '', 'active', 'tolerant', '{}', 1, 3)""",
            (ACME,),
        )
        for one in OLD:
            packed = msgspec.msgpack.encode(_as_it_was(one))
            old.execute("INSERT INTO audit VALUES (?, ?, ?)", (ACME, one.number, packed))


def _old_documents(url: str, database: str) -> None:
    key = journal.numbered_key(ACME, journal.AUDIT, 3)
    document: dict[str, object] = {
        "_id": key,
        "entries": msgspec.json.encode([_as_it_was(one) for one in OLD]).decode(),
        "g": [f"{ACME}/{one.target}" for one in OLD],
    }
    with MongoClient[dict[str, object]](url) as client:
        client[database].journal.insert_one(document)
        client[database].tenants.update_one({"_id": ACME}, {"$set": {"audit": 3}, "$unset": {"audit_digest": ""}})


async def test_an_old_file_goes_on(tmp_path: Path) -> None:
    path = str(tmp_path / "rollcall.db")
    await asyncio.to_thread(_old_file, path)
    async with open_sqlite_stores(path) as stores:
        await _goes_on(stores)


async def test_old_documents_go_on(mongodb_url: str, mongo_database: str) -> None:
    async with open_mongo_stores(mongodb_url, database=mongo_database) as stores:
        await stores.registry.add_tenant(tenant(ACME))
        await asyncio.to_thread(_old_documents, mongodb_url, mongo_database)
        await _goes_on(stores)


async def _goes_on(stores: Stores) -> None:
    audit, writer = stores.audit, stores.writer
    assert list(await audit.entries(ACME, after=0, limit=10)) == list(OLD)
    assert [one.number for one in await audit.find(ACME, AuditQuery(target=ANN, newest_first=True))] == [1]
    assert [one.number for one in await audit.find(ACME, AuditQuery(action="token", since="2026"))] == [3]

    await writer.commit(changes(await writer.load(ACME, Need()), Content(audit=[entry()])))
    assert await audit.redact(ACME, ANN) == 1

    found = list(await audit.entries(ACME, after=0, limit=10))
    assert [(one.number, one.redacted) for one in found] == [(1, True), (2, False), (3, False), (4, False)]
    assert [one.number for one in await audit.find(ACME, AuditQuery(target=ANN))] == [1]
    assert (await audit.ends(ACME)).last == 4
    assert await audit.forget(ACME, before="2027", limit=10) >= 2
    assert (await audit.ends(ACME)).start == 4
