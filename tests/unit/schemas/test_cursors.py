"""Cursors: they say what was sealed into them, to whom it was sealed for, for a while."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.scim.cursors import Cursor, cursor_key, seal, unseal
from schemas.scim.errors import ExpiredCursorError, InvalidCursorError
from schemas.scim.query import Position

KEY, OTHER_KEY = cursor_key(b"a" * 32), cursor_key(b"b" * 32)
QUERY = "everybody of acme"
CURSOR = Cursor(Position("bob", "0123"), count=100, total=12_345, expires=1_000.0)
SEALED = seal(CURSOR, key=KEY, query=QUERY)

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
)


def _opened(text: str, *, query: str = QUERY, now: float = 0.0) -> Cursor:
    return unseal(text, keys=[KEY], query=query, now=now)


@given(VALUES, st.integers(0, 1000), st.integers(0, 2**31))
def test_a_cursor_says_what_was_sealed(value: str | float | None, count: int, total: int) -> None:
    cursor = Cursor(Position(value, "ab"), count, total, 1_000.5)
    sealed = seal(cursor, key=KEY, query=QUERY)

    assert repr(_opened(sealed)) == repr(cursor)
    # RFC 3986, 2.3: unreserved characters.
    assert re.fullmatch(r"[A-Za-z0-9._~-]+", sealed)


def test_a_cursor_opens_for_its_own_query_alone() -> None:
    with pytest.raises(InvalidCursorError):
        _opened(SEALED, query="everybody of globex")


def test_a_cursor_outlives_a_change_of_keys_by_one() -> None:
    assert unseal(SEALED, keys=[OTHER_KEY, KEY], query=QUERY, now=0) == CURSOR
    with pytest.raises(InvalidCursorError):
        unseal(SEALED, keys=[OTHER_KEY], query=QUERY, now=0)


def test_a_cursor_expires() -> None:
    assert _opened(SEALED, now=1_000) == CURSOR
    with pytest.raises(ExpiredCursorError):
        _opened(SEALED, now=1_000.1)


def test_nothing_is_told_of_a_foreign_cursor_not_even_that_it_has_expired() -> None:
    details = set()
    for text, query in ((SEALED, "another"), ("forged", QUERY), ("", QUERY), ("\u00e9", QUERY)):
        with pytest.raises(InvalidCursorError) as refused:
            _opened(text, query=query, now=2_000)
        details.add(refused.value.detail)

    assert len(details) == 1


@pytest.mark.parametrize("position", range(len(SEALED)))
def test_no_character_can_be_changed(position: int) -> None:
    for character in "A-b_=+/ %":
        if character != SEALED[position]:
            with pytest.raises(InvalidCursorError):
                _opened(SEALED[:position] + character + SEALED[position + 1 :])


@pytest.mark.parametrize("text", [SEALED + "=", SEALED + "A", SEALED[:-1], f" {SEALED}", SEALED.upper(), SEALED * 2])
def test_what_is_not_exactly_the_cursor_is_none(text: str) -> None:
    with pytest.raises(InvalidCursorError):
        _opened(text)


@given(st.text(max_size=80))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursorError):
        _opened(text)


def test_the_key_is_not_the_secret() -> None:
    assert len({cursor_key(b"a" * 32), cursor_key(b"b" * 32), b"a" * 32}) == 3
