"""The round over all tokens: each end is told once, by whichever worker comes first, and nothing is lost with one."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from schemas.ids import TenantId, TokenId
from schemas.messages.events import Event
from schemas.messages.outcomes import Applied
from schemas.timestamps import timestamp
from tenants.errors import PortUnavailableError
from tenants.registry.port import Registry, TokenNews, TokenRecord
from tenants.registry.sqlite import SqliteRegistry
from tenants.tenant import Tenant
from tests.support import builders
from tests.support.lane import START, Lane
from tests.support.stores import open_sqlite_stores
from workers.token_round import TokenRound

DAY = 86_400.0
_PATIENCE = 10_000
"""Questions until something is taken to be never going to happen."""


class Interrupted(SqliteRegistry):
    """A registry that is away for a while: for its list of tenants, for one tenant, or when news is to be written."""

    def __init__(self, registry: Registry, away: str) -> None:
        assert isinstance(registry, SqliteRegistry)
        super().__init__(registry._store)
        self.away = away

    async def tenants(self) -> Sequence[Tenant]:
        self._check("tenants")
        return await super().tenants()

    async def tokens(self, tenant: TenantId) -> Sequence[TokenRecord]:
        self._check(tenant)
        return await super().tokens(tenant)

    async def announce(self, news: TokenNews) -> bool:
        self._check("news")
        return await super().announce(news)

    def _check(self, place: str) -> None:
        if place == self.away:
            raise PortUnavailableError("away")


async def add(lane: Lane, id: str = "t1", *, days: float, **fields: Any) -> TokenId:
    """Give the lane's tenant a token that was made a year before its end."""
    expires, made = START + days * DAY, START + (days - 365) * DAY
    record = builders.token(lane.tenant, id, created=timestamp(made), expires=timestamp(expires), **fields)
    await lane.stores.registry.add_token(record)
    return record.id


def round_of(lane: Lane, registry: Registry | None = None) -> TokenRound:
    return TokenRound(registry or lane.stores.registry, clock=lambda: lane.now)


def told(events: Sequence[Event]) -> list[tuple[str, str, int | None]]:
    return [(event.subject, event.type.value, event.payload.get("threshold_days")) for event in events]


async def test_a_tokens_last_days_are_told_one_after_the_other(acme: Lane, globex: Lane) -> None:
    await add(acme, days=70)
    await add(globex, "other", days=700)
    for _ in range(72 * 2):
        acme.now += DAY / 2
        await round_of(acme).go()
    assert told(await acme.events()) == [
        *(("t1", "token.expiring", days) for days in (60, 30, 14, 7, 1)),
        ("t1", "token.expired", None),
    ]
    assert await globex.events() == []


async def test_many_rounds_at_once_tell_each_token_once(acme: Lane, globex: Lane) -> None:
    for lane in (acme, globex):
        await add(lane, "a", days=6)
        await add(lane, "b", days=-1)
        await add(lane, "c", days=100, revoked=timestamp(START - 1))
    await asyncio.gather(*(round_of(acme).go() for _ in range(8)))
    for lane in (acme, globex):
        events = await lane.events()
        assert sorted(told(events)) == [
            ("a", "token.expiring", 7),
            ("b", "token.expired", None),
            ("c", "token.revoked", None),
        ]
        assert [(event.number, event.sequence) for event in events] == [(1, 1), (2, 2), (3, 3)]


async def test_workers_with_connections_of_their_own_tell_each_token_once(tmp_path: Path) -> None:
    path = str(tmp_path / "rollcall.sqlite")
    async with open_sqlite_stores(path) as one, open_sqlite_stores(path) as other:
        lane = Lane(one, TenantId("acme"))
        await one.registry.add_tenant(builders.tenant(lane.tenant))
        for number in range(10):
            await add(lane, f"t{number}", days=5)
        await asyncio.gather(*(round_of(lane, stores.registry).go() for stores in (one, other, one, other)))
        assert sorted(event.subject for event in await lane.events()) == [f"t{number}" for number in range(10)]
        assert [event.number for event in await lane.events()] == list(range(1, 11))


async def test_a_set_revocation_is_told_when_its_moment_has_come(acme: Lane) -> None:
    await add(acme, days=100, revoked=timestamp(START + DAY))
    await round_of(acme).go()
    assert await acme.events() == []
    acme.now += DAY
    await round_of(acme).go()
    assert told(await acme.events()) == [("t1", "token.revoked", None)]


async def test_the_lane_goes_on_between_the_rounds_in_the_same_sequence(acme: Lane) -> None:
    await add(acme, days=0.5)
    made = await acme.made(acme.create(userName="ann"))
    await round_of(acme).go()
    (outcome,) = await acme.run(acme.create(userName="bob"))
    assert isinstance(outcome, Applied)
    assert (made.sequence, outcome.sequence) == (1, 3)
    events = await acme.events()
    assert [(event.number, event.sequence) for event in events] == [(1, 1), (2, 2), (3, 3)]
    assert [event.type.value for event in events] == ["account.created", "token.expiring", "account.created"]


@pytest.mark.parametrize("away", ["tenants", "acme", "news"])
async def test_what_cannot_be_told_is_told_in_a_later_round(acme: Lane, away: str) -> None:
    await add(acme, days=5)
    registry = Interrupted(acme.stores.registry, away)
    await round_of(acme, registry).go()
    assert await acme.events() == []
    registry.away = ""
    await round_of(acme, registry).go()
    assert told(await acme.events()) == [("t1", "token.expiring", 7)]


async def test_one_tenant_that_cannot_be_read_does_not_keep_the_others_from_being_told(
    acme: Lane, globex: Lane
) -> None:
    await add(acme, days=5)
    await add(globex, days=5)
    await round_of(acme, Interrupted(acme.stores.registry, "acme")).go()
    assert await acme.events() == []
    assert told(await globex.events()) == [("t1", "token.expiring", 7)]


async def test_the_round_goes_at_once_and_again(acme: Lane) -> None:
    await add(acme, days=5)
    going = asyncio.create_task(round_of(acme).run(every_seconds=0.01))
    await _until_told(acme, 1)
    acme.now += 4.5 * DAY
    await _until_told(acme, 2)
    going.cancel()
    assert [threshold for _, _, threshold in told(await acme.events())] == [7, 1]


async def _until_told(lane: Lane, count: int) -> None:
    for _ in range(_PATIENCE):
        if len(await lane.events()) >= count:
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"{count} events never came")
