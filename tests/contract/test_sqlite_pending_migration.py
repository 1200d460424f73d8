"""A file of the release before leaves could be released is brought up to date: who leaves is found, what waits too."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from schemas.ids import ResourceId, TenantId
from tenants.directory.pending import PendingKind
from tenants.directory.records import Account, Edge, Hold, StoredResource, Tombstone
from tenants.directory.writer import Need
from tenants.sqlite.tables import _PENDING, MIGRATIONS
from tests.support.builders import NOW, account, edge, group, tenant, tombstone, user
from tests.support.stores import open_sqlite_stores

ACME, GLOBEX = TenantId("acme"), TenantId("globex")
ANN, NEW = user(1, "ann@example.com"), user(2, "new@example.com", applied_version=0, hold=Hold.DRY_RUN)
GONE, TEAM = user(3, "gone@example.com", external_id="E-3"), group(11, "Team")
KEPT = account(104, None, external_id="E-4")


async def test_leavers_and_what_waits_are_found_in_an_older_file(tmp_path: Path) -> None:
    path = str(tmp_path / "old.sqlite")
    _write_older_file(path)

    async with open_sqlite_stores(path) as stores:
        leaving = account(103, GONE, is_leaving=True)
        (leaver,) = await stores.pending.pending(ACME, PendingKind.LEAVER, after=ResourceId(""), limit=10)
        assert (leaver.tombstone, leaver.account) == (tombstone(GONE), leaving)
        assert await stores.accounts.accounts(ACME, after="", limit=10) == [account(101, ANN), leaving, KEPT]
        loaded = await stores.writer.load(ACME, Need(external_ids=frozenset({"E-3", "E-4"})))
        assert set(loaded.accounts) == {leaving.id, KEPT.id}
        assert await stores.pending.counts(ACME) == dict.fromkeys(PendingKind, 1)
        # The same ids in another tenant, where nobody leaves.
        assert await stores.accounts.accounts(GLOBEX, after="", limit=10) == [account(101, ANN), account(103, GONE)]
        assert await stores.pending.counts(GLOBEX) == dict.fromkeys(PendingKind, 0)


def _write_older_file(path: str) -> None:
    version = MIGRATIONS.index(_PENDING)
    with closing(sqlite3.connect(path)) as older, older:
        for statement in (statement for migration in MIGRATIONS[:version] for statement in migration):
            older.execute(statement)
        older.execute(f"PRAGMA user_version = {version}")
        for id in (ACME, GLOBEX):
            _insert(older, "tenants", _tenant(id))
            _insert(older, "accounts", _account(id, account(101, ANN)))
            _insert(older, "accounts", _account(id, account(103, GONE)))
        _insert(older, "accounts", _account(ACME, KEPT))
        for resource in (ANN, NEW, group(12, "New", hold=Hold.DRY_RUN)):
            _insert(older, "resources", _resource(ACME, resource))
        for each in (edge(TEAM, NEW, applied=False), edge(TEAM, ANN)):
            _insert(older, "edges", _edge(ACME, each))
        _insert(older, "tombstones", _tombstone(ACME, tombstone(GONE)))


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    places = ", ".join(f":{column}" for column in row)
    connection.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})",  # noqa: S608 - the tables' own names
        row,
    )


def _tenant(id: TenantId) -> dict[str, Any]:
    return {
        "id": id,
        "display_name": tenant(id).display_name,
        "created": NOW,
        "status": "active",
        "dialect": "tolerant",
        "policies": "{}",
        "revision": 1,
    }


def _account(tenant: TenantId, one: Account) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "id": one.id,
        "resource": one.resource,
        "external_id": one.external_id,
        "login": one.login,
        "login_key": one.login_key,
        "status": one.status,
        "sign_in": one.sign_in,
        "activated": one.activated,
        "profile": orjson.dumps(one.profile).decode(),
    }


def _resource(tenant: TenantId, one: StoredResource) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "id": one.id,
        "type": one.type,
        "version": one.version,
        "created": one.created,
        "modified": one.modified,
        "name": one.name,
        "applied_version": one.applied_version,
        "hold": one.hold,
        "rendered": one.rendered.decode(),
        "search": orjson.dumps(one.search).decode(),
        "attributes": orjson.dumps(one.attributes).decode(),
    }


def _edge(tenant: TenantId, one: Edge) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "grp": one.group,
        "member": one.member,
        "member_type": one.member_type,
        "desired": one.desired,
        "applied": one.applied,
    }


def _tombstone(tenant: TenantId, one: Tombstone) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "type": one.type,
        "id": one.id,
        "name": one.name,
        "external_id": one.external_id,
        "deleted": one.deleted,
        "hold": one.hold,
    }
