"""References between the operations of one bulk request (RFC 7644, 3.7.1 and 3.7.2)."""

import random
from typing import Any

import pytest

from schemas.ids import TenantId
from tests.support.bulk import ENTERPRISE, delete, group, id_of, members_of, patch, put, results, statuses, totals, user
from tests.support.scim import ACME, GLOBEX, Scim


async def test_references_lead_to_what_the_request_makes_wherever_they_stand(scim: Scim) -> None:
    boss, member, late, changed, removed, gone = await results(
        scim,
        user("boss"),
        user("member", **{ENTERPRISE: {"manager": {"value": "bulkId:boss"}}}),
        group("late", "bulkId:member", "bulkId:boss"),
        patch("/Groups/bulkId:late", {"op": "add", "path": "members", "value": [{"value": "bulkId:gone"}]}),
        patch("/Groups/bulkId:late", {"op": "remove", "path": 'members[value eq "bulkId:boss"]'}),
        user("gone"),
    )
    assert {entry["status"][0] for entry in (boss, member, late, changed, removed, gone)} == {"2"}
    assert await members_of(scim, late) == {id_of(member), id_of(gone)}
    shown = (await scim.request("GET", f"/Users/{id_of(member)}")).json
    assert shown[ENTERPRISE]["manager"]["value"] == id_of(boss)
    assert changed["location"] == late["location"]


async def test_a_reference_may_stand_before_what_it_refers_to(scim: Scim) -> None:
    team, anna = await results(scim, group("team", "bulkId:anna"), user("anna"))
    assert (team["status"], anna["status"]) == ("201", "201")
    assert await members_of(scim, team) == {id_of(anna)}
    assert await totals(scim) == (1, 1)


async def test_a_reference_to_someone_who_came_back_leads_to_the_one_there_was(scim: Scim) -> None:
    (made,) = await results(scim, user("anna", externalId="x", active=False))
    again, team = await results(scim, user("anna", externalId="x"), group("team", "bulkId:anna"))
    assert (again["status"], id_of(again)) == ("201", id_of(made))
    assert await members_of(scim, team) == {id_of(made)}


async def test_a_reference_to_nothing_is_a_conflict_and_stores_nothing(scim: Scim) -> None:
    entries = await results(
        scim,
        group("team", "bulkId:nobody"),
        user("anna", **{ENTERPRISE: {"manager": {"value": "bulkId:nobody"}}}),
        delete("/Users/bulkId:nobody"),
    )
    assert [entry["status"] for entry in entries] == ["409", "409", "409"]
    assert await totals(scim) == (0, 0)


async def test_what_refers_to_a_failure_fails_as_well(scim: Scim) -> None:
    entries = await statuses(
        scim,
        user("anna", userName=""),
        user("bob", **{ENTERPRISE: {"manager": {"value": "bulkId:anna"}}}),
        group("team", "bulkId:bob"),
        user("carol"),
    )
    assert entries == ["400", "409", "409", "201"]
    assert await totals(scim) == (1, 0)


async def test_nothing_of_another_tenant_can_be_reached(scim: Scim) -> None:
    (theirs,) = await results(scim, user("anna"), tenant=GLOBEX)
    path = f"/Users/{id_of(theirs)}"
    entries = await statuses(scim, delete(path), put(path, userName="x"), group("team", id_of(theirs)))
    assert entries == ["404", "404", "400"]
    assert await totals(scim, GLOBEX) == (1, 0)


# Circles


async def test_two_groups_may_be_members_of_each_other(scim: Scim) -> None:
    one, other = await results(scim, group("one", "bulkId:other"), group("other", "bulkId:one"))
    assert (one["status"], other["status"]) == ("201", "201")
    assert (await members_of(scim, one), await members_of(scim, other)) == ({id_of(other)}, {id_of(one)})
    for entry in (one, other):
        assert (await scim.request("GET", f"/Groups/{id_of(entry)}")).headers["ETag"] == entry["version"]
    assert await totals(scim) == (0, 2)


async def test_a_larger_circle_is_closed_as_well(scim: Scim) -> None:
    circle = [group(f"g{number}", f"bulkId:g{(number + 1) % 5}", "bulkId:anna") for number in range(5)]
    *groups, anna = await results(scim, *circle, user("anna"))
    assert {entry["status"] for entry in groups} == {"201"}
    for entry, following in zip(groups, groups[1:] + groups[:1], strict=True):
        assert await members_of(scim, entry) == {id_of(following), id_of(anna)}


async def test_people_may_be_their_own_and_each_others_managers(scim: Scim) -> None:
    def led_by(boss: str) -> dict[str, Any]:
        return {ENTERPRISE: {"department": "d", "manager": {"value": f"bulkId:{boss}"}}}

    entries = await results(scim, user("a", **led_by("b")), user("b", **led_by("a")), user("c", **led_by("c")))
    a, b, c = (id_of(entry) for entry in entries)
    shown = [(await scim.request("GET", f"/Users/{id}")).json[ENTERPRISE] for id in (a, b, c)]
    assert [one["manager"]["value"] for one in shown] == [b, a, c]
    assert {one["department"] for one in shown} == {"d"}


@pytest.mark.parametrize("limit", [None, 1])
async def test_of_a_circle_that_cannot_be_closed_nothing_is_left(scim: Scim, limit: int | None) -> None:
    await results(scim, group("taken"))
    circle = [group("taken", "bulkId:other"), group("other", "bulkId:taken")]
    entries = await results(scim, *circle, failOnErrors=limit)
    assert [entry["status"] for entry in entries] == ["409", "409"]
    assert "location" not in entries[1]
    assert await totals(scim) == (0, 1)


async def test_a_group_is_no_member_of_itself(scim: Scim) -> None:
    assert await statuses(scim, group("a", "bulkId:a")) == ["400"]
    assert await totals(scim) == (0, 0)


async def test_a_circle_that_is_cut_by_the_limit_of_failures_leaves_nothing_half_done(scim: Scim) -> None:
    entries = await results(scim, group("b", "bulkId:c"), group("c", "bulkId:d", "bulkId:b"), failOnErrors=1)
    assert [entry["status"] for entry in entries] == ["409"]
    assert await totals(scim) == (0, 0)


# Whatever the order


def some_operations(chance: random.Random, existing: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Return operations on few names, so that they often meet."""
    people, teams = existing["Users"], existing["Groups"]
    made: list[str] = [f"n{number}" for number in range(8)]

    def member() -> str:
        return chance.choice([f"bulkId:{chance.choice(made)}", chance.choice(people)])

    def some(bulk_id: str) -> dict[str, Any]:
        name, title = chance.choice("abcdefgh"), {"op": "replace", "path": "title", "value": bulk_id}
        members = {"op": chance.choice(["add", "replace"]), "path": "members", "value": [{"value": member()}]}
        return chance.choice(
            [
                user(bulk_id, userName=name),
                user(bulk_id, userName=name, **{ENTERPRISE: {"manager": {"value": member()}}}),
                group(bulk_id, member(), member()),
                put(f"/Users/{chance.choice(people)}", userName=name),
                patch(f"/Users/{chance.choice(people)}", title),
                patch(f"/Groups/{chance.choice(teams)}", members),
                delete(f"/Users/{member()}"),
            ]
        )

    return [some(chance.choice(made)) for _ in range(30)]


async def directory(scim: Scim, tenant: TenantId) -> tuple[list[Any], dict[str, Any]]:
    """Return what a tenant has, in names instead of ids."""
    found = {
        path: (await scim.request("GET", f"/{path}?count=500", tenant=tenant)).json["Resources"]
        for path in ("Users", "Groups")
    }
    names = {one["id"]: one.get("userName") or one["displayName"] for of_type in found.values() for one in of_type}
    people = [
        (one["userName"], one.get("title"), names.get(one.get(ENTERPRISE, {}).get("manager", {}).get("value")))
        for one in found["Users"]
    ]
    teams = {
        one["displayName"]: sorted(names[member["value"]] for member in one.get("members", []))
        for one in found["Groups"]
    }
    return sorted(people, key=repr), teams


@pytest.mark.parametrize("seed", range(25))
async def test_what_goes_side_by_side_ends_as_what_goes_in_order(scim: Scim, seed: int) -> None:
    outcomes = []
    for tenant, limit in ((ACME, None), (GLOBEX, 10_000)):
        first = [user(name) for name in "abc"] + [group(f"t{name}") for name in "abc"]
        ids = [id_of(entry) for entry in await results(scim, *first, tenant=tenant)]
        sent = some_operations(random.Random(seed), {"Users": ids[:3], "Groups": ids[3:]})
        told = await statuses(scim, *sent, tenant=tenant, failOnErrors=limit)
        outcomes.append((told, await directory(scim, tenant)))
    assert outcomes[0] == outcomes[1]
