"""ETG: versions and conditional requests (RFC 7644, 3.14; RFC 9110, 13)."""

import re

import pytest

from tests.support.conformance_client import Answer, Call, Resource, Scim, path_of

_ENTITY_TAG = re.compile(r'(W/)?"[\x21\x23-\x7e]*"')
_WRITES = ["PUT", "PATCH", "DELETE"]


def _write(scim: Scim, method: str, resource: Resource, if_match: str, title: str = "Dean") -> Answer:
    headers = {"If-Match": if_match}
    if method == "PATCH":
        return scim.patch(path_of(resource), {"op": "add", "path": "title", "value": title}, headers=headers)
    return scim.send(method, path_of(resource), {**resource, "title": title}, headers=headers)


@pytest.mark.line("ETG-01", "ETG-02", "ETG-03", "ETG-04")
def test_every_answer_with_a_resource_has_a_weak_entity_tag(scim: Scim) -> None:
    made = scim.post("/Users", {"schemas": [], "userName": "ann"})
    user = made.json
    answers = [made, scim.get(path_of(user)), _write(scim, "PUT", user, "*", "a"), _write(scim, "PATCH", user, "*")]
    for answer in answers:
        assert _ENTITY_TAG.fullmatch(answer.headers["ETag"])
        assert answer.headers["ETag"].startswith("W/")
        assert answer.headers["ETag"] == answer.json["meta"]["version"]
    group = scim.group()
    member = {"op": "add", "path": "members", "value": [{"value": user["id"]}]}
    assert scim.patch(path_of(group), member).headers["ETag"] == scim.read(group)["meta"]["version"]


@pytest.mark.line("ETG-05", "ETG-06", "REA-08", "PAT-32")
def test_the_tag_changes_with_the_resource_and_only_then(scim: Scim) -> None:
    ann = scim.user()
    first, second = (scim.get(path_of(ann)).headers["ETag"] for _ in range(2))
    titles = ("Dean", "Dean", "Rector")
    dean, again, rector = (_write(scim, "PATCH", ann, "*", title).headers["ETag"] for title in titles)
    assert first == second
    assert dean == again
    assert len({first, dean, rector}) == 3


@pytest.mark.line("ETG-07", "ETG-08", "ETG-09")
@pytest.mark.parametrize("known", ["{tag}", "{strong}", 'W/"x", {tag}', "*", '"y",{strong} , "z"'])
def test_what_the_client_knows_is_not_sent_again(shared: Scim, known: str) -> None:
    ann = shared.user()
    tag = ann["meta"]["version"]
    condition = known.format(tag=tag, strong=tag.removeprefix("W/"))
    answer = shared.get(path_of(ann), headers={"If-None-Match": condition})
    assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", tag)


@pytest.mark.line("ETG-07", "ETG-08")
@pytest.mark.parametrize("known", ['W/"x"', '"x", "y"', ""])
def test_what_the_client_does_not_know_is_sent(shared: Scim, known: str) -> None:
    ann = shared.user()
    assert shared.get(path_of(ann), headers={"If-None-Match": known}).json == ann
    old = ann["meta"]["version"]
    changed = _write(shared, "PATCH", ann, "*")
    assert shared.get(path_of(ann), headers={"If-None-Match": old}).json == changed.json


@pytest.mark.line("ETG-10", "ETG-12", "ETG-13")
@pytest.mark.parametrize("method", _WRITES)
@pytest.mark.parametrize("condition", ["{tag}", "*", 'W/"x", {tag}', '{tag},"y"'])
def test_a_write_goes_through_while_its_condition_holds(shared: Scim, method: str, condition: str) -> None:
    ann = shared.user()
    answer = _write(shared, method, ann, condition.format(tag=ann["meta"]["version"]))
    assert answer.status == (204 if method == "DELETE" else 200)


@pytest.mark.line("ETG-11", "ETG-16", "ERR-17", "DEL-06")
@pytest.mark.parametrize("method", _WRITES)
@pytest.mark.parametrize("condition", ["{old}", 'W/"x"', '"x", {old}', "nonsense"])
def test_a_write_on_another_version_is_refused_and_changes_nothing(shared: Scim, method: str, condition: str) -> None:
    ann = shared.user()
    now = _write(shared, "PATCH", ann, "*", "Rector").json
    assert _write(shared, method, ann, condition.format(old=ann["meta"]["version"])).status == 412
    assert shared.read(ann) == now


@pytest.mark.line("ETG-14", "CON-05")
def test_of_two_writers_on_one_version_one_succeeds(scim: Scim) -> None:
    ann = scim.user()
    condition = {"If-Match": ann["meta"]["version"]}
    titles = [f"title {number}" for number in range(8)]
    calls = [Call("PUT", path_of(ann), {**ann, "title": title}, condition) for title in titles]
    answers = scim.together(*calls)
    assert sorted(answer.status for answer in answers) == [200] + [412] * 7
    winner = next(answer for answer in answers if answer.status == 200)
    assert scim.read(ann) == winner.json


@pytest.mark.line("ETG-16", "SEC-20")
@pytest.mark.parametrize("method", _WRITES)
def test_a_condition_is_asked_after_access_and_before_the_change(scim: Scim, method: str) -> None:
    ann = scim.user()
    stale = {"If-Match": 'W/"x"'}
    body = {"schemas": [], "userName": "x"}
    assert scim.send(method, path_of(ann), body, headers={**stale, "Authorization": None}).status == 401
    assert scim.other.send(method, path_of(ann), _valid(method), headers=stale).status == 404
    assert scim.read(ann) == ann


def _valid(method: str) -> Resource:
    change = {"op": "add", "path": "title", "value": "Dean"}
    return {"Operations": [change]} if method == "PATCH" else {"userName": "x"}


@pytest.mark.line("ETG-18")
def test_a_projection_shares_the_tag_of_its_resource(scim: Scim) -> None:
    ann = scim.user()
    projected = scim.get(f"{path_of(ann)}?attributes=userName")
    assert projected.headers["ETag"] == ann["meta"]["version"]
