from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.scim.errors import InvalidPathError
from schemas.scim.filters.nodes import AttributePath, Compare, Filter, Operator
from schemas.scim.path import Path, parse_path
from tests.support.strategies.scim import email_filters, filter_text

URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
WORK = Compare(AttributePath(None, "type"), Operator.EQ, "work")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("active", Path(AttributePath(None, "active"))),
        ("name.familyName", Path(AttributePath(None, "name", "familyName"))),
        (f"{URN}:manager", Path(AttributePath(URN, "manager"))),
        (f"{URN}:manager.$ref", Path(AttributePath(URN, "manager", "$ref"))),
        ('emails[type eq "work"]', Path(AttributePath(None, "emails"), WORK)),
        ('emails[type eq "work"].value', Path(AttributePath(None, "emails"), WORK, "value")),
        (f'{URN}:badges[type eq "work"].value', Path(AttributePath(URN, "badges"), WORK, "value")),
    ],
)
def test_every_form_of_path_is_read(text: str, path: Path) -> None:
    assert parse_path(text) == path


@given(email_filters)
def test_a_path_holds_any_filter_on_elements(filter: Filter) -> None:
    assert parse_path(f"emails[{filter_text(filter)}].value") == Path(AttributePath(None, "emails"), filter, "value")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/name/familyName",
        "/active",
        "emails[0]",
        "emails[0].value",
        "emails[*]",
        "emails[]",
        "emails[type]",
        'emails[type eq "work"',
        'emails[type eq "work"]value',
        'emails[type eq "work"] .value',
        'emails[type eq "work"].value.x',
        'emails[type eq "work"].value eq "x"',
        'emails[type eq "work"][value pr]',
        'name.x[type eq "work"].y',
        'emails[x[type eq "work"]]',
        "a.b.c",
        "a b",
        "a pr",
        "a..b",
        ".a",
        "$.a",
        '"a"',
        "(a)",
        "a,b",
        "é",
        f"emails[{'(' * 40}type pr{')' * 40}]",
        "a" * 4097,
    ],
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidPathError):
        parse_path(text)


@given(
    st.one_of(
        st.text(max_size=30), st.lists(st.sampled_from([*"ab[].:$/ 0", "eq", '"x"', "pr"]), max_size=12).map("".join)
    )
)
def test_no_text_makes_anything_but_a_path_or_a_refusal(text: str) -> None:
    with suppress(InvalidPathError):
        assert parse_path(text) is not None
