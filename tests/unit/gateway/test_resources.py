"""One resource: made, read, replaced, patched, deleted."""

import asyncio
from typing import Any

import pytest

from tests.support.scim import ACME, GLOBEX, PUBLIC_URL, Answer, Scim

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


async def make_user(scim: Scim, name: str = "bjensen", **attributes: Any) -> dict[str, Any]:
    answer = await scim.request("POST", "/Users", {"schemas": [USER], "userName": name, **attributes})
    assert answer.status == 201, answer.body
    return answer.json


async def make_group(scim: Scim, name: str, *members: str) -> dict[str, Any]:
    body = {"displayName": name, "members": [{"value": member} for member in members]}
    answer = await scim.request("POST", "/Groups", body)
    assert answer.status == 201, answer.body
    return answer.json


async def patch(scim: Scim, path: str, *operations: dict[str, Any], **headers: str) -> Answer:
    body = {"schemas": [PATCH], "Operations": list(operations)}
    return await scim.request("PATCH", path, body, headers={name.replace("_", "-"): v for name, v in headers.items()})


# Create


async def test_a_created_resource_is_answered_whole_with_its_place_and_tag(scim: Scim) -> None:
    answer = await scim.request("POST", "/Users", {"schemas": [USER], "userName": "bjensen"})
    user = answer.json
    assert answer.status == 201
    assert answer.headers["Location"] == user["meta"]["location"] == f"{PUBLIC_URL}/scim/v2/acme/Users/{user['id']}"
    assert answer.headers["ETag"] == user["meta"]["version"]
    assert answer.headers["Content-Type"] == "application/scim+json"


async def test_what_was_created_is_read_at_once_and_looks_the_same(scim: Scim) -> None:
    user = await make_user(scim)
    assert (await scim.request("GET", f"/Users/{user['id']}")).json == user


async def test_later_resources_have_greater_ids(scim: Scim) -> None:
    first = await make_user(scim, "a")
    scim.clock.now += 1
    assert (await make_user(scim, "b"))["id"] > first["id"]


async def test_a_name_that_is_taken_is_a_conflict(scim: Scim) -> None:
    await make_user(scim)
    answer = await scim.request("POST", "/Users", {"userName": "BJENSEN"})
    assert (answer.status, answer.json["scimType"], answer.json["status"]) == (409, "uniqueness", "409")


async def test_of_many_simultaneous_creates_of_one_name_exactly_one_passes(scim: Scim) -> None:
    answers = await asyncio.gather(*(scim.request("POST", "/Users", {"userName": "x"}) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 19


async def test_writes_that_come_together_travel_together(scim: Scim) -> None:
    await asyncio.gather(*(scim.request("POST", "/Users", {"userName": f"u{number}"}) for number in range(50)))
    assert scim.count("rollcall_batch_size_sum", kind="commands") == 50
    assert scim.count("rollcall_batch_size_count", kind="commands") < 50


async def test_passwords_never_come_back(scim: Scim) -> None:
    user = await make_user(scim, password="s3cret")
    assert "s3cret" not in repr(user)
    answer = await scim.request("GET", f"/Users/{user['id']}?attributes=password,userName")
    assert answer.json == {"schemas": [USER], "id": user["id"], "userName": "bjensen"}


async def test_a_group_is_answered_with_the_members_it_came_with(scim: Scim) -> None:
    user = await make_user(scim)
    group = await make_group(scim, "staff", user["id"])
    assert group["members"] == [{"value": user["id"], "$ref": user["meta"]["location"], "type": "User"}]
    assert (await scim.request("GET", f"/Groups/{group['id']}")).json == group


async def test_attributes_shape_the_answer_to_a_create_as_well(scim: Scim) -> None:
    answer = await scim.request("POST", "/Users?attributes=userName", {"userName": "bjensen", "title": "Boss"})
    assert set(answer.json) == {"schemas", "id", "userName"}
    assert answer.headers["Location"].endswith(answer.json["id"])


# Read


@pytest.mark.parametrize("id", ["0" * 32, "x", "%66oo", "%00", "%FF", "%2e%2e", "a" * 3000, "A" * 32])
async def test_unknown_and_odd_ids_are_not_found(scim: Scim, id: str) -> None:
    answer = await scim.request("GET", f"/Users/{id}")
    assert (answer.status, answer.json["status"]) == (404, "404")


async def test_an_id_is_case_exact(scim: Scim) -> None:
    user = await make_user(scim)
    assert (await scim.request("GET", f"/Users/{user['id'].upper()}")).status == 404


async def test_an_id_may_be_percent_encoded(scim: Scim) -> None:
    id = (await make_user(scim))["id"]
    assert (await scim.request("GET", f"/Users/%{ord(id[0]):02x}{id[1:]}")).status == 200


async def test_an_id_of_another_type_or_tenant_is_not_found(scim: Scim) -> None:
    user = await make_user(scim)
    assert (await scim.request("GET", f"/Groups/{user['id']}")).status == 404
    for method in ("GET", "DELETE"):
        assert (await scim.request(method, f"/Users/{user['id']}", tenant=GLOBEX)).status == 404
    assert (await scim.request("PUT", f"/Users/{user['id']}", {"userName": "x"}, tenant=GLOBEX)).status == 404
    assert (await scim.request("GET", f"/Users/{user['id']}")).json == user


async def test_head_is_get_without_a_body(scim: Scim) -> None:
    user = await make_user(scim)
    got = await scim.request("GET", f"/Users/{user['id']}")
    head = await scim.request("HEAD", f"/Users/{user['id']}")
    assert (head.status, head.body, head.headers["ETag"]) == (200, b"", got.headers["ETag"])
    assert head.headers["Content-Length"] == str(len(got.body))


@pytest.mark.parametrize(
    ("tag", "status"), [('W/"1"', 304), ('"1"', 304), ('"9", W/"1"', 304), ("*", 304), ('W/"2"', 200)]
)
async def test_a_client_that_has_the_version_is_told_so(scim: Scim, tag: str, status: int) -> None:
    user = await make_user(scim)
    answer = await scim.request("GET", f"/Users/{user['id']}", headers={"If-None-Match": tag})
    assert (answer.status, answer.headers["ETag"]) == (status, 'W/"1"')
    assert (answer.body == b"") == (status == 304)


async def test_a_user_shows_its_groups_as_of_now(scim: Scim) -> None:
    user = await make_user(scim)
    group = await make_group(scim, 'the "best"', user["id"])
    shown = (await scim.request("GET", f"/Users/{user['id']}")).json
    assert shown["groups"] == [
        {"value": group["id"], "$ref": group["meta"]["location"], "display": 'the "best"', "type": "direct"}
    ]
    await scim.request("DELETE", f"/Groups/{group['id']}")
    assert "groups" not in (await scim.request("GET", f"/Users/{user['id']}")).json


async def test_members_and_groups_are_left_out_where_nobody_wants_them(scim: Scim) -> None:
    user = await make_user(scim)
    group = await make_group(scim, "staff", user["id"])
    for path, attribute in ((f"/Groups/{group['id']}", "members"), (f"/Users/{user['id']}", "groups")):
        for query in (
            f"excludedAttributes={attribute}",
            f"excludedAttributes={attribute.upper()},title",
            "attributes=id",
        ):
            assert attribute not in (await scim.request("GET", f"{path}?{query}")).json


async def test_parts_of_members_can_be_asked_for(scim: Scim) -> None:
    user = await make_user(scim)
    group = await make_group(scim, "staff", user["id"])
    answer = await scim.request("GET", f"/Groups/{group['id']}?attributes=members.value")
    assert answer.json["members"] == [{"value": user["id"]}]
    assert "displayName" not in answer.json


async def test_answers_are_kept_from_shared_caches(scim: Scim) -> None:
    user = await make_user(scim)
    for path in ("/Users", f"/Users/{user['id']}", "/Users/x"):
        assert (await scim.request("GET", path)).headers["Cache-Control"] == "private, no-cache"


# Replace


async def test_a_replaced_resource_is_answered_whole(scim: Scim) -> None:
    user = await make_user(scim, title="Boss")
    answer = await scim.request("PUT", f"/Users/{user['id']}", {"userName": "bjensen", "nickName": "Babs"})
    assert (answer.status, answer.headers["ETag"]) == (200, 'W/"2"')
    assert answer.json == (await scim.request("GET", f"/Users/{user['id']}")).json
    assert "title" not in answer.json


async def test_what_was_read_can_be_put_back_and_changes_nothing(scim: Scim) -> None:
    user = await make_user(scim)
    await make_group(scim, "staff", user["id"])
    read = (await scim.request("GET", f"/Users/{user['id']}")).json
    answer = await scim.request("PUT", f"/Users/{user['id']}", read)
    assert (answer.status, answer.json) == (200, read)


async def test_replacing_what_does_not_exist_makes_nothing(scim: Scim) -> None:
    assert (await scim.request("PUT", f"/Users/{'0' * 32}", {"userName": "x"})).status == 404
    assert (await scim.request("GET", "/Users")).json["totalResults"] == 0


# Patch


async def test_a_patched_user_is_answered_whole(scim: Scim) -> None:
    user = await make_user(scim)
    answer = await patch(scim, f"/Users/{user['id']}", {"op": "Replace", "path": "active", "value": "False"})
    assert (answer.status, answer.json["active"], answer.headers["ETag"]) == (200, False, 'W/"2"')
    assert scim.count("rollcall_dialect_total", rewrite="boolean_text") == 1


async def test_a_patched_group_is_answered_without_a_body_unless_attributes_are_asked_for(scim: Scim) -> None:
    user = await make_user(scim)
    group = await make_group(scim, "staff")
    add = {"op": "add", "path": "members", "value": [{"value": user["id"]}]}
    bare = await patch(scim, f"/Groups/{group['id']}", add)
    assert (bare.status, bare.body, "ETag" in bare.headers) == (204, b"", True)
    whole = await patch(scim, f"/Groups/{group['id']}?attributes=members,displayName", add)
    assert (whole.status, set(whole.json)) == (200, {"schemas", "id", "displayName", "members"})


async def test_no_parallel_addition_of_a_member_is_lost(scim: Scim) -> None:
    users = await asyncio.gather(*(make_user(scim, f"u{number}") for number in range(30)))
    group = await make_group(scim, "staff")
    added = await asyncio.gather(
        *(
            patch(scim, f"/Groups/{group['id']}", {"op": "Add", "path": "members", "value": [{"value": user["id"]}]})
            for user in users
        )
    )
    assert {answer.status for answer in added} == {204}
    members = (await scim.request("GET", f"/Groups/{group['id']}")).json["members"]
    assert {member["value"] for member in members} == {user["id"] for user in users}


async def test_a_password_in_a_patch_never_leaves_the_gateway(scim: Scim) -> None:
    user = await make_user(scim)
    for operation in (
        {"op": "replace", "path": "password", "value": "s3cret"},
        {"op": "replace", "value": {"password": "s3cret", "title": "Boss"}},
    ):
        answer = await patch(scim, f"/Users/{user['id']}", operation)
        assert answer.status == 200, answer.body
        assert b"s3cret" not in answer.body
    assert "s3cret" not in repr(await scim.stores.audit.entries(ACME, after=0, limit=100))


async def test_a_refused_patch_changes_nothing(scim: Scim) -> None:
    user = await make_user(scim)
    title, bad = {"op": "add", "path": "title", "value": "x"}, {"op": "add", "path": "emails[", "value": "x"}
    answer = await patch(scim, f"/Users/{user['id']}", title, bad)
    assert (answer.status, answer.json["scimType"]) == (400, "invalidPath")
    assert (await scim.request("GET", f"/Users/{user['id']}")).json == user


# Delete


async def test_what_was_deleted_is_gone_and_its_name_is_free(scim: Scim) -> None:
    user = await make_user(scim)
    answer = await scim.request("DELETE", f"/Users/{user['id']}")
    assert (answer.status, answer.body) == (204, b"")
    for method, body in (("GET", None), ("PUT", {"userName": "x"}), ("DELETE", None)):
        assert (await scim.request(method, f"/Users/{user['id']}", body)).status == 404
    assert (await make_user(scim))["id"] != user["id"]


# Preconditions


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_stale_tag_is_refused_and_changes_nothing(scim: Scim, method: str) -> None:
    user = await make_user(scim)
    bodies = {
        "PUT": {"userName": "bjensen", "title": "x"},
        "PATCH": {"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": "x"}]},
    }
    for stale in ('W/"7"', "nonsense"):
        headers = {"If-Match": stale}
        assert (await scim.request(method, f"/Users/{user['id']}", bodies.get(method), headers=headers)).status == 412
    assert (await scim.request("GET", f"/Users/{user['id']}")).json == user


@pytest.mark.parametrize("tag", ['W/"1"', "*", '"8", W/"1"'])
async def test_a_tag_that_matches_passes(scim: Scim, tag: str) -> None:
    user = await make_user(scim)
    assert (await scim.request("DELETE", f"/Users/{user['id']}", headers={"If-Match": tag})).status == 204


async def test_of_two_writers_with_one_tag_one_passes(scim: Scim) -> None:
    user = await make_user(scim)
    answers = await asyncio.gather(
        *(
            patch(scim, f"/Users/{user['id']}", {"op": "add", "path": "title", "value": title}, If_Match='W/"1"')
            for title in ("a", "b")
        )
    )
    assert sorted(answer.status for answer in answers) == [200, 412]
