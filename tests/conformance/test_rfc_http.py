"""HTT: methods, media types and URLs (RFC 7644, 3.2, 3.8, 3.13; RFC 9110)."""

from typing import Any

import pytest

from tests.support.conformance_client import GROUP, USER, Scim, filtered, path_of

_NAME = "Zoë Ω 𝔘 雪"


@pytest.mark.line("HTT-01", "CRE-22")
def test_text_of_any_script_comes_back_unchanged_as_utf_8(scim: Scim) -> None:
    body = f'{{"schemas":["{USER}"],"userName":"zoe","displayName":"{_NAME}"}}'.encode()
    answer = scim.post("/Users", body)
    assert answer.status == 201
    assert f'"displayName":"{_NAME}"'.encode() in answer.body
    assert scim.read(answer.json)["displayName"] == _NAME


@pytest.mark.line("HTT-02", "HTT-05", "13.3")
@pytest.mark.parametrize("accept", [None, "*/*", "application/scim+json", "application/json", "text/html"])
def test_every_body_is_scim_json_whatever_is_accepted(shared: Scim, accept: str | None) -> None:
    places = ["/Users", "/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/Users/unknown", "/Nowhere"]
    for place in places:
        answer = shared.get(place, headers={"Accept": accept})
        assert answer.headers["Content-Type"] == "application/scim+json"
        assert isinstance(answer.json, dict)


@pytest.mark.parametrize(
    "accept",
    [
        pytest.param("application/scim+json", marks=pytest.mark.line("HTT-03")),
        pytest.param("application/json", marks=pytest.mark.line("HTT-04")),
        pytest.param("application/scim+json;q=0.5, application/xml", marks=pytest.mark.line("HTT-03")),
    ],
)
def test_what_the_client_accepts_is_never_a_reason_to_refuse(shared: Scim, accept: str) -> None:
    assert shared.get("/Users", headers={"Accept": accept}).status == 200


@pytest.mark.parametrize(
    "media_type",
    [
        pytest.param("application/json", marks=pytest.mark.line("HTT-06")),
        pytest.param("application/scim+json; charset=utf-8", marks=pytest.mark.line("HTT-07")),
        pytest.param('Application/SCIM+JSON;charset="UTF-8"; profile=x', marks=pytest.mark.line("HTT-07")),
    ],
)
def test_bodies_are_read_under_every_label_that_clients_use(scim: Scim, media_type: str) -> None:
    label = {"Content-Type": media_type}
    user = scim.post("/Users", {"schemas": [USER], "userName": "ann"}, headers=label)
    assert user.status == 201
    assert scim.put(path_of(user.json), user.json, headers=label).status == 200
    change = {"op": "replace", "path": "title", "value": "Dean"}
    assert scim.patch(path_of(user.json), change, headers=label).status == 200


@pytest.mark.line("HTT-08")
@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/scim+json; charset=utf-16"])
def test_another_media_type_is_refused(scim: Scim, media_type: str) -> None:
    body = {"schemas": [USER], "userName": "ann"}
    assert scim.post("/Users", body, headers={"Content-Type": media_type}).status == 415
    assert scim.get("/Users").json["totalResults"] == 0


@pytest.mark.line("HTT-09", "FIL-40")
@pytest.mark.parametrize(
    "query",
    [
        "userName%20eq%20%22zo%C3%AB%2Bx%22",
        "userName+eq+%22zo%c3%ab%2bx%22",
        '%75serName+eq+"zo%C3%AB%2Bx"',
    ],
)
def test_query_strings_are_decoded(scim: Scim, query: str) -> None:
    zoe = scim.user(userName="zoë+x")
    scim.user(userName="zoë x")
    assert [user["id"] for user in scim.get(f"/Users?filter={query}").json["Resources"]] == [zoe["id"]]


@pytest.mark.line("HTT-10")
def test_unknown_query_parameters_are_ignored(scim: Scim) -> None:
    ann = scim.user()
    answer = scim.get("/Users?aadOptscim062020&colour=red&filter=userName+pr&=&x=%FF")
    assert [user["id"] for user in answer.json["Resources"]] == [ann["id"]]


@pytest.mark.line("HTT-11", "DIS-17")
def test_endpoints_are_below_a_base_uri_without_a_query(scim: Scim) -> None:
    answer = scim.post("/Users?aadOptscim062020", {"schemas": [USER], "userName": "ann"})
    assert answer.headers["Location"] == f"{scim.url}/Users/{answer.json['id']}"
    for resource_type in scim.get("/ResourceTypes").json["Resources"]:
        assert scim.get(resource_type["endpoint"]).status == 200


@pytest.mark.line("HTT-12", "ERR-13")
@pytest.mark.parametrize("version", ["v1", "v3", "v20"])
def test_another_version_of_scim_is_refused(shared: Scim, version: str) -> None:
    assert shared.send_to(f"/scim/{version}/{shared.tenant}/Users", "GET").fault == (400, "invalidVers")
    assert shared.send_to(f"/scim/v2/{shared.tenant}/Users", "GET").status == 200


@pytest.mark.line("HTT-14", "HTT-15", "HTT-19")
@pytest.mark.parametrize(("path", "name"), [("/Users", "userName"), ("/Groups", "displayName")])
def test_resources_of_every_type_are_replaced_and_modified(scim: Scim, path: str, name: str) -> None:
    made = scim.post(path, {"schemas": [USER if path == "/Users" else GROUP], name: "before"}).json
    whole = {"schemas": made["schemas"], name: "replaced"}
    first, second = scim.put(path_of(made), whole), scim.put(path_of(made), whole)
    assert first.status == second.status == 200
    assert first.json == second.json
    assert scim.changed(made, {"op": "replace", "path": name, "value": "modified"})[name] == "modified"


@pytest.mark.line("HTT-19", "HTT-20", "DEL-01")
def test_a_second_deletion_changes_nothing(scim: Scim) -> None:
    ann, bob = scim.user(), scim.user()
    answer = scim.delete(path_of(ann))
    assert (answer.status, answer.body, answer.headers["Content-Length"]) in [(204, b"", None), (204, b"", "0")]
    assert scim.delete(path_of(ann)).status == 404
    assert scim.get("/Users").json["Resources"] == [scim.read(bob)]


@pytest.mark.line("HTT-16", "HTT-17", "DIS-23", "PUT-18", "DEL-08", "CRE-25")
@pytest.mark.parametrize(
    ("method", "place"),
    [
        *((method, "/Users") for method in ("PUT", "PATCH", "DELETE", "PROPFIND")),
        *((method, "/Groups/{id}") for method in ("POST", "LOCK")),
        *((method, "/ServiceProviderConfig") for method in ("POST", "PUT", "PATCH", "DELETE")),
        *((method, "/Schemas") for method in ("POST", "PUT", "PATCH", "DELETE")),
        *((method, f"/Schemas/{USER}") for method in ("POST", "PUT", "PATCH", "DELETE")),
        *((method, "/ResourceTypes") for method in ("POST", "PUT", "PATCH", "DELETE")),
        *((method, "/ResourceTypes/User") for method in ("POST", "PUT", "PATCH", "DELETE")),
    ],
)
def test_a_method_that_a_place_does_not_have_is_refused(shared: Scim, method: str, place: str) -> None:
    group = shared.group()
    answer = shared.send(method, place.replace("{id}", group["id"]), {})
    assert answer.status == 405
    allowed = answer.headers["Allow"].split(", ")
    assert "GET" in allowed
    assert method not in allowed
    assert shared.read(group) == group


@pytest.mark.line("HTT-18")
@pytest.mark.parametrize("place", ["/Users", "/Users/{id}", "/Schemas", "/Users/unknown"])
def test_head_has_the_headers_of_get_and_no_body(shared: Scim, place: str) -> None:
    path = place.replace("{id}", shared.user()["id"])
    get, head = shared.get(path), shared.send("HEAD", path)
    assert (head.status, head.body) == (get.status, b"")
    for name in ("Content-Type", "Content-Length", "ETag"):
        assert head.headers[name] == get.headers[name]


@pytest.mark.line("HTT-21")
def test_an_id_is_the_same_with_its_letters_percent_encoded(scim: Scim) -> None:
    ann = scim.user()
    encoded = "".join(f"%{ord(character):02x}" for character in ann["id"])
    assert scim.get(f"/Users/{encoded}").json == ann
    assert scim.get(f"/%55sers/{ann['id']}").json == ann
    assert scim.delete(f"/Users/{encoded}").status == 204


@pytest.mark.line("HTT-22")
@pytest.mark.parametrize("odd", ["a%00b", "a%0d%0aX-Evil:%201", "%7f", "%e2%80%a8"])
def test_text_of_the_request_is_never_copied_into_headers(scim: Scim, odd: str) -> None:
    body: dict[str, Any] = {"schemas": [USER], "userName": "ann"}
    answers = [scim.get(f"/Users/{odd}"), scim.put(f"/Users/{odd}", body), scim.post(f"/Users?x={odd}", body)]
    assert [answer.status for answer in answers] == [404, 404, 201]
    for answer in answers:
        for name, value in answer.headers.items():
            assert value.isascii()
            assert value.isprintable()
            assert "evil" not in f"{name}{value}".lower()


@pytest.mark.line("HTT-12")
def test_the_version_stands_right_before_the_tenant_and_its_endpoints(scim: Scim) -> None:
    assert scim.get(filtered("/v2/Users", "userName pr")).status == 404
    assert scim.post("/Users", {"schemas": [USER], "userName": "ann"}).json["meta"]["location"].startswith(scim.url)
