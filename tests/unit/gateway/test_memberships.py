"""Groups with more members than are read at a time, and Users in Groups that are in Groups."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientPayloadError

from schemas.ids import ResourceId, TenantId
from schemas.scim.query import Query
from tenants.directory.port import DirectoryReader
from tenants.directory.records import GroupOfMember, Member, Page
from tenants.errors import PortUnavailableError
from tenants.ports import GatewayPorts
from tests.support.scim import ACME, GLOBEX, SETTINGS, Scim, open_scim

FEW_AT_ONCE = replace(SETTINGS, members_at_once=3)


@pytest.fixture
async def scim() -> AsyncIterator[Scim]:
    """A gateway that reads three members at a time."""
    async with open_scim(settings=FEW_AT_ONCE) as running:
        yield running


async def make_users(scim: Scim, count: int, *, tenant: TenantId = ACME) -> list[str]:
    made = [await scim.request("POST", "/Users", {"userName": f"u{n}"}, tenant=tenant) for n in range(count)]
    return sorted(answer.json["id"] for answer in made)


async def make_group(scim: Scim, name: str, members: Sequence[str], *, tenant: TenantId = ACME) -> dict[str, Any]:
    body = {"displayName": name, "members": [{"value": member} for member in members]}
    answer = await scim.request("POST", "/Groups", body, tenant=tenant)
    assert answer.status == 201
    return answer.json


def ids(group: dict[str, Any]) -> list[str]:
    return [member["value"] for member in group.get("members", ())]


@pytest.mark.parametrize("count", [2, 3, 4, 10])
async def test_a_large_group_is_answered_whole(scim: Scim, count: int) -> None:
    users = await make_users(scim, count)
    made = await make_group(scim, "staff", users)
    assert ids(made) == users
    read = await scim.request("GET", f"/Groups/{made['id']}")
    assert read.json == made
    assert read.headers["ETag"] == 'W/"1"'
    assert read.json["members"][-1] == {
        "value": users[-1],
        "$ref": f"https://scim.example.org/scim/v2/acme/Users/{users[-1]}",
        "type": "User",
    }
    assert ("Content-Length" in read.headers) == (count < 3)


async def test_large_groups_are_projected_piece_by_piece(scim: Scim) -> None:
    users = await make_users(scim, 7)
    path = f"/Groups/{(await make_group(scim, 'staff', users))['id']}"
    only = (await scim.request("GET", f"{path}?attributes=members.value")).json
    assert only["members"] == [{"value": user} for user in users]
    assert "displayName" not in only
    without = (await scim.request("GET", f"{path}?excludedAttributes=members.$ref,displayName")).json
    assert without["members"][6] == {"value": users[6], "type": "User"}
    assert "members" not in (await scim.request("GET", f"{path}?excludedAttributes=members")).json
    assert (await scim.request("GET", f"{path}?attributes=displayName")).json["displayName"] == "staff"


async def test_pages_with_large_groups_are_answered_whole(scim: Scim) -> None:
    users = await make_users(scim, 7)
    made = [await make_group(scim, f"g{size}", users[:size]) for size in (0, 5, 1, 7, 2)]
    for path in ("/Groups", "/Groups?count=2", "/?filter=displayName+sw+%22g%22", "/Groups?sortBy=displayName"):
        listed = (await scim.request("GET", path)).json
        assert listed["totalResults"] == 5
        assert listed["itemsPerPage"] == len(listed["Resources"])
        assert all(group in made for group in listed["Resources"])


async def test_a_head_of_a_large_group_has_no_body(scim: Scim) -> None:
    group = await make_group(scim, "staff", await make_users(scim, 7))
    answer = await scim.request("HEAD", f"/Groups/{group['id']}")
    assert (answer.status, answer.body, answer.headers["ETag"]) == (200, b"", 'W/"1"')
    assert len(ids((await scim.request("GET", f"/Groups/{group['id']}")).json)) == 7


async def test_a_write_to_a_large_group_is_answered_whole_where_attributes_are_asked_for(scim: Scim) -> None:
    users = await make_users(scim, 7)
    group = await make_group(scim, "staff", users[:6])
    replaced = await scim.request("PUT", f"/Groups/{group['id']}", {"displayName": "all", "members": users})
    assert (replaced.json["displayName"], ids(replaced.json)) == ("all", users)
    operation = {"op": "remove", "path": f'members[value eq "{users[0]}"]'}
    patched = await scim.request("PATCH", f"/Groups/{group['id']}?attributes=members", {"Operations": [operation]})
    assert ids(patched.json) == users[1:]


class LastPageAway(DirectoryReader):
    """A directory that goes away when members behind the first ones are read."""

    def __init__(self, directory: DirectoryReader) -> None:
        self._directory = directory

    async def search(self, tenant: TenantId, query: Query) -> Page:
        return await self._directory.search(tenant, query)

    async def members(
        self,
        tenant: TenantId,
        groups: Sequence[ResourceId],
        *,
        after: ResourceId | None = None,
        limit: int | None = None,
    ) -> Mapping[ResourceId, Sequence[Member]]:
        if after is not None:
            raise PortUnavailableError("away")
        return await self._directory.members(tenant, groups, after=after, limit=limit)

    async def groups_of(
        self, tenant: TenantId, members: Sequence[ResourceId]
    ) -> Mapping[ResourceId, Sequence[GroupOfMember]]:
        return await self._directory.groups_of(tenant, members)


async def test_a_large_group_that_cannot_be_read_to_the_end_is_not_taken_for_the_whole() -> None:
    def failing(ports: GatewayPorts) -> GatewayPorts:
        return replace(ports, directory=LastPageAway(ports.directory))

    async with open_scim(settings=FEW_AT_ONCE, change=failing) as scim:
        users = await make_users(scim, 7)
        body = {"displayName": "staff", "members": [{"value": user} for user in users]}
        made = await scim.request("POST", "/Groups?excludedAttributes=members", body)
        with pytest.raises(ClientPayloadError):
            await scim.request("GET", f"/Groups/{made.json['id']}")
        # The gateway itself goes on.
        assert (await scim.request("GET", f"/Groups/{made.json['id']}?excludedAttributes=members")).status == 200


async def test_a_user_shows_the_groups_that_it_is_in_by_others(scim: Scim) -> None:
    (user,) = await make_users(scim, 1)
    inner = await make_group(scim, "inner", [user])
    outer = await make_group(scim, 'Ou"ter', [inner["id"]])
    await make_users(scim, 1, tenant=GLOBEX)
    base = "https://scim.example.org/scim/v2/acme/Groups"
    expected = [
        {"value": inner["id"], "$ref": f"{base}/{inner['id']}", "display": "inner", "type": "direct"},
        {"value": outer["id"], "$ref": f"{base}/{outer['id']}", "display": 'Ou"ter', "type": "indirect"},
    ]
    for answer in (await scim.request("GET", f"/Users/{user}"), await scim.request("GET", "/Users")):
        shown = answer.json["Resources"][0] if "Resources" in answer.json else answer.json
        assert sorted(shown["groups"], key=lambda group: group["type"]) == expected

    for filter, total in (
        (f'groups.value eq "{outer["id"]}"', 1),
        (f'groups eq "{inner["id"]}" and userName eq "U0"', 1),
        (f'groups[value eq "{outer["id"]}"]', 1),
        ("groups pr", 1),
        ("not (groups pr)", 0),
        ('groups eq "nobody"', 0),
    ):
        found = await scim.request("GET", f"/Users?filter={filter}".replace(" ", "+").replace('"', "%22"))
        assert (found.status, found.json["totalResults"]) == (200, total)
    theirs = await scim.request("GET", f"/Users?filter=groups+eq+%22{outer['id']}%22", tenant=GLOBEX)
    assert theirs.json["totalResults"] == 0


async def test_groups_that_are_in_each_other_end(scim: Scim) -> None:
    (user,) = await make_users(scim, 1)
    one = await make_group(scim, "one", [user])
    two = await make_group(scim, "two", [one["id"]])
    add = {"op": "add", "path": "members", "value": [{"value": two["id"]}]}
    assert (await scim.request("PATCH", f"/Groups/{one['id']}", {"Operations": [add]})).status == 204
    shown = (await scim.request("GET", f"/Users/{user}")).json["groups"]
    assert {(group["display"], group["type"]) for group in shown} == {("one", "direct"), ("two", "indirect")}
    members = (await scim.request("GET", f"/Groups/{one['id']}")).json["members"]
    assert {member["type"] for member in members} == {"User", "Group"}
    for member in members:
        path = member["$ref"].removeprefix("https://scim.example.org/scim/v2/acme")
        assert (await scim.request("GET", path)).json["id"] == member["value"]
