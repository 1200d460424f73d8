"""The read cache in MongoDB: the rendered answers in ``resources``, found by their keys."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tenants.directory.mongo.documents import ANSWER, cached_resource
from tenants.directory.records import CachedResource
from tenants.mongo import Document, MongoStore
from tenants.read_cache.port import KeyKind, LookupKey, ReadCache

_FIELDS = {KeyKind.ID: "_id", KeyKind.NAME: "n", KeyKind.EXTERNAL_ID: "x"}

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
        return _answers(
            wanted, await self._store.find("resources", _condition(wanted), ANSWER | dict.fromkeys(wanted, 1))
        )


def _wanted(keys: Iterable[LookupKey]) -> Wanted:
    wanted: dict[str, dict[str, LookupKey]] = {}
    for key in keys:
        wanted.setdefault(_FIELDS[key.kind], {})[f"{key.tenant}/{key.resource_type}/{key.value}"] = key
    return wanted


def _condition(wanted: Wanted) -> Document:
    conditions: list[Document] = [{field: {"$in": list(values)}} for field, values in wanted.items()]
    return conditions[0] if len(conditions) == 1 else {"$or": conditions}


def _answers(wanted: Wanted, documents: Iterable[Document]) -> Mapping[LookupKey, Sequence[CachedResource]]:
    answers: defaultdict[LookupKey, list[CachedResource]] = defaultdict(list)
    for document in documents:
        resource = cached_resource(document)
        for field, values in wanted.items():
            key = values.get(document.get(field, ""))
            if key is not None:
                answers[key].append(resource)
    for resources in answers.values():
        if len(resources) > 1:
            resources.sort(key=lambda resource: resource.id)
    return dict(answers)
