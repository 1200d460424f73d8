"""The jobs of all tenants in MongoDB: ``jobs``, and ``job_parameters`` in portions that documents can hold.

Parameters may be long, as thousands of accounts to import are, and they stand while each step writes its job. They are
kept under their digest before a job names it, so that no job is ever without them and writing them twice is the same.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from hashlib import sha256

import msgspec
import orjson
from pymongo import ReplaceOne, ReturnDocument
from pymongo.errors import DuplicateKeyError

from schemas.ids import JobId, TenantId
from tenants.errors import DuplicateError
from tenants.jobs.job import Job, JobKind, JobState
from tenants.jobs.parameters import FILTERED, PERSONAL, forgotten, may_name
from tenants.jobs.port import Jobs
from tenants.mongo import Database, Document, MongoStore
from tenants.mongo.keys import below

_LARGEST = 4 * 1024 * 1024
_BATCH = 1_000
_ENDED = [JobState.STOPPED.value, JobState.DONE.value]


class MongoJobs(Jobs):
    """Jobs as documents; those that run have the field ``running``."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store

    async def add(self, job: Job) -> None:
        await self._store.run(lambda database: _add(database, job))

    async def job(self, tenant: TenantId, id: JobId) -> Job | None:
        return await self._store.run(lambda database: _first(database, _found(database, {"_id": _key(tenant, id)}, 1)))

    async def jobs(self, tenant: TenantId, *, limit: int) -> Sequence[Job]:
        latest = {"c": below(tenant)}
        return await self._store.run(lambda database: _whole(database, _found(database, latest, limit)))

    async def running(self) -> Sequence[Job]:
        found = await self._store.run(lambda database: _whole(database, _running(database)))
        return sorted(found, key=lambda job: (job.created, job.tenant, job.id))

    async def claim(self, tenant: TenantId, id: JobId, *, driver: str, now: float, until: float) -> Job | None:
        free = [{"driver": driver}, {"driven_until": {"$lte": now}}]
        condition = {"_id": _key(tenant, id), "running": True, "$or": free}
        change = {"$set": {"driver": driver, "driven_until": until}}
        return await self._store.run(lambda database: _claim(database, condition, change))

    async def advance(self, job: Job) -> bool:
        return await self._store.run(lambda database: _advance(database, job))

    async def change_state(self, job: Job) -> bool:
        key = {"_id": _key(job.tenant, job.id)}
        fields = {"reason": job.reason, "updated": job.updated, "ended": job.ended, "driven_until": 0.0}
        change = _change(job.state, fields)
        changed = await self._store.run(lambda database: database.jobs.update_one(key, change))
        return changed.matched_count == 1

    async def forget_people(self, tenant: TenantId, accounts: Collection[str]) -> bool:
        kinds = [JobKind.IMPORT.value, *(kind.value for kind in FILTERED)]
        condition = {"_id": below(tenant), "kind": {"$in": kinds}, "state": {"$nin": _ENDED}}
        # First: whichever ends from now on is waited for once more.
        still_open = await self._store.run(lambda database: _whole(database, database.jobs.find(condition).to_list()))
        await self._store.run(lambda database: _forget_people(database, tenant))
        return not any(may_name(job.kind, job.parameters, accounts) for job in still_open)


def _forget_people(database: Database, tenant: TenantId) -> None:
    for kind in (*PERSONAL, *FILTERED):
        whole = {"_id": below(tenant), "kind": kind.value, "state": {"$in": _ENDED}, "forgot": {"$exists": False}}
        for job in _whole(database, database.jobs.find(whole).to_list()):
            key = _key(tenant, job.id)
            parameters = _Parameters(replace(job, parameters=forgotten(kind, job.parameters)))
            parameters.put(database)
            database.jobs.update_one({"_id": key}, {"$set": parameters.fields})
            others = {**below(key), "$not": below(key, parameters.fields["digest"])}
            database.job_parameters.delete_many({"_id": others})
            # Last: whoever dies on the way has it done again.
            database.jobs.update_one({"_id": key}, {"$set": {"forgot": True}})


def _add(database: Database, job: Job) -> None:
    parameters = _Parameters(job)
    parameters.put(database)
    document = {
        "_id": _key(job.tenant, job.id),
        "c": f"{job.tenant}/{job.created}/{job.id}",
        "tenant": job.tenant,
        "id": job.id,
        "kind": job.kind.value,
        "created": job.created,
        "principal": job.principal,
        "driver": job.driver,
        "state": job.state.value,
        **parameters.fields,
        **_progress(job),
    }
    if job.state is JobState.RUNNING:
        document["running"] = True
    try:
        database.jobs.insert_one(document)
    except DuplicateKeyError as error:
        raise DuplicateError(f"there is a job {job.id} already") from error


def _advance(database: Database, job: Job) -> bool:
    parameters = _Parameters(job)
    before = {"_id": _key(job.tenant, job.id), "running": True, "step": job.step - 1, "driver": job.driver}
    change = _change(job.state, {**_progress(job), **parameters.fields})
    if database.jobs.update_one({**before, **parameters.fields}, change).matched_count:
        return True
    if not database.jobs.find_one(before, {"_id": 1}):
        return False
    # Its parameters are others than before.
    parameters.put(database)
    return database.jobs.update_one(before, change).matched_count == 1


def _change(state: JobState, fields: Document) -> Document:
    fields = {**fields, "state": state.value}
    if state is JobState.RUNNING:
        return {"$set": {**fields, "running": True}}
    return {"$set": fields, "$unset": {"running": ""}}


def _progress(job: Job) -> Document:
    return {
        "total": job.total,
        "done": job.done,
        "failed": job.failed,
        "failures": orjson.dumps(job.failures),
        "step": job.step,
        "place": job.place,
        "updated": job.updated,
        "ended": job.ended,
        "reason": job.reason,
        "driven_until": job.driven_until,
    }


class _Parameters:
    """A job's parameters as they are kept."""

    def __init__(self, job: Job) -> None:
        encoded = orjson.dumps(job.parameters)
        self._key = _key(job.tenant, job.id)
        self._portions = [encoded[start : start + _LARGEST] for start in range(0, len(encoded), _LARGEST)]
        self.fields: Document = {"digest": sha256(encoded).hexdigest(), "portions": len(self._portions)}
        """What their job says of them."""

    def put(self, database: Database) -> None:
        documents = zip(_portion_keys({"_id": self._key, **self.fields}), self._portions, strict=True)
        database.job_parameters.bulk_write(
            [ReplaceOne({"_id": key}, {"_id": key, "json": portion}, upsert=True) for key, portion in documents]
        )


def _portion_keys(document: Document) -> list[str]:
    return [f"{document['_id']}/{document['digest']}/{number:06d}" for number in range(document["portions"])]


def _found(database: Database, condition: Document, limit: int) -> list[Document]:
    if limit < 1:
        return []
    return database.jobs.find(condition, sort={"c": -1}, limit=limit, batch_size=limit).to_list()


def _running(database: Database) -> list[Document]:
    return database.jobs.find({"running": True}, batch_size=_BATCH).to_list()


def _claim(database: Database, condition: Document, change: Document) -> Job | None:
    found = database.jobs.find_one_and_update(condition, change, return_document=ReturnDocument.AFTER)
    return _first(database, [found] if found else [])


def _first(database: Database, documents: Sequence[Document]) -> Job | None:
    return next(iter(_whole(database, documents)), None)


def _whole(database: Database, documents: Sequence[Document]) -> list[Job]:
    """Return the jobs of the documents, with their parameters."""
    portions = _portions(database, documents)
    return [
        msgspec.convert(
            {
                **document,
                "parameters": orjson.loads(b"".join(portions[key] for key in _portion_keys(document))),
                "failures": orjson.loads(document["failures"]),
            },
            Job,
        )
        for document in documents
    ]


def _portions(database: Database, documents: Iterable[Document]) -> dict[str, bytes]:
    keys = [key for document in documents for key in _portion_keys(document)]
    if not keys:
        return {}
    found = database.job_parameters.find({"_id": {"$in": keys}}, batch_size=_BATCH)
    return {portion["_id"]: portion["json"] for portion in found}


def _key(tenant: TenantId, id: JobId) -> str:
    return f"{tenant}/{id}"
