"""Refusals told to the audit log, and uses told to the registry: coalesced, bounded, kept while a store is away."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import pytest

from gateway.answers import Refused
from gateway.middlewares.refused_tokens import RefusedToken
from gateway.middlewares.refused_writes import Attempt, RefusedWrite
from gateway.middlewares.token_uses import TokenUses
from gateway.refusal_tallies import RefusalTallies
from gateway.surroundings import Surroundings
from gateway.visit import Visit
from schemas.ids import TenantId, TokenId
from tenants.audit.port import AuditEntry, AuditLog
from tenants.credentials.scim_tokens import Cause
from tenants.credentials.verification import Principal
from tenants.errors import PortUnavailableError
from tenants.registry.sqlite import SqliteRegistry
from tests.support import builders
from tests.support.scim import ACME, GLOBEX, SETTINGS, START, Clock
from tests.support.stores import Stores, open_sqlite_stores

VISIT = Visit("r1", 0.0, "192.0.2.1", "Okta SCIM Client 1.0.0")


class Interrupted(AuditLog):
    """An audit log that can be away."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit
        self.is_away = False
        self.appends = 0

    async def append(self, tenant: TenantId, entries: Sequence[AuditEntry]) -> None:
        if self.is_away:
            raise PortUnavailableError("away")
        self.appends += 1
        await self._audit.append(tenant, entries)

    async def entries(self, tenant: TenantId, *, after: int, limit: int) -> Sequence[AuditEntry]:
        return await self._audit.entries(tenant, after=after, limit=limit)


@dataclass(slots=True)
class Desk:
    refused: RefusalTallies[RefusedToken | RefusedWrite]
    audit: Interrupted
    clock: Clock
    stores: Stores

    def note(self, cause: Cause = Cause.MALFORMED, *, tenant: TenantId = ACME, address: str = "192.0.2.1") -> None:
        self.refused.note(RefusedToken(tenant, cause, None, address), replace(VISIT, address=address))

    def note_write(self, reason: str, *, tenant: TenantId = ACME, target: str = "", request_id: str = "r1") -> None:
        attempt = Attempt("scim.replace", "Users/{id}", "User", target)
        write = RefusedWrite(tenant, "token:t1", "Okta", "192.0.2.1", attempt, Refused(400, reason, "invalidValue"))
        self.refused.note(write, replace(VISIT, request_id=request_id))

    async def told(self, tenant: TenantId = ACME) -> list[tuple[str, int]]:
        entries = await self.audit.entries(tenant, after=0, limit=1000)
        return [(entry.details["cause"], entry.details["count"]) for entry in entries]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_sqlite_stores(":memory:") as stores:
        for tenant in (ACME, GLOBEX):
            await stores.registry.add_tenant(builders.tenant(tenant))
        audit, clock = Interrupted(stores.audit), Clock()
        yield Desk(RefusalTallies(audit, SETTINGS, Surroundings(now=clock)), audit, clock, stores)


async def test_the_first_refusal_is_told_at_once_and_the_rest_of_a_minute_together(desk: Desk) -> None:
    desk.note()
    await desk.refused.tell_due()
    for _ in range(9):
        desk.note()
    await desk.refused.tell_due()
    assert await desk.told() == [("malformed", 1)]
    desk.clock.now += 60
    await desk.refused.tell_due()
    assert await desk.told() == [("malformed", 1), ("malformed", 9)]


async def test_causes_addresses_and_tenants_are_told_apart(desk: Desk) -> None:
    desk.note(Cause.EXPIRED)
    desk.note(Cause.REVOKED)
    desk.note(Cause.REVOKED, address="192.0.2.2")
    desk.note(Cause.MISSING, tenant=GLOBEX)
    await desk.refused.tell_due()
    assert sorted(await desk.told()) == [("expired", 1), ("revoked", 1), ("revoked", 1)]
    assert await desk.told(GLOBEX) == [("missing", 1)]


async def test_what_is_due_at_the_same_time_is_told_together(desk: Desk) -> None:
    for address in range(50):
        desk.note(address=f"192.0.2.{address}")
    await desk.refused.tell_due()
    assert desk.audit.appends == 1


async def test_a_guesser_with_many_addresses_gets_no_more_than_a_hundred_entries(desk: Desk) -> None:
    for address in range(5_000):
        desk.note(address=f"2001:db8::{address:x}")
    desk.note(tenant=GLOBEX)
    await desk.refused.tell_due()
    told = await desk.told()
    assert len(told) == 101
    assert sum(count for _, count in told) == 5_000
    assert await desk.told(GLOBEX) == [("malformed", 1)]


async def test_a_caller_whose_every_write_is_refused_gets_no_more_than_a_hundred_entries_and_one(desk: Desk) -> None:
    for number in range(5_000):
        desk.note_write("emails.value must be a string", target=f"{number:032x}", request_id=f"r{number}")
    await desk.refused.tell_due()
    *singly, together = await desk.audit.entries(ACME, after=0, limit=1_000)
    assert [entry.request_id for entry in singly] == [f"r{number}" for number in range(100)]
    assert all(entry.details["count"] == 1 for entry in singly)
    assert (together.principal, together.address, together.target) == ("token:t1", "many", "")
    assert together.details == {
        "status": 400,
        "scimType": None,
        "reason": "for many reasons",
        "endpoint": "",
        "count": 4_900,
    }
    assert desk.audit.appends == 1


async def test_however_many_tenants_have_writes_refused_what_is_counted_is_bounded(desk: Desk) -> None:
    for tenant in range(120):
        for number in range(100):
            desk.note_write("userName is required", tenant=TenantId(f"t{tenant}"), target=f"{number:032x}")
    assert len(desk.refused._tallies) == 10_000


async def test_there_is_room_for_other_kinds_when_those_of_a_minute_ago_have_ended(desk: Desk) -> None:
    for number in range(200):
        desk.note_write("emails.value must be a string", target=f"{number:032x}")
    for _ in range(3):
        await desk.refused.tell_due()
        desk.clock.now += 60
    desk.note_write("userName is required", target="f" * 32)
    await desk.refused.tell_due()
    latest = (await desk.audit.entries(ACME, after=0, limit=1_000))[-1]
    assert (latest.target, latest.details["reason"], latest.details["count"]) == ("f" * 32, "userName is required", 1)


async def test_guessed_tenant_names_are_told_to_nobody_and_kept_no_longer_than_a_minute(desk: Desk) -> None:
    for name in ("nobody", "../etc", "x" * 100, "ünknown"):
        desk.note(tenant=TenantId(name))
    await desk.refused.tell_due()
    desk.clock.now += 60
    await desk.refused.tell_due()
    assert not desk.refused._tallies
    assert not desk.refused._kinds


async def test_nothing_is_lost_while_the_audit_log_is_away(desk: Desk) -> None:
    desk.audit.is_away = True
    desk.note()
    await desk.refused.tell_due()
    desk.note()
    desk.audit.is_away = False
    await desk.refused.tell_due()
    assert await desk.told() == [("malformed", 2)]


async def test_the_last_use_of_each_token_is_kept_until_the_registry_takes_it(desk: Desk) -> None:
    token = builders.token(ACME, "t1")
    await desk.stores.registry.add_token(token)
    registry = desk.stores.registry
    assert isinstance(registry, SqliteRegistry)
    async with open_sqlite_stores(":memory:") as closed:
        pass
    uses = TokenUses(closed.registry)
    principal = Principal(ACME, TokenId("t1"), "Entra ID")
    uses.note(principal, START, replace(VISIT, agent="older"))
    await uses.record_now()
    uses.note(principal, START + 1, replace(VISIT, agent="newer"))
    await uses.record_now()
    uses._registry = registry
    await uses.record_now()
    record = await registry.token(ACME, TokenId("t1"))
    assert record is not None
    assert record.last_use is not None
    assert record.last_use.agent == "newer"
