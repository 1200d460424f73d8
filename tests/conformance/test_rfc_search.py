"""SEA, and the root of the Tenant URL (RFC 7644, 3.4.2.1 and 3.4.3)."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.conformance_client import LIST_RESPONSE, MESSAGES, Answer, Scim, ids

_SEARCH = f"{MESSAGES}:SearchRequest"


@pytest.fixture
def staff(shared: Scim) -> Scim:
    """Five Users and a Group, only to be read."""
    if not shared.get("/Users").json["totalResults"]:
        people = [
            shared.user(userName=f"user{5 - number}", title="odd" if number % 2 else "even") for number in range(5)
        ]
        shared.group(*people[:2], displayName="Arts")
    return shared


def _search(scim: Scim, place: str = "/Users", **members: Any) -> Answer:
    return scim.post(f"{place}/.search", {"schemas": [_SEARCH], **members})


@pytest.mark.line("SEA-01", "SEA-04", "SEA-07")
@pytest.mark.parametrize("place", ["/Users", "/Groups"])
def test_an_empty_search_lists_everything_and_creates_nothing(staff: Scim, place: str) -> None:
    before = staff.get(place).json
    answer = _search(staff, place)
    assert answer.status == 200
    assert answer.json["schemas"] == [LIST_RESPONSE]
    assert answer.json == before == staff.get(place).json


@pytest.mark.line("SEA-03", "SEA-08", "ATT-01")
@pytest.mark.parametrize(
    "asked",
    [
        *({"filter": 'title eq "ODD"'}, {"filter": 'userName eq "user1"'}, {"startIndex": 2, "count": 2}, {"count": 0}),
        *({"sortBy": "userName"}, {"sortBy": "userName", "sortOrder": "descending", "count": 3}, {"startIndex": -4}),
        *(
            {"attributes": ["userName", "meta.created"]},
            {"excludedAttributes": ["meta", "title"]},
            {"filter": "title pr"},
        ),
        {"filter": "title pr", "sortBy": "userName", "startIndex": 2, "count": 2, "attributes": ["title"]},
    ],
)
def test_a_search_finds_what_the_same_query_finds(staff: Scim, asked: dict[str, Any]) -> None:
    query = urlencode({name: ",".join(it) if isinstance(it, list) else it for name, it in asked.items()})
    found = _search(staff, **asked)
    assert found.status == 200
    assert found.json == staff.get(f"/Users?{query}").json


@pytest.mark.line("SEA-02")
@pytest.mark.parametrize("schemas", [{}, {"schemas": []}, {"schemas": [LIST_RESPONSE]}, {"schemas": "x"}])
def test_a_message_that_is_no_search_request_is_refused_where_strict(scim: Scim, schemas: dict[str, Any]) -> None:
    assert scim.strict.post("/Users/.search", {**schemas, "count": 1}).fault == (400, "invalidSyntax")


@pytest.mark.line("SEA-06", "ERR-05", "ERR-09")
def test_a_search_that_cannot_be_understood_is_refused(staff: Scim) -> None:
    assert _search(staff, filter="userName eq").fault == (400, "invalidFilter")
    assert _search(staff, filter="shoeSize eq 1").fault == (400, "invalidFilter")
    for body in (b"", b"{", b"[]", b'"x"'):
        assert staff.post("/Users/.search", body).fault == (400, "invalidSyntax")
    wrong: dict[str, Any] = {"filter": 1, "count": 1.5, "startIndex": {}, "attributes": [1], "sortBy": []}
    for members in ({name: value} for name, value in {**wrong, "sortOrder": 1, "cursor": 1}.items()):
        answer = _search(staff, **members)
        assert answer.fault in [(400, "invalidValue"), (400, "invalidSyntax"), (400, "invalidFilter")]


@pytest.mark.line("SEA-05", "LST-06", "LST-12")
def test_the_root_lists_all_types_and_a_filter_restricts_it(staff: Scim) -> None:
    everyone = ids(staff.get("/Users").json["Resources"]) + ids(staff.get("/Groups").json["Resources"])
    found = _search(staff, "").json
    assert found["totalResults"] == 6
    assert sorted(ids(found["Resources"])) == sorted(everyone)
    listed = staff.get("/").json
    assert sorted(ids(listed["Resources"])) == sorted(everyone)
    groups = _search(staff, "", filter='meta.resourceType eq "Group"').json["Resources"]
    assert [group["displayName"] for group in groups] == ["Arts"]


@pytest.mark.line("LST-07")
def test_what_a_type_does_not_have_is_no_value_among_all_types(staff: Scim) -> None:
    found = _search(staff, "", filter='userName eq "user1" or members pr').json
    assert found["totalResults"] == 2
    assert {resource["meta"]["resourceType"] for resource in found["Resources"]} == {"User", "Group"}
    assert _search(staff, "", filter='displayName eq "arts" and title pr').json["totalResults"] == 0
    assert _search(staff, "", filter="shoeSize eq 1").status in {200, 400}


@pytest.mark.line("SEC-11")
def test_a_search_stays_within_its_tenant(staff: Scim) -> None:
    for place in ("", "/Users", "/Groups"):
        assert _search(staff.other, place).json["totalResults"] == 0
