"""What documents of older versions lack, added once, before the index is made by which it is found.

That index is the sign that it was done: whoever dies in between leaves none, and the next one begins again. Nothing
here changes what is as it should be, so several processes may do it at once. Workers of the older version must have
stopped: what they write lacks it again.
"""

from collections.abc import Set as AbstractSet
from typing import Any

from pymongo import UpdateMany

from tenants.mongo.documents import Database

_AT_ONCE = 1_000
_SIGN = ("resources", "p_1")
"""The collection and its index that tell."""
_IS_PENDING = [{"h": {"$exists": True}}, {"$expr": {"$lt": ["$av", "$v"]}}]
_KEY_ONCE_MORE = [{"$set": {"p": "$_id"}}]
_SUBJECTS = {"input": "$events", "regex": r'"type":"account[.][a-z]+","subject":"([^"]+)"'}
_TENANT = {"$arrayElemAt": [{"$split": ["$_id", "/"]}, 0]}
_KEY_OF_SUBJECT = {"$concat": [_TENANT, "/", {"$arrayElemAt": ["$$this.captures", 0]}]}
_ACCOUNTS = [{"$set": {"u": {"$setUnion": {"$map": {"input": {"$regexFindAll": _SUBJECTS}, "in": _KEY_OF_SUBJECT}}}}}]
"""Whom the events in a text are about."""


def is_mended(database: Database, collections: AbstractSet[str]) -> bool:
    """Tell whether nothing is lacking, as in a new database, of which these collections exist."""
    collection, index = _SIGN
    return collection not in collections or index in database[collection].index_information()


def mend(database: Database) -> None:
    """Mark what is pending, the accounts of deleted Users whose leave is, and the accounts that events are about."""
    about_accounts = {"u": {"$exists": False}, "events": {"$regex": '"type":"account[.]'}}
    database.journal.update_many(about_accounts, _ACCOUNTS)
    database.resources.update_many({"p": {"$exists": False}, "$or": _IS_PENDING}, _KEY_ONCE_MORE)
    database.edges.update_many({"p": {"$exists": False}, "$expr": {"$ne": ["$d", "$a"]}}, _KEY_ONCE_MORE)
    marks: list[UpdateMany] = []
    for tombstone in database.tombstones.find({}, {"_id": 1}):
        tenant, resource_type, id = tombstone["_id"].split("/", 2)
        if resource_type == "User":
            marks.append(UpdateMany({"r": f"{tenant}/{id}"}, _leaving(tenant)))
        if len(marks) == _AT_ONCE:
            database.accounts.bulk_write(marks, ordered=False)
            marks = []
    if marks:
        database.accounts.bulk_write(marks, ordered=False)


def _leaving(tenant: str) -> list[dict[str, Any]]:
    # Nothing joined to a text is nothing: an account without externalId gets no ``x``.
    key = {"$ifNull": [{"$concat": [f"{tenant}/", "$external_id"]}, "$$REMOVE"]}
    return [{"$set": {"leaving": True, "x": key}}]
