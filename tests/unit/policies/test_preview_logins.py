"""Lines of Users that wait for login names: who is served, and who is blocked."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import AccountId, ResourceId
from tenants.policies.preview_logins import LoginLines
from tests.support.cases import cases


def _lines(waits: dict[str, str], *, freed: str = "") -> LoginLines:
    """Return lines in which each User waits for the holder; the User ``x`` has the account ``x``."""
    lines = LoginLines()
    for account in freed:
        lines.frees(AccountId(account))
    for user, holder in waits.items():
        lines.waits(ResourceId(user), AccountId(user), AccountId(holder))
    return lines


def test_who_waits_for_somebody_who_stays_is_blocked() -> None:
    assert _lines({"a": "z"}).blocked() == {"a"}


def test_a_line_behind_a_name_that_gets_free_is_served() -> None:
    assert _lines({"a": "b", "b": "c", "c": "z"}, freed="z").blocked() == set()


def test_a_line_behind_somebody_who_stays_is_blocked_whole() -> None:
    assert _lines({"a": "b", "b": "c", "c": "z", "d": "y"}, freed="y").blocked() == {"a", "b", "c"}


def test_a_ring_is_served_and_so_is_who_waits_for_it() -> None:
    assert _lines({"a": "b", "b": "c", "c": "a", "d": "a"}).blocked() == set()


def test_a_ring_is_served_with_one_who_gets_their_account_only_then_and_not_with_two() -> None:
    for unlinked, blocked in (("a", set[str]()), ("ab", {"a", "b", "c", "d"})):
        lines = LoginLines()
        for user, holder in {"a": "b", "b": "c", "c": "a", "d": "a"}.items():
            lines.waits(ResourceId(user), AccountId(user), AccountId(holder), is_linked=user not in unlinked)
        assert lines.blocked() == blocked


def test_somebody_without_an_account_makes_no_room_for_anybody() -> None:
    lines = LoginLines()
    lines.waits(ResourceId("a"), None, AccountId("b"))
    lines.waits(ResourceId("b"), AccountId("b"), AccountId("z"))
    assert lines.blocked() == {"a", "b"}


@cases(100)
@given(st.permutations("abcdefgh"), st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("abcdefghxyz")))
def test_the_order_in_which_they_were_met_does_not_matter(order: list[str], waits: dict[str, str]) -> None:
    again = {user: waits[user] for user in order if user in waits}
    assert _lines(again, freed="x").blocked() == _lines(waits, freed="x").blocked()
