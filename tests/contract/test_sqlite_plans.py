"""SQLite knows nothing of how many memberships a tenant has: that the right index is used is part of the statements."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from schemas.ids import TenantId
from schemas.scim.filters.nodes import HasMember, HasMembers, InGroup, InGroups, ResolvedFilter
from schemas.scim.query import Query
from tenants.directory.sqlite.reader import _GROUPS_OF, _MEMBERS
from tenants.directory.sqlite.searching import search
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
