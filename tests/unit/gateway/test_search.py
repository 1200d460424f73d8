"""POST .search: the same lists as by GET, for one type and for all of them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.scim.search import SEARCH_REQUEST
from schemas.ids import TenantId
from tenants.tenant import Dialect
from tests.support.bulk import group, results, user
from tests.support.scim import ACME, GLOBEX, SETTINGS, Answer, Scim, open_scim

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PEOPLE = ("dora", "Anna", "carl", "Bert")
TEAMS = ("zebras", "Ants")


async def fill(scim: Scim, tenant: TenantId = ACME) -> dict[str, str]:
    """Make people and teams, each a second after the one before; return their names by id."""
    names: dict[str, str] = {}
    for name in PEOPLE:
        scim.clock.now += 1
        title = {"title": "boss"} if name == "carl" else {}
        (made,) = await results(scim, user(name, displayName=name, externalId=f"x-{name}", **title), tenant=tenant)
        names[made["location"].rpartition("/")[2]] = name
    for name in TEAMS:
        scim.clock.now += 1
        (made,) = await results(scim, group(name, *list(names)[:1]), tenant=tenant)
        names[made["location"].rpartition("/")[2]] = name
    return names


async def search(scim: Scim, path: str, tenant: TenantId = ACME, **members: Any) -> Answer:
    return await scim.request("POST", f"{path}/.search", {"schemas": [SEARCH_REQUEST], **members}, tenant=tenant)


def found(answer: Answer, names: dict[str, str]) -> list[str]:
    assert answer.status == 200, answer.body
    return [names[resource["id"]] for resource in answer.json["Resources"]]


QUERIES: list[dict[str, Any]] = [
    {},
    {"filter": 'userName eq "anna"'},
    {"filter": 'externalId eq "x-carl"', "attributes": ["userName"]},
    {"filter": 'displayName co "a"', "sortBy": "displayName", "sortOrder": "descending"},
    {"startIndex": 2, "count": 2},
    {"startIndex": -1, "count": 0},
    {"count": 3, "excludedAttributes": ["meta", "groups", "members"]},
    {"attributes": ["displayName", "meta.created"]},
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("path", ["/Users", "/users", ""])
async def test_a_search_finds_what_the_same_list_by_get_shows(scim: Scim, path: str, query: dict[str, Any]) -> None:
    await fill(scim)
    parameters = {name: ",".join(value) if isinstance(value, list) else value for name, value in query.items()}
    by_get = await scim.request("GET", f"{path}/?{urlencode(parameters)}")
    by_search = await search(scim, path, **query)
    assert (by_search.status, by_search.json["schemas"]) == (200, [LIST])
    assert by_search.json == by_get.json


async def test_a_search_makes_nothing(scim: Scim) -> None:
    answer = await search(scim, "/Users", userName="x")
    assert (answer.status, answer.json["totalResults"]) == (200, 0)
    assert "Location" not in answer.headers


@pytest.mark.parametrize("path", ["/Users", "/Groups", ""])
@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]}, "invalidSyntax"),
        ({"schemas": SEARCH_REQUEST}, "invalidSyntax"),
        ([], "invalidSyntax"),
        ({"filter": ""}, "invalidFilter"),
        ({"filter": "displayName eq"}, "invalidFilter"),
        ({"filter": 'nothing eq "x"'}, "invalidFilter"),
        ({"filter": 1}, "invalidValue"),
        ({"attributes": [1]}, "invalidValue"),
        ({"attributes": {}}, "invalidValue"),
        ({"count": "many"}, "invalidValue"),
        ({"startIndex": 1.5}, "invalidValue"),
        ({"sortBy": "displayName", "sortOrder": "sideways"}, "invalidValue"),
        ({"sortBy": "nothing"}, "invalidPath"),
        ({"sortBy": []}, "invalidValue"),
        ({"cursor": "forged"}, "invalidCursor"),
        ({"attributes": ["id"], "excludedAttributes": ["meta"]}, "invalidValue"),
    ],
)
async def test_a_search_that_makes_no_sense_is_refused(scim: Scim, path: str, message: object, kind: str) -> None:
    answer = await scim.request("POST", f"{path}/.search", message)
    assert (answer.status, answer.json["scimType"]) == (400, kind)


async def test_a_strict_tenant_has_a_search_say_what_it_is(scim: Scim) -> None:
    tenant = await scim.stores.registry.tenant(ACME)
    assert tenant is not None
    await scim.stores.registry.change_tenant(replace(tenant, dialect=Dialect.STRICT, revision=tenant.revision + 1))
    scim.clock.now += 60
    assert (await scim.request("POST", "/Users/.search", {})).status == 400
    assert (await search(scim, "/Users")).status == 200


async def test_a_search_walks_by_cursors(scim: Scim) -> None:
    names = await fill(scim)
    pages = [await search(scim, "/Users", cursor="", count=3, sortBy="userName")]
    pages.append(await search(scim, "/Users", cursor=pages[0].json["nextCursor"], sortBy="userName"))
    assert [found(page, names) for page in pages] == [["Anna", "Bert", "carl"], ["dora"]]
    assert "nextCursor" not in pages[1].json


# All types


async def test_all_types_are_shown_each_as_its_own(scim: Scim) -> None:
    names = await fill(scim)
    answer = await scim.request("GET", "")
    assert found(answer, names) == [*PEOPLE, *TEAMS]
    assert (answer.json["totalResults"], answer.json["startIndex"], answer.json["itemsPerPage"]) == (6, 1, 6)
    for shown in answer.json["Resources"]:
        path = f"/{shown['meta']['resourceType']}s/{shown['id']}"
        assert shown == (await scim.request("GET", path)).json


@pytest.mark.parametrize("size", range(1, 8))
@pytest.mark.parametrize("method", ["index", "cursor"])
async def test_pages_of_all_types_put_together_show_each_resource_once(scim: Scim, size: int, method: str) -> None:
    names = await fill(scim)
    walk = by_index if method == "index" else by_cursor
    pages = [page async for page in walk(scim, count=size)]
    assert [name for page in pages for name in found(page, names)] == [*PEOPLE, *TEAMS]
    assert {page.json["totalResults"] for page in pages} == {6}
    assert [page.json["itemsPerPage"] for page in pages][:-1] == [size] * (len(pages) - 1)


async def by_index(scim: Scim, count: int, **query: Any) -> Any:
    for start in range(1, 7, count):
        yield await search(scim, "", startIndex=start, count=count, **query)


async def by_cursor(scim: Scim, count: int, **query: Any) -> Any:
    cursor: str | None = ""
    while cursor is not None:
        page = await search(scim, "", cursor=cursor, count=count, **query)
        yield page
        cursor = page.json.get("nextCursor")


def orders() -> Iterator[tuple[str, str, list[str]]]:
    """Yield what to sort by, and the names in that order."""
    by_name = sorted([*PEOPLE, *TEAMS], key=str.lower)
    people = sorted(PEOPLE, key=str.lower)
    yield "displayName", "ascending", by_name
    yield "displayName", "descending", by_name[::-1]
    yield "meta.created", "descending", [*PEOPLE, *TEAMS][::-1]
    # What a type lacks has no value: last, and in the other direction first.
    yield "userName", "ascending", [*people, *TEAMS]
    yield "userName", "descending", [*TEAMS[::-1], *people[::-1]]
    yield "title", "ascending", ["carl", "dora", "Anna", "Bert", *TEAMS]
    yield "title", "descending", [*TEAMS[::-1], "Bert", "Anna", "dora", "carl"]


@pytest.mark.parametrize(("by", "order", "expected"), list(orders()))
@pytest.mark.parametrize("size", [1, 2, 4, 6])
@pytest.mark.parametrize("method", ["index", "cursor"])
async def test_all_types_are_sorted_together(
    scim: Scim, by: str, order: str, expected: list[str], size: int, method: str
) -> None:
    names = await fill(scim)
    walk = by_index if method == "index" else by_cursor
    pages = [page async for page in walk(scim, count=size, sortBy=by, sortOrder=order)]
    assert [name for page in pages for name in found(page, names)] == expected
    assert {page.json["totalResults"] for page in pages} == {6}


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ('displayName co "a"', ["dora", "Anna", "carl", "zebras", "Ants"]),
        ('userName eq "anna"', ["Anna"]),
        ("userName pr", [*PEOPLE]),
        ("not (userName pr)", [*TEAMS]),
        ("members pr", [*TEAMS]),
        ('userName ne "anna"', ["dora", "carl", "Bert", *TEAMS]),
        ("title eq null", ["dora", "Anna", "Bert", *TEAMS]),
        ('meta.resourceType eq "Group"', [*TEAMS]),
        ('meta.resourceType ne "Group"', [*PEOPLE]),
        ('meta.resourceType eq "Group" or title eq "boss"', ["carl", *TEAMS]),
        ('emails[type eq "work"]', []),
        ('externalId eq "x-carl"', ["carl"]),
        ('(members pr and userName pr) or displayName eq "ANTS"', ["Ants"]),
        ('not (members pr or title eq "boss")', ["dora", "Anna", "Bert"]),
    ],
)
async def test_an_attribute_that_a_type_lacks_has_no_value_there(scim: Scim, filter: str, expected: list[str]) -> None:
    names = await fill(scim)
    answer = await search(scim, "", filter=filter)
    assert found(answer, names) == expected
    assert answer.json["totalResults"] == len(expected)


async def test_projections_reach_each_type_as_far_as_it_goes(scim: Scim) -> None:
    await fill(scim)
    answer = await search(scim, "", attributes=["displayName", "members.value", "userName"])
    keys = {frozenset(shown) - {"schemas", "id", "displayName"} for shown in answer.json["Resources"]}
    assert keys == {frozenset({"userName"}), frozenset({"members"})}


async def test_no_tenant_finds_anything_of_another(scim: Scim) -> None:
    await fill(scim)
    for query in ({}, {"filter": "displayName pr"}, {"sortBy": "displayName"}, {"cursor": ""}):
        answer = await search(scim, "", tenant=GLOBEX, **query)
        assert (answer.status, answer.json["totalResults"], answer.json["Resources"]) == (200, 0, [])


async def test_a_walk_over_all_types_is_bound_to_its_query(scim: Scim) -> None:
    await fill(scim)
    cursor = (await search(scim, "", cursor="", count=2)).json["nextCursor"]
    others: list[dict[str, Any]] = [{"sortBy": "displayName"}, {"filter": "displayName pr"}, {"tenant": GLOBEX}]
    for other in others:
        assert (await search(scim, "", cursor=cursor, **other)).json["scimType"] == "invalidCursor"
    assert (await search(scim, "/Users", cursor=cursor)).json["scimType"] == "invalidCursor"
    assert (await search(scim, "", cursor=cursor, count=3)).json["scimType"] == "invalidCount"


async def test_deep_in_a_sorted_list_of_all_types_only_cursors_lead() -> None:
    async with open_scim(settings=replace(SETTINGS, max_count=4)) as scim:
        await fill(scim)
        answer = await search(scim, "", sortBy="displayName", startIndex=4, count=2)
        assert (answer.status, answer.json["scimType"]) == (400, "tooMany")
        assert (await search(scim, "", startIndex=4, count=2)).json["itemsPerPage"] == 2
