"""The registry's promises about a token's life: names, rotations, and what the LMS is told of its end."""

import asyncio
from dataclasses import replace

import pytest

from schemas.ids import TenantId, TokenId
from schemas.messages.events import EventType
from tenants.directory.writer import DirectoryWriter, Need
from tenants.errors import DuplicateError, LaneLostError, UnknownTenantError
from tenants.outbox.port import Outbox
from tenants.registry.port import Registry, TokenNews
from tests.support.builders import LATER, NOW, Content, changes, event, token

T1, T2, T3 = TokenId("t1"), TokenId("t2"), TokenId("t3")


def news(tenant: TenantId, token: TokenId = T1, *, follows: int | None = None, warned: int = 60) -> TokenNews:
    """Return a warning."""
    payload = {"name": "Entra ID", "threshold_days": warned, "last_used": None}
    return TokenNews(tenant, token, EventType.TOKEN_EXPIRING, NOW, payload, follows=follows, warned=warned)


@pytest.fixture(autouse=True)
async def tokens(registry: Registry, acme: TenantId, globex: TenantId) -> None:
    """Both tenants have a token of the same id."""
    await registry.add_token(token(acme, "t1"))
    await registry.add_token(token(globex, "t1"))


async def test_a_token_gets_another_name_and_its_namesake_elsewhere_does_not(
    registry: Registry, acme: TenantId, globex: TenantId
) -> None:
    assert await registry.rename_token(acme, T1, 'Ünï "2027" $x')

    assert await registry.token(acme, T1) == token(acme, "t1", name='Ünï "2027" $x')
    assert await registry.token(globex, T1) == token(globex, "t1")
    assert not await registry.rename_token(acme, T2, "Nobody")


@pytest.mark.parametrize("stops", [None, LATER])
async def test_a_rotation_keeps_the_new_token_and_marks_the_old_one(
    registry: Registry, acme: TenantId, globex: TenantId, stops: str | None
) -> None:
    new = token(acme, "t2", created=LATER)

    assert await registry.rotate_token(new, T1, stops=stops)

    assert list(await registry.tokens(acme)) == [token(acme, "t1", replaced_by=T2, revoked=stops), new]
    assert list(await registry.tokens(globex)) == [token(globex, "t1")]


async def test_a_token_is_replaced_once(registry: Registry, acme: TenantId) -> None:
    new = [token(acme, f"t{number}", created=LATER) for number in range(2, 6)]

    results = await asyncio.gather(*(registry.rotate_token(one, T1, stops=None) for one in new))

    assert sorted(results) == [False, False, False, True]
    (kept,) = [one for one, was_kept in zip(new, results, strict=True) if was_kept]
    assert list(await registry.tokens(acme)) == [token(acme, "t1", replaced_by=kept.id), kept]


async def test_a_revoked_unknown_or_foreign_token_is_not_replaced(
    registry: Registry, acme: TenantId, globex: TenantId
) -> None:
    await registry.revoke_token(acme, T1, at=NOW)
    await registry.add_token(token(globex, "t3"))

    for old in (T1, T2, T3):
        assert not await registry.rotate_token(token(acme, "new"), old, stops=None)

    assert [one.id for one in await registry.tokens(acme)] == [T1]
    assert await registry.token(globex, T3) == token(globex, "t3")


async def test_a_rotation_under_a_taken_id_changes_nothing(registry: Registry, acme: TenantId) -> None:
    await registry.add_token(token(acme, "t2", created=LATER))

    with pytest.raises(DuplicateError):
        await registry.rotate_token(token(acme, "t2", name="An impostor"), T1, stops=NOW)

    assert list(await registry.tokens(acme)) == [token(acme, "t1"), token(acme, "t2", created=LATER)]


async def test_news_is_an_event_of_the_feed_and_a_mark_of_the_token(
    registry: Registry, outbox: Outbox, acme: TenantId, globex: TenantId
) -> None:
    warning = news(acme)

    assert await registry.announce(warning)

    (told,) = await outbox.events(acme, after=0, limit=10)
    assert (told.number, told.sequence, told.type, told.subject) == (1, 1, EventType.TOKEN_EXPIRING, T1)
    assert (told.tenant, told.at, told.payload) == (acme, NOW, warning.payload)
    assert await registry.token(acme, T1) == token(acme, "t1", warned=60)
    assert list(await outbox.events(globex, after=0, limit=10)) == []
    assert await registry.token(globex, T1) == token(globex, "t1")


async def test_the_same_news_is_told_once_however_many_tell_it(
    registry: Registry, outbox: Outbox, acme: TenantId, globex: TenantId
) -> None:
    for warning in (news(acme), news(acme, follows=60, warned=30), news(acme, follows=30, warned=0), news(globex)):
        results = await asyncio.gather(*(registry.announce(warning) for _ in range(5)))
        assert sorted(results) == [False, False, False, False, True]

    events = await outbox.events(acme, after=0, limit=10)
    assert [(one.number, one.sequence, one.payload["threshold_days"]) for one in events] == [
        (1, 1, 60),
        (2, 2, 30),
        (3, 3, 0),
    ]
    assert len(await outbox.events(globex, after=0, limit=10)) == 1


async def test_news_that_follows_something_else_is_not_written(
    registry: Registry, outbox: Outbox, acme: TenantId
) -> None:
    await registry.announce(news(acme, warned=14))

    assert not await registry.announce(news(acme, follows=None, warned=7))
    assert not await registry.announce(news(acme, follows=30, warned=7))
    assert not await registry.announce(news(acme, T2))

    assert len(await outbox.events(acme, after=0, limit=10)) == 1
    assert await registry.token(acme, T1) == token(acme, "t1", warned=14)


async def test_news_of_a_tenant_that_is_not_there_changes_nothing(registry: Registry) -> None:
    nobody = TenantId("nobody-has-a-token")
    await registry.add_token(token(nobody, "t1"))

    with pytest.raises(UnknownTenantError):
        await registry.announce(news(nobody))

    assert await registry.token(nobody, T1) == token(nobody, "t1")


async def test_a_transaction_decided_before_the_news_is_decided_again(
    registry: Registry, writer: DirectoryWriter, outbox: Outbox, acme: TenantId, globex: TenantId
) -> None:
    content = Content(events=[event(acme, "a1")])
    outdated = changes(await writer.load(acme, Need()), content)
    elsewhere = changes(await writer.load(globex, Need()), Content(events=[event(globex, "g1")]))
    await registry.announce(news(acme))

    with pytest.raises(LaneLostError):
        await writer.commit(outdated)
    await writer.commit(elsewhere)
    await writer.commit(changes(await writer.load(acme, Need()), content))

    events = await outbox.events(acme, after=0, limit=10)
    assert [(one.number, one.sequence, one.subject) for one in events] == [(1, 1, T1), (2, 2, "a1")]


async def test_the_sequence_has_no_gap_while_a_lane_and_many_tellers_write(
    registry: Registry, writer: DirectoryWriter, outbox: Outbox, acme: TenantId
) -> None:
    async def commit(subject: str) -> None:
        while True:
            made = changes(await writer.load(acme, Need()), Content(events=[event(acme, subject)]))
            try:
                await writer.commit(made)
            except LaneLostError:
                await asyncio.sleep(0.001)
            else:
                return

    for number in range(2, 7):
        await registry.add_token(token(acme, f"t{number}"))
    telling = [registry.announce(news(acme, TokenId(f"t{number}"))) for number in range(1, 7) for _ in range(2)]

    async def lane() -> None:
        for number in range(8):
            await commit(f"a{number}")

    results = await asyncio.gather(lane(), *telling)

    events = await outbox.events(acme, after=0, limit=100)
    assert results.count(True) == 6
    assert [(one.number, one.sequence) for one in events] == [(number, number) for number in range(1, 15)]
    assert [one.subject for one in events if one.subject.startswith("a")] == [f"a{number}" for number in range(8)]


async def test_a_use_and_a_revocation_leave_the_mark_as_it_is(registry: Registry, acme: TenantId) -> None:
    await registry.announce(news(acme))
    await registry.revoke_token(acme, T1, at=LATER)

    assert await registry.token(acme, T1) == replace(token(acme, "t1"), warned=60, revoked=LATER)


async def test_the_limit_of_tokens_is_kept_with_the_tenant(
    registry: Registry, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    record = await registry.tenant(acme)
    assert record is not None

    await registry.change_tenant(replace(record, token_limit=5, revision=2))

    limits = [(await writer.load(tenant, Need())).tenant.token_limit for tenant in (acme, globex)]
    assert limits == [5, 2]
    assert (await registry.tenant(acme)) == replace(record, token_limit=5, revision=2)
