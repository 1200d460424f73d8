"""LST and PAG: lists, and paging by index (RFC 7644, 3.4.2)."""

from collections.abc import Iterator

import pytest

from tests.support.conformance_client import LIST_RESPONSE, Answer, Resource, Scim, ids, path_of

_WRONG_NUMBERS = ["x", "1.5", "", "1e3", "true", "%00", "9" * 5000]


@pytest.fixture
def staff(shared: Scim) -> tuple[Scim, list[Resource]]:
    """A tenant with seven Users, only to be read."""
    if not shared.get("/Users").json["totalResults"]:
        for number in range(7):
            shared.user(userName=f"user{number}", title="odd" if number % 2 else "even")
    return shared, shared.get("/Users").json["Resources"]


@pytest.mark.line("LST-01", "LST-02", "LST-03", "LST-05", "PAG-05", "13.27", "13.31")
@pytest.mark.parametrize("path", ["/Users", "/Groups"])
def test_a_list_holds_whole_resources_and_their_number(scim: Scim, path: str) -> None:
    made = [scim.user() if path == "/Users" else scim.group() for _ in range(3)]
    answer = scim.get(path)
    assert answer.status == 200
    assert answer.json == {
        "schemas": [LIST_RESPONSE],
        "totalResults": 3,
        "startIndex": 1,
        "itemsPerPage": 3,
        "Resources": made,
    }


@pytest.mark.line("LST-04", "ERR-20", "13.14")
@pytest.mark.parametrize("query", ["", '?filter=userName+eq+"nobody"', '?filter=title+co+"x"', "?startIndex=9"])
def test_nothing_found_is_no_error(scim: Scim, query: str) -> None:
    answer = scim.get(f"/Users{query}")
    assert answer.status == 200
    assert answer.json["totalResults"] == 0
    assert answer.json.get("Resources", []) == []


@pytest.mark.line("LST-08", "PAG-10", "DIS-04")
def test_many_results_are_paged_and_never_too_many(staff: tuple[Scim, list[Resource]]) -> None:
    scim, all_of_them = staff
    limit = scim.get("/ServiceProviderConfig").json["filter"]["maxResults"]
    for count in (limit + 1, 10**9, 10**18):
        answer = scim.get(f"/Users?count={count}")
        assert answer.json["Resources"] == all_of_them
        assert answer.json["itemsPerPage"] <= limit


@pytest.mark.line("LST-09", "LST-10", "DEL-03", "CON-03")
def test_what_was_deleted_is_in_no_later_query(scim: Scim) -> None:
    ann, bob = scim.user(userName="ann", externalId="a"), scim.user(userName="bob")
    scim.group(ann, bob)
    scim.delete(path_of(ann))
    assert ids(scim.get("/Users").json["Resources"]) == [bob["id"]]
    for filter in ('userName eq "ann"', 'externalId eq "a"', f'id eq "{ann["id"]}"', 'userName sw "a"'):
        assert scim.found("/Users", filter) == set()
    assert scim.found("/Groups", f'members.value eq "{ann["id"]}"') == set()
    assert scim.found("/Users", 'userName eq "bob" or title eq "x" or active eq true') == {bob["id"]}


@pytest.mark.line("LST-11", "CON-01", "13.36")
def test_what_was_created_is_in_queries_at_once_on_every_gateway(scim: Scim) -> None:
    for number in range(5):
        ann = scim.user(userName=f"ann{number}", externalId=f"e{number}")
        for gateway in range(2):
            for query in (f'userName+eq+"ann{number}"', f'externalId+eq+"e{number}"', f'userName+ew+"n{number}"'):
                answer = scim.send("GET", f"/Users?filter={query}", gateway=gateway)
                assert answer.json["Resources"] == [ann]


@pytest.mark.line("LST-12", "FIL-01")
def test_an_endpoint_lists_its_own_type(scim: Scim) -> None:
    user, group = scim.user(externalId="x"), scim.group(externalId="x")
    for query in ("", "?filter=id+pr", '?filter=externalId+eq+"x"', '?filter=meta.resourceType+ne+"x"'):
        assert ids(scim.get(f"/Users{query}").json["Resources"]) == [user["id"]]
        assert ids(scim.get(f"/Groups{query}").json["Resources"]) == [group["id"]]


@pytest.mark.parametrize(
    ("query", "first", "number"),
    [
        pytest.param("count=3", 1, 3, marks=pytest.mark.line("PAG-01", "PAG-06", "PAG-07")),
        pytest.param("startIndex=3&count=2", 3, 2, marks=pytest.mark.line("PAG-01", "PAG-05", "PAG-06", "PAG-07")),
        pytest.param("startIndex=6&count=5", 6, 2, marks=pytest.mark.line("PAG-06", "PAG-07")),
        pytest.param("startIndex=0&count=2", 1, 2, marks=pytest.mark.line("PAG-02", "13.28")),
        pytest.param("startIndex=-5&count=2", 1, 2, marks=pytest.mark.line("PAG-02", "13.28")),
        pytest.param("count=-1", 1, 0, marks=pytest.mark.line("PAG-03", "13.28")),
        pytest.param("count=0", 1, 0, marks=pytest.mark.line("PAG-04", "13.28")),
        pytest.param("startIndex=8", 8, 0, marks=pytest.mark.line("PAG-08", "13.29")),
        pytest.param(f"startIndex={10**18}&count=5", None, 0, marks=pytest.mark.line("PAG-08", "13.29")),
    ],
)
@pytest.mark.line("LST-02")
def test_a_page_is_the_part_asked_for(
    staff: tuple[Scim, list[Resource]], query: str, first: int | None, number: int
) -> None:
    scim, all_of_them = staff
    page = scim.get(f"/Users?{query}").json
    assert page["totalResults"] == len(all_of_them)
    assert page["itemsPerPage"] == number
    assert page["startIndex"] == first or first is None
    assert page.get("Resources", []) == all_of_them[(first or 99) - 1 :][:number]


@pytest.mark.line("PAG-09", "PAG-12", "LST-10", "13.30")
@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_pages_show_every_resource_once_in_any_order_of_asking(staff: tuple[Scim, list[Resource]], size: int) -> None:
    scim, all_of_them = staff
    starts = range(1, 8, size)
    pages = {start: scim.get(f"/Users?startIndex={start}&count={size}").json["Resources"] for start in reversed(starts)}
    assert [user for start in starts for user in pages[start]] == all_of_them


@pytest.mark.line("PAG-11", "ERR-21")
@pytest.mark.parametrize("name", ["count", "startIndex"])
@pytest.mark.parametrize("number", _WRONG_NUMBERS)
def test_a_number_that_is_none_is_refused(staff: tuple[Scim, list[Resource]], name: str, number: str) -> None:
    assert staff[0].get(f"/Users?{name}={number}").fault == (400, "invalidValue")


@pytest.mark.line("PAG-13", "PAG-07", "ATT-14", "CON-11")
def test_paging_goes_with_filters_and_projections(staff: tuple[Scim, list[Resource]]) -> None:
    scim, all_of_them = staff

    def pages() -> Iterator[Answer]:
        for start in (1, 3):
            yield scim.get(f'/Users?filter=title+eq+"EVEN"&startIndex={start}&count=2&attributes=userName')

    listed = [answer.json for answer in pages()]
    assert [page["totalResults"] for page in listed] == [4, 4]
    shown = [user["userName"] for page in listed for user in page["Resources"]]
    assert shown == [user["userName"] for user in all_of_them if user["title"] == "even"]
    assert all("title" not in user for page in listed for user in page["Resources"])
