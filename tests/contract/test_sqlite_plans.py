"""SQLite knows nothing of how much a tenant has: that the right index is used is part of the statements."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from schemas.ids import TenantId
from schemas.scim.filters.nodes import HasMember, HasMembers, InGroup, InGroups, ResolvedFilter
from schemas.scim.query import Query
from tenants.directory.sqlite import pending
from tenants.directory.sqlite.loading import _LOAD, _keys
from tenants.directory.sqlite.reader import _GROUPS_OF, _MEMBERS, _OF_NOBODY
from tenants.directory.sqlite.searching import search
from tenants.directory.writer import Need
from tenants.jobs.sqlite import _JOB, _LATEST, _RUNNING
from tenants.read_cache.sqlite import _SELECT
from tenants.sqlite.tables import MIGRATIONS

ACME = TenantId("acme")
BY_MEMBER = "USING INDEX edges_by_member (tenant=? AND member=?)"
BY_GROUP = "USING PRIMARY KEY (tenant=? AND grp=?"


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """An empty database with all tables."""
    with sqlite3.connect(":memory:") as connection:
        for migration in MIGRATIONS:
            for statement in migration:
                connection.execute(statement)
        yield connection
    connection.close()


def plan(connection: sqlite3.Connection, sql: str, values: Sequence[Any]) -> list[str]:
    """Return what the database does with the table of memberships."""
    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    return [step for step in steps if step.startswith(("SEARCH e ", "SEARCH edges ", "SCAN e", "SCAN edges"))]


@pytest.mark.parametrize(
    ("resource_type", "filter", "index"),
    [
        ("Group", HasMember("m"), BY_MEMBER),
        ("Group", HasMembers(), BY_GROUP),
        ("User", InGroup("g"), BY_GROUP),
        ("User", InGroups(), BY_MEMBER),
    ],
)
def test_filters_by_memberships_go_by_their_ends(
    connection: sqlite3.Connection, resource_type: str, filter: ResolvedFilter, index: str
) -> None:
    statement = search(ACME, Query(resource_type, filter))
    steps = plan(connection, statement.sql, statement.values)
    assert steps
    assert all(index in step for step in steps)


@pytest.mark.parametrize(
    ("sql", "values", "index"),
    [
        pytest.param(_GROUPS_OF, ("[]", ACME), BY_MEMBER, id="groups of members"),
        pytest.param(_MEMBERS, ("[]", ACME, "", 1), f"{BY_GROUP} AND member>?)", id="members of groups"),
        pytest.param(_SELECT, ("[]",) * 3, BY_MEMBER, id="look-ups"),
    ],
)
def test_reads_of_memberships_go_by_their_ends(
    connection: sqlite3.Connection, sql: str, values: Sequence[Any], index: str
) -> None:
    steps = plan(connection, sql, values)
    assert steps
    assert all(index in step for step in steps)


def test_a_page_of_members_is_not_sorted(connection: sqlite3.Connection) -> None:
    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {_MEMBERS}", ("[]", ACME, "", 1))]
    assert not [step for step in steps if "TEMP B-TREE" in step]


def test_whatever_a_batch_needs_is_looked_up(connection: sqlite3.Connection) -> None:
    steps = _steps(connection, _LOAD, {"tenant": ACME, **_keys(Need())})

    # Beside the tables, what was found already is gone through.
    found = {"json_each", "k", "named", "wanted", "owners", "w", "o", "m", "j", "CONSTANT"}
    assert {step.split()[1] for step in steps if step.startswith("SCAN")} <= found
    searches = [step for step in steps if step.startswith("SEARCH") and not step.startswith("SEARCH tenants")]
    assert searches
    assert all("(tenant=? AND " in step for step in searches)


@pytest.mark.parametrize(
    ("index", "sought"),
    [
        ("accounts_detached", "(tenant=? AND external_id=?)"),
        ("accounts_imported", "(tenant=? AND email=?)"),
        ("accounts_by_resource", "(tenant=? AND resource=?)"),
        ("tombstones_by_id", "(tenant=? AND id=?)"),
    ],
)
def test_leavers_and_accounts_of_nobody_have_indexes(connection: sqlite3.Connection, index: str, sought: str) -> None:
    steps = _steps(connection, _LOAD, {"tenant": ACME, **_keys(Need())})

    assert [step for step in steps if f"INDEX {index} {sought}" in step]


APPLIED = (
    "a USING INDEX accounts_by_resource (tenant=? AND resource=?)",
    "c USING PRIMARY KEY (tenant=? AND resource=?)",
)


@pytest.mark.parametrize(
    ("sql", "values", "searches"),
    [
        pytest.param(
            pending._PENDING,
            (ACME, "User", "", 1),
            ("r USING INDEX resources_pending (tenant=? AND type=? AND id>?)", *APPLIED),
            id="pending resources",
        ),
        pytest.param(
            pending._ALL,
            (ACME, "User", "", 1),
            ("r USING INDEX resources_by_type (tenant=? AND type=? AND id>?)", *APPLIED),
            id="all resources",
        ),
        pytest.param(
            pending._LEAVERS,
            (ACME, "", 1),
            ("t USING INDEX tombstones_by_id (tenant=? AND id>?)", *APPLIED),
            id="leavers",
        ),
        pytest.param(
            _OF_NOBODY["User"],
            (ACME, "", 1),
            (
                "a USING COVERING INDEX accounts_by_resource (tenant=? AND resource>?)",
                "r USING COVERING INDEX resources_by_type (tenant=? AND type=? AND id=?)",
            ),
            id="accounts of nobody",
        ),
        pytest.param(
            _OF_NOBODY["Group"],
            (ACME, "", 1),
            (
                "c USING PRIMARY KEY (tenant=? AND resource>?)",
                "r USING COVERING INDEX resources_by_type (tenant=? AND type=? AND id=?)",
            ),
            id="cohorts of nobody",
        ),
        pytest.param(
            pending._MEMBERSHIPS,
            (ACME, "", "", 1),
            ("e USING INDEX edges_pending (tenant=? AND (grp,member)>(?,?))",),
            id="memberships",
        ),
        pytest.param(
            pending._DETACHED,
            ("[]", ACME),
            ("a USING INDEX accounts_detached (tenant=? AND external_id=?)",),
            id="detached accounts",
        ),
        pytest.param(
            pending._WITH_LOGINS,
            ("[]", ACME),
            ("a USING INDEX accounts_by_login (tenant=? AND login_key=?)",),
            id="accounts by login",
        ),
        pytest.param(
            _JOB,
            (ACME, "j1"),
            ("j USING INDEX sqlite_autoindex_jobs_1 (tenant=? AND id=?)", "p USING INDEX"),
            id="a job",
        ),
        pytest.param(_LATEST, (ACME, 1), ("j USING INDEX jobs_by_time (tenant=?)", "p USING INDEX"), id="jobs"),
    ],
)
def test_pages_are_ranges_of_an_index(
    connection: sqlite3.Connection, sql: str, values: Sequence[Any], searches: Sequence[str]
) -> None:
    steps = _steps(connection, sql, values)

    assert not [step for step in steps if "TEMP B-TREE" in step]
    found = [step for step in steps if step.startswith("SEARCH")]
    assert len(found) == len(searches)
    assert all(step.startswith(f"SEARCH {search}") for step, search in zip(found, searches, strict=True))


def test_what_waits_is_counted_in_its_own_indexes(connection: sqlite3.Connection) -> None:
    steps = [step for step in _steps(connection, pending._COUNTS, (ACME,)) if step.startswith("SEARCH")]

    indexes = ("resources_pending", "resources_pending", "edges_pending", "tombstones_by_id")
    assert all(f"INDEX {index} (tenant=?" in step for step, index in zip(steps, indexes, strict=True))


def test_of_all_jobs_only_running_ones_are_looked_at(connection: sqlite3.Connection) -> None:
    steps = [step for step in _steps(connection, _RUNNING, ()) if step.startswith(("SCAN", "SEARCH"))]

    assert steps[0] == "SCAN j USING INDEX jobs_running"
    assert steps[1].startswith("SEARCH p USING INDEX")


def _steps(connection: sqlite3.Connection, sql: str, values: Any) -> list[str]:
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
