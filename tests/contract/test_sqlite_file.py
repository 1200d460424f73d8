"""What only a SQLite file promises: durable, shared by processes, refused when it is not ours to write."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from schemas.ids import CommandId, TenantId
from schemas.scim.query import Query
from tenants.directory.writer import Need
from tenants.errors import PortUnavailableError
from tenants.sqlite import UnknownFileVersionError, open_sqlite
from tests.support.builders import Content, applied, changes, edge, entry, event, group, tenant, user
from tests.support.stores import Stores, open_sqlite_stores

ACME, GLOBEX = TenantId("acme"), TenantId("globex")
COMMIT_AND_DIE = """
import asyncio, os, signal, sys
from schemas.ids import TenantId
from tenants.directory.writer import Need
from tests.support.builders import Content, changes, tenant, user
from tests.support.stores import open_sqlite_stores

async def main(path):
    async with open_sqlite_stores(path) as stores:
        snapshot = await stores.writer.load(TenantId("acme"), Need())
        for number in range(1, 31):
            made = changes(snapshot, Content(inserted=[user(number)]))
            await stores.writer.commit(made)
            snapshot = type(snapshot)(tenant=snapshot.tenant, counters=made.counters)
        print("committed", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main(sys.argv[1]))
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "rollcall.db")


@pytest.fixture
async def stores(path: str) -> AsyncIterator[Stores]:
    async with open_sqlite_stores(path) as stores:
        for name in (ACME, GLOBEX):
            await stores.registry.add_tenant(tenant(name))
        yield stores


async def _insert(stores: Stores, name: TenantId, number: int) -> None:
    content = Content(inserted=[user(number)], audit=[entry()], events=[event(name)], receipts=[applied(f"c{number}")])
    await stores.writer.commit(changes(await stores.writer.load(name, Need()), content))


async def _total(stores: Stores, name: TenantId) -> int:
    return (await stores.directory.search(name, Query("User"))).total


async def test_what_was_written_is_there_after_opening_again(path: str) -> None:
    async with open_sqlite_stores(path) as first:
        await first.registry.add_tenant(tenant(ACME))
        await _insert(first, ACME, 1)

    async with open_sqlite_stores(path) as second:
        assert await second.registry.tenants() == [tenant(ACME)]
        assert await _total(second, ACME) == 1


async def test_what_was_committed_survives_the_death_of_the_process(stores: Stores, path: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", COMMIT_AND_DIE, path, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    output, _ = await process.communicate()

    assert (output, process.returncode) == (b"committed\n", -9)
    page = await stores.directory.search(ACME, Query("User"))
    assert (page.total, len(page.resources)) == (30, 30)
    assert await _total(stores, GLOBEX) == 0


async def test_each_process_sees_at_once_what_another_wrote(stores: Stores, path: str) -> None:
    async with open_sqlite_stores(path) as beside:
        for number in range(1, 6):
            await _insert(stores if number % 2 else beside, ACME, number)
            assert await _total(stores, ACME) == await _total(beside, ACME) == number


async def test_writers_of_two_processes_wait_for_each_other(stores: Stores, path: str) -> None:
    async def write(through: Stores, name: TenantId) -> None:
        for number in range(1, 21):
            await _insert(through, name, number)

    async with open_sqlite_stores(path) as beside:
        await asyncio.gather(write(stores, ACME), write(beside, GLOBEX))

    assert (await _total(stores, ACME), await _total(stores, GLOBEX)) == (20, 20)


async def test_two_processes_may_make_the_file_at_the_same_time(path: str) -> None:
    async def make(name: TenantId) -> None:
        async with open_sqlite_stores(path) as stores:
            await stores.registry.add_tenant(tenant(name))

    await asyncio.gather(make(ACME), make(GLOBEX))

    async with open_sqlite_stores(path) as stores:
        assert await stores.registry.tenants() == [tenant(ACME), tenant(GLOBEX)]


async def test_reads_go_on_while_another_process_writes(stores: Stores, path: str) -> None:
    await _insert(stores, ACME, 1)

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE tenants SET users = 99")
        assert await _total(stores, ACME) == 1
        other.execute("ROLLBACK")


async def test_a_store_that_another_process_holds_is_unavailable_and_keeps_nothing(
    stores: Stores, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.sqlite.opening.BUSY_SECONDS", 0.05)
    async with open_sqlite_stores(path) as impatient:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(PortUnavailableError):
                await _insert(impatient, ACME, 1)
            other.execute("ROLLBACK")
        await _insert(impatient, ACME, 1)

    assert await _total(stores, ACME) == 1


async def test_a_full_disk_keeps_nothing_of_the_transaction(
    stores: Stores, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.sqlite.opening.PRAGMAS", ("PRAGMA synchronous = FULL", "PRAGMA max_page_count = 64"))
    big = Content(inserted=[structs.replace(user(number), rendered=b"x" * 9000) for number in range(1, 65)])
    async with open_sqlite_stores(path) as cramped:
        with pytest.raises(PortUnavailableError):
            await cramped.writer.commit(changes(await cramped.writer.load(ACME, Need()), big))
        await _insert(cramped, ACME, 1)

    assert await _total(stores, ACME) == 1


async def test_a_closed_store_is_unavailable(path: str) -> None:
    async with open_sqlite_stores(path) as stores:
        await stores.registry.add_tenant(tenant(ACME))

    with pytest.raises(PortUnavailableError):
        await stores.registry.tenant(ACME)
    with pytest.raises(PortUnavailableError):
        await stores.registry.add_tenant(tenant(GLOBEX))


async def test_closing_finishes_what_is_under_way(path: str) -> None:
    async with open_sqlite_stores(path) as stores:
        await stores.registry.add_tenant(tenant(ACME))
        snapshot = await stores.writer.load(ACME, Need())
        content = Content(inserted=[user(number) for number in range(1, 500)])
        commit = asyncio.create_task(stores.writer.commit(changes(snapshot, content)))
        await asyncio.sleep(0)

    await commit
    async with open_sqlite_stores(path) as again:
        assert await _total(again, ACME) == 499


async def test_a_cancelled_commit_is_whole_or_absent(stores: Stores) -> None:
    snapshot = await stores.writer.load(ACME, Need())
    content = Content(inserted=[user(number) for number in range(1, 500)])
    commit = asyncio.create_task(stores.writer.commit(changes(snapshot, content)))
    await asyncio.sleep(0)
    commit.cancel()
    with pytest.raises(asyncio.CancelledError):
        await commit

    await stores.registry.add_tenant(tenant(TenantId("behind-it")))

    page = await stores.directory.search(ACME, Query("User", count=1000))
    assert (page.total, len(page.resources)) in {(0, 0), (499, 499)}


async def test_a_file_of_a_newer_release_is_refused_untouched(path: str) -> None:
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("CREATE TABLE things (a)")
        newer.execute("PRAGMA user_version = 99")
    before = await asyncio.to_thread(Path(path).read_bytes)

    with pytest.raises(UnknownFileVersionError, match="99"):
        async with open_sqlite(path):
            pass

    assert await asyncio.to_thread(Path(path).read_bytes) == before


async def test_another_programs_database_is_refused_untouched(path: str) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE things (a)")
    before = await asyncio.to_thread(Path(path).read_bytes)

    with pytest.raises(UnknownFileVersionError, match="another program"):
        async with open_sqlite(path):
            pass

    assert await asyncio.to_thread(Path(path).read_bytes) == before


async def test_what_is_no_database_is_refused(path: str) -> None:
    await asyncio.to_thread(Path(path).write_bytes, b"no database at all" * 100)

    with pytest.raises(PortUnavailableError):
        async with open_sqlite(path):
            pass


async def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PortUnavailableError, match="missing"):
        async with open_sqlite(str(tmp_path / "missing" / "rollcall.db")):
            pass


async def test_databases_in_memory_are_apart() -> None:
    async with open_sqlite_stores(":memory:") as first, open_sqlite_stores(":memory:") as second:
        await first.registry.add_tenant(tenant(ACME))

        assert await second.registry.tenants() == []


async def test_old_receipts_are_forgotten(stores: Stores) -> None:
    for name in (ACME, GLOBEX):
        await _insert(stores, name, 1)
    snapshot = await stores.writer.load(ACME, Need())
    for number in range(2, 20):
        made = changes(snapshot, Content(receipts=[applied(f"c{number}")]), at="2026-11-26T14:49:11.000Z")
        await stores.writer.commit(made)
        snapshot = replace(snapshot, counters=made.counters)

    asked = Need(receipts=frozenset({CommandId("c1"), CommandId("c2")}))
    assert set((await stores.writer.load(ACME, asked)).receipts) == {"c2"}
    assert set((await stores.writer.load(GLOBEX, asked)).receipts) == {"c1"}


async def test_texts_with_a_nul_are_kept_and_never_taken_for_others(stores: Stores) -> None:
    odd, plain = user(1, "ann\0bob"), user(2, "ann")
    content = Content(inserted=[odd, plain], edges_put=[edge(group(3), odd)])
    await stores.writer.commit(changes(await stores.writer.load(ACME, Need()), content))

    loaded = await stores.writer.load(ACME, Need(resources=frozenset({odd.id, plain.id})))

    assert loaded.resources == {odd.id: odd, plain.id: plain}
