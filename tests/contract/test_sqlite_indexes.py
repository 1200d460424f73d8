"""What SQLite does for the lists that are asked for all day: it goes by indexes, as its query plans tell."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from schemas.ids import TenantId
from schemas.scim.filters.nodes import All, AnyOf, Matches, Operator, Present, ResolvedFilter, SomeElement
from schemas.scim.query import Position, Query, Sort
from tenants.directory.sqlite.searching import search
from tenants.directory.writer import Need
from tenants.sqlite import open_sqlite
from tenants.sqlite.tables import MIGRATIONS
from tests.contract.test_search import at
from tests.contract.test_sorting import person
from tests.support.builders import Content, changes, resource_id, tenant
from tests.support.stores import Stores, open_sqlite_stores

ACME, GLOBEX = TenantId("acme"), TenantId("globex")
MAIL = at("emails[]", "value")
WORK_MAIL = SomeElement(
    at("emails[]"),
    All((Matches(at("type"), Operator.EQ, "work"), Matches(at("value"), Operator.EQ, "ann@work"))),
)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "rollcall.db")


@pytest.fixture
async def connection(path: str) -> AsyncIterator[sqlite3.Connection]:
    async with open_sqlite(path):
        with closing(sqlite3.connect(path)) as connection:
            yield connection


def _plan(connection: sqlite3.Connection, query: Query) -> list[str]:
    statement = search(ACME, query)
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement.sql}", statement.values)]


def _steps(plan: list[str], table: str = "r") -> Iterator[str]:
    """Yield what is done with the resources, but for fetching the page's rows."""
    for step in plan:
        if f" {table} " in f"{step} " and "INTEGER PRIMARY KEY" not in step:
            yield step


@pytest.mark.parametrize("start_index", [1, 9000], ids=["first", "deep"])
@pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])
@pytest.mark.parametrize(
    ("steps", "index"),
    [
        (("id",), "resources_by_type"),
        (("userName",), "resources_by_name"),
        (("displayName",), "resources_by_display_name"),
        (("externalId",), "resources_by_external_id"),
        (("meta", "created"), "resources_by_created"),
        (("meta", "lastModified"), "resources_by_modified"),
    ],
)
def test_a_page_in_a_usual_order_is_a_range_of_an_index(
    connection: sqlite3.Connection, steps: tuple[str, ...], index: str, descending: bool, start_index: int
) -> None:
    sort = Sort(at(*steps), descending)
    for after in (None, Position("x", resource_id(1))):
        plan = _plan(connection, Query("User", start_index=start_index, sort=sort, after=after))

        assert list(_steps(plan))
        assert start_index == 1 or after or all("COVERING" in step for step in _steps(plan))
        assert all(f"INDEX {index} (tenant=? AND type=?" in step for step in _steps(plan))
        # What is sorted at most is the page itself, when it was counted from the end.
        assert sum("TEMP B-TREE" in step for step in plan) <= (start_index > 1 and after is None)


def test_later_pages_of_a_filtered_list_are_walked_to(connection: sqlite3.Connection) -> None:
    after = Position("x", resource_id(1))

    plan = _plan(connection, Query("User", Present(at("title")), sort=Sort(at("displayName")), after=after, total=9))

    assert all("USING INDEX resources_by_display_name" in step for step in _steps(plan))
    assert not [step for step in plan if "TEMP B-TREE" in step]


@pytest.mark.parametrize(
    ("filter", "index"),
    [
        (Matches(at("id"), Operator.EQ, "x"), "resources_by_type"),
        (Matches(at("userName"), Operator.EQ, "x"), "resources_by_name"),
        (Matches(at("userName"), Operator.SW, "x"), "resources_by_name"),
        (Matches(at("externalId"), Operator.EQ, "x"), "resources_by_external_id"),
        (Matches(at("displayName"), Operator.EQ, "x"), "resources_by_display_name"),
        (Matches(at("meta", "lastModified"), Operator.GT, "2026-11-25T14:49:10.000000Z"), "resources_by_modified"),
        (Matches(at("meta", "created"), Operator.LE, "2026-11-25T14:49:10.000001Z"), "resources_by_created"),
    ],
)
def test_the_usual_filters_go_by_an_index(connection: sqlite3.Connection, filter: ResolvedFilter, index: str) -> None:
    (step,) = _steps(_plan(connection, Query("User", filter)))

    assert f"INDEX {index} (tenant=? AND type=? AND " in step


def test_what_no_index_is_about_is_read_in_the_order_in_which_it_lies(connection: sqlite3.Connection) -> None:
    for query in (Query("User", Present(at("title"))), Query("User", sort=Sort(at("title")))):
        (step,) = _steps(_plan(connection, query))
        assert step == "SEARCH r USING INDEX resources_by_type (tenant=? AND type=?)"


def test_alternatives_go_by_their_indexes(connection: sqlite3.Connection) -> None:
    by_name, by_external_id = (Matches(at(name), Operator.EQ, "x") for name in ("userName", "externalId"))

    first, second = _steps(_plan(connection, Query("User", AnyOf((by_name, by_external_id)))))

    assert "resources_by_name (tenant=? AND type=? AND name=?)" in first
    assert "resources_by_external_id (tenant=? AND type=? AND external_id=?)" in second


@pytest.mark.parametrize("total", [None, 3], ids=["first page", "later page"])
@pytest.mark.parametrize(
    "filter",
    [
        Matches(MAIL, Operator.EQ, "ann@work"),
        WORK_MAIL,
        All((Present(at("title")), WORK_MAIL)),
        AnyOf((Matches(MAIL, Operator.EQ, "ann@work"), Matches(at("userName"), Operator.EQ, "ann@work"))),
    ],
    ids=["whole", "of a type", "and", "or"],
)
def test_e_mail_addresses_have_an_index(
    connection: sqlite3.Connection, filter: ResolvedFilter, total: int | None
) -> None:
    plan = _plan(connection, Query("User", filter, sort=Sort(at("displayName")), total=total))

    assert "SEARCH emails USING PRIMARY KEY (tenant=? AND value=?)" in plan
    assert all("id=?" in step or "name=?" in step for step in _steps(plan))


async def _found(stores: Stores, address: str) -> list[str]:
    page = await stores.directory.search(ACME, Query("User", Matches(MAIL, Operator.EQ, address)))
    return [one.id for one in page.resources]


async def test_the_index_of_addresses_follows_the_resources(path: str) -> None:
    def ann(name: str, *addresses: str) -> Content:
        return Content(updated=[person(1, name, emails=[{"value": address} for address in addresses])])

    async with open_sqlite_stores(path) as stores:
        await stores.registry.add_tenant(tenant(ACME))
        snapshot = await stores.writer.load(ACME, Need())
        first = changes(snapshot, Content(inserted=[person(1, "ann@x", emails=[{"value": "a@x"}, {"value": "a@x"}])]))
        await stores.writer.commit(first)
        for content, found in (
            (ann("ann@x", "a@x", "b@x"), {"a@x", "b@x"}),
            (ann("ann@x", "b@x", "ann@x"), {"b@x", "ann@x"}),
            (ann("bob@x", "ann@x"), {"ann@x"}),
            (ann("bob@x"), set[str]()),
        ):
            await stores.writer.commit(changes(await stores.writer.load(ACME, Need()), content))
            addresses = ("a@x", "b@x", "ann@x", "bob@x")
            assert {address for address in addresses if await _found(stores, address)} == found


async def test_a_file_of_the_first_release_is_brought_up_to_date(path: str) -> None:
    people = [
        person(1, "ann@x", displayName="zoe", emails=[{"value": "ann@x"}, {"value": "home@x"}]),
        person(2, "bob@x", displayName="amy", external_id="b"),
    ]
    async with open_sqlite_stores(path) as stores:
        await stores.registry.add_tenant(tenant(ACME))
        await stores.writer.commit(changes(await stores.writer.load(ACME, Need()), Content(inserted=people)))
    _put_back(path)

    async with open_sqlite_stores(path) as stores:
        by_name = await stores.directory.search(ACME, Query("User", sort=Sort(at("displayName"))))
        assert [one.id for one in by_name.resources] == [resource_id(2), resource_id(1)]
        assert [await _found(stores, address) for address in ("home@x", "ann@x")] == [[resource_id(1)]] * 2


def _put_back(path: str) -> None:
    """Leave the file as the first release would have written it."""
    with closing(sqlite3.connect(path)) as now, closing(sqlite3.connect(":memory:")) as before:
        for statement in MIGRATIONS[0]:
            before.execute(statement)
        tables = [name for (name,) in before.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in tables:
            columns = ", ".join(row[1] for row in before.execute(f"PRAGMA table_info({table})"))
            rows = now.execute(f"SELECT {columns} FROM {table}").fetchall()  # noqa: S608 - the tables' own names
            places = ", ".join("?" * (columns.count(",") + 1))
            before.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 - likewise
        before.execute("PRAGMA user_version = 1")
        before.commit()
        before.backup(now)
