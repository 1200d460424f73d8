"""Sorted lists over HTTP (RFC 7644, 3.4.2.3)."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.scim import GLOBEX, Scim

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PEOPLE: list[dict[str, Any]] = [
    {"userName": "bob", "title": "b", "name": {"familyName": "Zorn"}, ENTERPRISE: {"employeeNumber": "2"}},
    {"userName": "Ann", "title": "a", "emails": [{"value": "z@x"}, {"value": "a@x", "primary": True}]},
    {"userName": "cat", "externalId": "c", "emails": [{"value": "B@x"}], ENTERPRISE: {"employeeNumber": "1"}},
]


async def fill(scim: Scim) -> None:
    for body in PEOPLE:
        scim.clock.now += 1
        assert (await scim.request("POST", "/Users", body)).status == 201
    assert (await scim.request("POST", "/Users", {"userName": "zoe"}, tenant=GLOBEX)).status == 201


async def names(scim: Scim, query: str) -> list[str]:
    answer = (await scim.request("GET", f"/Users?{query}")).json
    assert answer["totalResults"] == 3
    return [resource["userName"] for resource in answer["Resources"]]


@pytest.mark.parametrize(
    ("sort_by", "expected"),
    [
        ("userName", ["Ann", "bob", "cat"]),
        ("USERNAME", ["Ann", "bob", "cat"]),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName", ["Ann", "bob", "cat"]),
        ("title", ["Ann", "bob", "cat"]),
        ("name.familyName", ["bob", "Ann", "cat"]),
        ("emails", ["Ann", "cat", "bob"]),
        ("emails.value", ["Ann", "cat", "bob"]),
        (f"{ENTERPRISE}:employeeNumber", ["cat", "bob", "Ann"]),
        ("externalId", ["cat", "bob", "Ann"]),
        ("id", ["bob", "Ann", "cat"]),
        ("meta.created", ["bob", "Ann", "cat"]),
        ("", ["bob", "Ann", "cat"]),
    ],
)
async def test_a_list_is_sorted_both_ways(scim: Scim, sort_by: str, expected: list[str]) -> None:
    await fill(scim)
    query = f"sortBy={quote(sort_by)}"

    assert await names(scim, query) == expected
    assert await names(scim, f"{query}&sortOrder=ascending") == expected
    # Without an attribute there is nothing to turn round.
    assert await names(scim, f"{query}&sortOrder=DESCENDING") == (expected[::-1] if sort_by else expected)


async def test_pages_of_a_sorted_list_put_together_are_the_list(scim: Scim) -> None:
    await fill(scim)

    pages = [await names(scim, f"sortBy=userName&startIndex={start}&count=1") for start in (1, 2, 3, 4)]

    assert pages == [["Ann"], ["bob"], ["cat"], []]


async def test_a_sorted_list_may_be_filtered_and_projected(scim: Scim) -> None:
    await fill(scim)
    query = "filter=userName+ne+%22bob%22&sortBy=userName&sortOrder=descending&attributes=title"

    answer = (await scim.request("GET", f"/Users?{query}")).json

    assert [resource.get("title") for resource in answer["Resources"]] == [None, "a"]


async def test_a_look_up_that_finds_several_is_sorted(scim: Scim) -> None:
    for name in ("b", "c", "a"):
        await scim.request("POST", "/Users", {"userName": name, "externalId": "same"})

    answer = (await scim.request("GET", "/Users?filter=externalId+eq+%22same%22&sortBy=userName")).json

    assert [resource["userName"] for resource in answer["Resources"]] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("query", "scim_type"),
    [
        ("sortBy=nothing", "invalidPath"),
        ("sortBy=name", "invalidPath"),
        ("sortBy=password", "invalidPath"),
        ("sortBy=members", "invalidPath"),
        ("sortBy=emails%5Btype+eq+%22work%22%5D", "invalidPath"),
        ("sortBy=%22", "invalidPath"),
        ("sortBy=%ff", "invalidPath"),
        ("sortBy=userName&sortOrder=up", "invalidValue"),
    ],
)
async def test_a_sort_that_makes_no_sense_is_refused(scim: Scim, query: str, scim_type: str) -> None:
    answer = await scim.request("GET", f"/Users?{query}")
    assert (answer.status, answer.json["scimType"]) == (400, scim_type)
