"""Lists: look-ups, filters, pages, totals."""

import asyncio
from urllib.parse import quote

import pytest

from tests.support.scim import ACME, GLOBEX, PUBLIC_URL, Scim

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


async def fill(scim: Scim, count: int, *, first: int = 0) -> list[str]:
    """Make Users u0, u1, ...; return their ids in the order of creation."""
    ids = []
    for number in range(first, first + count):
        scim.clock.now += 1
        body = {"userName": f"u{number}", "externalId": f"x{number % 2}"}
        ids.append((await scim.request("POST", "/Users", body)).json["id"])
    return ids


def found(answer: object) -> list[str]:
    assert isinstance(answer, dict)
    return [resource["id"] for resource in answer["Resources"]]


async def test_no_match_is_an_empty_list_and_no_error(scim: Scim) -> None:
    for path in ("Users", "Groups"):
        for filter in ('externalId eq "0d1c"', 'id eq "0d1c"', 'displayName eq "0d1c"', 'displayName sw "0"'):
            answer = await scim.request("GET", f"/{path}?filter={quote(filter)}")
            assert (answer.status, answer.headers["Content-Type"]) == (200, "application/scim+json")
            assert answer.json == {
                "schemas": [LIST],
                "totalResults": 0,
                "startIndex": 1,
                "itemsPerPage": 0,
                "Resources": [],
            }


async def test_without_arguments_a_first_page_and_the_total_are_answered(scim: Scim) -> None:
    ids = await fill(scim, 101)
    answer = (await scim.request("GET", "/Users")).json
    assert found(answer) == ids[:100]
    assert (answer["totalResults"], answer["startIndex"], answer["itemsPerPage"]) == (101, 1, 100)


@pytest.mark.parametrize(
    "query",
    [
        "filter=userName+eq+%22u1%22",
        'filter=userName+eq+"u1"',
        "filter=USERNAME%20EQ%20%22U1%22",
        "filter=urn:ietf:params:scim:schemas:core:2.0:User:userName+eq+%22u1%22",
        "aadOptscim062020&filter=userName+eq+%22u1%22",
        "filter=userName+eq+%22u1%22&aadOptscim062020&anything=else&&=",
        "filter=userName+sw+%22u%22+and+userName+ew+%221%22",
        "filter=userName+eq+%22%751%22",
    ],
)
async def test_a_filter_finds_what_it_names_however_it_is_written(scim: Scim, query: str) -> None:
    ids = await fill(scim, 3)
    assert found((await scim.request("GET", f"/Users?{query}")).json) == [ids[1]]


@pytest.mark.parametrize(
    "name", ["o'neill", "a+b@example.org", "ann#EXT#@example.org", "日本", 'say "so"', "back\\slash", "%41"]
)
async def test_a_name_of_any_letters_is_found_again(scim: Scim, name: str) -> None:
    made = (await scim.request("POST", "/Users", {"userName": name})).json
    literal = name.replace("\\", "\\\\").replace('"', '\\"')
    filter = quote(f'userName eq "{literal}"', safe="")
    assert found((await scim.request("GET", f"/Users?filter={filter}")).json) == [made["id"]]


async def test_one_filter_may_find_several(scim: Scim) -> None:
    ids = await fill(scim, 5)
    answer = (await scim.request("GET", "/Users?filter=externalId+eq+%22x0%22")).json
    assert (found(answer), answer["totalResults"]) == ([ids[0], ids[2], ids[4]], 3)


async def test_look_ups_are_paged_like_everything_else(scim: Scim) -> None:
    ids = await fill(scim, 5)
    answer = (await scim.request("GET", "/Users?filter=externalId+eq+%22x0%22&startIndex=2&count=1")).json
    assert (found(answer), answer["totalResults"], answer["itemsPerPage"]) == ([ids[2]], 3, 1)


async def test_nothing_of_another_tenant_is_found_counted_or_listed(scim: Scim) -> None:
    ids = await fill(scim, 2)
    for query in ("", "?filter=userName+eq+%22u1%22", f"?filter=id+eq+%22{ids[0]}%22", "?filter=userName+pr"):
        answer = (await scim.request("GET", f"/Users{query}", tenant=GLOBEX)).json
        assert (answer["totalResults"], answer["Resources"]) == (0, [])


async def test_each_tenant_sees_its_own_uris(scim: Scim) -> None:
    (id,) = await fill(scim, 1)
    (user,) = (await scim.request("GET", "/Users")).json["Resources"]
    assert user["meta"]["location"] == f"{PUBLIC_URL}/scim/v2/acme/Users/{id}"


async def test_pages_put_together_show_each_resource_once(scim: Scim) -> None:
    ids = await fill(scim, 7)
    pages = [(await scim.request("GET", f"/Users?startIndex={start}&count=3")).json for start in (1, 4, 7)]
    assert [id for page in pages for id in found(page)] == ids
    assert [(page["totalResults"], page["startIndex"], page["itemsPerPage"]) for page in pages] == [
        (7, 1, 3),
        (7, 4, 3),
        (7, 7, 1),
    ]


async def test_resources_made_meanwhile_appear_behind_the_others(scim: Scim) -> None:
    first = await fill(scim, 4)
    page = found((await scim.request("GET", "/Users?startIndex=1&count=2")).json)
    more = await fill(scim, 2, first=4)
    rest = found((await scim.request("GET", "/Users?startIndex=3&count=9")).json)
    assert page + rest == first + more


@pytest.mark.parametrize(
    ("query", "start", "size"),
    [
        ("startIndex=0", 1, 3),
        ("startIndex=-5", 1, 3),
        ("count=0", 1, 0),
        ("count=-1", 1, 0),
        ("count=2", 1, 2),
        ("startIndex=3&count=2", 3, 1),
        ("startIndex=4", 4, 0),
        ("startIndex=99999999999", 2**31 - 1, 0),
        ("count=99999999999", 1, 3),
    ],
)
@pytest.mark.parametrize("filter", ["", "&filter=userName+sw+%22u%22"])
async def test_odd_pages_are_no_error_and_the_total_is_true(
    scim: Scim, query: str, start: int, size: int, filter: str
) -> None:
    await fill(scim, 3)
    answer = (await scim.request("GET", f"/Users?{query}{filter}")).json
    assert (answer["totalResults"], answer["startIndex"], answer["itemsPerPage"]) == (3, start, size)
    assert len(answer["Resources"]) == size


@pytest.mark.parametrize("number", ["x", "", "1.5", "1e3", "9" * 5000, "%00", "None"])
@pytest.mark.parametrize("parameter", ["startIndex", "count"])
async def test_what_is_no_number_is_refused(scim: Scim, parameter: str, number: str) -> None:
    answer = await scim.request("GET", f"/Users?{parameter}={number}")
    assert (answer.status, answer.json["scimType"]) == (400, "invalidValue")


@pytest.mark.parametrize(
    "filter",
    [
        "",
        "userName",
        "userName eq",
        "userName xx 'a'",
        'userName eq "a',
        "userName eq a",
        'userName eq "a" and',
        '(userName eq "a"',
        'userName eq "\\x"',
        "active gt true",
        "(" * 2_000,
        'userName eq "' + "a" * 7_000 + '" or not',
    ],
)
async def test_a_filter_that_makes_no_sense_is_refused(scim: Scim, filter: str) -> None:
    answer = await scim.request("GET", f"/Users?filter={quote(filter, safe='')}")
    assert (answer.status, answer.json["scimType"]) == (400, "invalidFilter")


@pytest.mark.parametrize(
    "query",
    [
        "filter=%",
        "filter=%ff",
        "filter=userName+eq+%22%ed%a0%80%22",
        "filter=userName+eq+%22%00%22",
        "filter=userName+eq+1234567890123456789012345678901234567890",
        "filter=userName+eq+%22%5cud800%22",
        "filter=emails%5Bvalue+eq+%22x%22%5D",
        "&&&=&=",
        "attributes=%ff,,%00,a.b.c,urn:,[",
        "excludedAttributes=id,schemas,meta.location",
        "attributes=userName&attributes=id",
    ],
)
async def test_no_query_breaks_anything(scim: Scim, query: str) -> None:
    await fill(scim, 1)
    assert (await scim.request("GET", f"/Users?{query}")).status in {200, 400}


async def test_both_kinds_of_projection_at_once_are_refused(scim: Scim) -> None:
    answer = await scim.request("GET", "/Users?attributes=userName&excludedAttributes=title")
    assert (answer.status, answer.json["scimType"]) == (400, "invalidValue")


async def test_projection_changes_neither_totals_nor_what_is_filtered(scim: Scim) -> None:
    ids = await fill(scim, 2)
    answer = (await scim.request("GET", "/Users?filter=userName+eq+%22u1%22&attributes=externalId")).json
    assert answer["totalResults"] == 1
    (user,) = answer["Resources"]
    assert user == {"schemas": user["schemas"], "id": ids[1], "externalId": "x1"}


async def test_lists_show_members_and_groups_unless_they_are_excluded(scim: Scim) -> None:
    ids = await fill(scim, 3)
    for number in range(2):
        scim.clock.now += 1
        body = {"displayName": f"g{number}", "members": [{"value": id} for id in ids[: number + 1]]}
        await scim.request("POST", "/Groups", body)
    groups = (await scim.request("GET", "/Groups")).json["Resources"]
    users = (await scim.request("GET", "/Users")).json["Resources"]
    assert [len(group["members"]) for group in groups] == [1, 2]
    assert [len(user.get("groups", [])) for user in users] == [2, 1, 0]
    for path in ("/Groups?excludedAttributes=members", "/Users?excludedAttributes=groups"):
        for resource in (await scim.request("GET", path)).json["Resources"]:
            assert not {"members", "groups"} & set(resource)


async def test_look_ups_that_come_together_travel_together(scim: Scim) -> None:
    await fill(scim, 1)
    before = scim.count("rollcall_batch_size_count", kind="find")
    answers = await asyncio.gather(
        *(scim.request("GET", f"/Users?filter=userName+eq+%22u{number}%22") for number in range(40))
    )
    assert [answer.json["totalResults"] for answer in answers] == [1] + [0] * 39
    assert scim.count("rollcall_batch_size_count", kind="find") - before < 40


async def test_look_ups_of_several_tenants_may_travel_together_and_none_sees_anothers(scim: Scim) -> None:
    users = {
        tenant: (await scim.request("POST", "/Users", {"userName": "same"}, tenant=tenant)).json["id"]
        for tenant in (ACME, GLOBEX)
    }
    path = "/Users?filter=userName+eq+%22same%22"
    answers = await asyncio.gather(*(scim.request("GET", path, tenant=tenant) for tenant in (ACME, GLOBEX) * 10))
    assert [found(answer.json) for answer in answers] == [[users[ACME]], [users[GLOBEX]]] * 10
