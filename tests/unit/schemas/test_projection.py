"""Projection: attributes and excludedAttributes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.scim.definitions.catalog import ENTERPRISE_USER, GROUP, USER
from schemas.scim.errors import InvalidValueError
from schemas.scim.projection import Projection
from tests.unit.schemas import samples
from tests.unit.schemas.samples import GROUPS, USERS, barbara


def _resource() -> dict[str, Any]:
    return {"schemas": [USER, ENTERPRISE_USER], "id": "1", **barbara(), "meta": {"version": "W/1", "location": "l"}}


def _only(attributes: str) -> dict[str, Any]:
    projected = Projection.parse(attributes, None, USERS).apply(_resource())
    assert (projected.pop("schemas"), projected.pop("id")) == (_resource()["schemas"], "1")
    return projected


def _without(excluded: str) -> dict[str, Any]:
    return Projection.parse(None, excluded, USERS).apply(_resource())


def test_by_default_the_whole_resource_is_returned() -> None:
    projection = Projection.parse(None, None, USERS)
    resource = _resource()
    assert projection.is_default
    assert projection.apply(resource) is resource


@pytest.mark.parametrize(
    "attributes", ["userName", "USERNAME", " userName ,", f"{USER}:userName", f"{USER.upper()}:username"]
)
def test_named_attributes_come_alone_with_those_always_returned(attributes: str) -> None:
    assert _only(attributes) == {"userName": "Barbara.Jensen@Example.com"}


@pytest.mark.parametrize(
    "attributes",
    ["id", "schemas", "nothing.known", "password", "name.nothing", "urn:x:y", "a b[", ENTERPRISE_USER + ":x"],
)
def test_unknown_and_never_returned_names_count_for_nothing(attributes: str) -> None:
    assert _only(attributes) == {}


def test_sub_attributes_can_be_named() -> None:
    assert _only("name.givenName,emails.VALUE") == {
        "name": {"givenName": "Barbara"},
        "emails": [{"value": "Barbara@Example.com"}, {"value": "babs@home.example"}],
    }


def test_elements_without_the_named_part_are_left_out() -> None:
    assert _only("emails.type")["emails"] == [{"type": "work"}]
    assert _only("emails.display") == {}


@pytest.mark.parametrize("attributes", ["name,name.givenName", "name.givenName,name"])
def test_a_whole_attribute_outweighs_its_parts(attributes: str) -> None:
    assert _only(attributes) == {"name": barbara()["name"]}
    assert "name" not in _without(attributes)


def test_extension_attributes_are_named_with_their_urn() -> None:
    enterprise = barbara()[ENTERPRISE_USER]
    assert _only(f"{ENTERPRISE_USER}:Department") == {ENTERPRISE_USER: {"department": "Tours"}}
    assert _only(f"{ENTERPRISE_USER}:manager.value") == {ENTERPRISE_USER: {"manager": enterprise["manager"]}}
    assert _only(ENTERPRISE_USER.upper()) == {ENTERPRISE_USER: enterprise}
    assert _only("department") == {}


def test_meta_comes_only_when_it_is_named() -> None:
    assert _only("meta.location") == {"meta": {"location": "l"}}
    assert "meta" not in _only("userName")


def test_excluded_attributes_are_left_out_and_the_rest_stays() -> None:
    expected = _resource()
    del expected["name"], expected[ENTERPRISE_USER]["department"], expected["emails"][0]["type"]
    assert _without(f"NAME,{ENTERPRISE_USER}:department,emails.type") == expected


def test_what_is_always_returned_cannot_be_excluded() -> None:
    assert _without("id,schemas") == _resource()


def test_an_attribute_of_which_nothing_is_left_is_left_out() -> None:
    assert "phoneNumbers" not in _without("phoneNumbers.value,phoneNumbers.type")


def test_naming_and_excluding_at_once_is_an_invalid_value() -> None:
    with pytest.raises(InvalidValueError):
        Projection.parse("userName", "name", USERS)


@pytest.mark.parametrize("blank", [None, "", " ", ","])
def test_a_blank_list_is_none(blank: str | None) -> None:
    assert Projection.parse(blank, "", USERS).is_default


def test_members_are_wanted_unless_left_out() -> None:
    assert Projection.parse(None, None, GROUPS).wants("members")
    assert Projection.parse("members.value", None, GROUPS).wants("members")
    assert Projection.parse(None, "members.display", GROUPS).wants("members")
    assert not Projection.parse("displayName", None, GROUPS).wants("members")
    assert not Projection.parse(None, f"{GROUP}:MEMBERS", GROUPS).wants("members")
    assert Projection.parse("displayName", None, GROUPS).wants("id")


_lists = st.lists(samples.names, max_size=4).map(",".join) | st.text(max_size=20)


@given(_lists)
def test_what_is_named_and_what_is_excluded_make_up_the_resource(names: str) -> None:
    only = Projection.parse(names, None, USERS)
    without = Projection.parse(None, names, USERS)
    if only.is_default:
        assert without.is_default
        return
    kept, rest = only.apply(_resource()), without.apply(_resource())
    assert kept.keys() | rest.keys() == _resource().keys()
    for name, value in _resource().items():
        assert only.wants(name) or name in rest
        assert kept.get(name) == value or rest.get(name) == value or (name in kept and name in rest)
