"""Jobs in MongoDB whose parameters no single document could hold."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from schemas.ids import JobId, TenantId
from tenants.errors import DuplicateError
from tenants.jobs.job import Job, JobKind
from tests.support import builders
from tests.support.stores import Stores, open_mongo_stores

ACME, GLOBEX = TenantId("acme"), TenantId("globex")
MANY = [{"id": f"lms-{number}", "login": f"Ünï{number}@example.com", "note": "x" * 200} for number in range(70_000)]
LARGE = Job(JobId("j1"), ACME, JobKind.IMPORT, builders.NOW, "operator:ada", parameters={"accounts": MANY})
SMALL = replace(LARGE, tenant=GLOBEX, parameters={"accounts": MANY[:1]})


@pytest.fixture
def database() -> str:
    return f"jobs_{uuid4().hex[:12]}"


@pytest.fixture
async def stores(mongodb_url: str, database: str) -> AsyncIterator[Stores]:
    async with open_mongo_stores(mongodb_url, database=database) as stores:
        yield stores


@pytest.fixture
def documents(stores: Stores, mongodb_url: str, database: str) -> Iterator[Database[dict[str, Any]]]:
    """The database as it is, dropped at the end."""
    with MongoClient[dict[str, Any]](mongodb_url) as client:
        yield client[database]
        client.drop_database(database)


async def test_parameters_beyond_the_size_of_a_document_are_kept(
    stores: Stores, documents: Database[dict[str, Any]]
) -> None:
    await stores.jobs.add(LARGE)
    await stores.jobs.add(SMALL)

    assert await stores.jobs.job(ACME, LARGE.id) == LARGE
    assert await stores.jobs.job(GLOBEX, SMALL.id) == SMALL
    assert documents.job_parameters.count_documents({}) > 1 + 1


async def test_a_step_does_not_write_the_parameters_again(stores: Stores, documents: Database[dict[str, Any]]) -> None:
    await stores.jobs.add(LARGE)
    await stores.jobs.add(SMALL)
    documents.command("profile", 2)

    assert await stores.jobs.advance(replace(LARGE, step=1, done=250))

    documents.command("profile", 0)
    written = documents["system.profile"].find({"op": {"$in": ["insert", "update"]}})
    assert [one["ns"].split(".", 1)[1] for one in written] == ["jobs"]


async def test_a_job_whose_adding_was_cut_off_can_be_added(stores: Stores, documents: Database[dict[str, Any]]) -> None:
    await stores.jobs.add(LARGE)
    await stores.jobs.add(SMALL)
    # The parameters go first.
    documents.jobs.delete_one({"_id": f"{ACME}/{LARGE.id}"})

    await stores.jobs.add(LARGE)

    assert await stores.jobs.job(ACME, LARGE.id) == LARGE


async def test_whoever_takes_an_id_twice_leaves_the_first_jobs_parameters(
    stores: Stores, documents: Database[dict[str, Any]]
) -> None:
    await stores.jobs.add(SMALL)
    await stores.jobs.add(replace(SMALL, tenant=ACME))

    with pytest.raises(DuplicateError):
        await stores.jobs.add(replace(SMALL, parameters={"accounts": MANY[1:2]}))

    assert await stores.jobs.job(GLOBEX, SMALL.id) == SMALL
