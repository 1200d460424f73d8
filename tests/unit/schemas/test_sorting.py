"""Sorts: what ``sortBy`` names, and the order that is meant."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.scim.definitions.model import ResourceType
from schemas.scim.errors import InvalidPathError, InvalidValueError
from schemas.scim.filters.nodes import Field
from schemas.scim.query import Position, Sort
from schemas.scim.search import search_document
from schemas.scim.sorting import in_order, parse_sort, position, sort_value
from tests.unit.schemas.samples import BODY, GROUPS, USERS, users_with_bodies

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ENTERPRISE_KEY = ENTERPRISE.replace(".", "·")
TITLE = Sort(Field(("title",), (False,)))
MAIL = Field(("emails", "value"), (True, False))


def _document(**attributes: Any) -> dict[str, Any]:
    moment = "2026-11-25T14:49:10.123Z"
    return search_document(USERS, "1", {"userName": "x"} | attributes, created=moment, modified=moment, version=1)


@pytest.mark.parametrize(
    ("sort_by", "steps", "lists"),
    [
        ("userName", ("userName",), (False,)),
        ("USERNAME", ("userName",), (False,)),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName", ("userName",), (False,)),
        ("URN:IETF:PARAMS:SCIM:SCHEMAS:CORE:2.0:USER:NAME.FAMILYNAME", ("name", "familyName"), (False, False)),
        ("name.familyName", ("name", "familyName"), (False, False)),
        ("emails", ("emails", "value"), (True, False)),
        ("emails.type", ("emails", "type"), (True, False)),
        (f"{ENTERPRISE}:employeeNumber", (ENTERPRISE_KEY, "employeeNumber"), (False, False)),
        (f"{ENTERPRISE}:manager", (ENTERPRISE_KEY, "manager", "value"), (False, False, False)),
        ("id", ("id",), (False,)),
        ("externalId", ("externalId",), (False,)),
        ("meta.created", ("meta", "created"), (False, False)),
        ("meta.location", ("id",), (False,)),
        ("schemas", ("schemas",), (True,)),
        ("active", ("active",), (False,)),
    ],
)
def test_sort_by_names_an_attribute_in_any_notation(
    sort_by: str, steps: tuple[str, ...], lists: tuple[bool, ...]
) -> None:
    assert parse_sort(sort_by, None, USERS) == Sort(Field(steps, lists))


@pytest.mark.parametrize(
    ("sort_by", "resource_type"),
    [
        ("nothing", USERS),
        ("name", USERS),
        ("addresses", USERS),
        ("name.nothing", USERS),
        ("password", USERS),
        ("groups", USERS),
        ("groups.value", USERS),
        ("members", GROUPS),
        ("userName", GROUPS),
        ("urn:x:User:userName", USERS),
        ('emails[type eq "work"].value', USERS),
        ("emails[", USERS),
        ("/userName", USERS),
        (" ", USERS),
        ("userName desc", USERS),
    ],
)
def test_what_nothing_can_be_sorted_by_is_refused(sort_by: str, resource_type: ResourceType) -> None:
    with pytest.raises(InvalidPathError):
        parse_sort(sort_by, None, resource_type)


@pytest.mark.parametrize(
    ("sort_order", "descending"),
    [(None, False), ("", False), ("ascending", False), ("Ascending", False), ("DESCENDING", True)],
)
def test_the_order_is_ascending_unless_said_otherwise(sort_order: str | None, descending: bool) -> None:
    assert parse_sort("title", sort_order, USERS) == Sort(TITLE.field, descending)


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(InvalidValueError):
        parse_sort("title", "desc", USERS)


@pytest.mark.parametrize("sort_by", [None, ""])
def test_without_an_attribute_nothing_is_sorted(sort_by: str | None) -> None:
    assert parse_sort(sort_by, "descending", USERS) is None


def test_the_primary_element_speaks_for_all_else_the_first() -> None:
    home, work = {"value": "B@x", "type": "home"}, {"value": "A@x", "type": "work"}

    assert sort_value(_document(emails=[home, work]), MAIL) == "b@x"
    assert sort_value(_document(emails=[home, work | {"primary": True}]), MAIL) == "a@x"
    assert sort_value(_document(emails=[{"type": "work"}, home]), MAIL) is None
    assert sort_value(_document(), MAIL) is None


def test_the_value_of_an_extension_is_found_by_its_type() -> None:
    people = users_with_bodies()
    field = parse_sort(f"{BODY}:shoeSize", None, people)
    moment = "2026-11-25T14:49:10.123Z"
    document = search_document(
        people, "1", {"userName": "x", BODY: {"shoeSize": 0}}, created=moment, modified=moment, version=1
    )

    assert field is not None
    assert position(document, field) == Position(0, "1")


def test_resources_without_a_value_come_last_and_first_when_descending() -> None:
    a, b, one, two = Position("a", "4"), Position("b", "3"), Position(None, "1"), Position(None, "2")

    assert in_order([two, b, one, a], TITLE) == [a, b, one, two]
    assert in_order([two, b, one, a], Sort(TITLE.field, descending=True)) == [two, one, b, a]


@given(st.lists(st.builds(Position, st.none() | st.text(max_size=2), st.text("123", min_size=1)), unique=True))
def test_descending_is_ascending_reversed(positions: list[Position]) -> None:
    assert in_order(positions, Sort(TITLE.field, descending=True)) == in_order(positions, TITLE)[::-1]
