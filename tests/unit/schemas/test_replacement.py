"""PUT against what is there: immutable values stay what they are."""

from typing import Any

import pytest

from schemas.scim.definitions.catalog import ENTERPRISE_USER
from schemas.scim.errors import MutabilityError
from schemas.scim.replacement import replaced
from tests.unit.schemas.patching import BADGED, BADGES, GROUP, USER

_BEFORE = {"userName": "babs", "title": "Dean", BADGES: {"number": "7", "level": 1}}


def test_without_immutable_attributes_what_is_given_is_all() -> None:
    given = {"userName": "babs", ENTERPRISE_USER: {"department": "Tours"}}
    assert replaced({"userName": "ann", "title": "Dean"}, given, USER) == given
    members = {"displayName": "Arts", "members": [{"value": "b"}]}
    assert replaced({"displayName": "Arts", "members": [{"value": "a"}]}, members, GROUP) == members


def test_another_value_for_an_immutable_attribute_is_refused() -> None:
    with pytest.raises(MutabilityError, match="number is immutable"):
        replaced(_BEFORE, {"userName": "babs", BADGES: {"number": "8", "level": 1}}, BADGED)


@pytest.mark.parametrize(
    ("given", "badges"),
    [
        ({BADGES: {"number": "7", "level": 2}}, {"number": "7", "level": 2}),
        ({BADGES: {"level": 2}}, {"number": "7", "level": 2}),
        ({}, {"number": "7"}),
    ],
)
def test_an_immutable_value_stays_whether_it_is_given_or_not(given: dict[str, Any], badges: dict[str, Any]) -> None:
    assert replaced(_BEFORE, {"userName": "babs", **given}, BADGED) == {"userName": "babs", BADGES: badges}


def test_an_immutable_attribute_without_a_value_can_be_given_one() -> None:
    given = {"userName": "babs", BADGES: {"number": "8", "level": 1}}
    assert replaced({"userName": "babs"}, given, BADGED) == given
    assert _BEFORE[BADGES] == {"number": "7", "level": 1}
