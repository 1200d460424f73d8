"""An administrator's hand on tokens: limits, names, rotation with overlap, and what is written down of it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count

import pytest

from schemas.ids import TenantId
from schemas.messages.events import Event
from schemas.messages.notices import Notice, TokenChanged
from schemas.timestamps import timestamp
from tenants.administration.actor import Actor, RefusedError
from tenants.administration.tenants import SettingsChange, TenantAdministration
from tenants.administration.tokens import OldStops, TokenAdministration
from tenants.audit.port import AuditEntry
from tenants.bus.port import Notices
from tenants.credentials.signing import signing_keys
from tenants.errors import PortUnavailableError
from tenants.ports import AdministrationPorts
from tenants.registry.lifetimes import is_live, is_standing
from tenants.registry.port import TokenNews, TokenRecord
from tenants.registry.sqlite import SqliteRegistry
from tests.support.stores import Stores, administration_ports, open_sqlite_stores
from workers.token_round import TokenRound

ADA = Actor("operator:ada", address="192.0.2.1")
DAY = 86_400.0
START = 1_800_000_000.0
KEYS = signing_keys("the key of the tests, which is long enough")
ACME, GLOBEX = TenantId("acme"), TenantId("globex")


class Noted(Notices):
    """Notices that are kept."""

    def __init__(self) -> None:
        self.published: list[Notice] = []

    async def publish(self, notice: Notice) -> None:
        self.published.append(notice)

    async def subscribe(self) -> AsyncIterator[Notice]:
        for notice in self.published:
            yield notice


@dataclass(slots=True)
class Office:
    """The use cases over a store in memory, with a clock that stands still unless moved."""

    stores: Stores
    notices: Noted
    now: float = START

    @property
    def ports(self) -> AdministrationPorts:
        stores = self.stores
        return administration_ports(stores, self.notices)

    async def set_limit(self, limit: int) -> None:
        tenants = TenantAdministration(self.ports, clock=lambda: self.now)
        await tenants.change(ACME, SettingsChange(token_limit=limit), actor=ADA)

    async def tokens(self) -> list[TokenRecord]:
        return list(await self.stores.registry.tokens(ACME))

    async def events(self) -> Sequence[Event]:
        return await self.stores.outbox.events(ACME, after=0, limit=100)

    async def audit(self, action: str) -> list[AuditEntry]:
        entries = await self.stores.audit.entries(ACME, after=0, limit=100)
        return [entry for entry in entries if entry.action == action]


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with open_sqlite_stores(":memory:") as stores:
        office = Office(stores, Noted())
        for name in (ACME, GLOBEX):
            tenants = TenantAdministration(office.ports, clock=lambda: START)
            await tenants.create(name, SettingsChange(), actor=ADA)
        yield office


@pytest.fixture
def tokens(office: Office) -> TokenAdministration:
    ids = count(1)
    return TokenAdministration(
        office.ports,
        keys=KEYS,
        clock=lambda: office.now,
        new_id=lambda: f"t{next(ids)}",
    )


async def create(tokens: TokenAdministration, name: str = "Entra", *, expires: float | None = None) -> TokenRecord:
    end = datetime.fromtimestamp(expires, UTC) if expires is not None else None
    return (await tokens.create(ACME, name=name, expires=end, actor=ADA)).record


@pytest.mark.parametrize("limit", [1, 3, 5])
async def test_as_many_tokens_live_at_once_as_the_operator_says(
    office: Office, tokens: TokenAdministration, limit: int
) -> None:
    await office.set_limit(limit)
    for number in range(limit):
        await create(tokens, f"token {number}")
    with pytest.raises(RefusedError, match=f"{limit} live tokens"):
        await create(tokens)
    theirs = await tokens.create(GLOBEX, name="theirs", expires=None, actor=ADA)
    assert is_live(theirs.record, office.now)


@pytest.mark.parametrize("limit", [0, 6, -1])
async def test_the_limit_is_one_to_five(office: Office, limit: int) -> None:
    with pytest.raises(RefusedError, match="1 to 5"):
        await office.set_limit(limit)


async def test_expired_and_revoked_tokens_make_room(office: Office, tokens: TokenAdministration) -> None:
    await create(tokens, expires=START + DAY)
    revoked = await create(tokens)
    await tokens.revoke(ACME, revoked.id, actor=ADA)
    office.now += 2 * DAY
    await create(tokens)
    await create(tokens)
    assert sum(is_live(token, office.now) for token in await office.tokens()) == 2


async def test_a_rotation_works_though_as_many_tokens_live_as_may(office: Office, tokens: TokenAdministration) -> None:
    await create(tokens, "Entra")
    await create(tokens, "Okta")
    issued, old = await tokens.rotate(ACME, "Entra", actor=ADA)
    assert [is_live(token, office.now) for token in await office.tokens()] == [True, True, True]
    assert [is_standing(token, office.now) for token in await office.tokens()] == [False, True, True]
    assert (old.replaced_by, issued.record.name) == (issued.record.id, "Entra")
    with pytest.raises(RefusedError):
        await create(tokens, "a third")


async def test_the_new_token_gets_a_fresh_year(office: Office, tokens: TokenAdministration) -> None:
    await create(tokens, expires=START + 30 * DAY)
    office.now += 20 * DAY
    issued, _ = await tokens.rotate(ACME, "Entra", actor=ADA)
    assert issued.record.expires == timestamp(office.now + 365 * DAY)


async def test_the_new_token_gets_the_end_and_the_name_that_are_asked_for(tokens: TokenAdministration) -> None:
    await create(tokens)
    end = datetime.fromtimestamp(START + 90 * DAY, UTC)
    issued, _ = await tokens.rotate(ACME, "Entra", name="Entra 2027", expires=end, actor=ADA)
    assert (issued.record.expires, issued.record.name) == (timestamp(START + 90 * DAY), "Entra 2027")


@pytest.mark.parametrize(
    ("stops", "life_days", "revoked"),
    [
        (OldStops.NOW, 100, START),
        (OldStops.IN_A_DAY, 100, START + DAY),
        (OldStops.IN_A_DAY, 0.5, None),
        (OldStops.OWN_DATE, 100, None),
    ],
)
async def test_the_old_token_stops_when_asked_and_never_later_than_its_own_date(
    tokens: TokenAdministration, stops: OldStops, life_days: float, revoked: float | None
) -> None:
    await create(tokens, expires=START + life_days * DAY)
    _, old = await tokens.rotate(ACME, "Entra", stops=stops, actor=ADA)
    assert old.revoked == (timestamp(revoked) if revoked is not None else None)
    assert old.expires == timestamp(START + life_days * DAY)


async def test_a_token_that_stops_now_is_told_of_at_once_and_one_that_lives_on_is_not(
    office: Office, tokens: TokenAdministration
) -> None:
    first = await create(tokens)
    second = (await tokens.rotate(ACME, first.id, actor=ADA))[0].record
    assert list(await office.events()) == []
    await tokens.rotate(ACME, second.id, stops=OldStops.NOW, actor=ADA)
    assert [(event.type.value, event.subject) for event in await office.events()] == [("token.revoked", second.id)]


async def test_a_token_is_rotated_once(tokens: TokenAdministration) -> None:
    old = await create(tokens)
    await tokens.rotate(ACME, old.id, stops=OldStops.OWN_DATE, actor=ADA)
    with pytest.raises(RefusedError, match="on its way out"):
        await tokens.rotate(ACME, old.id, actor=ADA)


async def test_an_ended_token_is_not_rotated(office: Office, tokens: TokenAdministration) -> None:
    await create(tokens, expires=START + DAY)
    office.now += DAY
    with pytest.raises(RefusedError, match="has ended"):
        await tokens.rotate(ACME, "Entra", actor=ADA)


async def test_rotating_again_and_again_leaves_no_more_old_tokens_than_may_live(tokens: TokenAdministration) -> None:
    newest = await create(tokens)
    for _ in range(2):
        issued, _ = await tokens.rotate(ACME, newest.id, stops=OldStops.OWN_DATE, actor=ADA)
        newest = issued.record
    with pytest.raises(RefusedError, match="live on"):
        await tokens.rotate(ACME, newest.id, actor=ADA)
    _, old = await tokens.rotate(ACME, newest.id, stops=OldStops.NOW, actor=ADA)
    assert old.revoked == timestamp(START)


async def test_a_rotation_is_written_down_for_both_tokens_and_never_the_token(
    office: Office, tokens: TokenAdministration
) -> None:
    old = await create(tokens)
    issued, _ = await tokens.rotate(ACME, "Entra", actor=ADA)
    (rotated,) = await office.audit("token.rotated")
    _, created = await office.audit("token.created")
    assert (rotated.target, rotated.details) == (
        old.id,
        {"replaced_by": issued.record.id, "stops": timestamp(START + DAY)},
    )
    assert (created.target, created.details["replaces"]) == (issued.record.id, old.id)
    assert issued.token not in repr(await office.stores.audit.entries(ACME, after=0, limit=100))
    assert office.notices.published[-2:] == [TokenChanged(ACME, issued.record.id), TokenChanged(ACME, old.id)]


async def test_a_new_name_is_written_down_with_the_old_one(office: Office, tokens: TokenAdministration) -> None:
    record = await create(tokens)
    assert (await tokens.rename(ACME, "Entra", " Entra 2027 ", actor=ADA)).name == "Entra 2027"
    (entry,) = await office.audit("token.renamed")
    assert (entry.target, entry.details) == (record.id, {"name": ["Entra", "Entra 2027"]})


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "two\nlines", "\x1b[31m"])
async def test_a_name_that_nobody_can_read_is_refused(tokens: TokenAdministration, name: str) -> None:
    await create(tokens)
    with pytest.raises(RefusedError, match="name"):
        await tokens.rename(ACME, "Entra", name, actor=ADA)
    with pytest.raises(RefusedError, match="name"):
        await create(tokens, name)


async def test_of_tokens_of_one_name_the_live_one_is_meant(tokens: TokenAdministration) -> None:
    first = await create(tokens)
    await tokens.revoke(ACME, first.id, actor=ADA)
    second = await create(tokens)
    assert (await tokens.revoke(ACME, "Entra", actor=ADA)).id == second.id


async def test_where_two_live_tokens_have_the_name_the_id_is_asked_for(tokens: TokenAdministration) -> None:
    old = await create(tokens)
    await tokens.rotate(ACME, "Entra", actor=ADA)
    with pytest.raises(RefusedError, match=f"by its id: {old.id}"):
        await tokens.revoke(ACME, "Entra", actor=ADA)


async def test_another_tenants_token_is_no_token_of_this_one(tokens: TokenAdministration) -> None:
    theirs = (await tokens.create(GLOBEX, name="theirs", expires=None, actor=ADA)).record
    for token in (theirs.id, theirs.name):
        with pytest.raises(RefusedError, match="no token"):
            await tokens.rotate(ACME, token, actor=ADA)
        with pytest.raises(RefusedError, match="no token"):
            await tokens.rename(ACME, token, "mine", actor=ADA)
        with pytest.raises(RefusedError, match="no token"):
            await tokens.revoke(ACME, token, actor=ADA)


async def test_a_revocation_is_told_once_however_often_it_is_repeated(
    office: Office, tokens: TokenAdministration
) -> None:
    record = await create(tokens)
    for _ in range(2):
        office.now += 1
        assert (await tokens.revoke(ACME, record.id, actor=ADA)).revoked == timestamp(START + 1)
    (told,) = await office.events()
    assert (told.type.value, told.subject, told.number, told.sequence) == ("token.revoked", record.id, 1, 1)


class Speechless(SqliteRegistry):
    """A registry that cannot be told news."""

    async def announce(self, news: TokenNews) -> bool:
        raise PortUnavailableError("away")


async def test_a_revocation_that_cannot_be_told_now_holds_and_is_told_by_the_next_round(office: Office) -> None:
    registry = office.stores.registry
    assert isinstance(registry, SqliteRegistry)
    ports = replace(office.ports, registry=Speechless(registry._store))
    tokens = TokenAdministration(ports, keys=KEYS, clock=lambda: office.now, new_id=lambda: "t1")
    await create(tokens)
    assert (await tokens.revoke(ACME, "t1", actor=ADA)).revoked == timestamp(START)
    assert list(await office.events()) == []
    await TokenRound(registry, clock=lambda: office.now).go()
    assert [(event.type.value, event.subject) for event in await office.events()] == [("token.revoked", "t1")]
