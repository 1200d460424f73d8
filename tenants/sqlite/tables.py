"""The tables: the tenant comes first in every primary key and index."""

_FIRST = (
    """CREATE TABLE tenants (
        id TEXT PRIMARY KEY, display_name TEXT NOT NULL, created TEXT NOT NULL, status TEXT NOT NULL,
        dialect TEXT NOT NULL, policies TEXT NOT NULL, revision INTEGER NOT NULL,
        sequence INTEGER NOT NULL DEFAULT 0, events INTEGER NOT NULL DEFAULT 0, audit INTEGER NOT NULL DEFAULT 0,
        users INTEGER NOT NULL DEFAULT 0, groups INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID""",
    """CREATE TABLE tokens (
        tenant TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, last_four TEXT NOT NULL, digest TEXT NOT NULL,
        created TEXT NOT NULL, created_by TEXT NOT NULL, expires TEXT NOT NULL, revoked TEXT,
        used_at TEXT, used_address TEXT, used_agent TEXT,
        PRIMARY KEY (tenant, id)
    ) WITHOUT ROWID""",
    # With rowid: rows are long, and pages of the index of (tenant, type, id) hold many.
    # A name is NULL only inside a transaction that hands names over.
    """CREATE TABLE resources (
        tenant TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, version INTEGER NOT NULL,
        created TEXT NOT NULL, modified TEXT NOT NULL, name TEXT, external_id TEXT,
        applied_version INTEGER NOT NULL, hold TEXT, rendered TEXT NOT NULL, search TEXT NOT NULL,
        attributes TEXT NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    "CREATE UNIQUE INDEX resources_by_name ON resources (tenant, type, name)",
    "CREATE UNIQUE INDEX resources_by_type ON resources (tenant, type, id)",
    "CREATE INDEX resources_by_external_id ON resources (tenant, type, external_id, id) WHERE external_id IS NOT NULL",
    """CREATE TABLE edges (
        tenant TEXT NOT NULL, grp TEXT NOT NULL, member TEXT NOT NULL, member_type TEXT NOT NULL,
        desired INTEGER NOT NULL, applied INTEGER NOT NULL,
        PRIMARY KEY (tenant, grp, member)
    ) WITHOUT ROWID""",
    "CREATE INDEX edges_by_member ON edges (tenant, member, grp)",
    """CREATE TABLE accounts (
        tenant TEXT NOT NULL, id TEXT NOT NULL, resource TEXT, external_id TEXT, login TEXT NOT NULL, login_key TEXT,
        status TEXT NOT NULL, sign_in TEXT NOT NULL, activated INTEGER NOT NULL, profile TEXT NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    "CREATE UNIQUE INDEX accounts_by_login ON accounts (tenant, login_key)",
    "CREATE INDEX accounts_by_resource ON accounts (tenant, resource) WHERE resource IS NOT NULL",
    """CREATE INDEX accounts_detached ON accounts (tenant, external_id)
        WHERE resource IS NULL AND external_id IS NOT NULL""",
    """CREATE TABLE cohorts (
        tenant TEXT NOT NULL, resource TEXT NOT NULL, name TEXT NOT NULL, external_id TEXT,
        PRIMARY KEY (tenant, resource)
    ) WITHOUT ROWID""",
    """CREATE TABLE tombstones (
        tenant TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, external_id TEXT,
        deleted TEXT NOT NULL, hold TEXT NOT NULL,
        PRIMARY KEY (tenant, type, id)
    ) WITHOUT ROWID""",
    """CREATE TABLE receipts (
        tenant TEXT NOT NULL, command TEXT NOT NULL, at TEXT NOT NULL, outcome BLOB NOT NULL,
        PRIMARY KEY (tenant, command)
    )""",
    "CREATE INDEX receipts_by_time ON receipts (tenant, at)",
    """CREATE TABLE audit (
        tenant TEXT NOT NULL, number INTEGER NOT NULL, entry BLOB NOT NULL,
        PRIMARY KEY (tenant, number)
    )""",
    """CREATE TABLE events (
        tenant TEXT NOT NULL, number INTEGER NOT NULL, event BLOB NOT NULL,
        PRIMARY KEY (tenant, number)
    )""",
)
_SORTING = (
    # What lists are sorted and filtered by, with the id behind it, so that a page is a range of an index.
    "ALTER TABLE resources ADD COLUMN display_name TEXT",
    # Addresses that are not the name as well: a JSON array, followed by the table `emails`.
    "ALTER TABLE resources ADD COLUMN emails TEXT",
    """UPDATE resources SET display_name = json_extract(search, '$.displayName'), emails = (
        SELECT nullif(json_group_array(DISTINCT json_extract(value, '$.value')), '[]')
        FROM json_each(search, '$.emails')
        WHERE json_type(value, '$.value') = 'text' AND json_extract(value, '$.value') IS NOT name
    ) WHERE type = 'User'""",
    "CREATE INDEX resources_by_display_name ON resources (tenant, type, display_name, id)",
    "CREATE INDEX resources_by_created ON resources (tenant, type, created, id)",
    "CREATE INDEX resources_by_modified ON resources (tenant, type, modified, id)",
    # With those that have none, which sorts put behind the others, or before them.
    "DROP INDEX resources_by_external_id",
    "CREATE INDEX resources_by_external_id ON resources (tenant, type, external_id, id)",
    """CREATE TABLE emails (
        tenant TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL,
        PRIMARY KEY (tenant, value, id)
    ) WITHOUT ROWID""",
    """INSERT INTO emails SELECT DISTINCT r.tenant, e.value, r.id
        FROM resources AS r, json_each(r.emails) AS e WHERE r.emails IS NOT NULL""",
    """CREATE TRIGGER emails_come AFTER INSERT ON resources WHEN new.emails IS NOT NULL BEGIN
        INSERT INTO emails SELECT DISTINCT new.tenant, value, new.id FROM json_each(new.emails);
    END""",
    """CREATE TRIGGER emails_change AFTER UPDATE OF emails ON resources WHEN new.emails IS NOT old.emails BEGIN
        DELETE FROM emails WHERE tenant = old.tenant AND id = old.id
            AND value IN (SELECT value FROM json_each(old.emails));
        INSERT INTO emails SELECT DISTINCT new.tenant, value, new.id FROM json_each(new.emails);
    END""",
    """CREATE TRIGGER emails_go AFTER DELETE ON resources WHEN old.emails IS NOT NULL BEGIN
        DELETE FROM emails WHERE tenant = old.tenant AND id = old.id
            AND value IN (SELECT value FROM json_each(old.emails));
    END""",
    # What the planner is to think of the indexes, whatever is in them: a tenant has many resources of a type, of a key
    # few, and all of them are best read in the order of their ids, in which they lie.
    "ANALYZE tenants",
    "DELETE FROM sqlite_stat1",
    """INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
        ('resources', 'sqlite_autoindex_resources_1', '100000 20000 1'),
        ('resources', 'resources_by_type', '100000 20000 8000 1'),
        ('resources', 'resources_by_name', '100000 20000 10000 1'),
        ('resources', 'resources_by_external_id', '100000 20000 10000 2 1'),
        ('resources', 'resources_by_display_name', '100000 20000 10000 2 1'),
        ('resources', 'resources_by_created', '100000 20000 10000 20 1'),
        ('resources', 'resources_by_modified', '100000 20000 10000 20 1'),
        ('emails', 'emails', '100000 20000 1 1')""",
)
_EXTENSIONS = (
    # A JSON array of the tenant's own schemas.
    "ALTER TABLE tenants ADD COLUMN extensions TEXT NOT NULL DEFAULT '[]'",
)
_TOKEN_WARNINGS = (
    "ALTER TABLE tokens ADD COLUMN replaced_by TEXT",
    # The last threshold, in days before the end, that was told of.
    "ALTER TABLE tokens ADD COLUMN warned INTEGER",
    "ALTER TABLE tenants ADD COLUMN token_limit INTEGER NOT NULL DEFAULT 2",
)
_AUDIT_CHAIN = (
    "ALTER TABLE tenants ADD COLUMN audit_digest TEXT NOT NULL DEFAULT ''",
    # The last entry that was forgotten, and the digest of its link.
    "ALTER TABLE tenants ADD COLUMN audit_start INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE tenants ADD COLUMN audit_start_digest TEXT NOT NULL DEFAULT ''",
    # From now on a row is a link of the chain: `entry` holds the heads, `number` is that of the last entry. Rows
    # without a digest are older: one entry each, packed whole.
    "ALTER TABLE audit ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE audit ADD COLUMN first INTEGER",
    "ALTER TABLE audit ADD COLUMN earliest TEXT",
    "ALTER TABLE audit ADD COLUMN latest TEXT",
    "ALTER TABLE audit ADD COLUMN details TEXT",
    "ALTER TABLE audit ADD COLUMN digest TEXT",
    "CREATE INDEX audit_without_digest ON audit (tenant, number) WHERE digest IS NULL",
    """CREATE TABLE audit_targets (
        tenant TEXT NOT NULL, target TEXT NOT NULL, number INTEGER NOT NULL,
        PRIMARY KEY (tenant, target, number)
    ) WITHOUT ROWID""",
)
_PENDING = (
    "ALTER TABLE accounts ADD COLUMN leaving INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE accounts ADD COLUMN imported INTEGER NOT NULL DEFAULT 0",
    # Of imported accounts: the verified address.
    "ALTER TABLE accounts ADD COLUMN email TEXT",
    "ALTER TABLE accounts ADD COLUMN legal_hold INTEGER NOT NULL DEFAULT 0",
    # Whose leave waits already.
    """UPDATE accounts SET leaving = 1 WHERE EXISTS (
        SELECT 1 FROM tombstones AS t
        WHERE t.tenant = accounts.tenant AND t.type = 'User' AND t.id = accounts.resource)""",
    "DROP INDEX accounts_detached",
    """CREATE INDEX accounts_detached ON accounts (tenant, external_id)
        WHERE (resource IS NULL OR leaving) AND external_id IS NOT NULL""",
    """CREATE INDEX accounts_imported ON accounts (tenant, email)
        WHERE imported AND resource IS NULL AND email IS NOT NULL""",
    """CREATE INDEX resources_pending ON resources (tenant, type, id)
        WHERE hold IS NOT NULL OR applied_version < version""",
    "CREATE INDEX edges_pending ON edges (tenant, grp, member) WHERE desired <> applied",
    "CREATE UNIQUE INDEX tombstones_by_id ON tombstones (tenant, id)",
    """CREATE TABLE jobs (
        tenant TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, created TEXT NOT NULL, principal TEXT NOT NULL,
        state TEXT NOT NULL, total INTEGER NOT NULL, done INTEGER NOT NULL, failed INTEGER NOT NULL,
        failures TEXT NOT NULL, step INTEGER NOT NULL, place TEXT NOT NULL, updated TEXT NOT NULL, ended TEXT NOT NULL,
        reason TEXT NOT NULL, driver TEXT NOT NULL, driven_until REAL NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    "CREATE INDEX jobs_by_time ON jobs (tenant, created, id)",
    "CREATE INDEX jobs_running ON jobs (tenant, id) WHERE state = 'running'",
    # They may be long, as thousands of accounts to import are, and each step writes the row of its job.
    """CREATE TABLE job_parameters (
        tenant TEXT NOT NULL, job TEXT NOT NULL, parameters TEXT NOT NULL,
        PRIMARY KEY (tenant, job)
    )""",
)
_PARKED = (
    # What the bus inside one process set aside; with `patience`, in seconds, it is wanted back on its lane.
    """CREATE TABLE parked (
        tenant TEXT NOT NULL, id TEXT NOT NULL, message BLOB NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL,
        patience REAL,
        PRIMARY KEY (tenant, id)
    )""",
    "CREATE INDEX parked_by_time ON parked (tenant, at) WHERE patience IS NULL",
    "CREATE INDEX parked_wanted ON parked (tenant, at) WHERE patience IS NOT NULL",
)
_PLANS = (
    """CREATE TABLE plans (
        tenant TEXT NOT NULL, id TEXT NOT NULL, created TEXT NOT NULL, principal TEXT NOT NULL,
        sequence INTEGER NOT NULL, digest TEXT NOT NULL, destructive INTEGER NOT NULL, erasures INTEGER NOT NULL,
        counts TEXT NOT NULL,
        PRIMARY KEY (tenant, id)
    )""",
    "CREATE INDEX plans_by_time ON plans (tenant, created, id)",
    # Whose account the release would disable or erase.
    """CREATE TABLE plan_items (
        tenant TEXT NOT NULL, plan TEXT NOT NULL, resource TEXT NOT NULL, kind TEXT NOT NULL,
        PRIMARY KEY (tenant, plan, resource)
    ) WITHOUT ROWID""",
)
_GUARD = (
    # Managed accounts: linked to a User, also to one whose leave is pending.
    "ALTER TABLE tenants ADD COLUMN accounts INTEGER NOT NULL DEFAULT 0",
    """UPDATE tenants SET accounts = (
        SELECT count(*) FROM accounts AS a WHERE a.tenant = tenants.id AND a.resource IS NOT NULL
    )""",
    # What was deprovisioned lately: a JSON array of [minute, number].
    "ALTER TABLE tenants ADD COLUMN leaves TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE tenants ADD COLUMN guard_tripped TEXT NOT NULL DEFAULT ''",
)
_ERASURES = (
    # Accounts that were erased, until nothing of their persons is left; `id` is the account's, or else the User's.
    """CREATE TABLE erasures (
        tenant TEXT NOT NULL, id TEXT NOT NULL, account TEXT, resource TEXT, at TEXT NOT NULL,
        PRIMARY KEY (tenant, id)
    ) WITHOUT ROWID""",
    # Whom an event is about whose payload says something of a person.
    "ALTER TABLE events ADD COLUMN account TEXT",
    # Packed: the field `subject` with a text of 32 bytes.
    """UPDATE events SET account = CAST(substr(event, instr(event, X'A77375626A656374D920') + 10, 32) AS TEXT)
        WHERE instr(event, X'A77375626A656374D920') AND instr(event, CAST('account.' AS BLOB))""",
    "CREATE INDEX events_by_account ON events (tenant, account, number) WHERE account IS NOT NULL",
)
_DELAYS = (
    # The moment from which on an account is to be erased.
    "ALTER TABLE accounts ADD COLUMN erase_at TEXT",
    "CREATE INDEX accounts_to_erase ON accounts (tenant, erase_at) WHERE erase_at IS NOT NULL",
)
_KEPT_MEMBERS = (
    # By an administrator, in the cohort alone.
    "ALTER TABLE edges ADD COLUMN kept INTEGER NOT NULL DEFAULT 0",
)
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _FIRST,
    _SORTING,
    _EXTENSIONS,
    _TOKEN_WARNINGS,
    _AUDIT_CHAIN,
    _PENDING,
    _PARKED,
    _PLANS,
    _GUARD,
    _ERASURES,
    _DELAYS,
    _KEPT_MEMBERS,
)
"""What leads from each version of the tables to the next; applied ones are never edited."""
