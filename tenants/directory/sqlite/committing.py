"""One transaction of a tenant, written: what goes first makes room for what follows."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from schemas.ids import TenantId
from schemas.messages.codec import encode_outcomes
from tenants.audit.sqlite import insert_links
from tenants.directory.records import Account, Counters, StoredResource
from tenants.directory.sealing import sealed
from tenants.directory.sqlite.rows import account_row, cohort_row, edge_row, resource_row, tombstone_row
from tenants.directory.writer import Changes
from tenants.erasures.sqlite import insert_erasures
from tenants.errors import LaneLostError
from tenants.outbox.sqlite import insert_events
from tenants.sqlite import Connection, insert, update

RECEIPT_LIFE = timedelta(days=1)
_EXPIRY_EVERY, _EXPIRED_AT_ONCE = 16, 2048
"""Every 16th transaction forgets old receipts: more than 16 transactions bring, and too few to be felt."""

_RESOURCES = """resources (tenant, id, type, name, external_id, display_name, emails, version, created, modified,
    applied_version, hold, rendered, search, attributes)"""
_ACCOUNTS = """accounts (tenant, id, resource, external_id, login_key, leaving, imported, email, login, status, sign_in,
    activated, legal_hold, profile, erase_at)"""


def commit(connection: Connection, changes: Changes) -> Counters:
    """Write the changes within the transaction under way; return the counters, with the digest that the log then has.

    Raises:
        LaneLostError: The tenant's counters or revision are not the expected ones any more.
        DuplicateError: A name, login or command id is taken.
    """
    links, counters = sealed(changes)
    _raise_counters(connection, changes, counters)
    _write(connection, changes)
    insert_links(connection, changes.tenant, links)
    return counters


def _raise_counters(connection: Connection, changes: Changes, counters: Counters) -> None:
    raised = connection.execute(
        "UPDATE tenants SET (sequence, events, audit, users, groups, audit_digest, accounts, leaves, guard_tripped)"
        " = (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        # Audit entries are appended outside of the lane too: the counter tells.
        " WHERE id = ? AND sequence = ? AND revision = ? AND audit = ?",
        (
            counters.sequence,
            counters.events,
            counters.audit,
            counters.users,
            counters.groups,
            counters.audit_digest,
            counters.accounts,
            orjson.dumps(counters.leaves).decode(),
            counters.guard_tripped,
            changes.tenant,
            changes.expected_sequence,
            changes.expected_revision,
            counters.audit - len(changes.audit),
        ),
    )
    if raised.rowcount != 1:
        raise LaneLostError(f"tenant {changes.tenant} has moved on from transaction {changes.expected_sequence}")


def _write(connection: Connection, changes: Changes) -> None:
    tenant = changes.tenant
    _write_receipts(connection, changes)
    _delete(connection, "resources", "id", tenant, [id for _, id in changes.removed])
    _update_resources(connection, tenant, changes.updated)
    insert(connection, _RESOURCES, [resource_row(tenant, one) for one in changes.inserted])
    _delete(connection, "accounts", "id", tenant, changes.accounts_removed)
    _update_accounts(connection, tenant, changes.accounts_updated)
    insert(connection, _ACCOUNTS, [account_row(tenant, one) for one in changes.accounts_inserted])
    _write_edges(connection, changes)
    _write_cohorts_and_tombstones(connection, changes)
    insert_events(connection, tenant, changes.events)
    insert_erasures(connection, changes.erasures)


def _write_receipts(connection: Connection, changes: Changes) -> None:
    rows = [(changes.tenant, one.command, changes.at, encode_outcomes((one,))) for one in changes.receipts]
    insert(connection, "receipts (tenant, command, at, outcome)", rows)
    if changes.at and changes.counters.sequence % _EXPIRY_EVERY == 0:
        oldest = (datetime.fromisoformat(changes.at) - RECEIPT_LIFE).strftime("%Y-%m-%dT%H:%M:%S")
        connection.execute(
            "DELETE FROM receipts WHERE rowid IN (SELECT rowid FROM receipts WHERE tenant = ? AND at < ? LIMIT ?)",
            (changes.tenant, oldest, _EXPIRED_AT_ONCE),
        )


def _update_resources(connection: Connection, tenant: TenantId, resources: Sequence[StoredResource]) -> None:
    if not resources:
        return
    rows = [resource_row(tenant, one) for one in resources]
    # Names that change are given up before any is taken; indexes are touched only where their columns change.
    keys = [row[:2] + row[3:7] for row in rows]
    update(
        connection,
        "UPDATE resources SET name = NULL FROM {new} WHERE tenant = column1 AND id = column2 AND name <> column3",
        keys,
    )
    update(
        connection,
        """UPDATE resources SET name = column3, external_id = column4, display_name = column5, emails = column6
        FROM {new} WHERE tenant = column1 AND id = column2 AND (name IS NOT column3 OR external_id IS NOT column4
            OR display_name IS NOT column5 OR emails IS NOT column6)""",
        keys,
    )
    update(
        connection,
        """UPDATE resources SET version = column3, created = column4, modified = column5, applied_version = column6,
            hold = column7, rendered = column8, search = column9, attributes = column10
        FROM {new} WHERE tenant = column1 AND id = column2""",
        [row[:2] + row[7:] for row in rows],
    )


def _update_accounts(connection: Connection, tenant: TenantId, accounts: Sequence[Account]) -> None:
    if not accounts:
        return
    rows = [account_row(tenant, one) for one in accounts]
    keys = [row[:8] for row in rows]
    update(
        connection,
        """UPDATE accounts SET login_key = NULL FROM {new}
        WHERE tenant = column1 AND id = column2 AND login_key <> column5""",
        keys,
    )
    update(
        connection,
        """UPDATE accounts SET resource = column3, external_id = column4, login_key = column5, leaving = column6,
            imported = column7, email = column8
        FROM {new} WHERE tenant = column1 AND id = column2 AND (resource IS NOT column3 OR external_id IS NOT column4
            OR login_key IS NOT column5 OR leaving <> column6 OR imported <> column7 OR email IS NOT column8)""",
        keys,
    )
    update(
        connection,
        """UPDATE accounts SET login = column3, status = column4, sign_in = column5, activated = column6,
            legal_hold = column7, profile = column8, erase_at = column9
        FROM {new} WHERE tenant = column1 AND id = column2""",
        [row[:2] + row[8:] for row in rows],
    )


def _write_edges(connection: Connection, changes: Changes) -> None:
    tenant = changes.tenant
    _delete(connection, "edges", "grp", tenant, changes.groups_cleared)
    if changes.edges_removed:
        connection.execute(
            """DELETE FROM edges WHERE tenant = ? AND (grp, member) IN
                (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))""",
            (tenant, orjson.dumps(changes.edges_removed)),
        )
    insert(
        connection,
        "edges (tenant, grp, member, member_type, desired, applied, kept)",
        [edge_row(tenant, one) for one in changes.edges_put],
        on_conflict="""ON CONFLICT (tenant, grp, member) DO UPDATE SET member_type = excluded.member_type,
            desired = excluded.desired, applied = excluded.applied, kept = excluded.kept""",
    )


def _write_cohorts_and_tombstones(connection: Connection, changes: Changes) -> None:
    tenant = changes.tenant
    _delete(connection, "cohorts", "resource", tenant, changes.cohorts_removed)
    insert(
        connection,
        "cohorts (tenant, resource, name, external_id)",
        [cohort_row(tenant, one) for one in changes.cohorts_put],
        on_conflict="""ON CONFLICT (tenant, resource) DO UPDATE SET name = excluded.name,
            external_id = excluded.external_id""",
    )
    if changes.tombstones_removed:
        connection.execute(
            """DELETE FROM tombstones WHERE tenant = ? AND (type, id) IN
                (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))""",
            (tenant, orjson.dumps(changes.tombstones_removed)),
        )
    insert(
        connection,
        "tombstones (tenant, type, id, name, external_id, deleted, hold)",
        [tombstone_row(tenant, one) for one in changes.tombstones_put],
        on_conflict="""ON CONFLICT (tenant, type, id) DO UPDATE SET name = excluded.name,
            external_id = excluded.external_id, deleted = excluded.deleted, hold = excluded.hold""",
    )


def _delete(connection: Connection, table: str, key: str, tenant: TenantId, values: Iterable[Any]) -> None:
    if keys := list(values):
        connection.execute(
            f"DELETE FROM {table} WHERE tenant = ? AND {key} IN (SELECT value FROM json_each(?))",
            (tenant, orjson.dumps(keys)),
        )
