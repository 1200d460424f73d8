"""How a token stands, and what the LMS is told of its end, day by day."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.ids import TenantId, TokenId
from schemas.messages.events import EventType
from schemas.timestamps import timestamp
from tenants.registry.lifetimes import TokenState, days_left, due_news, is_live, is_standing, state_of
from tenants.registry.port import TokenRecord, TokenUse
from tests.support import builders

ACME = TenantId("acme")
MADE = 1_800_000_000.0
DAY = 86_400.0
END = MADE + 365 * DAY


def token(**fields: Any) -> TokenRecord:
    """Return a token that was made at ``MADE`` and lives until ``END``."""
    return builders.token(ACME, "t1", **{"created": timestamp(MADE), "expires": timestamp(END), **fields})


def told_over_a_life(record: TokenRecord, *, every_days: float, until: float = END + 2 * DAY) -> list[tuple[str, int]]:
    """Look at the token again and again, and return what was told: type and threshold."""
    told, now = [], MADE
    while now <= until:
        news = due_news(record, now)
        if news is not None:
            assert news.follows == record.warned
            record = replace(record, warned=news.warned)
            told.append((news.type.value, news.warned))
        now += every_days * DAY
    return told


@pytest.mark.parametrize("every_days", [0.01, 0.25, 0.9])
def test_each_threshold_and_the_end_are_told_once_in_a_tokens_life(every_days: float) -> None:
    warnings = [("token.expiring", days) for days in (60, 30, 14, 7, 1)]
    assert told_over_a_life(token(), every_days=every_days) == [*warnings, ("token.expired", 0)]


def test_a_token_is_not_warned_of_with_thresholds_that_lie_before_its_making() -> None:
    short = token(expires=timestamp(MADE + 20 * DAY))
    assert told_over_a_life(short, every_days=0.5)[0] == ("token.expiring", 14)


def test_of_thresholds_that_went_by_untold_only_the_last_is_told() -> None:
    news = due_news(token(warned=60), END - 5 * DAY)
    assert news is not None
    assert (news.follows, news.warned) == (60, 7)
    assert due_news(token(warned=7), END - 5 * DAY) is None


def test_a_clock_that_goes_back_repeats_nothing() -> None:
    assert due_news(token(warned=7), END - 20 * DAY) is None


def test_a_warning_begins_with_the_moment_of_its_threshold() -> None:
    assert due_news(token(), END - 60 * DAY - 0.001) is None
    news = due_news(token(), END - 60 * DAY)
    assert news is not None
    assert (news.type, news.payload["threshold_days"], news.payload["days_left"]) == (EventType.TOKEN_EXPIRING, 60, 60)


def test_a_set_revocation_is_told_when_it_takes_effect_and_warned_of_by_nothing() -> None:
    stopping = token(revoked=timestamp(MADE + 300 * DAY))
    assert told_over_a_life(stopping, every_days=0.5) == [("token.revoked", 0)]
    assert told_over_a_life(stopping, every_days=0.5, until=MADE + 299 * DAY) == []


def test_a_replaced_token_is_warned_of_while_it_lives_until_its_own_date() -> None:
    news = due_news(token(replaced_by=TokenId("t2")), END - 7 * DAY)
    assert news is not None
    assert (news.warned, news.payload["replaced_by"]) == (7, "t2")


def test_a_token_has_one_end() -> None:
    assert due_news(token(warned=0, revoked=timestamp(END + DAY)), END + 2 * DAY) is None


def test_the_news_names_the_token_and_its_last_use_but_holds_no_digest() -> None:
    use = TokenUse(timestamp(MADE + DAY), "192.0.2.7", "Entra")
    news = due_news(token(last_use=use), END)
    assert news is not None
    assert news.payload == {
        "token": "t1",
        "name": "Entra ID",
        "last_four": "w1xY",
        "expires": timestamp(END),
        "revoked": None,
        "replaced_by": None,
        "last_used": use.at,
    }


@pytest.mark.parametrize(
    ("fields", "now", "state"),
    [
        ({}, END - 61 * DAY, TokenState.LIVE),
        ({}, END - 60 * DAY, TokenState.ENDING),
        ({}, END - 0.001, TokenState.ENDING),
        ({}, END, TokenState.EXPIRED),
        ({"revoked": timestamp(MADE + DAY)}, MADE, TokenState.STOPPING),
        ({"revoked": timestamp(MADE + DAY)}, MADE + DAY, TokenState.REVOKED),
        ({"revoked": timestamp(MADE + DAY)}, END + DAY, TokenState.REVOKED),
        ({"replaced_by": TokenId("t2")}, MADE, TokenState.LIVE),
    ],
)
def test_a_token_stands_as_its_dates_say(fields: dict[str, Any], now: float, state: TokenState) -> None:
    record = token(**fields)
    assert state_of(record, now) is state
    assert is_live(record, now) is (state not in {TokenState.EXPIRED, TokenState.REVOKED})


def test_what_is_replaced_or_stops_does_not_stand_any_more() -> None:
    assert is_standing(token(), MADE)
    assert not is_standing(token(replaced_by=TokenId("t2")), MADE)
    assert not is_standing(token(revoked=timestamp(END - DAY)), MADE)
    assert not is_standing(token(), END)


@pytest.mark.parametrize(("before_end", "days"), [(7 * DAY, 7), (6.1 * DAY, 7), (1.0, 1), (0.0, 0), (-DAY, 0)])
def test_days_left_count_a_begun_day(before_end: float, days: int) -> None:
    assert days_left(token(), END - before_end) == days


def test_a_token_that_stops_earlier_has_the_days_until_then() -> None:
    assert days_left(token(revoked=timestamp(MADE + DAY)), MADE) == 1
