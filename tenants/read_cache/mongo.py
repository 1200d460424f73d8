"""The read cache in MongoDB: the rendered answers in ``resources``, found by their keys.

Whether a User is in any group is looked up beside it in the server: that costs a tenth of asking for it separately.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tenants.directory.mongo.documents import ANSWER, cached_resource
from tenants.directory.records import CachedResource
from tenants.mongo import Database, Document, MongoStore
from tenants.read_cache.port import KeyKind, LookupKey, ReadCache

_FIELDS = {KeyKind.ID: "_id", KeyKind.NAME: "n", KeyKind.EXTERNAL_ID: "x"}
_BATCH = 10_000
"""Documents in one answer of the server, as far as 16 MB reach."""

_MEMBER = "member"
_PARTS = {"$split": ["$_id", "/"]}
_MEMBER_KEY: Document = {
    "$concat": [{"$arrayElemAt": [_PARTS, 0]}, "/", {"$arrayElemAt": [_PARTS, 2]}],
}
"""tenant/Type/id → tenant/id, by which edges lead to their member."""
_WITH_EDGES: Document = {"$lookup": {"from": "edges", "localField": _MEMBER, "foreignField": "m", "as": "edges"}}

Wanted = Mapping[str, Mapping[str, LookupKey]]
"""Field → value → the key that asks for it."""


class MongoReadCache(ReadCache):
    """Many keys in one find."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store

    async def find(self, keys: Sequence[LookupKey]) -> Mapping[LookupKey, Sequence[CachedResource]]:
        if not keys:
            return {}
        wanted = _wanted(keys)
        return await self._store.run(lambda database: _answers(wanted, _find(database, wanted)))


def _wanted(keys: Iterable[LookupKey]) -> Wanted:
    wanted: dict[str, dict[str, LookupKey]] = {}
    for key in keys:
        wanted.setdefault(_FIELDS[key.kind], {})[f"{key.tenant}/{key.resource_type}/{key.value}"] = key
    return wanted


def _find(database: Database, wanted: Wanted) -> Iterable[Document]:
    conditions: list[Document] = [{field: {"$in": list(values)}} for field, values in wanted.items()]
    condition = conditions[0] if len(conditions) == 1 else {"$or": conditions}
    fields = ANSWER | dict.fromkeys(wanted, 1)
    if all(key.resource_type != "User" for values in wanted.values() for key in values.values()):
        return database.resources.find(condition, fields, batch_size=_BATCH)
    stages: list[Document] = [{"$match": condition}, {"$project": fields | {_MEMBER: _MEMBER_KEY}}, _WITH_EDGES]
    return database.resources.aggregate(stages, batchSize=_BATCH)


def _answers(wanted: Wanted, documents: Iterable[Document]) -> Mapping[LookupKey, Sequence[CachedResource]]:
    answers: defaultdict[LookupKey, list[CachedResource]] = defaultdict(list)
    for document in documents:
        resource = cached_resource(document)
        if "edges" in document:
            resource = replace(resource, may_be_member=any(edge["d"] for edge in document["edges"]))
        for field, values in wanted.items():
            key = values.get(document.get(field, ""))
            if key is not None:
                answers[key].append(resource)
    for resources in answers.values():
        if len(resources) > 1:
            resources.sort(key=lambda resource: resource.id)
    return dict(answers)
