"""The registry in SQLite."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import msgspec

from schemas.ids import TenantId, TokenId
from schemas.messages.events import Event
from schemas.scim.definitions.extensions import ExtensionSchema
from tenants.errors import RevisionConflictError, UnknownTenantError
from tenants.outbox.sqlite import insert_events
from tenants.policies.settings import Policies
from tenants.registry.port import Registry, TokenNews, TokenRecord, TokenUse
from tenants.sqlite import Connection, SqliteStore, insert, update
from tenants.tenant import Dialect, Tenant, TenantStatus

TENANT_COLUMNS = "id, display_name, created, status, dialect, policies, extensions, revision, token_limit"
_RECORD = (
    "tenant, id, name, last_four, digest, created, created_by, expires, revoked, used_at, used_address, used_agent,"
    " replaced_by, warned"
)
_USE_TOKENS = """UPDATE tokens SET used_at = column3, used_address = column4, used_agent = column5 FROM {new}
    WHERE tenant = column1 AND id = column2 AND (used_at IS NULL OR used_at <= column3)"""
_NO_EXTENSIONS = "[]"
_encode = msgspec.json.Encoder().encode
_policies = msgspec.json.Decoder(Policies)
_extensions = msgspec.json.Decoder(tuple[ExtensionSchema, ...])


class SqliteRegistry(Registry):
    """Which tenants and tokens exist, in SQLite."""

    def __init__(self, store: SqliteStore) -> None:
        """Work on the open file."""
        self._store = store

    async def tenant(self, tenant: TenantId) -> Tenant | None:
        def select(connection: Connection) -> Tenant | None:
            row = connection.execute(f"SELECT {TENANT_COLUMNS} FROM tenants WHERE id = ?", (tenant,)).fetchone()
            return tenant_of(row) if row else None

        return await self._store.read(select)

    async def tenants(self) -> Sequence[Tenant]:
        def select(connection: Connection) -> list[Tenant]:
            return [tenant_of(row) for row in connection.execute(f"SELECT {TENANT_COLUMNS} FROM tenants ORDER BY id")]

        return await self._store.read(select)

    async def add_tenant(self, tenant: Tenant) -> None:
        row = (tenant.id, *_fields(tenant))
        await self._store.write(lambda connection: insert(connection, f"tenants ({TENANT_COLUMNS})", [row]))

    async def change_tenant(self, tenant: Tenant) -> None:
        def update(connection: Connection) -> None:
            changed = connection.execute(
                "UPDATE tenants"
                " SET (display_name, created, status, dialect, policies, extensions, revision, token_limit)"
                " = (?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ? AND revision = ?",
                (*_fields(tenant), tenant.id, tenant.revision - 1),
            )
            if changed.rowcount == 0:
                raise RevisionConflictError(f"tenant {tenant.id} is not at revision {tenant.revision - 1}")

        await self._store.write(update)

    async def token(self, tenant: TenantId, token: TokenId) -> TokenRecord | None:
        def select(connection: Connection) -> TokenRecord | None:
            row = connection.execute(
                f"SELECT {_RECORD} FROM tokens WHERE tenant = ? AND id = ?", (tenant, token)
            ).fetchone()
            return _token_of(row) if row else None

        return await self._store.read(select)

    async def tokens(self, tenant: TenantId) -> Sequence[TokenRecord]:
        def select(connection: Connection) -> list[TokenRecord]:
            rows = connection.execute(f"SELECT {_RECORD} FROM tokens WHERE tenant = ? ORDER BY created, id", (tenant,))
            return [_token_of(row) for row in rows]

        return await self._store.read(select)

    async def add_token(self, record: TokenRecord) -> None:
        row = _token_row(record)
        await self._store.write(lambda connection: insert(connection, f"tokens ({_RECORD})", [row]))

    async def revoke_token(self, tenant: TenantId, token: TokenId, *, at: str) -> bool:
        def update(connection: Connection) -> bool:
            changed = connection.execute(
                "UPDATE tokens SET revoked = min(coalesce(revoked, ?), ?) WHERE tenant = ? AND id = ?",
                (at, at, tenant, token),
            )
            return changed.rowcount == 1

        return await self._store.write(update)

    async def rename_token(self, tenant: TenantId, token: TokenId, name: str) -> bool:
        def update(connection: Connection) -> bool:
            changed = connection.execute(
                "UPDATE tokens SET name = ? WHERE tenant = ? AND id = ?", (name, tenant, token)
            )
            return changed.rowcount == 1

        return await self._store.write(update)

    async def rotate_token(self, new: TokenRecord, old: TokenId, *, stops: str | None) -> bool:
        def write(connection: Connection) -> bool:
            replaced = connection.execute(
                "UPDATE tokens SET replaced_by = ?, revoked = ?"
                " WHERE tenant = ? AND id = ? AND replaced_by IS NULL AND revoked IS NULL",
                (new.id, stops, new.tenant, old),
            )
            if replaced.rowcount == 1:
                insert(connection, f"tokens ({_RECORD})", [_token_row(new)])
            return replaced.rowcount == 1

        return await self._store.write(write)

    async def announce(self, news: TokenNews) -> bool:
        return await self._store.write(lambda connection: _announce(connection, news))

    async def record_token_uses(self, uses: Sequence[tuple[TenantId, TokenId, TokenUse]]) -> None:
        in_order = sorted(uses, key=lambda each: each[2].at)
        last = {(tenant, token): (tenant, token, use.at, use.address, use.agent) for tenant, token, use in in_order}
        if last:
            await self._store.write(lambda connection: update(connection, _USE_TOKENS, list(last.values())))


def tenant_of(row: Sequence[Any]) -> Tenant:
    """Return the record of a row of ``TENANT_COLUMNS``."""
    id, display_name, created, status, dialect, policies, extensions, revision, token_limit = row
    return Tenant(
        id=id,
        display_name=display_name,
        created=created,
        status=TenantStatus(status),
        dialect=Dialect(dialect),
        policies=_policies.decode(policies),
        extensions=_extensions.decode(extensions) if extensions != _NO_EXTENSIONS else (),
        revision=revision,
        token_limit=token_limit,
    )


def _fields(tenant: Tenant) -> tuple[Any, ...]:
    policies = _encode(asdict(tenant.policies)).decode()
    extensions = _encode(tenant.extensions).decode()
    return (
        tenant.display_name,
        tenant.created,
        tenant.status,
        tenant.dialect,
        policies,
        extensions,
        tenant.revision,
        tenant.token_limit,
    )


def _announce(connection: Connection, news: TokenNews) -> bool:
    told = connection.execute(
        "UPDATE tokens SET warned = ? WHERE tenant = ? AND id = ? AND warned IS ?",
        (news.warned, news.tenant, news.token, news.follows),
    )
    if told.rowcount != 1:
        return False
    # A commit compares the sequence, so a transaction decided before this one is decided again.
    raised = connection.execute(
        "UPDATE tenants SET (sequence, events) = (sequence + 1, events + 1) WHERE id = ? RETURNING sequence, events",
        (news.tenant,),
    ).fetchone()
    if raised is None:
        raise UnknownTenantError(news.tenant)
    sequence, number = raised
    event = Event(news.tenant, number, sequence, news.type, news.token, news.at, news.payload)
    insert_events(connection, news.tenant, [event])
    return True


def _token_of(row: Sequence[Any]) -> TokenRecord:
    tenant, id, name, last_four, digest, created, created_by, expires, revoked, used_at, address, agent = row[:12]
    replaced_by, warned = row[12:]
    return TokenRecord(
        tenant=tenant,
        id=id,
        name=name,
        last_four=last_four,
        digest=digest,
        created=created,
        created_by=created_by,
        expires=expires,
        revoked=revoked,
        last_use=TokenUse(used_at, address, agent) if used_at is not None else None,
        replaced_by=replaced_by,
        warned=warned,
    )


def _token_row(record: TokenRecord) -> tuple[Any, ...]:
    use = record.last_use
    used = (use.at, use.address, use.agent) if use else (None, None, None)
    return (
        record.tenant,
        record.id,
        record.name,
        record.last_four,
        record.digest,
        record.created,
        record.created_by,
        record.expires,
        record.revoked,
        *used,
        record.replaced_by,
        record.warned,
    )
