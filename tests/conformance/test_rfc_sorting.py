"""SRT: ``sortBy`` and ``sortOrder`` (RFC 7644, 3.4.2.3)."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.conformance_client import ENTERPRISE, USER, Scim, ids

_STAFF: tuple[dict[str, Any], ...] = (
    {
        "userName": "d1",
        "nickName": "B",
        "externalId": "b",
        "name": {"familyName": "Berg"},
        "emails": [{"value": "a@x.org"}, {"value": "z@x.org", "primary": True}],
        ENTERPRISE: {"department": "law"},
    },
    {
        "userName": "c2",
        "nickName": "a",
        "externalId": "B",
        "name": {"familyName": "adams"},
        "emails": [{"value": "M@x.org"}, {"value": "a@x.org"}],
        "active": False,
    },
    {
        "userName": "B3",
        "nickName": "c",
        "externalId": "a",
        "name": {"familyName": "Zeno"},
        ENTERPRISE: {"department": "Arts"},
    },
    {"userName": "a4", "emails": [{"value": "b@x.org", "primary": True}]},
)


@pytest.fixture
def staff(shared: Scim) -> Scim:
    """Four Users, in the order in which they were made."""
    if not shared.get("/Users").json["totalResults"]:
        for person in _STAFF:
            shared.user(schemas=[USER, ENTERPRISE], **person)
    return shared


def _numbers(scim: Scim, sort_by: str, order: str | None = None, rest: str = "") -> str:
    """Return the numbers at the end of the userNames, in the order of the answer."""
    sort_order = f"&sortOrder={order}" if order else ""
    listed = scim.get(f"/Users?sortBy={quote(sort_by)}{sort_order}{rest}").json["Resources"]
    return "".join(user["userName"][-1] for user in listed)


def _case(sort_by: str, ascending: str, descending: str, *lines: str) -> Any:
    return pytest.param(sort_by, ascending, descending, marks=pytest.mark.line(*lines), id=sort_by)


@pytest.mark.parametrize(
    ("sort_by", "ascending", "descending"),
    [
        _case("userName", "4321", "1234", "SRT-01", "SRT-02", "SRT-03"),
        _case("nickName", "2134", "4312", "SRT-03", "SRT-05", "CAS-04"),
        _case("externalId", "2314", "4132", "SRT-04", "SRT-05", "CAS-05"),
        _case("name.familyName", "2134", "4312", "SRT-07", "SRT-05"),
        _case("emails", "4213", "3124", "SRT-06"),
        _case("emails.value", "4213", "3124", "SRT-06"),
        _case(f"{USER}:userName", "4321", "1234", "SRT-08"),
        _case("USERNAME", "4321", "1234", "SRT-08", "CAS-01"),
        _case("id", "1234", "4321", "SRT-01"),
        _case("meta.created", "1234", "4321", "SRT-09"),
    ],
)
def test_a_list_is_in_the_order_asked_for(staff: Scim, sort_by: str, ascending: str, descending: str) -> None:
    assert _numbers(staff, sort_by) == _numbers(staff, sort_by, "ascending") == ascending
    assert _numbers(staff, sort_by, "descending") == descending


@pytest.mark.line("SRT-05", "SRT-08", "CAS-02")
def test_resources_without_the_attribute_come_last_and_when_descending_first(staff: Scim) -> None:
    for name in (f"{ENTERPRISE}:department", f"{ENTERPRISE.upper()}:DEPARTMENT"):
        upward, downward = _numbers(staff, name), _numbers(staff, name, "descending")
        assert (upward[:2], {*upward[2:]}) == ("31", {"2", "4"})
        assert (downward[2:], {*downward[:2]}) == ("13", {"2", "4"})


@pytest.mark.line("SRT-09")
def test_booleans_and_times_have_an_order(staff: Scim) -> None:
    assert _numbers(staff, "active")[0] in {"2", "1"}
    listed = staff.get("/Users?sortBy=meta.lastModified&sortOrder=descending").json["Resources"]
    moments = [user["meta"]["lastModified"] for user in listed]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.line("SRT-10", "PAG-13")
@pytest.mark.parametrize("sort_by", ["nickName", "active", "name.familyName", "title"])
@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_pages_put_together_are_the_sorted_list(staff: Scim, sort_by: str, order: str) -> None:
    whole = _numbers(staff, sort_by, order)
    assert {*whole} == {*"1234"}
    for size in (1, 2, 3):
        pages = [_numbers(staff, sort_by, order, f"&startIndex={start}&count={size}") for start in range(1, 5, size)]
        assert "".join(pages) == whole


@pytest.mark.line("SRT-10", "PAG-13")
def test_a_sorted_list_may_be_filtered(staff: Scim) -> None:
    assert _numbers(staff, "userName", rest="&filter=emails+pr") == "421"
    assert _numbers(staff, "userName", "descending", "&filter=active+eq+true&count=2") == "13"


@pytest.mark.line("SRT-12")
@pytest.mark.parametrize(
    "sort_by",
    [
        *("shoeSize", "name", "..", "%00", "password", "groups", "emails[type+eq+%22work%22]", "urn:x:y", "$where"),
        *(f"{USER}:department", "userName,title", "name.familyName.x"),
    ],
)
def test_what_has_no_order_is_refused(staff: Scim, sort_by: str) -> None:
    assert staff.get(f"/Users?sortBy={sort_by}").fault == (400, "invalidPath")


@pytest.mark.line("SRT-12")
@pytest.mark.parametrize("order", ["sideways", "asc", "1", "%00"])
def test_an_unknown_direction_is_refused(staff: Scim, order: str) -> None:
    assert staff.get(f"/Users?sortBy=userName&sortOrder={order}").fault == (400, "invalidValue")


@pytest.mark.line("SRT-12", "SRT-01")
def test_an_empty_parameter_asks_for_nothing(staff: Scim) -> None:
    assert staff.get("/Users?sortBy=").json == staff.get("/Users").json
    assert _numbers(staff, "userName", "") == _numbers(staff, "userName")


@pytest.mark.line("SRT-01", "SRT-02", "SRT-03")
def test_groups_are_sorted_too(scim: Scim) -> None:
    made = {name: scim.group(displayName=name)["id"] for name in ("b", "A", "C")}
    ascending = ids(scim.get("/Groups?sortBy=displayName").json["Resources"])
    assert ascending == [made[name] for name in ("A", "b", "C")]
    assert ids(scim.get("/Groups?sortBy=displayName&sortOrder=descending").json["Resources"]) == ascending[::-1]
