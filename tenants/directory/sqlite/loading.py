"""What a batch needs, read by one statement: one moment, one step, whatever the need."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from schemas.ids import TenantId
from schemas.messages.codec import decode_outcomes
from schemas.messages.outcomes import Outcome
from tenants.directory.records import Counters, Reference
from tenants.directory.sqlite.rows import (
    ACCOUNT_JSON,
    COHORT_JSON,
    EDGE_JSON,
    RESOURCE_JSON,
    TOMBSTONE_JSON,
    account_of,
    cohort_of,
    edge_of,
    resource_of,
    tombstone_of,
)
from tenants.directory.writer import Need, Snapshot
from tenants.errors import UnknownTenantError
from tenants.registry.sqlite import TENANT_COLUMNS, tenant_of
from tenants.sqlite import Connection, one_document

_COUNTERS = "sequence, events, audit, users, groups, audit_digest, accounts, json(leaves), guard_tripped"
_COUNTERS_NUMBER = 9
_LOAD = f"""
WITH
named AS MATERIALIZED (
    SELECT r.type, r.name, r.id
    FROM json_each(:names) AS k CROSS JOIN resources AS r ON r.tenant = :tenant
        AND r.type = json_extract(k.value, '$[0]') AND r.name = json_extract(k.value, '$[1]')
),
wanted (id) AS MATERIALIZED (
    SELECT value FROM json_each(:resources)
    UNION
    SELECT id FROM named
    UNION
    SELECT e.grp FROM json_each(:groups_of) AS k CROSS JOIN edges AS e ON e.tenant = :tenant AND e.member = k.value
    UNION
    SELECT a.resource FROM json_each(:accounts) AS k CROSS JOIN accounts AS a
        ON a.tenant = :tenant AND a.id = k.value AND a.resource IS NOT NULL
),
owners (id) AS MATERIALIZED (
    SELECT id FROM wanted
    UNION
    SELECT value FROM json_each(:tombstones)
),
met (id) AS MATERIALIZED (
    SELECT a.id FROM owners AS o CROSS JOIN accounts AS a ON a.tenant = :tenant AND a.resource = o.id
    UNION
    SELECT value FROM json_each(:accounts)
    UNION
    SELECT a.id FROM json_each(:logins) AS k CROSS JOIN accounts AS a ON a.tenant = :tenant AND a.login_key = k.value
    UNION
    SELECT a.id FROM json_each(:external_ids) AS k CROSS JOIN accounts AS a
        ON a.tenant = :tenant AND (a.resource IS NULL OR a.leaving) AND a.external_id = k.value
    UNION
    SELECT a.id FROM json_each(:emails) AS k CROSS JOIN accounts AS a
        ON a.tenant = :tenant AND a.imported AND a.resource IS NULL AND a.email = k.value
),
joined (grp, member) AS MATERIALIZED (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:memberships)
    UNION
    SELECT e.grp, e.member FROM json_each(:all_members) AS k CROSS JOIN edges AS e
        ON e.tenant = :tenant AND e.grp = k.value
    UNION
    SELECT e.grp, e.member FROM json_each(:groups_of) AS k CROSS JOIN edges AS e
        ON e.tenant = :tenant AND e.member = k.value
)
SELECT json_object(
    'tenant', (
        SELECT json_array({TENANT_COLUMNS}, {_COUNTERS})
        FROM tenants WHERE id = :tenant
    ),
    'receipts', (
        SELECT json_group_array(json_array(q.command, hex(q.outcome)))
        FROM json_each(:receipts) AS k CROSS JOIN receipts AS q ON q.tenant = :tenant AND q.command = k.value
    ),
    'holders', (SELECT json_group_array(json_array(type, name, id)) FROM named),
    'resources', (
        SELECT json_group_array({RESOURCE_JSON})
        FROM wanted AS w CROSS JOIN resources AS r ON r.tenant = :tenant AND r.id = w.id
    ),
    'accounts', (
        SELECT json_group_array({ACCOUNT_JSON})
        FROM met AS m CROSS JOIN accounts AS a ON a.tenant = :tenant AND a.id = m.id
    ),
    'cohorts', (
        SELECT json_group_array({COHORT_JSON})
        FROM owners AS o CROSS JOIN cohorts AS c ON c.tenant = :tenant AND c.resource = o.id
    ),
    'edges', (
        SELECT json_group_array({EDGE_JSON})
        FROM joined AS j CROSS JOIN edges AS e ON e.tenant = :tenant AND e.grp = j.grp AND e.member = j.member
    ),
    'tombstones', (
        SELECT json_group_array({TOMBSTONE_JSON})
        FROM json_each(:tombstones) AS k CROSS JOIN tombstones AS t ON t.tenant = :tenant AND t.id = k.value
    ),
    'references', (
        SELECT json_group_array(json_array(r.id, r.type, a.id))
        FROM json_each(:references) AS k CROSS JOIN resources AS r ON r.tenant = :tenant AND r.id = k.value
            LEFT JOIN accounts AS a ON a.tenant = :tenant AND a.resource = r.id
    ),
    'planned', (
        SELECT json_group_array(json_array(i.plan, i.resource, i.kind))
        FROM json_each(:planned) AS k CROSS JOIN plan_items AS i ON i.tenant = :tenant
            AND i.plan = json_extract(k.value, '$[0]') AND i.resource = json_extract(k.value, '$[1]')
    )
)
"""
# Each by its own partial index.
_HAS_UNLINKED = """
SELECT EXISTS (
    SELECT 1 FROM accounts WHERE tenant = :tenant AND (resource IS NULL OR leaving) AND external_id IS NOT NULL
) OR EXISTS (
    SELECT 1 FROM accounts WHERE tenant = :tenant AND imported AND resource IS NULL AND email IS NOT NULL
)
"""


def load(connection: Connection, tenant: TenantId, need: Need) -> Snapshot:
    """Return the tenant's record and counters with what is needed.

    Raises:
        UnknownTenantError: There is no such tenant.
    """
    return _snapshot(one_document(connection, _LOAD, {"tenant": tenant, **_keys(need)}), tenant)


def has_unlinked(connection: Connection, tenant: TenantId) -> bool:
    """Tell whether an account without its User has an externalId or a verified address."""
    (found,) = connection.execute(_HAS_UNLINKED, {"tenant": tenant}).fetchone()
    return bool(found)


def _keys(need: Need) -> dict[str, bytes]:
    return {
        name: orjson.dumps(list(keys))
        for name, keys in (
            ("receipts", need.receipts),
            ("resources", need.resources),
            ("names", need.names),
            ("logins", need.logins),
            ("external_ids", need.external_ids),
            ("memberships", need.memberships),
            ("all_members", need.all_members),
            ("groups_of", need.groups_of),
            ("references", need.references),
            ("tombstones", need.tombstones),
            ("accounts", need.accounts),
            ("emails", need.emails),
            ("planned", need.planned),
        )
    }


def _snapshot(loaded: Mapping[str, Any], tenant: TenantId) -> Snapshot:
    if loaded["tenant"] is None:
        raise UnknownTenantError(tenant)
    record, counters = loaded["tenant"][:-_COUNTERS_NUMBER], loaded["tenant"][-_COUNTERS_NUMBER:]
    resources, accounts = map(resource_of, loaded["resources"]), map(account_of, loaded["accounts"])
    cohorts, edges = map(cohort_of, loaded["cohorts"]), map(edge_of, loaded["edges"])
    return Snapshot(
        tenant=tenant_of(record),
        counters=_counters(counters),
        receipts={command: _outcome(outcome) for command, outcome in loaded["receipts"]},
        resources={one.id: one for one in resources},
        holders={(type, name): id for type, name, id in loaded["holders"]},
        accounts={one.id: one for one in accounts},
        cohorts={one.resource: one for one in cohorts},
        edges={(one.group, one.member): one for one in edges},
        references=_references(loaded["references"]),
        tombstones={one.id: one for one in map(tombstone_of, loaded["tombstones"])},
        planned={(plan, resource): kind for plan, resource, kind in loaded["planned"]},
    )


def _counters(columns: Sequence[Any]) -> Counters:
    sequence, events, audit, users, groups, audit_digest, accounts, leaves, guard_tripped = columns
    left = tuple((minute, count) for minute, count in leaves)
    return Counters(sequence, events, audit, users, groups, audit_digest, accounts, left, guard_tripped)


def _references(rows: Iterable[Any]) -> dict[Any, Reference]:
    return {id: Reference(type, account) for id, type, account in rows}


def _outcome(hexadecimal: str) -> Outcome:
    (outcome,) = decode_outcomes(bytes.fromhex(hexadecimal))
    return outcome
