"""Conditional requests: lists, several lines, weak comparison, and conditions on writes (RFC 9110, 13)."""

from typing import Any

import pytest
from multidict import CIMultiDict

from tests.support.scim import ACME, Scim

WRITES: dict[str, Any] = {
    "PUT": {"userName": "bjensen", "title": "new"},
    "PATCH": {"Operations": [{"op": "add", "path": "title", "value": "new"}]},
    "DELETE": None,
}


async def made(scim: Scim) -> tuple[str, dict[str, Any]]:
    user = (await scim.request("POST", "/Users", {"userName": "bjensen"})).json
    return f"/Users/{user['id']}", user


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("condition", ['W/"1"', '"1"', '"8","1"', 'W/"8" , W/"1"', " * ", '"a,b", "1"'])
async def test_a_write_passes_where_a_tag_matches_with_or_without_its_w(
    scim: Scim, method: str, condition: str
) -> None:
    path, _ = await made(scim)
    assert (await scim.request(method, path, WRITES[method], headers={"If-Match": condition})).status in {200, 204}


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("condition", ['W/"2"', "1", "W/1", 'w/"1', "", '"*"', '"8", "9"'])
async def test_a_write_is_refused_where_no_tag_matches(scim: Scim, method: str, condition: str) -> None:
    path, user = await made(scim)
    answer = await scim.request(method, path, WRITES[method], headers={"If-Match": condition})
    assert (answer.status, answer.json["status"]) == (412, "412")
    assert (await scim.request("GET", path)).json == user


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize(("condition", "passes"), [("*", False), ('"1"', False), ('"8", W/"1"', False), ('"8"', True)])
async def test_a_write_may_be_made_to_depend_on_what_a_resource_is_not(
    scim: Scim, method: str, condition: str, passes: bool
) -> None:
    path, user = await made(scim)
    answer = await scim.request(method, path, WRITES[method], headers={"If-None-Match": condition})
    assert answer.status in ({200, 204} if passes else {412})
    assert ((await scim.request("GET", path)).json == user) is not passes


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
async def test_several_lines_of_one_header_are_one_list(scim: Scim, header: str) -> None:
    path, _ = await made(scim)
    authorization = ("Authorization", f"Bearer {scim.tokens[ACME]}")
    lines = CIMultiDict([authorization, (header, '"7"'), (header, '"8"'), (header, 'W/"1"')])
    method, status = ("GET", 304) if header == "If-None-Match" else ("DELETE", 204)
    assert (await scim.send(method, f"/scim/v2/{ACME}{path}", headers=lines)).status == status


async def test_conditions_are_nothing_to_a_new_resource(scim: Scim) -> None:
    headers = {"If-Match": '"1"', "If-None-Match": "*"}
    assert (await scim.request("POST", "/Users", {"userName": "bjensen"}, headers=headers)).status == 201


async def test_a_condition_on_what_does_not_exist_is_not_found(scim: Scim) -> None:
    for header in ("If-Match", "If-None-Match"):
        answer = await scim.request("PUT", f"/Users/{'0' * 32}", WRITES["PUT"], headers={header: "*"})
        assert answer.status == 404
