"""Walks over lists by cursors, over HTTP (RFC 9865)."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from gateway.settings import GatewaySettings
from tenants.credentials.signing import SigningKeys, signing_keys
from tests.support.scim import GLOBEX, KEYS, SETTINGS, Answer, Scim, open_scim


async def fill(scim: Scim, count: int, *, first: int = 0) -> list[str]:
    """Make Users u0, u1, ...; return their ids in the order of creation."""
    ids = []
    for number in range(first, first + count):
        scim.clock.now += 0.001
        body = {"userName": f"u{number}", "title": f"t{-number % 3}", "externalId": "same"}
        ids.append((await scim.request("POST", "/Users", body)).json["id"])
    return ids


async def page(scim: Scim, query: str, cursor: str = "") -> dict[str, Any]:
    answer = await scim.request("GET", f"/Users?{query}&cursor={cursor}")
    assert answer.status == 200, answer.body
    return answer.json


async def walk(scim: Scim, query: str) -> AsyncIterator[dict[str, Any]]:
    cursor: str | None = ""
    while cursor is not None:
        answer = await page(scim, query, cursor)
        yield answer
        cursor = answer.get("nextCursor")


async def refusal(scim: Scim, query: str, **where: Any) -> tuple[int, str]:
    answer: Answer = await scim.request("GET", query, **where)
    return answer.status, answer.json.get("scimType", "")


@pytest.mark.parametrize(
    "query",
    [
        "count=3",
        "count=3&filter=userName+sw+%22u%22",
        "count=3&filter=externalId+eq+%22same%22",
        "count=3&sortBy=title",
        "count=3&sortBy=title&sortOrder=descending",
        "count=3&sortBy=meta.lastModified&filter=active+eq+true",
        "count=3&sortBy=id&attributes=userName",
    ],
)
async def test_a_walk_shows_each_resource_once(scim: Scim, query: str) -> None:
    ids = await fill(scim, 7)

    pages = [answer async for answer in walk(scim, query)]

    shown = [resource["id"] for answer in pages for resource in answer["Resources"]]
    assert (len(shown), set(shown)) == (7, set(ids))
    assert [(answer["totalResults"], answer["itemsPerPage"]) for answer in pages] == [(7, 3), (7, 3), (7, 1)]
    assert all("startIndex" not in answer for answer in pages)
    assert not [answer for answer in pages if "previousCursor" in answer]


async def test_a_valueless_parameter_begins_a_walk(scim: Scim) -> None:
    await fill(scim, 2)
    answer = (await scim.request("GET", "/Users?cursor&count=1")).json
    assert re.fullmatch(r"[A-Za-z0-9._~-]+", answer["nextCursor"])


async def test_pages_are_asked_for_by_index_unless_a_cursor_is_named(scim: Scim) -> None:
    await fill(scim, 2)
    answer = (await scim.request("GET", "/Users?count=1")).json
    assert (answer["startIndex"], answer.get("nextCursor")) == (1, None)


async def test_a_walk_is_not_disturbed_by_those_who_come_and_go(scim: Scim) -> None:
    ids = await fill(scim, 6)
    first = await page(scim, "count=2")
    assert (await scim.request("DELETE", f"/Users/{ids[1]}")).status == 204
    await fill(scim, 1, first=6)

    rest = [answer async for answer in walk_from(scim, "count=2", first["nextCursor"])]

    shown = [resource["id"] for answer in rest for resource in answer["Resources"]]
    assert shown[:4] == ids[2:]
    assert len(shown) == 5


async def walk_from(scim: Scim, query: str, cursor: str | None) -> AsyncIterator[dict[str, Any]]:
    while cursor is not None:
        answer = await page(scim, query, cursor)
        yield answer
        cursor = answer.get("nextCursor")


@pytest.mark.parametrize("count", ["0", "-7"])
async def test_a_page_of_nothing_tells_the_total_and_leads_nowhere(scim: Scim, count: str) -> None:
    await fill(scim, 2)
    answer = await page(scim, f"count={count}")
    assert (answer["totalResults"], answer["Resources"], "nextCursor" in answer) == (2, [], False)


async def test_without_a_count_pages_have_the_usual_size(scim: Scim) -> None:
    await fill(scim, 101)
    first = await page(scim, "")
    rest = await page(scim, "", first["nextCursor"])
    assert (first["itemsPerPage"], rest["itemsPerPage"], "nextCursor" in rest) == (100, 1, False)


@pytest.mark.parametrize("count", ["1001", "99999999999", "x", ""])
async def test_a_count_that_cannot_be_had_is_refused(scim: Scim, count: str) -> None:
    assert await refusal(scim, f"/Users?cursor=&count={count}") == (400, "invalidCount")


async def test_the_count_stays_the_same_on_the_way(scim: Scim) -> None:
    await fill(scim, 3)
    cursor = (await page(scim, "count=1"))["nextCursor"]
    assert await refusal(scim, f"/Users?cursor={cursor}&count=2") == (400, "invalidCount")
    assert (await page(scim, "", cursor))["itemsPerPage"] == 1


@pytest.mark.parametrize(
    "path",
    [
        "/Users?count=1&cursor={cursor}&filter=userName+pr",
        "/Users?count=1&cursor={cursor}&sortBy=userName",
        "/Groups?count=1&cursor={cursor}",
        "/Users?count=1&cursor={cursor}x",
        "/Users?count=1&cursor=forged",
        "/Users?count=1&cursor=%00",
        "/Users?count=1&cursor=%c3%a9",
    ],
)
async def test_a_cursor_of_another_query_is_none(scim: Scim, path: str) -> None:
    await fill(scim, 2)
    cursor = (await page(scim, "count=1"))["nextCursor"]
    assert await refusal(scim, path.replace("{cursor}", cursor)) == (400, "invalidCursor")


async def test_another_tenants_cursor_is_none_and_so_is_a_forged_one(scim: Scim) -> None:
    await fill(scim, 2)
    cursor = (await page(scim, "count=1"))["nextCursor"]

    foreign = await scim.request("GET", f"/Users?count=1&cursor={cursor}", tenant=GLOBEX)
    forged = await scim.request("GET", "/Users?count=1&cursor=forged", tenant=GLOBEX)

    assert (foreign.status, foreign.json) == (forged.status, forged.json) == (400, foreign.json)
    assert foreign.json["scimType"] == "invalidCursor"


async def test_a_cursor_is_the_same_however_the_filter_is_written(scim: Scim) -> None:
    await fill(scim, 2)
    cursor = (await page(scim, "count=1&filter=userName+sw+%22u%22"))["nextCursor"]
    assert (await page(scim, "count=1&filter=username++SW+%22U%22", cursor))["itemsPerPage"] == 1


async def test_a_cursor_lives_as_long_as_is_told_and_not_for_ever(scim: Scim) -> None:
    await fill(scim, 2)
    config = (await scim.request("GET", "/ServiceProviderConfig")).json
    cursor = (await page(scim, "count=1"))["nextCursor"]

    scim.clock.now += config["pagination"]["cursorTimeout"]
    assert (await page(scim, "count=1", cursor))["itemsPerPage"] == 1
    scim.clock.now += 61
    assert await refusal(scim, f"/Users?count=1&cursor={cursor}") == (400, "expiredCursor")


async def test_values_too_long_for_a_cursor_are_told_so(scim: Scim) -> None:
    for name in ("a", "b"):
        await scim.request("POST", "/Users", {"userName": name, "title": name * 9000})
    assert await refusal(scim, "/Users?count=1&sortBy=title&cursor=") == (400, "invalidPath")
    assert (await scim.request("GET", "/Users?count=1&sortBy=title&startIndex=2")).json["itemsPerPage"] == 1


async def test_cursors_outlive_a_change_of_the_signing_key() -> None:
    new = signing_keys("another signing key of the tests, long enough").current
    changed: GatewaySettings = replace(SETTINGS, signing_keys=SigningKeys(new, previous=KEYS.current))
    async with open_scim() as before:
        await fill(before, 2)
        cursor = (await page(before, "count=1"))["nextCursor"]
    async with open_scim(settings=changed) as after:
        after.clock.now += 1  # What is made now comes after the cursor's place.
        await fill(after, 2)
        assert (await page(after, "count=1", cursor))["itemsPerPage"] == 1


async def test_a_walk_needs_a_token_on_every_page(scim: Scim) -> None:
    await fill(scim, 2)
    cursor = (await page(scim, "count=1"))["nextCursor"]
    path = f"/scim/v2/acme/Users?count=1&cursor={quote(cursor)}"
    assert (await scim.send("GET", path)).status == 401
