"""The round over erasures: once each, whoever goes it, whatever breaks on the way; beside real workers and jobs."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from schemas.ids import TenantId
from tenants.errors import PortUnavailableError
from tenants.jobs.job import JobKind
from tenants.jobs.sqlite import SqliteJobs
from tenants.outbox.sqlite import SqliteOutbox
from tenants.policies.settings import Deprovisioning, OperationMode
from tests.support.lane import Lane
from tests.support.office import open_office
from tests.support.stores import Stores
from workers.erasure_round import ErasurePorts, ErasureRound

SECRETS = (b"zyxwina", b"ext-zq-4711")
PERSON: dict[str, Any] = {"userName": "Zyxwina@distinct.example", "externalId": "EXT-zq-4711"}


class Interrupted(SqliteOutbox):
    """An outbox that cannot be reached the first time."""

    def __init__(self, stores: Stores) -> None:
        assert isinstance(stores.outbox, SqliteOutbox)
        super().__init__(stores.outbox._store)
        self.is_away = True

    async def redact(self, tenant: TenantId, accounts: Mapping[str, str]) -> frozenset[str]:
        if self.is_away:
            self.is_away = False
            raise PortUnavailableError("away")
        return await super().redact(tenant, accounts)


class Waiting(SqliteJobs):
    """Jobs of one tenant that an import still goes on for."""

    def __init__(self, stores: Stores, tenant: TenantId) -> None:
        assert isinstance(stores.jobs, SqliteJobs)
        super().__init__(stores.jobs._store)
        self._tenant = tenant

    async def forget_people(self, tenant: TenantId, accounts: Collection[str]) -> bool:
        return tenant != self._tenant and await super().forget_people(tenant, accounts)


def ports_of(office: Any) -> ErasurePorts:
    stores = office.stores
    return ErasurePorts(stores.erasures, stores.outbox, stores.audit, stores.jobs, office.bus.parked_lane())


async def finish(ports: ErasurePorts) -> None:
    going = ErasureRound(ports, clock=lambda: 1_800_000_000.0)
    async with asyncio.timeout(60):
        await going.go()
        while await ports.erasures.due(after=None, limit=1):
            await asyncio.sleep(0.02)
            await going.go()


async def erase(lane: Lane) -> str:
    await lane.set_policies(mode=OperationMode.SYNC, deprovisioning=Deprovisioning.DELETE)
    made = await lane.made(lane.create(**PERSON))
    await lane.made(lane.delete(made.resource_id))
    return made.resource_id


async def ends_of(lane: Lane) -> list[tuple[str, bool]]:
    return [(entry.target, entry.redacted) for entry in await lane.audit() if entry.action == "account.erased"]


def content(stores: Stores) -> bytes:
    return stores.writer._store._writer.serialize().lower()  # type: ignore[attr-defined, no-any-return]


async def test_a_release_by_a_job_erases_and_the_round_leaves_nothing() -> None:
    async with open_office(mode=OperationMode.SYNC) as office, office.working():
        lane = office.acme
        await lane.set_policies(deprovisioning=Deprovisioning.DELETE)
        ids = [
            (await lane.made(lane.create(userName=f"zyxwina{number}@distinct.example", externalId="EXT-zq-4711")))
            for number in range(5)
        ]
        await lane.set_policies(mode=OperationMode.DRY_RUN)
        for one in ids:
            await lane.made(lane.delete(one.resource_id))
        await finish(ports_of(office))
        assert all(secret in content(office.stores) for secret in SECRETS)

        await lane.set_policies(mode=OperationMode.SYNC)
        await office.done(JobKind.RELEASE)
        await finish(ports_of(office))

        assert not [secret for secret in SECRETS if secret in content(office.stores)]
        assert sorted(await ends_of(lane)) == [(one.resource_id, False) for one in ids]


async def test_many_rounds_at_once_finish_each_erasure_once() -> None:
    async with open_office(mode=OperationMode.SYNC) as office:
        ids = [await erase(lane) for lane in (office.acme, office.globex)]
        await asyncio.gather(*(finish(ports_of(office)) for _ in range(4)))
        for lane, id in zip((office.acme, office.globex), ids, strict=True):
            assert [target for target, _ in await ends_of(lane)] == [id]


async def test_what_cannot_be_done_now_is_done_in_a_later_round() -> None:
    async with open_office(mode=OperationMode.SYNC) as office:
        id = await erase(office.acme)
        ports = replace(ports_of(office), outbox=Interrupted(office.stores))
        await ErasureRound(ports, clock=lambda: 0.0).go()
        assert await ends_of(office.acme) == []
        await finish(ports)
        assert await ends_of(office.acme) == [(id, False)]


async def test_one_tenants_erasures_do_not_wait_for_another_tenants() -> None:
    async with open_office(mode=OperationMode.SYNC) as office:
        await erase(office.acme)
        id = await erase(office.globex)
        ports = replace(ports_of(office), jobs=Waiting(office.stores, office.acme.tenant))
        await ErasureRound(ports, clock=lambda: 0.0).go()
        assert await ends_of(office.acme) == []
        assert await ends_of(office.globex) == [(id, False)]


@pytest.mark.parametrize("deprovisioning", list(Deprovisioning))
async def test_only_under_delete_something_is_due(deprovisioning: Deprovisioning) -> None:
    async with open_office(mode=OperationMode.SYNC) as office:
        lane = office.acme
        await lane.set_policies(deprovisioning=deprovisioning)
        made = await lane.made(lane.create(**PERSON))
        await lane.made(lane.delete(made.resource_id))
        due = await office.stores.erasures.due(after=None, limit=10)
        expected = [made.resource_id] if deprovisioning is Deprovisioning.DELETE else []
        assert [one.id for one in due] == [str(one.resource) for one in due] == expected
