"""Asking and following a tenant's audit log, and how long it is kept."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from schemas.ids import TenantId
from schemas.timestamps import timestamp
from tenants.administration.actor import Actor, RefusedError
from tenants.administration.audit import AuditAdministration, Verified
from tenants.administration.audit_round import AuditRound
from tenants.audit.port import AuditQuery
from tests.support import builders
from tests.support.builders import entry
from tests.support.stores import Stores, administration_ports, open_sqlite_stores

ACME, GLOBEX = TenantId("acme"), TenantId("globex")
ADA = Actor("operator:ada")
START = 1_800_000_000.0
DAY = 86_400.0


@dataclass(slots=True)
class Desk:
    stores: Stores
    audit: AuditAdministration
    now: float = START

    async def write(self, tenant: TenantId, count: int = 1) -> None:
        for _ in range(count):
            await self.stores.audit.append(tenant, [entry(at=timestamp(self.now))])

    async def kept(self, tenant: TenantId) -> list[int]:
        return [one.number for one in await self.audit.find(tenant, AuditQuery())]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_sqlite_stores(":memory:") as stores:
        for tenant in (ACME, GLOBEX):
            await stores.registry.add_tenant(builders.tenant(tenant))
        ports = administration_ports(stores)
        made = Desk(stores, AuditAdministration(ports, clock=lambda: made.now))
        yield made


async def test_following_the_chain_tells_what_was_followed(desk: Desk) -> None:
    await desk.write(ACME, 120)
    seen: list[tuple[int, int]] = []

    verified = await desk.audit.verify(ACME, progress=lambda done, total: seen.append((done, total)))

    assert verified == Verified(first=1, last=120, entries=120, redacted=0, older=0)
    assert seen == [(50, 120), (100, 120), (120, 120)]
    assert await desk.audit.verify(GLOBEX) == Verified(first=1, last=0, entries=0, redacted=0, older=0)


async def test_an_export_holds_all_entries_page_by_page(desk: Desk) -> None:
    await desk.stores.audit.append(ACME, [entry(request_id=str(number)) for number in range(1, 1203)])
    await desk.write(GLOBEX)

    numbers = [one.number async for one in desk.audit.export(ACME, AuditQuery(limit=1))]
    backwards = [one.number async for one in desk.audit.export(ACME, AuditQuery(newest_first=True))]

    assert numbers == list(range(1, 1203))
    assert backwards == numbers[::-1]


async def test_entries_are_kept_for_400_days_unless_told_otherwise(desk: Desk) -> None:
    await desk.write(ACME)
    await desk.write(GLOBEX)
    desk.now += 200 * DAY
    await desk.write(ACME)
    desk.now += 199 * DAY
    assert await desk.audit.forget_expired(ACME) == 0

    desk.now += 2 * DAY

    assert await desk.audit.forget_expired(ACME) == 1
    assert (await desk.kept(ACME), await desk.kept(GLOBEX)) == ([2], [1])
    assert await desk.audit.verify(ACME) == Verified(first=2, last=2, entries=1, redacted=0, older=0)


async def test_a_tenants_own_retention_is_written_down_and_kept_by_the_round(desk: Desk) -> None:
    await desk.write(ACME, 120)
    await desk.write(GLOBEX)
    changed = await desk.audit.keep_for(ACME, 30, actor=ADA)
    desk.now += 31 * DAY

    await AuditRound(desk.stores.registry, desk.stores.audit, clock=lambda: desk.now).go()

    assert (changed.policies.audit_days, changed.revision) == (30, 2)
    assert (await desk.kept(ACME), await desk.kept(GLOBEX)) == ([], [1])
    assert (await desk.stores.audit.ends(ACME)).start == 121


async def test_a_change_of_retention_is_audited_with_old_and_new_value(desk: Desk) -> None:
    await desk.audit.keep_for(ACME, 90, actor=ADA)
    await desk.audit.keep_for(ACME, 90, actor=ADA)

    (noted,) = await desk.audit.find(ACME, AuditQuery(actor="operator:ada"))
    assert (noted.action, noted.details) == ("tenant.changed", {"changed": {"audit_days": [400, 90]}})


async def test_retention_has_a_floor(desk: Desk) -> None:
    with pytest.raises(RefusedError, match="30 days at least"):
        await desk.audit.keep_for(ACME, 29, actor=ADA)


async def test_the_round_goes_on_without_a_store() -> None:
    async with open_sqlite_stores(":memory:") as closed:
        pass
    await AuditRound(closed.registry, closed.audit, clock=lambda: START).go()
