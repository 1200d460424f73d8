"""What a batch needs, read by one statement: one moment, one step, whatever the need."""

from collections.abc import Iterable, Mapping
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
    account_of,
    cohort_of,
    edge_of,
    resource_of,
)
from tenants.directory.writer import Need, Snapshot
from tenants.errors import UnknownTenantError
from tenants.registry.sqlite import TENANT_COLUMNS, tenant_of
from tenants.sqlite import Connection, one_document

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
),
met (id) AS MATERIALIZED (
    SELECT a.id FROM wanted AS w CROSS JOIN accounts AS a ON a.tenant = :tenant AND a.resource = w.id
    UNION
    SELECT a.id FROM json_each(:logins) AS k CROSS JOIN accounts AS a ON a.tenant = :tenant AND a.login_key = k.value
    UNION
    SELECT a.id FROM json_each(:external_ids) AS k CROSS JOIN accounts AS a
        ON a.tenant = :tenant AND a.resource IS NULL AND a.external_id = k.value
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
        SELECT json_array({TENANT_COLUMNS}, sequence, events, audit, users, groups, audit_digest)
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
        FROM wanted AS w CROSS JOIN cohorts AS c ON c.tenant = :tenant AND c.resource = w.id
    ),
    'edges', (
        SELECT json_group_array({EDGE_JSON})
        FROM joined AS j CROSS JOIN edges AS e ON e.tenant = :tenant AND e.grp = j.grp AND e.member = j.member
    ),
    'references', (
        SELECT json_group_array(json_array(r.id, r.type, a.id))
        FROM json_each(:references) AS k CROSS JOIN resources AS r ON r.tenant = :tenant AND r.id = k.value
            LEFT JOIN accounts AS a ON a.tenant = :tenant AND a.resource = r.id
    )
)
"""


def load(connection: Connection, tenant: TenantId, need: Need) -> Snapshot:
    """Return the tenant's record and counters with what is needed.

    Raises:
        UnknownTenantError: There is no such tenant.
    """
    return _snapshot(one_document(connection, _LOAD, {"tenant": tenant, **_keys(need)}), tenant)


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
        )
    }


def _snapshot(loaded: Mapping[str, Any], tenant: TenantId) -> Snapshot:
    if loaded["tenant"] is None:
        raise UnknownTenantError(tenant)
    *record, sequence, events, audit, users, groups, audit_digest = loaded["tenant"]
    resources, accounts = map(resource_of, loaded["resources"]), map(account_of, loaded["accounts"])
    cohorts, edges = map(cohort_of, loaded["cohorts"]), map(edge_of, loaded["edges"])
    return Snapshot(
        tenant=tenant_of(record),
        counters=Counters(sequence, events, audit, users, groups, audit_digest),
        receipts={command: _outcome(outcome) for command, outcome in loaded["receipts"]},
        resources={one.id: one for one in resources},
        holders={(type, name): id for type, name, id in loaded["holders"]},
        accounts={one.id: one for one in accounts},
        cohorts={one.resource: one for one in cohorts},
        edges={(one.group, one.member): one for one in edges},
        references=_references(loaded["references"]),
    )


def _references(rows: Iterable[Any]) -> dict[Any, Reference]:
    return {id: Reference(type, account) for id, type, account in rows}


def _outcome(hexadecimal: str) -> Outcome:
    (outcome,) = decode_outcomes(bytes.fromhex(hexadecimal))
    return outcome
