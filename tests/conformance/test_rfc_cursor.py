"""CUR: paging by cursor (RFC 9865)."""

import re
from collections.abc import Iterator

import pytest

from tests.support.conformance_client import MESSAGES, Resource, Scim, ids, path_of

_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]+")


@pytest.fixture
def staff(shared: Scim) -> Scim:
    """Seven Users, only to be read."""
    if not shared.get("/Users").json["totalResults"]:
        for number in range(7):
            shared.user(userName=f"user{number}", title="odd" if number % 2 else "even", nickName="zyxwvut"[number])
    return shared


def _walk(scim: Scim, query: str) -> Iterator[Resource]:
    """Yield the pages, first to last."""
    page = scim.get(f"/Users?cursor&{query}").json
    yield page
    while "nextCursor" in page:
        page = scim.get(f"/Users?cursor={page['nextCursor']}&{query}").json
        yield page


def _next_cursor(scim: Scim, query: str = "count=2") -> str:
    cursor: str = scim.get(f"/Users?cursor&{query}").json["nextCursor"]
    return cursor


@pytest.mark.line("CUR-01", "CUR-02", "CUR-03", "CUR-04", "CUR-05", "CUR-06", "CUR-07")
@pytest.mark.parametrize("count", [1, 2, 3, 6, 7, 8])
def test_a_walk_shows_every_resource_once(staff: Scim, count: int) -> None:
    pages = [*_walk(staff, f"count={count}")]
    assert [user for page in pages for user in page.get("Resources", [])] == staff.get("/Users").json["Resources"]
    assert all(len(page["Resources"]) <= count for page in pages)
    assert {page["totalResults"] for page in pages} == {7}
    assert "previousCursor" not in pages[0]
    assert ["nextCursor" in page for page in pages] == [True] * (len(pages) - 1) + [False]
    assert all(_UNRESERVED.fullmatch(page["nextCursor"]) for page in pages[:-1])


@pytest.mark.line("CUR-01", "CUR-13")
def test_a_walk_begins_with_an_empty_cursor_and_index_is_the_default(staff: Scim) -> None:
    assert staff.get("/Users?cursor&count=2").json["Resources"] == staff.get("/Users?cursor=&count=2").json["Resources"]
    plain = staff.get("/Users?count=2").json
    assert "nextCursor" not in plain
    assert plain["startIndex"] == 1
    assert staff.get("/ServiceProviderConfig").json["pagination"]["defaultPaginationMethod"] == "index"


@pytest.mark.line("CUR-05")
@pytest.mark.parametrize("count", ["0", "-3"])
def test_a_walk_of_no_resources_tells_their_number(staff: Scim, count: str) -> None:
    answer = staff.get(f"/Users?cursor&count={count}")
    assert answer.json["totalResults"] == 7
    assert answer.json.get("Resources", []) == []


@pytest.mark.line("CUR-08", "CUR-19", "CUR-20", "ERR-15")
def test_a_cursor_that_is_none_of_ours_is_refused(staff: Scim) -> None:
    cursor = _next_cursor(staff)
    middle = len(cursor) // 2
    changed = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]
    for wrong in ("x", "AAAA", changed, cursor[:-1], f"{cursor}A", cursor.swapcase(), "%00", "x" * 5000):
        assert staff.get(f"/Users?cursor={wrong}&count=2").fault == (400, "invalidCursor")


@pytest.mark.line("CUR-17", "CUR-19", "CUR-20", "SEC-18")
def test_a_cursor_of_another_tenant_is_as_good_as_a_forged_one(staff: Scim) -> None:
    cursor = _next_cursor(staff)
    other = staff.other
    other.user()
    foreign, forged = other.get(f"/Users?cursor={cursor}&count=2"), other.get("/Users?cursor=forged&count=2")
    assert foreign.fault == (400, "invalidCursor")
    assert foreign.json == forged.json
    assert staff.get(f"/Users?cursor={cursor}&count=2", headers={"Authorization": None}).status == 401


@pytest.mark.line("CUR-21", "CUR-19")
@pytest.mark.parametrize(
    "place",
    ["/Users?count=2&filter=title+pr&cursor=", "/Users?count=2&sortBy=nickName&cursor=", "/Groups?count=2&cursor="],
)
def test_a_cursor_belongs_to_its_query(staff: Scim, place: str) -> None:
    cursor = _next_cursor(staff)
    assert staff.get(f"{place}{cursor}").fault == (400, "invalidCursor")
    assert staff.get(f"/Users?count=2&cursor={cursor}").status == 200


@pytest.mark.line("CUR-10", "ERR-15")
def test_the_page_size_is_within_its_limit_and_stays(staff: Scim) -> None:
    largest = staff.get("/ServiceProviderConfig").json["pagination"]["maxPageSize"]
    assert staff.get(f"/Users?cursor&count={largest + 1}").fault == (400, "invalidCount")
    assert staff.get(f"/Users?cursor={_next_cursor(staff)}&count=3").fault == (400, "invalidCount")
    assert staff.get(f"/Users?cursor&count={largest}").json["totalResults"] == 7


@pytest.mark.line("CUR-11", "CUR-06")
@pytest.mark.parametrize(
    "query", ["sortBy=nickName", "sortBy=title&sortOrder=descending", "sortBy=locale", "filter=title+eq+%22odd%22"]
)
def test_a_walk_keeps_its_order_and_filter(staff: Scim, query: str) -> None:
    walked = [id for page in _walk(staff, f"{query}&count=2") for id in ids(page["Resources"])]
    assert walked == ids(staff.get(f"/Users?{query}").json["Resources"])


@pytest.mark.line("CUR-14", "SEA-03")
def test_a_walk_goes_by_search_requests_too(staff: Scim) -> None:
    request = {"schemas": [f"{MESSAGES}:SearchRequest"], "count": 3}
    page = staff.post("/Users/.search", {**request, "cursor": ""}).json
    shown = ids(page["Resources"])
    while "nextCursor" in page:
        page = staff.post("/Users/.search", {**request, "cursor": page["nextCursor"]}).json
        shown += ids(page["Resources"])
    assert shown == ids(staff.get("/Users").json["Resources"])


@pytest.mark.line("CUR-15", "CUR-16", "DIS-09", "DIS-10")
def test_the_configuration_tells_sizes_and_how_long_cursors_live(staff: Scim) -> None:
    pagination = staff.get("/ServiceProviderConfig").json["pagination"]
    assert (pagination["cursor"], pagination["index"]) == (True, True)
    sizes = [pagination[name] for name in ("defaultPageSize", "maxPageSize", "cursorTimeout")]
    assert all(type(size) is int and size > 0 for size in sizes)
    assert pagination["defaultPageSize"] <= pagination["maxPageSize"]
    cursor = _next_cursor(staff)
    pages = [staff.send("GET", f"/Users?cursor={cursor}&count=2", gateway=gateway).json for gateway in (0, 1, 0)]
    assert [ids(page["Resources"]) for page in pages] == [ids(pages[0]["Resources"])] * 3


@pytest.mark.line("CUR-06", "CUR-22", "13.30")
def test_a_walk_shows_what_stays_once_while_others_come_and_go(scim: Scim) -> None:
    people = [scim.user() for _ in range(6)]
    cursor = _next_cursor(scim)
    scim.delete(path_of(people[0]))
    scim.delete(path_of(people[1]))
    scim.delete(path_of(people[3]))
    scim.user()
    rest: list[str] = []
    while cursor:
        page = scim.get(f"/Users?count=2&cursor={cursor}").json
        rest += ids(page["Resources"])
        cursor = page.get("nextCursor")
    assert rest[:3] == [people[number]["id"] for number in (2, 4, 5)]
    assert len(rest) == len({*rest})
