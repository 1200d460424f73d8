"""After an erasure nothing in any store says who the person was; others, and other tenants, are as they were."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import bson
import pytest
from msgspec import structs
from pymongo import MongoClient

from schemas.ids import AccountId, JobId, TenantId
from schemas.messages.administration import FlagAccount, ImportAccounts, LmsAccount, SetAside
from schemas.messages.commands import Command
from tenants.audit import chain
from tenants.bus.inprocess import open_inprocess
from tenants.bus.parked import parked_id
from tenants.bus.port import ParkedDelivery
from tenants.bus.shelf import MemoryShelf
from tenants.directory.writer import Need
from tenants.erasures.port import Erasure
from tenants.jobs.job import Job, JobKind, JobState
from tenants.policies.settings import Deprovisioning, OperationMode
from tests.support import builders
from tests.support.lane import Lane
from tests.support.stores import Stores
from workers.erasure_round import ErasurePorts, ErasureRound

LOGIN, OTHER_LOGIN = "zlogin@distinct.example", "zrenamed@distinct.example"
MAIL, GIVEN, FAMILY, TITLE = "zq-mail@distinct.example", "Zyxwina", "Quetzalcoatlis", "Grand Vexillologist"
EXTERNAL_ID = "EXT-zq-4711"
PATIENCE_SECONDS = 60.0
SECRETS = (LOGIN, OTHER_LOGIN, MAIL, GIVEN, FAMILY, TITLE, EXTERNAL_ID)
OTHERS = ("bystander@neighbour.example", "Bystandra")
BYSTANDER: dict[str, Any] = {"userName": OTHERS[0], "name": {"givenName": OTHERS[1]}, "externalId": "E-bystander"}
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PERSON: dict[str, Any] = {
    "userName": LOGIN,
    "externalId": EXTERNAL_ID,
    "displayName": f"{GIVEN} {FAMILY}",
    "name": {"givenName": GIVEN, "familyName": FAMILY},
    "emails": [{"value": MAIL, "primary": True}],
}

Search = Callable[[], bytes]
"""Everything that the store holds, in lower case."""


@pytest.fixture
def mongo_place(technology: str, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A database of each test's own, since all that is in it is looked through."""
    if technology != "mongo":
        yield "", ""
        return
    url, name = request.getfixturevalue("mongodb_url"), f"erasures_{uuid4().hex[:12]}"
    yield url, name
    with MongoClient[dict[str, Any]](url) as client:
        client.drop_database(name)


@pytest.fixture
def everything(technology: str, stores: Stores, mongo_place: tuple[str, str], tmp_path: Path) -> Search:
    def of_mongo() -> bytes:
        url, name = mongo_place
        with MongoClient[dict[str, Any]](url) as client:
            database = client[name]
            return b"\n".join(
                bson.encode(document)
                for collection in database.list_collection_names()
                for document in database[collection].find()
            )

    def of_file() -> bytes:
        return b"\n".join(path.read_bytes() for path in tmp_path.glob("rollcall.db*"))

    def of_memory() -> bytes:
        return stores.writer._store._writer.serialize()  # type: ignore[attr-defined, no-any-return]

    read = {"mongo": of_mongo, "sqlite": of_file, "sqlite-memory": of_memory}[technology]
    return lambda: read().lower()


def found(haystack: bytes, *texts: str) -> list[str]:
    return [text for text in texts if text.lower().encode() in haystack]


@dataclass(frozen=True, slots=True)
class House:
    """Two tenants' lanes, what was parked, and the round."""

    acme: Lane
    globex: Lane
    shelf: Any
    round: ErasureRound

    async def finish(self) -> None:
        """Go the round until nothing is due: a file is not written anew at any moment."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.round.go()
            while await self.acme.stores.erasures.due(after=None, limit=1):
                await asyncio.sleep(0.05)
                await self.round.go()

    async def park(self, lane: Lane, *commands: Command) -> None:
        await self.shelf.put(ParkedDelivery(lane.tenant, commands, "ValueError", builders.NOW, parked_id(commands)))

    async def due(self, tenant: TenantId) -> list[Erasure]:
        return [one for one in await self.acme.stores.erasures.due(after=None, limit=100) if one.tenant == tenant]


@pytest.fixture
async def house(stores: Stores, acme: TenantId, globex: TenantId) -> AsyncIterator[House]:
    shelf = stores.shelf or MemoryShelf()
    async with open_inprocess(shelf=shelf) as bus:
        ports = ErasurePorts(stores.erasures, stores.outbox, stores.audit, stores.jobs, bus.parked_lane())
        lanes = [Lane(stores, tenant) for tenant in (acme, globex)]
        for lane in lanes:
            await lane.set_policies(mode=OperationMode.SYNC, deprovisioning=Deprovisioning.DELETE, has_guard=False)
        yield House(lanes[0], lanes[1], shelf, ErasureRound(ports, clock=lambda: lanes[0].now))


async def _live(lane: Lane) -> str:
    """Make the person and have much happen to them; return their id."""
    person = await lane.made(lane.create(**PERSON))
    await lane.made(lane.create(**BYSTANDER))
    id = person.resource_id
    group = await lane.made(lane.create("Group", displayName="staff", members=[{"value": id, "display": GIVEN}]))
    await lane.made(lane.patch(id, {"op": "replace", "path": "title", "value": TITLE}))
    await lane.made(lane.patch(id, {"op": "replace", "path": "title", "value": TITLE}))
    await lane.made(lane.patch(id, {"op": "replace", "path": "userName", "value": OTHER_LOGIN}))
    await lane.made(lane.replace(id, **PERSON))
    await lane.made(lane.patch(id, {"op": "replace", "path": "active", "value": False}))
    revived = await lane.made(lane.create(**PERSON))
    assert revived.resource_id == id
    remove = {"op": "remove", "path": f'members[value eq "{id}"]'}
    await lane.made(lane.patch(group.resource_id, remove, resource_type="Group"))
    boss = {"value": id, "displayName": f"{GIVEN} {FAMILY}"}
    report: dict[str, Any] = {"userName": "report@neighbour.example", ENTERPRISE: {"manager": boss}}
    await lane.made(lane.create(**report))
    (refused,) = await lane.run(lane.create(**PERSON))
    assert type(refused).__name__ == "Rejected"
    return str(id)


async def test_after_an_erasure_no_store_says_who_the_person_was(house: House, everything: Search) -> None:
    id = await _live(house.acme)
    assert found(everything(), *SECRETS) == list(SECRETS)
    await house.acme.made(house.acme.delete(id))
    assert [one.id for one in await house.due(house.acme.tenant)] == [id]
    assert found(everything(), GIVEN), "the round has nothing to do"

    await house.finish()

    assert found(everything(), *SECRETS) == []
    assert found(everything(), *OTHERS) == list(OTHERS)
    assert await house.due(house.acme.tenant) == []


async def test_it_leaves_one_entry_without_content_and_a_chain_that_holds(house: House) -> None:
    lane = house.acme
    id = await _live(lane)
    await lane.made(lane.delete(id))
    for _ in range(2):
        await house.finish()
    about = [entry for entry in await lane.audit() if entry.target == id]
    assert [(entry.action, entry.details, entry.redacted) for entry in about if not entry.redacted] == [
        ("account.erased", {}, False)
    ]
    assert [entry.redacted for entry in await lane.audit() if entry.target != id] == [False] * 5
    assert [event.number for event in await lane.events()] == list(range(1, len(await lane.events()) + 1))
    await _follow_the_chain(lane)
    mine = [event for event in await lane.events() if event.subject == id]
    assert all(event.payload.keys() <= {"account", "user", "redacted"} for event in mine)
    assert mine[-1].type.value == "account.erased"


async def _follow_the_chain(lane: Lane) -> None:
    ends = await lane.stores.audit.ends(lane.tenant)
    walk = chain.begin(ends)
    for link in await lane.stores.audit.links(lane.tenant, after=0, limit=1_000):
        walk = chain.follow(lane.tenant, walk, link)
    chain.end(walk, ends)


async def test_the_same_person_in_another_tenant_stays(house: House, everything: Search) -> None:
    ids = [await _live(lane) for lane in (house.acme, house.globex)]
    theirs = await house.globex.events(), await house.globex.audit()
    await house.acme.made(house.acme.delete(ids[0]))
    await house.finish()
    assert (await house.globex.events(), await house.globex.audit()) == theirs
    assert found(everything(), *SECRETS) == list(SECRETS)
    await house.globex.made(house.globex.delete(ids[1]))
    await house.finish()
    assert found(everything(), *SECRETS) == []


async def test_former_lives_of_a_person_who_came_back_are_erased_with_the_last(
    house: House, everything: Search
) -> None:
    lane = house.acme
    await lane.set_policies(deprovisioning=Deprovisioning.DISABLE)
    for _ in range(3):
        made = await lane.made(lane.create(**PERSON))
        await lane.made(lane.patch(made.resource_id, {"op": "replace", "path": "title", "value": TITLE}))
        await lane.made(lane.delete(made.resource_id))
    returned = await lane.made(lane.create(**PERSON))
    await lane.set_policies(deprovisioning=Deprovisioning.DELETE)
    await lane.made(lane.delete(returned.resource_id))
    assert len({event.payload.get("user") for event in await lane.events()} - {None}) == 4
    await house.finish()
    assert found(everything(), *SECRETS) == []


async def test_an_erasure_that_was_held_back_in_dry_run_is_complete_when_it_is_released(
    house: House, everything: Search
) -> None:
    lane = house.acme
    id = await _live(lane)
    await lane.set_policies(mode=OperationMode.DRY_RUN)
    await lane.made(lane.delete(id))
    await house.finish()
    assert found(everything(), *SECRETS) == list(SECRETS)
    await lane.set_policies(mode=OperationMode.SYNC)
    await lane.release_all()
    await house.finish()
    assert found(everything(), *SECRETS) == []


async def test_a_user_who_never_had_an_account_leaves_nothing_either(house: House, everything: Search) -> None:
    lane = house.acme
    await lane.set_policies(mode=OperationMode.DRY_RUN)
    made = await lane.made(lane.create(**PERSON))
    await lane.made(lane.delete(made.resource_id))
    await house.finish()
    assert found(everything(), *SECRETS) == []


async def test_imports_and_parked_commands_forget_the_person(house: House, everything: Search) -> None:
    lane = house.acme
    known = LmsAccount("lms-1", LOGIN, EXTERNAL_ID, MAIL, is_verified=True)
    other = LmsAccount("lms-2", OTHERS[0], None, None)
    accounts = [{"lms_id": one.lms_id, "login": one.login, "email": one.email} for one in (known, other)]
    job = Job(JobId("j1"), lane.tenant, JobKind.IMPORT, builders.NOW, "operator:ada", {"accounts": accounts})
    await lane.stores.jobs.add(job)
    await lane.carried(lane.administer(ImportAccounts, accounts=(known, other)))
    made = await lane.made(lane.create(**PERSON))
    assert [one.id for one in await lane.accounts() if one.resource == made.resource_id] == ["lms-1"]
    id = made.resource_id
    title = {"op": "replace", "path": "title", "value": TITLE}
    await house.park(lane, lane.patch(id, title), lane.create(**BYSTANDER))
    await house.park(lane, lane.replace(id, **PERSON))
    await house.park(lane, lane.administer(ImportAccounts, accounts=(known, other)))
    await house.park(lane, lane.administer(SetAside, resources=(id,), reason=f"{GIVEN} is special"))
    await lane.made(lane.delete(id))

    await house.round.go()
    assert len(await house.due(lane.tenant)) == 1, "the import still names the person"
    ended = Job(job.id, job.tenant, job.kind, job.created, job.principal, state=JobState.DONE)
    await lane.stores.jobs.change_state(ended)
    await house.finish()

    assert await house.due(lane.tenant) == []
    assert found(everything(), *SECRETS) == []
    kept = await house.shelf.parked(lane.tenant, limit=10)
    assert sorted([type(command).__name__ for command in one.commands] for one in kept) == [
        ["CreateResource"],
        ["ImportAccounts"],
        ["SetAside"],
    ]
    assert all(GIVEN not in repr(one) and LOGIN not in repr(one) for one in kept)


@pytest.mark.parametrize("kind", [JobKind.RELEASE, JobKind.REPEAT])
async def test_jobs_forget_the_filter_that_named_the_person(house: House, everything: Search, kind: JobKind) -> None:
    lane, jobs = house.acme, house.acme.stores.jobs
    texts = {"j1": f'userName eq "{LOGIN}"', "j2": f'name.familyName eq "{FAMILY}"', "j3": "active eq true"}
    for id, text in texts.items():
        parameters = {"filter": text, "type": "User"}
        await jobs.add(Job(JobId(id), lane.tenant, kind, builders.NOW, "operator:ada", parameters))
    all_of_them = Job(JobId("j4"), lane.tenant, kind, builders.NOW, "operator:ada")
    await jobs.add(all_of_them)
    id = await _live(lane)
    await lane.made(lane.delete(id))

    await house.round.go()
    assert len(await house.due(lane.tenant)) == 1, "the filters may still name the person"
    for job in await jobs.jobs(lane.tenant, limit=10):
        # One that compares with no text cannot.
        await jobs.change_state(replace(job, state=JobState.RUNNING if job.id == "j3" else JobState.DONE))
    await house.finish()

    assert found(everything(), *SECRETS) == []
    kept = {job.id: job.parameters for job in await jobs.jobs(lane.tenant, limit=10)}
    forgotten = {"filter": "", "type": "User"}
    assert kept == {"j1": forgotten, "j2": forgotten, "j3": {"filter": "active eq true", "type": "User"}, "j4": {}}


async def test_a_legal_hold_keeps_the_account_and_all_that_is_known(house: House, everything: Search) -> None:
    lane = house.acme
    id = await _live(lane)
    await lane.carried(lane.administer(FlagAccount, account=AccountId(id), has_legal_hold=True))
    await lane.made(lane.delete(id))
    assert await house.due(lane.tenant) == []
    await house.round.go()
    (kept,) = [account for account in await lane.accounts() if account.id == id]
    assert (kept.resource, kept.status.value, kept.login) == (None, "disabled", LOGIN)
    assert found(everything(), *SECRETS) == list(SECRETS)


async def test_accounts_are_ripe_when_their_moment_has_come(house: House) -> None:
    lane, other = house.acme, house.globex
    moments = {101: "2026-11-25T00:00:00.000Z", 102: "2026-11-26T00:00:00.000Z", 103: "2026-11-27T00:00:00.000Z"}
    accounts = [builders.account(number, None, erase_at=moment) for number, moment in moments.items()]
    held = builders.account(104, None, erase_at=moments[101], has_legal_hold=True)
    kept = builders.account(105, None)
    stores = lane.stores
    for tenant, content in ((lane.tenant, [*accounts, held, kept]), (other.tenant, accounts[:1])):
        snapshot = await stores.writer.load(tenant, Need())
        await stores.writer.commit(builders.changes(snapshot, builders.Content(accounts_inserted=content)))

    ripe = await stores.erasures.ripe(lane.tenant, now=moments[102], limit=10)

    assert list(ripe) == [builders.account_id(101), builders.account_id(102)]
    assert list(await stores.erasures.ripe(lane.tenant, now=moments[102], limit=1)) == [builders.account_id(101)]
    assert await lane.accounts() == [*accounts, held, kept]
    released = structs.replace(accounts[0], erase_at=None)
    snapshot = await stores.writer.load(lane.tenant, Need(accounts=frozenset([released.id])))
    await stores.writer.commit(builders.changes(snapshot, builders.Content(accounts_updated=[released])))
    assert list(await stores.erasures.ripe(lane.tenant, now=moments[101], limit=10)) == []
