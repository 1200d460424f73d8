"""BLK: many operations in one request (RFC 7644, 3.7)."""

from typing import Any

import pytest

from tests.support.conformance_client import (
    ENTERPRISE,
    GROUP,
    MESSAGES,
    PATCH_OP,
    USER,
    Answer,
    Resource,
    Scim,
    members_of,
    path_of,
)

_REQUEST = f"{MESSAGES}:BulkRequest"


def _bulk(scim: Scim, *operations: Any, **members: Any) -> Answer:
    return scim.post("/Bulk", {"schemas": [_REQUEST], **members, "Operations": [*operations]})


def _results(scim: Scim, *operations: Any, **members: Any) -> list[Resource]:
    answer = _bulk(scim, *operations, **members)
    assert answer.status == 200, answer
    assert answer.json["schemas"] == [f"{MESSAGES}:BulkResponse"]
    results: list[Resource] = answer.json["Operations"]
    return results


def _statuses(scim: Scim, *operations: Any, **members: Any) -> list[str]:
    return [result["status"] for result in _results(scim, *operations, **members)]


def _post(name: str, bulk_id: str | None = None, **attributes: Any) -> Resource:
    data = {"schemas": [USER], "userName": name, **attributes}
    return {"method": "POST", "path": "/Users", "bulkId": bulk_id or name, "data": data}


def _group(name: str, *members: str) -> Resource:
    data = {"schemas": [GROUP], "displayName": name, "members": [{"value": member} for member in members]}
    return {"method": "POST", "path": "/Groups", "bulkId": name, "data": data}


def _patch(resource: Resource, op: str, path: str, value: Any, **rest: Any) -> Resource:
    data = {"schemas": [PATCH_OP], "Operations": [{"op": op, "path": path, "value": value}]}
    return {"method": "PATCH", "path": path_of(resource), "data": data, **rest}


@pytest.mark.line("BLK-01", "BLK-02", "BLK-03", "BLK-04", "BLK-05", "BLK-06", "BLK-07", "BLK-10", "BLK-30", "CON-08")
def test_one_job_creates_replaces_modifies_and_deletes(scim: Scim) -> None:
    ann, bob, cid = (scim.user(userName=name) for name in ("ann", "bob", "cid"))
    put = {"method": "PUT", "path": path_of(ann), "data": {"schemas": [USER], "userName": "ann", "title": "Dean"}}
    delete = {"method": "DELETE", "path": path_of(cid)}
    results = _results(scim, _post("dot"), put, _patch(bob, "add", "title", "Rector"), delete)
    assert [result["method"] for result in results] == ["POST", "PUT", "PATCH", "DELETE"]
    assert [result["status"] for result in results] == ["201", "200", "200", "204"]
    assert results[0]["bulkId"] == "dot"
    for result in results[:3]:
        shown = scim.get(result["location"].removeprefix(scim.url))
        assert (shown.status, shown.headers["ETag"]) == (200, result["version"])
        assert shown.json["meta"]["location"] == result["location"]
    assert (scim.read(ann)["title"], scim.read(bob)["title"], scim.get(path_of(cid)).status) == ("Dean", "Rector", 404)


@pytest.mark.line("BLK-05", "BLK-08", "BLK-10", "BLK-11", "BLK-28", "UNQ-02", "ERR-01")
def test_errors_are_told_with_their_operation_and_the_rest_goes_on(scim: Scim) -> None:
    ann = scim.user(userName="ann")
    broken = _patch(ann, "replace", "id", "x")
    gone = {"method": "DELETE", "path": f"/Users/{'0' * 32}"}
    results = _results(scim, _post("ANN"), broken, gone, _post("bob"), _post("bob", "again"))
    assert [result["status"] for result in results] == ["409", "400", "404", "201", "409"]
    assert [
        result["response"].get("scimType") for result in results if "response" in result and result["status"][0] != "2"
    ] == [
        *("uniqueness", "mutability", None, "uniqueness"),
    ]
    for result in results:
        assert result["status"] == "201" or result["response"]["status"] == result["status"]
    assert "location" not in results[0]
    assert results[1]["location"] == ann["meta"]["location"]
    assert results[2]["location"] == f"{scim.url}{gone['path']}"


@pytest.mark.line("BLK-12", "BLK-11")
@pytest.mark.parametrize(("limit", "processed"), [(1, 2), (2, 4), (9, 5)])
def test_processing_stops_after_so_many_errors(scim: Scim, limit: int, processed: int) -> None:
    scim.user(userName="ann")
    jobs = [_post("bob"), _post("ann"), _post("cid"), _post("ann", "b2"), _post("dot")]
    results = _results(scim, *jobs, failOnErrors=limit)
    assert [result["status"] for result in results] == ["201", "409", "201", "409", "201"][:processed]
    names = {user["userName"] for user in scim.get("/Users").json["Resources"]}
    assert names == {"ann", *("bob", "cid", "dot")[: (processed + 1) // 2]}


@pytest.mark.line("BLK-13", "BLK-14", "BLK-15", "BLK-34")
@pytest.mark.parametrize("backwards", [False, True])
def test_references_are_replaced_by_the_ids_of_what_was_created(scim: Scim, backwards: bool) -> None:
    manager: Resource = {ENTERPRISE: {"manager": {"value": "bulkId:boss"}}}
    jobs = [
        _post("boss"),
        _post("ann", schemas=[USER, ENTERPRISE], **manager),
        _group("Arts", "bulkId:boss", "bulkId:ann"),
    ]
    results = _results(scim, *(reversed(jobs) if backwards else jobs))
    assert [result["status"] for result in results] == ["201"] * 3
    ids = {user["userName"]: user["id"] for user in scim.get("/Users").json["Resources"]}
    ann = scim.search("/Users", 'userName eq "ann"')[0]
    assert ann[ENTERPRISE]["manager"]["value"] == ids["boss"]
    assert [members_of(group) for group in scim.get("/Groups").json["Resources"]] == [{*ids.values()}]
    assert len(ids) == 2


@pytest.mark.line("BLK-16", "BLK-34")
def test_groups_that_refer_to_each_other_are_resolved(scim: Scim) -> None:
    assert _statuses(scim, _group("A", "bulkId:B"), _group("B", "bulkId:A")) == ["201", "201"]
    groups = {group["displayName"]: group for group in scim.get("/Groups").json["Resources"]}
    assert members_of(groups["A"]) == {groups["B"]["id"]}
    assert members_of(groups["B"]) == {groups["A"]["id"]}
    assert len(groups) == 2


@pytest.mark.line("BLK-17", "BLK-18")
def test_a_reference_that_leads_nowhere_fails_its_operation(scim: Scim) -> None:
    scim.user(userName="ann")
    jobs = [_group("Arts", "bulkId:nobody"), _post("ANN"), _group("Law", "bulkId:ANN"), _post("bob")]
    assert _statuses(scim, *jobs) == ["409", "409", "409", "201"]
    assert scim.get("/Groups").json["totalResults"] == 0
    assert b"bulkId" not in scim.get("/Users").body


@pytest.mark.line("BLK-19")
def test_a_creation_has_a_bulk_id_of_its_own(scim: Scim) -> None:
    without = _post("ann")
    del without["bulkId"]
    assert _statuses(scim.strict, without, _post("bob", "same"), _post("cid", "same")) == ["400", "201", "400"]
    assert _statuses(scim, without) == ["201"]


@pytest.mark.line("BLK-20", "BLK-21", "BLK-29")
@pytest.mark.parametrize(
    ("operation", "statuses"),
    [
        ({"method": "POST", "path": "/Robots", "bulkId": "x", "data": {}}, "400 404"),
        ({"method": "POST", "path": "/Users/x", "bulkId": "x", "data": {"userName": "x"}}, "400 404 405 501"),
        ({"method": "PUT", "path": "/Users", "data": {"userName": "x"}}, "400 404 405 501"),
        ({"method": "DELETE", "path": "/Users"}, "400 404 405 501"),
        ({"method": "DELETE"}, "400 404"),
        ({"method": "DELETE", "path": "https://example.com/Users/1"}, "400 404"),
        ({"method": "POST", "path": "/Users", "bulkId": "x"}, "400"),
        ({"method": "PUT", "path": "/Users/{id}"}, "400"),
        ({"method": "PATCH", "path": "/Users/{id}"}, "400"),
        ({"method": "GET", "path": "/Users/{id}"}, "400 405 501"),
        ({"method": "BREW", "path": "/Users/{id}"}, "400 405 501"),
        ({"path": "/Users/{id}"}, "400"),
        ({"method": "POST", "path": "/Bulk", "bulkId": "x", "data": {}}, "400 404 405 501"),
    ],
)
def test_an_operation_that_cannot_be_understood_fails_alone(scim: Scim, operation: Resource, statuses: str) -> None:
    ann = scim.user()
    given = {**operation, "path": operation.get("path", "").replace("{id}", ann["id"])}
    results = _results(scim, given if "path" in operation else operation, _post("bob"))
    assert results[0]["status"] in statuses.split()
    assert results[1]["status"] == "201"
    assert scim.read(ann) == ann


@pytest.mark.line("BLK-22", "BLK-33")
def test_a_patch_in_a_job_is_a_whole_message_and_may_refer(scim: Scim) -> None:
    group = scim.group()
    addition = _patch(group, "add", "members", [{"value": "bulkId:ann"}])
    bare = {"method": "PATCH", "path": path_of(group), "data": [{"op": "add", "path": "externalId", "value": "x"}]}
    results = _results(scim, addition, _post("ann"), bare)
    assert [result["status"] for result in results][1:] == ["201", "400"]
    assert results[0]["status"] in {"200", "204"}
    assert members_of(scim.read(group)) == {results[1]["location"].rpartition("/")[2]}


@pytest.mark.line("BLK-23", "ERR-17", "DIS-03")
def test_more_operations_than_the_limit_are_refused_as_a_whole(scim: Scim) -> None:
    limit = scim.get("/ServiceProviderConfig").json["bulk"]["maxOperations"]
    answer = _bulk(scim, *(_post(f"user{number}") for number in range(limit + 1)))
    assert answer.status == 413
    assert str(limit) in answer.json["detail"]
    assert scim.get("/Users").json["totalResults"] == 0


@pytest.mark.line("BLK-24", "ERR-17", "DIS-03")
def test_more_bytes_than_the_limit_are_refused_as_a_whole(scim: Scim) -> None:
    limit = scim.get("/ServiceProviderConfig").json["bulk"]["maxPayloadSize"]
    big = _bulk(scim, _post("ann"), padding="x" * limit)
    assert big.status == 413
    assert str(limit) in big.json["detail"]
    assert scim.get("/Users").json["totalResults"] == 0
    assert _bulk(scim, _post("ann"), padding="x" * (limit - 1000)).status == 200


@pytest.mark.line("BLK-25", "ETG-15", "ERR-18")
def test_an_operation_on_another_version_fails(scim: Scim) -> None:
    ann = scim.user()
    stale, current = (
        _patch(ann, "add", "title", "Dean", version=version) for version in ('W/"77"', ann["meta"]["version"])
    )
    results = _results(scim, stale, current)
    assert [result["status"] for result in results] == ["412", "200"]
    assert results[0]["response"]["status"] == "412"


@pytest.mark.line("BLK-26", "ERR-09")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        {"schemas": [_REQUEST]},
        {"schemas": [_REQUEST], "Operations": {}},
        {"schemas": [_REQUEST], "Operations": "x"},
    ],
)
def test_a_malformed_job_is_refused(scim: Scim, body: Any) -> None:
    assert scim.post("/Bulk", body).fault == (400, "invalidSyntax")


@pytest.mark.line("BLK-27", "CON-10")
def test_operations_on_one_resource_take_effect_in_order(scim: Scim) -> None:
    ann = scim.user()
    titles = [_patch(ann, "replace", "title", f"title {number}") for number in range(10)]
    rename = _patch(ann, "replace", "userName", "free")
    results = _results(scim, *titles, rename, _post("ann2", userName=ann["userName"]))
    assert {result["status"] for result in results[:-1]} == {"200"}
    assert results[-1]["status"] == "201"
    assert scim.read(ann)["title"] == "title 9"
    versions = [result["version"] for result in results[:-1]]
    assert len({*versions}) == len(versions)
    assert versions[-1] == scim.read(ann)["meta"]["version"]


@pytest.mark.line("BLK-32", "SEC-11", "SEC-14")
def test_the_rules_of_single_requests_hold_in_a_job(scim: Scim) -> None:
    foreign = scim.other.user()
    jobs = [
        *(_post(""), _post("ann", id="x", groups=[{"value": "x"}], password="s3cret!")),
        {"method": "DELETE", "path": path_of(foreign)},
        _patch(foreign, "add", "title", "x"),
    ]
    answer = _bulk(scim, *jobs)
    assert [result["status"] for result in answer.json["Operations"]] == ["400", "201", "404", "404"]
    assert b"s3cret" not in answer.body
    ann = scim.get("/Users").json["Resources"][0]
    assert ann["id"] != "x"
    assert "groups" not in ann
    assert scim.other.read(foreign) == foreign
    assert scim.post("/Bulk", {}, headers={"Authorization": None}).status == 401


@pytest.mark.line("BLK-31", "BLK-09", "BLK-01")
def test_an_empty_job_is_processed(scim: Scim) -> None:
    assert scim.get("/ServiceProviderConfig").json["bulk"]["supported"] is True
    assert _results(scim) == []
