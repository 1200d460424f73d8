"""What MongoDB does for the questions that are asked all day: it goes by indexes, as its profiler tells."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from pymongo import MongoClient

from schemas.ids import CommandId, JobId, ResourceId, TenantId
from schemas.scim.filters.nodes import All, AnyOf, Field, HasMember, Matches, Operator, ResolvedFilter, SomeElement
from schemas.scim.query import Position, Query, Sort
from tenants.directory.pending import PendingKind
from tenants.directory.records import Hold, StoredResource
from tenants.directory.writer import Need
from tenants.jobs.job import Job, JobKind, JobState
from tenants.read_cache.port import KeyKind, LookupKey
from tests.support import builders
from tests.support.builders import Content
from tests.support.stores import Stores, open_mongo_stores

Ask = Callable[[Stores], Awaitable[object]]

ACME, GLOBEX = TenantId("acme"), TenantId("globex")
PEOPLE = 300


def _person(number: int) -> StoredResource:
    emails = [{"value": f"user{number}@example.com", "type": "work", "primary": True}]
    created, modified = (f"2026-11-25T14:49:10.{milliseconds:03}Z" for milliseconds in (number // 3, 999 - number))
    search = {
        "emails": emails,
        "displayName": f"person {number * 7 % 300}",
        "meta": {"created": f"{created[:-1]}000Z", "lastModified": f"{modified[:-1]}000Z"},
    }
    hold = Hold.DRY_RUN if number in WAITING else None
    return builders.user(
        number, external_id=f"E-{number}", created=created, modified=modified, search=search, hold=hold
    )


WAITING = (100, 150, 250)
EVERYBODY = [_person(number) for number in range(1, PEOPLE + 1)]
GROUPS = [
    builders.group(number, external_id=f"G-{number}", applied_version=0 if number == 1050 else 1)
    for number in range(1001, 1101)
]
ANN, STAFF = EVERYBODY[6], GROUPS[0]
ACCOUNTS = [builders.account(number, person) for number, person in enumerate(EVERYBODY, 1)]
LEAVER = builders.account(9999, None, external_id="E-gone")
DELETED, DELETED_GROUP = builders.user(9998, external_id="E-deleted"), builders.group(9997)
LEAVING = builders.account(9998, DELETED, is_leaving=True)
IMPORTED = builders.account(9996, None, is_imported=True, email="imported@example.com")
EDGES = [
    *(builders.edge(group, EVERYBODY[number], applied=number != 50) for number, group in enumerate(GROUPS[1:])),
    *(builders.edge(STAFF, person) for person in EVERYBODY[:3]),
    builders.edge(STAFF, ANN),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database(mongodb_url: str) -> AsyncIterator[str]:
    """A filled database of these tests' own, since the profiler watches a whole one."""
    name = f"profiled_{uuid4().hex[:12]}"
    async with open_mongo_stores(mongodb_url, database=name) as stores:
        for tenant in (ACME, GLOBEX):
            await _fill(stores, tenant)
    yield name
    with MongoClient[dict[str, Any]](mongodb_url) as client:
        client.drop_database(name)


@pytest.fixture
async def mongo_stores(mongodb_url: str, database: str) -> AsyncIterator[Stores]:
    async with open_mongo_stores(mongodb_url, database=database) as stores:
        yield stores


async def _fill(stores: Stores, tenant: TenantId) -> None:
    await stores.registry.add_tenant(builders.tenant(tenant))
    content = Content(
        inserted=[*EVERYBODY, *GROUPS],
        edges_put=EDGES,
        accounts_inserted=[*ACCOUNTS, LEAVER, LEAVING, IMPORTED],
        cohorts_put=[builders.cohort(group) for group in [*GROUPS, DELETED_GROUP]],
        tombstones_put=[builders.tombstone(DELETED), builders.tombstone(DELETED_GROUP)],
    )
    await stores.writer.commit(builders.changes(await stores.writer.load(tenant, Need()), content))
    for number in range(12):
        more = Content(
            audit=[builders.entry()],
            events=[builders.event(tenant)],
            receipts=[builders.applied(f"{tenant}-{number}")],
        )
        await stores.writer.commit(builders.changes(await stores.writer.load(tenant, Need()), more))
        await stores.jobs.add(_job(tenant, number))


def _job(tenant: TenantId, number: int) -> Job:
    state = JobState.RUNNING if number in {7, 8} else JobState.DONE
    return Job(JobId(f"j{number:02}"), tenant, JobKind.RELEASE, builders.NOW, "operator:ada", state=state)


@pytest.fixture
def profiler(mongodb_url: str, database: str) -> Iterator["Profiler"]:
    with MongoClient[dict[str, Any]](mongodb_url) as client:
        yield Profiler(client, database)


class Profiler:
    """What the server did for the operations of one database."""

    def __init__(self, client: MongoClient[dict[str, Any]], database: str) -> None:
        self._database = client[database]

    async def watch(self, asking: Awaitable[object]) -> list[dict[str, Any]]:
        """Return what was done until the asking was over."""
        self._database.drop_collection("system.profile")
        self._database.command("profile", 2)
        try:
            await asking
        finally:
            self._database.command("profile", 0)
        return list(self._database["system.profile"].find({"ns": {"$not": {"$regex": "system.profile$"}}}))


def _keys(*kinds: KeyKind) -> list[LookupKey]:
    values = {KeyKind.ID: ANN.id, KeyKind.NAME: ANN.name, KeyKind.EXTERNAL_ID: "E-7"}
    return [LookupKey(ACME, "User", kind, values[kind]) for kind in kinds]


def _search(filter: ResolvedFilter, resource_type: str = "User") -> Ask:
    return lambda stores: stores.directory.search(ACME, Query(resource_type, filter))


def _at(*steps: str) -> Field:
    return Field(tuple(step.removesuffix("[]") for step in steps), tuple(step.endswith("[]") for step in steps))


def _sorted(*steps: str, descending: bool = False, **part: Any) -> Ask:
    sort = Sort(_at(*steps), descending)
    return lambda stores: stores.directory.search(ACME, Query("User", count=5, sort=sort, **part))


ANNS_NAME = Matches(_at("userName"), Operator.EQ, ANN.name)
ANNS_EXTERNAL_ID = Matches(_at("externalId"), Operator.EQ, "E-7")
ANNS_WORK_MAIL = All((Matches(_at("type"), Operator.EQ, "work"), Matches(_at("value"), Operator.EQ, ANN.name)))
NEED = Need(
    receipts=frozenset({CommandId("acme-3")}),
    resources=frozenset({ANN.id, STAFF.id}),
    names=frozenset({("User", EVERYBODY[1].name), ("Group", GROUPS[2].name)}),
    logins=frozenset({ACCOUNTS[4].login_key}),
    external_ids=frozenset({"E-gone"}),
    memberships=frozenset({(STAFF.id, ANN.id)}),
    all_members=frozenset({STAFF.id}),
    groups_of=frozenset({ANN.id}),
    references=frozenset({EVERYBODY[9].id, GROUPS[5].id}),
    tombstones=frozenset({DELETED.id, DELETED_GROUP.id}),
    accounts=frozenset({ACCOUNTS[20].id}),
    emails=frozenset({"imported@example.com"}),
)
FIRST = ResourceId("")


def _after(place: Position) -> Ask:
    return lambda stores: stores.directory.search(ACME, Query("User", count=5, after=place))


def _pending(kind: PendingKind) -> Ask:
    return lambda stores: stores.pending.pending(ACME, kind, after=FIRST, limit=5)


async def _few_sorted(stores: Stores) -> object:
    return await stores.directory.search(ACME, Query("User", ANNS_EXTERNAL_ID, sort=Sort(_at("title"))))


CASES: list[tuple[str, Ask, int]] = [
    # The User, and the two memberships that tell whether it is in any group.
    ("look-ups by id", lambda stores: stores.read_cache.find(_keys(KeyKind.ID)), 3),
    ("look-ups by name", lambda stores: stores.read_cache.find(_keys(KeyKind.NAME)), 3),
    ("look-ups by externalId", lambda stores: stores.read_cache.find(_keys(KeyKind.EXTERNAL_ID)), 3),
    ("look-ups of all kinds", lambda stores: stores.read_cache.find(_keys(*KeyKind)), 3),
    ("id eq", _search(Matches(_at("id"), Operator.EQ, ANN.id)), 1),
    ("userName eq", _search(ANNS_NAME), 1),
    ("userName sw", _search(Matches(_at("userName"), Operator.SW, "user299")), 1),
    ("externalId eq", _search(ANNS_EXTERNAL_ID), 1),
    ("userName eq or externalId eq", _search(AnyOf((ANNS_NAME, ANNS_EXTERNAL_ID))), 2),
    ("userName eq and active eq", _search(All((Matches(_at("active"), Operator.EQ, True), ANNS_NAME))), 1),
    ("emails.value eq", _search(Matches(_at("emails[]", "value"), Operator.EQ, ANN.name)), 1),
    ("emails[type eq and value eq]", _search(SomeElement(_at("emails[]"), ANNS_WORK_MAIL)), 1),
    ("displayName eq", _search(Matches(_at("displayName"), Operator.EQ, STAFF.name), "Group"), 1),
    ("members.value eq", _search(HasMember(ANN.id), "Group"), 4),
    ("displayName eq of Users", _search(Matches(_at("displayName"), Operator.EQ, "person 49")), 1),
    ("displayName sw of Users", _search(Matches(_at("displayName"), Operator.SW, "person 299")), 1),
    ("meta.lastModified gt", _search(Matches(_at("meta", "lastModified"), Operator.GT, "2026-11-25T14:49:10.997Z")), 2),
    # Pages: the tenant's record, five resources, and one more that tells whether there are more.
    ("a page", lambda stores: stores.directory.search(ACME, Query("User", count=5)), 7),
    ("a page far behind", lambda stores: stores.directory.search(ACME, Query("User", start_index=290, count=5)), 8),
    ("a page after a place", _after(Position(None, EVERYBODY[250].id)), 7),
    ("sorted by id", _sorted("id", descending=True), 7),
    ("sorted by userName", _sorted("userName", after=Position("user200@example.com", EVERYBODY[199].id)), 7),
    ("sorted by externalId", _sorted("externalId", after=Position("E-200", EVERYBODY[199].id)), 7),
    ("sorted by displayName", _sorted("displayName", after=Position("person 200", EVERYBODY[199].id)), 7),
    ("sorted by meta.created", _sorted("meta", "created", descending=True), 7),
    ("sorted by meta.lastModified", _sorted("meta", "lastModified"), 7),
    ("sorted, far behind", _sorted("displayName", start_index=290), 8),
    ("few sorted by what has no index", _few_sorted, 2),
    ("a total", lambda stores: stores.directory.search(ACME, Query("User", count=0)), 1),
    ("members", lambda stores: stores.directory.members(ACME, [STAFF.id]), 4),
    ("groups of a member", lambda stores: stores.directory.groups_of(ACME, [ANN.id]), 4),
    ("accounts", lambda stores: stores.accounts.accounts(ACME, after=ACCOUNTS[50].id, limit=5), 5),
    ("cohorts", lambda stores: stores.accounts.cohorts(ACME, after=GROUPS[50].id, limit=5), 5),
    # All out of indexes.
    ("accounts of nobody", lambda stores: stores.accounts.of_nobody(ACME, "User", after=FIRST, limit=5), 0),
    ("cohorts of nobody", lambda stores: stores.accounts.of_nobody(ACME, "Group", after=FIRST, limit=5), 0),
    ("members of a cohort", lambda stores: stores.accounts.cohort_members(ACME, STAFF.id), 4),
    ("audit entries", lambda stores: stores.audit.entries(ACME, after=7, limit=2), 2),
    ("events", lambda stores: stores.outbox.events(ACME, after=7, limit=2), 2),
    ("all that a batch needs", lambda stores: stores.writer.load(ACME, NEED), 30),
    # Pending ones with what is applied of them.
    ("pending Users", _pending(PendingKind.USER), 3 + 3),
    ("pending Groups", _pending(PendingKind.GROUP), 1 + 1),
    ("pending leavers", _pending(PendingKind.LEAVER), 2 + 2),
    ("pending memberships", lambda stores: stores.pending.pending_memberships(ACME, after=(FIRST, FIRST), limit=5), 1),
    ("how many are pending", lambda stores: stores.pending.counts(ACME), 0),
    ("both sides", lambda stores: stores.pending.resources(ACME, "User", after=ANN.id, limit=5), 5 + 5),
    ("detached and leaving", lambda stores: stores.pending.detached(ACME, ["E-gone", "E-deleted", "E-7"]), 2),
    ("accounts by login", lambda stores: stores.pending.with_logins(ACME, [LEAVER.login_key, ANN.name]), 2),
    ("events about an account", lambda stores: stores.outbox.redact(ACME, {"nobody": builders.NOW}), 0),
    ("accounts to be erased", lambda stores: stores.erasures.ripe(ACME, now=builders.NOW, limit=5), 0),
    ("what is left of somebody", lambda stores: stores.erasures.purge(ACME, {"nobody"}), 0),
    # Jobs with their parameters; running ones of both tenants.
    ("running jobs", lambda stores: stores.jobs.running(), 4 + 4),
    ("latest jobs", lambda stores: stores.jobs.jobs(ACME, limit=3), 3 + 3),
    ("a job", lambda stores: stores.jobs.job(ACME, JobId("j03")), 1 + 1),
    ("a claim", lambda stores: stores.jobs.claim(ACME, JobId("j07"), driver="w1", now=0.0, until=0.0), 1 + 1),
    ("a step", lambda stores: stores.jobs.advance(replace(_job(ACME, 8), step=1)), 1),
]


@pytest.mark.parametrize(("ask", "documents"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_the_server_looks_at_no_more_documents_than_it_must(
    mongo_stores: Stores, profiler: Profiler, ask: Ask, documents: int
) -> None:
    done = await profiler.watch(ask(mongo_stores))

    assert done
    assert not [operation for operation in done if "COLLSCAN" in operation.get("planSummary", "")]
    assert sum(operation.get("docsExamined", 0) for operation in done) <= documents


async def test_a_batch_is_loaded_in_one_round_trip_where_nothing_unexpected_is_met(
    mongo_stores: Stores, profiler: Profiler
) -> None:
    newcomer = Need(
        resources=frozenset({builders.resource_id(5000)}),
        names=frozenset({("User", "new@example.com")}),
        external_ids=frozenset({"E-deleted"}),
        tombstones=frozenset({DELETED.id, DELETED_GROUP.id}),
        accounts=frozenset({IMPORTED.id}),
        emails=frozenset({"imported@example.com"}),
    )

    done = await profiler.watch(mongo_stores.writer.load(ACME, newcomer))

    assert [operation["ns"].split(".")[1] for operation in done] == ["tenants"]


async def test_the_next_page_of_a_quiet_tenant_begins_where_the_last_one_ended(
    mongo_stores: Stores, profiler: Profiler
) -> None:
    await mongo_stores.directory.search(ACME, Query("User", start_index=200, count=20))

    done = await profiler.watch(mongo_stores.directory.search(ACME, Query("User", start_index=220, count=20)))

    # The tenant's record, the page, and one more that tells whether there are more.
    assert sum(operation.get("keysExamined", 0) for operation in done) <= 1 + 20 + 1


@pytest.mark.parametrize("steps", [("id",), ("userName",), ("displayName",), ("meta", "created")], ids=".".join)
async def test_what_comes_before_a_page_is_counted_from_the_nearer_end(
    mongo_stores: Stores, profiler: Profiler, steps: tuple[str, ...]
) -> None:
    query = Query("User", start_index=285, count=5, sort=Sort(_at(*steps)))

    done = await profiler.watch(mongo_stores.directory.search(ACME, query))

    # Of 300: the tenant's record twice, sixteen or so from the end, the page and one more.
    assert sum(operation.get("keysExamined", 0) for operation in done) <= 30


async def test_a_page_after_a_change_begins_where_it_should(mongo_stores: Stores) -> None:
    directory, writer = mongo_stores.directory, mongo_stores.writer
    await directory.search(GLOBEX, Query("User", start_index=200, count=20))
    removal = Content(removed=EVERYBODY[:3])
    await writer.commit(builders.changes(await writer.load(GLOBEX, Need()), removal))

    page = await directory.search(GLOBEX, Query("User", start_index=220, count=2))

    assert [one.id for one in page.resources] == [one.id for one in EVERYBODY[222:224]]
