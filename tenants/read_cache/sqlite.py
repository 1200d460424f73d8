"""The read cache in SQLite: the directory's own rows by their indexes."""

from collections.abc import Container, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import orjson

from tenants.directory.records import CachedResource
from tenants.read_cache.port import KeyKind, LookupKey, ReadCache
from tenants.sqlite import SqliteStore, one_document

_SELECT = """
    SELECT json_group_array(json_array(kind, tenant, value, type, id, version, modified, rendered, EXISTS (
        -- Said, because the planner takes a tenant's edges for few, and would go over all of them.
        SELECT 1 FROM edges AS e INDEXED BY edges_by_member
        WHERE e.tenant = found.tenant AND e.member = found.id AND e.desired
    ))) FROM (
        SELECT 'id' AS kind, r.tenant, r.id AS value, r.type, r.id, r.version, r.modified, r.rendered
        FROM json_each(?) AS k CROSS JOIN resources AS r ON r.tenant = json_extract(k.value, '$[0]')
            AND r.type = json_extract(k.value, '$[1]') AND r.id = json_extract(k.value, '$[2]')
        UNION ALL
        SELECT 'name', r.tenant, r.name, r.type, r.id, r.version, r.modified, r.rendered
        FROM json_each(?) AS k CROSS JOIN resources AS r ON r.tenant = json_extract(k.value, '$[0]')
            AND r.type = json_extract(k.value, '$[1]') AND r.name = json_extract(k.value, '$[2]')
        UNION ALL
        SELECT 'external_id', r.tenant, r.external_id, r.type, r.id, r.version, r.modified, r.rendered
        FROM json_each(?) AS k CROSS JOIN resources AS r ON r.tenant = json_extract(k.value, '$[0]')
            AND r.type = json_extract(k.value, '$[1]') AND r.external_id = json_extract(k.value, '$[2]')
    ) AS found
"""
_KINDS = (KeyKind.ID, KeyKind.NAME, KeyKind.EXTERNAL_ID)
"""In the order of the statement's parameters."""


class SqliteReadCache(ReadCache):
    """Rendered answers by id or key, in SQLite."""

    def __init__(self, store: SqliteStore) -> None:
        """Work on the open file."""
        self._store = store

    async def find(self, keys: Sequence[LookupKey]) -> Mapping[LookupKey, Sequence[CachedResource]]:
        if not keys:
            return {}
        wanted = dict.fromkeys(keys)
        parameters = [_texts(wanted, kind) for kind in _KINDS]
        rows = await self._store.read(lambda connection: one_document(connection, _SELECT, parameters))
        return _found(rows, wanted)


def _texts(keys: Iterable[LookupKey], kind: KeyKind) -> bytes:
    return orjson.dumps([(key.tenant, key.resource_type, key.value) for key in keys if key.kind is kind])


def _found(rows: Iterable[Sequence[Any]], wanted: Container[LookupKey]) -> dict[LookupKey, list[CachedResource]]:
    found: dict[LookupKey, list[CachedResource]] = {}
    for kind, tenant, value, type, id, version, modified, rendered, is_member in rows:
        key = LookupKey(tenant, type, KeyKind(kind), value)
        # SQLite's JSON cuts a text at a NUL: what was found is what was asked for only when the whole key is the same.
        if key in wanted:
            found.setdefault(key, []).append(
                CachedResource(type, id, version, modified, rendered.encode(), bool(is_member))
            )
    for resources in found.values():
        resources.sort(key=attrgetter("id"))
    return found
