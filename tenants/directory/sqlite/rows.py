"""Rows of the tables and the values they stand for.

Rows come out of the database as JSON arrays (``tenants.sqlite.one_document``); ``*_JSON`` is the SQL of such an array
for a row of the table under the alias given there, with documents as JSON, not as texts.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from tenants.directory.records import Account, AccountStatus, Cohort, Edge, Hold, StoredResource, Tombstone

RESOURCE_JSON = """json_array(r.type, r.id, r.version, r.created, r.modified, r.name, r.external_id,
    json(r.attributes), json(r.search), r.rendered, r.applied_version, r.hold)"""
ACCOUNT_JSON = """json_array(a.id, a.resource, a.external_id, a.login, a.login_key, a.status, a.sign_in,
    json(a.profile), a.activated, a.leaving, a.imported, a.email, a.legal_hold, a.erase_at)"""
COHORT_JSON = "json_array(c.resource, c.name, c.external_id)"
EDGE_JSON = "json_array(e.grp, e.member, e.member_type, e.desired, e.applied, e.kept)"
TOMBSTONE_JSON = "json_array(t.type, t.id, t.name, t.external_id, t.deleted, t.hold)"

Row = Sequence[Any]


def resource_of(row: Row) -> StoredResource:
    """Return the resource of a ``RESOURCE_JSON``."""
    type, id, version, created, modified, name, external_id, attributes, search, rendered, applied_version, hold = row
    return StoredResource(
        type=type,
        id=id,
        version=version,
        created=created,
        modified=modified,
        name=name,
        external_id=external_id,
        attributes=attributes,
        search=search,
        rendered=rendered.encode(),
        applied_version=applied_version,
        hold=Hold(hold) if hold is not None else None,
    )


def account_of(row: Row) -> Account:
    """Return the account of an ``ACCOUNT_JSON``."""
    id, resource, external_id, login, login_key, status, sign_in, profile, activated, *later = row
    leaving, imported, email, legal_hold, erase_at = later
    return Account(
        id=id,
        resource=resource,
        external_id=external_id,
        login=login,
        login_key=login_key,
        status=AccountStatus(status),
        sign_in=sign_in,
        profile=profile,
        activated=bool(activated),
        is_leaving=bool(leaving),
        is_imported=bool(imported),
        email=email,
        has_legal_hold=bool(legal_hold),
        erase_at=erase_at,
    )


def cohort_of(row: Row) -> Cohort:
    """Return the cohort of a ``COHORT_JSON``."""
    return Cohort(*row)


def edge_of(row: Row) -> Edge:
    """Return the edge of an ``EDGE_JSON``."""
    group, member, member_type, desired, applied, kept = row
    return Edge(group, member, member_type, desired=bool(desired), applied=bool(applied), is_kept=bool(kept))


def tombstone_of(row: Row) -> Tombstone:
    """Return the tombstone of a ``TOMBSTONE_JSON``."""
    type, id, name, external_id, deleted, hold = row
    return Tombstone(type, id, name, external_id, deleted, Hold(hold))


def resource_row(tenant: str, one: StoredResource) -> tuple[Any, ...]:
    """Return the columns of ``resources``: keys, then looked-up ones, then the rest."""
    return (
        tenant,
        one.id,
        one.type,
        one.name,
        one.external_id,
        _display_name(one),
        _addresses(one),
        one.version,
        one.created,
        one.modified,
        one.applied_version,
        one.hold,
        one.rendered.decode(),
        _json(one.search),
        _json(one.attributes),
    )


def account_row(tenant: str, one: Account) -> tuple[Any, ...]:
    """Return the columns of ``accounts``: keys, then looked-up ones, then the rest."""
    return (
        tenant,
        one.id,
        one.resource,
        one.external_id,
        one.login_key,
        one.is_leaving,
        one.is_imported,
        one.email,
        one.login,
        one.status,
        one.sign_in,
        one.activated,
        one.has_legal_hold,
        _json(one.profile),
        one.erase_at,
    )


def edge_row(tenant: str, one: Edge) -> tuple[Any, ...]:
    """Return the columns of ``edges``."""
    return tenant, one.group, one.member, one.member_type, one.desired, one.applied, one.is_kept


def cohort_row(tenant: str, one: Cohort) -> tuple[Any, ...]:
    """Return the columns of ``cohorts``."""
    return tenant, one.resource, one.name, one.external_id


def tombstone_row(tenant: str, one: Tombstone) -> tuple[Any, ...]:
    """Return the columns of ``tombstones``."""
    return tenant, one.type, one.id, one.name, one.external_id, one.deleted, one.hold


def _display_name(one: StoredResource) -> str | None:
    """Return what Users are sorted by; a Group's is its name."""
    display_name = one.search.get("displayName") if one.type == "User" else None
    return display_name if isinstance(display_name, str) else None


def _addresses(one: StoredResource) -> str | None:
    """Return the e-mail addresses as a JSON array, for the index of addresses; None without any.

    Most addresses are their owner's userName as well, which has an index already.
    """
    found = {element.get("value") for element in one.search.get("emails", ())} - {one.name}
    texts = sorted(address for address in found if isinstance(address, str))
    return orjson.dumps(texts).decode() if texts else None


def _json(document: dict[str, Any]) -> str:
    return orjson.dumps(document).decode()
