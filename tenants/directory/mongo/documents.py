"""Records ↔ documents. Names of fields are short: they are in every document.

``resources``: ``v`` version, ``c`` created, ``m`` modified, ``n`` name, ``x`` externalId, ``s`` search document,
``a`` attributes (JSON), ``r`` rendered answer, ``av`` applied version, ``h`` hold, ``d`` a Group's display name,
``o`` on a User that has never been in a group: nobody has to look for memberships (decision 0012).
``edges``: ``m`` member, ``k`` kind (type) of the member, ``d`` desired, ``a`` applied, ``s`` kept (stays) where it is.
Both have ``p`` while they are pending: their key once more, for an index of pending ones alone.
``accounts``: ``l`` login, ``r`` resource, ``x`` externalId of those that are detached or leaving, ``e`` verified e-mail
of imported ones, ``z`` the moment at which those are to be erased for whom there is one. What is as usual has no field.
"""

from typing import Any

import orjson
from pymongo import UpdateOne

from schemas.ids import AccountId, ResourceId, TenantId
from tenants.directory.records import (
    Account,
    AccountStatus,
    CachedResource,
    Cohort,
    Edge,
    Hold,
    StoredResource,
    Tombstone,
)
from tenants.mongo import Document
from tenants.mongo.keys import last_part, last_parts

RESOURCE_TYPES = ("User", "Group")
ANSWER = {"v": 1, "m": 1, "r": 1, "o": 1}
"""The fields that ``cached_resource`` asks for."""
_MAY_BE_ABSENT = ("x", "h", "p")
"""The fields that some resources have and others do not, and that come and go."""
_LARGEST_INTEGER = 2**63 - 1


def resource_document(tenant: TenantId, resource: StoredResource) -> Document:
    """Return the document of a resource, without the mark ``o``, which a commit gives and takes away."""
    scope = f"{tenant}/{resource.type}"
    document: Document = {
        "_id": f"{scope}/{resource.id}",
        "t": scope,
        "n": f"{scope}/{resource.name}",
        "v": resource.version,
        "c": resource.created,
        "m": resource.modified,
        "s": _storable(resource.search),
        "a": orjson.dumps(resource.attributes),
        "r": resource.rendered,
        "av": resource.applied_version,
    }
    if resource.external_id is not None:
        document["x"] = f"{scope}/{resource.external_id}"
    if resource.hold is not None:
        document["h"] = resource.hold.value
    if resource.type == "Group":
        document["d"] = resource.attributes.get("displayName", "")
    if resource.hold is not None or resource.applied_version < resource.version:
        document["p"] = document["_id"]
    return document


def rewriting(document: Document) -> UpdateOne:
    """Return what makes the resource this document's, and leaves the mark ``o`` as it is."""
    fields = {name: value for name, value in document.items() if name != "_id"}
    absent = {name: "" for name in _MAY_BE_ABSENT if name not in document}
    changes = {"$set": fields, "$unset": absent} if absent else {"$set": fields}
    return UpdateOne({"_id": document["_id"]}, changes)


def stored_resource(document: Document) -> StoredResource:
    """Return the resource of a document, which may have been read without ``s`` and ``r``."""
    type, id = last_parts(document["_id"])
    return StoredResource(
        type=type,
        id=ResourceId(id),
        version=document["v"],
        created=document["c"],
        modified=document["m"],
        name=last_parts(document["n"])[1],
        external_id=last_parts(document["x"])[1] if "x" in document else None,
        attributes=orjson.loads(document["a"]),
        search=document.get("s", {}),
        rendered=document.get("r", b""),
        applied_version=document["av"],
        hold=Hold(document["h"]) if "h" in document else None,
    )


def cached_resource(document: Document) -> CachedResource:
    """Return the resource as a reader gets it."""
    type, id = last_parts(document["_id"])
    return CachedResource(
        type, ResourceId(id), document["v"], document["m"], document["r"], may_be_member="o" not in document
    )


def edge_document(tenant: TenantId, edge: Edge) -> Document:
    """Return the document of a membership."""
    document: Document = {
        "_id": f"{tenant}/{edge.group}/{edge.member}",
        "m": f"{tenant}/{edge.member}",
        "k": edge.member_type,
        "d": edge.desired,
        "a": edge.applied,
    }
    if edge.desired is not edge.applied:
        document["p"] = document["_id"]
    if edge.is_kept:
        document["s"] = True
    return document


def stored_edge(document: Document) -> Edge:
    """Return the membership of a document."""
    group, member = last_parts(document["_id"])
    is_kept = document.get("s", False)
    return Edge(ResourceId(group), ResourceId(member), document["k"], document["d"], document["a"], is_kept)


def account_document(tenant: TenantId, account: Account) -> Document:
    """Return the document of an account."""
    document: Document = {
        "_id": f"{tenant}/{account.id}",
        "l": f"{tenant}/{account.login_key}",
        "login": account.login,
        "external_id": account.external_id,
        "status": account.status.value,
        "sign_in": account.sign_in,
        "profile": orjson.dumps(account.profile),
        "activated": account.activated,
    }
    if account.resource is not None:
        document["r"] = f"{tenant}/{account.resource}"
    if account.external_id is not None and (account.resource is None or account.is_leaving):
        document["x"] = f"{tenant}/{account.external_id}"
    if account.email is not None:
        document["email"] = account.email
        if account.is_imported and account.resource is None:
            document["e"] = f"{tenant}/{account.email}"
    if account.erase_at is not None:
        document["z"] = f"{tenant}/{account.erase_at}"
    marks = {"leaving": account.is_leaving, "imported": account.is_imported, "legal_hold": account.has_legal_hold}
    document.update({name: True for name, is_set in marks.items() if is_set})
    return document


def stored_account(document: Document) -> Account:
    """Return the account of a document."""
    return Account(
        id=AccountId(last_part(document["_id"])),
        resource=ResourceId(last_part(document["r"])) if "r" in document else None,
        external_id=document["external_id"],
        login=document["login"],
        login_key=last_part(document["l"]),
        status=AccountStatus(document["status"]),
        sign_in=document["sign_in"],
        profile=orjson.loads(document["profile"]),
        activated=document["activated"],
        is_leaving=document.get("leaving", False),
        is_imported=document.get("imported", False),
        email=document.get("email"),
        has_legal_hold=document.get("legal_hold", False),
        erase_at=last_part(document["z"]) if "z" in document else None,
    )


def cohort_document(tenant: TenantId, cohort: Cohort) -> Document:
    """Return the document of a cohort."""
    return {"_id": f"{tenant}/{cohort.resource}", "name": cohort.name, "external_id": cohort.external_id}


def stored_cohort(document: Document) -> Cohort:
    """Return the cohort of a document."""
    return Cohort(ResourceId(last_part(document["_id"])), document["name"], document["external_id"])


def tombstone_document(tenant: TenantId, tombstone: Tombstone) -> Document:
    """Return the document of a tombstone."""
    return {
        "_id": f"{tenant}/{tombstone.type}/{tombstone.id}",
        "name": tombstone.name,
        "external_id": tombstone.external_id,
        "deleted": tombstone.deleted,
        "hold": tombstone.hold.value,
    }


def stored_tombstone(document: Document) -> Tombstone:
    """Return the mark of a deleted resource of a document."""
    type, id = last_parts(document["_id"])
    return Tombstone(
        type=type,
        id=ResourceId(id),
        name=document["name"],
        external_id=document["external_id"],
        deleted=document["deleted"],
        hold=Hold(document["hold"]),
    )


def _storable(search: dict[str, Any]) -> dict[str, Any]:
    # BSON's integers have 64 bits. The check is made in C; larger ones, which hardly ever come, compare as doubles.
    try:
        orjson.dumps(search, option=orjson.OPT_STRICT_INTEGER)
    except TypeError:
        narrowed: dict[str, Any] = _narrowed(search)
        return narrowed
    return search


def _narrowed(value: Any) -> Any:
    match value:
        case dict():
            return {key: _narrowed(inner) for key, inner in value.items()}
        case list():
            return [_narrowed(inner) for inner in value]
        case int() if abs(value) > _LARGEST_INTEGER:
            return float(value)
        case _:
            return value
