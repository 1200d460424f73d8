"""When two values are the same."""

from typing import Any

import pytest
from msgspec import structs

from tests.support import builders

ACCOUNT = builders.account(1, None)


@pytest.mark.parametrize(
    ("change", "is_same"),
    [({}, True), ({"is_leaving": True}, True), ({"login": "eve"}, False), ({"profile": {}}, False)],
)
def test_two_accounts_are_either_the_same_or_not(change: dict[str, Any], is_same: bool) -> None:
    other = structs.replace(ACCOUNT, **change)

    assert (other == ACCOUNT, other != ACCOUNT) == (is_same, not is_same)


def test_an_account_is_nothing_else() -> None:
    account, number = builders.account(1, None), builders.account_id(1)

    assert (account == number, account != number) == (False, True)
