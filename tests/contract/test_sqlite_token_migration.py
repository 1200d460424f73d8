"""A file of the release before tokens were warned of is brought up to date with all its tokens."""

import sqlite3
from contextlib import closing
from pathlib import Path

from schemas.ids import TenantId, TokenId
from tenants.sqlite.tables import _TOKEN_WARNINGS, MIGRATIONS
from tests.support.builders import LATER, NOW, tenant, token
from tests.support.stores import open_sqlite_stores

ACME, GLOBEX = TenantId("acme"), TenantId("globex")


async def test_tokens_of_an_older_file_were_not_warned_of_and_their_tenants_may_have_two(tmp_path: Path) -> None:
    path = str(tmp_path / "old.sqlite")
    _write_older_file(path)

    async with open_sqlite_stores(path) as stores:
        assert [await stores.registry.tenant(id) for id in (ACME, GLOBEX)] == [tenant(ACME), tenant(GLOBEX)]
        assert list(await stores.registry.tokens(ACME)) == [token(ACME, "t1", revoked=LATER)]
        assert list(await stores.registry.tokens(GLOBEX)) == [token(GLOBEX, "t1", revoked=LATER)]
        assert not await stores.registry.rotate_token(token(ACME, "t2"), TokenId("t1"), stops=None)


def _write_older_file(path: str) -> None:
    version = MIGRATIONS.index(_TOKEN_WARNINGS)
    with closing(sqlite3.connect(path)) as older, older:
        for statement in (statement for migration in MIGRATIONS[:version] for statement in migration):
            older.execute(statement)
        older.execute(f"PRAGMA user_version = {version}")
        for id in (ACME, GLOBEX):
            record = token(id, "t1", revoked=LATER)
            older.execute(
                "INSERT INTO tenants (id, display_name, created, status, dialect, policies, revision)"
                " VALUES (?, ?, ?, 'active', 'tolerant', '{}', 1)",
                (id, tenant(id).display_name, NOW),
            )
            older.execute(
                "INSERT INTO tokens (tenant, id, name, last_four, digest, created, created_by, expires, revoked)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (id, "t1", record.name, record.last_four, record.digest, NOW, record.created_by, record.expires, LATER),
            )
