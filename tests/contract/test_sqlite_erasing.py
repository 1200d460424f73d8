"""What was deleted is not in a SQLite file's free places; older files know whom their events are about."""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from schemas.ids import AccountId, TenantId
from schemas.messages.events import Event, EventType
from tenants.sqlite import Connection, open_sqlite
from tenants.sqlite.tables import _ERASURES, MIGRATIONS
from tests.support.builders import NOW
from tests.support.stores import open_sqlite_stores

ACME = TenantId("acme")
ACCOUNT = AccountId("01" * 16)


def _events(*, subject: str) -> list[Event]:
    kinds = ((EventType.ACCOUNT_CREATED, subject), (EventType.COHORT_CREATED, "02" * 16))
    return [
        Event(ACME, number, number, type, about, NOW, {"account": about, "login": "ann@example.com"})
        for number, (type, about) in enumerate(kinds, 1)
    ]


async def test_a_compacted_file_holds_nothing_that_was_deleted(tmp_path: Path) -> None:
    path = tmp_path / "rollcall.db"
    async with open_sqlite(str(path)) as store:

        def fill(connection: Connection) -> None:
            # As copies that a rearranged page keeps: deleted without being overwritten.
            connection.execute("CREATE TABLE people (name TEXT)")
            names = [(f"person-{number:05}-{'x' * (number % 700)}",) for number in range(2_000)]
            connection.executemany("INSERT INTO people VALUES (?)", names)

        await store.write(fill)
        await store._run(store._writing, lambda: store._writer.execute("PRAGMA secure_delete = OFF").fetchall())
        await store.write(lambda connection: connection.execute("DELETE FROM people WHERE rowid % 2"))
        assert b"person-00000" in _content(path)

        assert await store.compact()

        assert b"person-00000" not in _content(path)
        assert b"person-00001" in _content(path)
        assert (tmp_path / "rollcall.db-wal").stat().st_size == 0


def _content(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in path.parent.glob("rollcall.db*"))


async def test_a_reader_of_another_process_puts_compacting_off(tmp_path: Path) -> None:
    path = tmp_path / "rollcall.db"
    async with open_sqlite(str(path)) as store:
        await store.write(lambda connection: connection.execute("CREATE TABLE people (name TEXT)"))
        with closing(sqlite3.connect(path)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM people").fetchone()
            assert not await store.compact()
        assert await store.compact()


async def test_events_of_an_older_file_are_emptied_too(tmp_path: Path) -> None:
    path = str(tmp_path / "old.db")
    version = MIGRATIONS.index(_ERASURES)
    with closing(sqlite3.connect(path)) as older, older:
        for statement in (statement for migration in MIGRATIONS[:version] for statement in migration):
            older.execute(statement)
        older.execute(f"PRAGMA user_version = {version}")
        for event in _events(subject=ACCOUNT):
            row = (ACME, event.number, msgspec.msgpack.encode(event))
            older.execute("INSERT INTO events (tenant, number, event) VALUES (?, ?, ?)", row)

    async with open_sqlite_stores(path) as stores:
        await stores.outbox.redact(ACME, {ACCOUNT: NOW, "02" * 16: NOW})
        account, cohort = await stores.outbox.events(ACME, after=0, limit=10)

    assert account.payload == {"account": ACCOUNT, "redacted": True}
    assert cohort == _events(subject=ACCOUNT)[1]
