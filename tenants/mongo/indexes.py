"""The collections and their indexes. Every index but ``running`` begins with the tenant, within the keys (``keys``).

| Collection | ``_id`` | Other fields with an index |
|---|---|---|
| tenants | tenant | |
| tokens | tenant/token | |
| resources | tenant/Type/id | ``n`` tenant/Type/name, ``x`` tenant/Type/externalId, ``t`` tenant/Type with e-mails,
with displayName, with meta.created, with meta.lastModified, ``p`` tenant/Type/id of pending ones |
| edges | tenant/group/member | ``m`` tenant/member, ``p`` tenant/group/member of those that differ from the LMS |
| accounts | tenant/account | ``l`` tenant/login, ``r`` tenant/resource, ``x`` tenant/externalId of those that are
detached or leaving, ``e`` tenant/verified e-mail of imported ones, ``z`` tenant/moment of those to be erased |
| cohorts | tenant/resource | |
| tombstones | tenant/Type/id | |
| journal | tenant/kind/number | ``c`` tenant/command of receipts, ``g`` tenant/target of audit entries,
``u`` tenant/account of events about accounts |
| jobs | tenant/job | ``c`` tenant/created/job, ``running`` of those that run |
| job_parameters | tenant/job/digest/portion | |
| plans | tenant/plan | ``c`` tenant/created/plan |
| plan_items | tenant/plan/portion | |
| erasures | tenant/account, or else tenant/User's id | |

Ids are ordered by time, so a list without a filter is a range of ``_id``. What lists are sorted by has the id behind it
in its index, so that every page of them is a range as well.
"""

import pymongo
from pymongo import ASCENDING, IndexModel
from pymongo.errors import OperationFailure

from tenants.mongo.documents import Database
from tenants.mongo.mending import is_mended, mend

_BUILD_TIMEOUT_SECONDS = 3600
_RECEIPT_SECONDS = 24 * 60 * 60
_NAMESPACE_EXISTS = 48

_BY_ID = ("_id", ASCENDING)
_SORTED_BY = ("displayName", "meta.created", "meta.lastModified")

# Sparse: documents without the field are not in the index. While names change hands within a transaction, a resource
# is without one for a moment.
_INDEXES: dict[str, list[IndexModel]] = {
    "tenants": [],
    "tokens": [],
    "resources": [
        IndexModel("n", unique=True, sparse=True),
        # With those that have none: sorts put them behind the others, or before them.
        IndexModel([("x", ASCENDING), _BY_ID]),
        *(IndexModel([("t", ASCENDING), (f"s.{name}", ASCENDING), _BY_ID]) for name in _SORTED_BY),
        IndexModel(
            [("t", ASCENDING), ("s.emails.value", ASCENDING)],
            partialFilterExpression={"s.emails.value": {"$exists": True}},
        ),
        IndexModel("p", sparse=True),
    ],
    "edges": [IndexModel("m"), IndexModel("p", sparse=True)],
    "accounts": [
        IndexModel("l", unique=True, sparse=True),
        IndexModel("r", sparse=True),
        IndexModel("x", sparse=True),
        IndexModel("e", sparse=True),
        IndexModel("z", sparse=True),
    ],
    "cohorts": [],
    "tombstones": [],
    "journal": [
        IndexModel("c", unique=True, sparse=True),
        IndexModel("g", sparse=True),
        IndexModel("u", sparse=True),
        IndexModel("at", expireAfterSeconds=_RECEIPT_SECONDS, sparse=True),
    ],
    "jobs": [IndexModel("c"), IndexModel("running", sparse=True)],
    "job_parameters": [],
    "plans": [IndexModel("c")],
    "plan_items": [],
    "erasures": [],
}


def prepare(database: Database) -> None:
    """Make what is missing; transactions then never have to."""
    with pymongo.timeout(_BUILD_TIMEOUT_SECONDS):
        existing = set(database.list_collection_names())
        if not is_mended(database, existing):
            mend(database)
        for name, indexes in _INDEXES.items():
            if name not in existing:
                _create(database, name)
            if indexes:
                database[name].create_indexes(indexes)


def _create(database: Database, name: str) -> None:
    try:
        database.create_collection(name, check_exists=False)
    except OperationFailure as error:
        if error.code != _NAMESPACE_EXISTS:
            raise
