"""dateTime values are brought to one form that compares as text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.scim.date_time import normal_date_time


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("2011-05-13T04:42:34Z", "2011-05-13T04:42:34.000000Z"),
        ("2011-05-13t04:42:34.5z", "2011-05-13T04:42:34.500000Z"),
        ("2011-05-13T04:42:34.123456789Z", "2011-05-13T04:42:34.123456Z"),
        ("2011-05-13T04:42:34+02:00", "2011-05-13T02:42:34.000000Z"),
        ("2011-01-01T00:30:00.25+14:00", "2010-12-31T10:30:00.250000Z"),
        ("2011-05-13T04:42:34", "2011-05-13T04:42:34.000000Z"),
    ],
)
def test_a_moment_is_told_in_utc_with_six_digits(text: str, normal: str) -> None:
    assert normal_date_time(text) == normal


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2011-05-13", "2011-05-13 04:42:34Z", "20110513T044234Z", "2011-13-01T00:00:00Z"),
        *("2011-02-30T00:00:00Z", "2011-05-13T25:00:00Z", "0001-01-01T00:00:00+01:00", "2011-05-13T04:42:34+15:00"),
        *("2011-05-13T04:42:34Z\n", "２011-05-13T04:42:34Z", "2011-05-13T04:42Z"),
    ],
)
def test_what_is_no_date_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"dateTime|day|month|hour|year"):
        normal_date_time(text)


_moments = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001 - hypothesis adds the time zone
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours))),
)


@given(_moments, _moments)
def test_normal_texts_compare_as_their_moments(one: datetime, other: datetime) -> None:
    texts = normal_date_time(one.isoformat()), normal_date_time(other.isoformat())
    assert (texts[0] < texts[1]) == (one < other)
    assert datetime.fromisoformat(texts[0]) == one.astimezone(UTC)
