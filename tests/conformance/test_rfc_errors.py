"""ME and ERR: ``/Me``, and what is said when something cannot be done (RFC 7644, 3.11 and 3.12)."""

from typing import Any

import pytest

from tests.support.conformance_client import ERROR, USER, Scim, filtered, path_of

_BARE = {"schemas": [USER], "userName": "x"}


@pytest.mark.line("ME-01", "DIS-07")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("place", ["/Me", "/me", "/Me?attributes=userName"])
def test_me_is_not_supported(shared: Scim, method: str, place: str) -> None:
    assert shared.send(method, place, None if method == "GET" else _BARE).status == 501


@pytest.mark.line("ERR-01", "ERR-02", "ERR-03", "ERR-04", "13.4", "13.5")
@pytest.mark.parametrize(
    ("method", "place", "body", "headers", "status"),
    [
        ("GET", "/Users", None, {"Authorization": None}, 401),
        ("GET", "/Users?filter=x", None, {}, 400),
        ("GET", '/Schemas?filter=id+eq+"x"', None, {}, 403),
        ("GET", "/Users/unknown", None, {}, 404),
        ("GET", "/Nowhere/at/all", None, {}, 404),
        ("TRACE", "/Users", None, {}, 405),
        ("POST", "/Users", _BARE, {"Content-Type": "text/xml"}, 415),
        ("POST", "/Users", b"x" * 2_000_000, {}, 413),
        ("POST", "/Users", _BARE, {"Content-Encoding": "gzip"}, 400),
        ("POST", "/Users", _BARE, {"Expect": "a miracle"}, 417),
        ("PATCH", "/Me", {}, {}, 501),
        ("GET", f"/Users?x={'x' * 100_000}", None, {}, 414),
    ],
)
def test_every_error_is_a_scim_error(
    shared: Scim, method: str, place: str, body: Any, headers: dict[str, str | None], status: int
) -> None:
    answer = shared.send(method, place, body, headers=headers)
    assert answer.status == status
    assert answer.json["schemas"] == [ERROR]
    assert answer.json["status"] == str(status)
    assert answer.json["detail"]
    assert answer.json.keys() <= {"schemas", "status", "detail", "scimType"}


@pytest.mark.line("ERR-01")
@pytest.mark.parametrize("target", ["/", "/scim", "/scim/v2", "/scim/v2/", "/favicon.ico", "//", "/scim/v2/%0a/Users"])
def test_errors_outside_of_a_tenant_are_scim_errors_too(shared: Scim, target: str) -> None:
    assert shared.send_to(target, "GET").status in {401, 404}
    assert shared.send_to(target, "POST", _BARE).status in {401, 404}


@pytest.mark.line("ERR-05", "PAT-08", "ERR-20")
def test_a_bad_filter_is_an_error_and_nothing_found_is_none(scim: Scim) -> None:
    user = scim.user()
    assert scim.get(filtered("/Users", "userName eq")).fault == (400, "invalidFilter")
    removal = {"op": "remove", "path": 'emails[nothing eq "x"]'}
    assert scim.patch(path_of(user), removal).fault == (400, "invalidFilter")
    assert scim.get(filtered("/Users", 'userName eq "nobody"')).status == 200


@pytest.mark.line("ERR-16", "ERR-17")
def test_each_refusal_has_the_status_of_its_kind(scim: Scim) -> None:
    user = scim.user()
    statuses = [
        scim.get("/Users", headers={"Authorization": "Bearer x"}).status,
        scim.get('/ResourceTypes?filter=name+eq+"User"').status,
        scim.get("/Users/unknown").status,
        scim.put(path_of(user), user, headers={"If-Match": 'W/"0"'}).status,
        scim.post("/Users", {**_BARE, "title": "x" * 2_000_000}).status,
        scim.get("/Me").status,
    ]
    assert statuses == [401, 403, 404, 412, 413, 501]


@pytest.mark.line("ERR-18", "UNQ-02")
def test_a_conflict_of_names_and_one_of_versions_are_told_apart(scim: Scim) -> None:
    ann = scim.user(userName="ann")
    stale = {"If-Match": 'W/"77"'}
    change = {"op": "add", "path": "title", "value": "x"}
    assert scim.post("/Users", {**_BARE, "userName": "ann"}).fault == (409, "uniqueness")
    assert scim.patch(path_of(ann), change, headers=stale).fault == (412, None)


@pytest.mark.line("ERR-21", "ERR-23", "SEC-16")
@pytest.mark.parametrize(
    "body",
    [
        *(b'{"userName":"\\ud800"}', b'{"userName":"\\udc00\\ud800"}', b'{"userName":"a\\u0000b"}', b'{"\\ud800":1}'),
        *(b'{"userName":1e999}', b'{"userName":"x","title":1e400}', b'{"userName":-0}', b'{"userName":NaN}'),
        *(
            b'{"userName":"x","name":' + b"[" * 200 + b"]" * 200 + b"}",
            b'{"a":' * 200 + b"1" + b"}" * 200,
            b"[" * 100_000,
        ),
        *(b'{"userName":"a","userName":"b"}', b'{"userName":"a","USERNAME":"b"}', b'{"active":' + b"9" * 400 + b"}"),
        *(b'{"schemas":{}}', b'{"schemas":[[]]}', b'{"schemas":[null],"userName":[]}', b'{"__proto__":{"x":1}}'),
        *(b'{"userName":"x","emails":[[]]}', b'{"userName":"x","emails":{"value":{"value":{}}}}', b'{"members":[1]}'),
        *(b'{"Operations":[{"op":"add","path":"' + b"a." * 9000 + b'","value":1}]}', b'{"Operations":[[],{},1,null]}'),
        b'{"Operations":[{"op":"replace","path":"emails[' + b"(" * 5000 + b'","value":1}]}',
    ],
)
def test_no_body_breaks_the_service(shared: Scim, body: bytes) -> None:
    for tenant in (shared, shared.strict):
        user, group = tenant.user(), tenant.group()
        for method, place in (
            ("POST", "/Users"),
            ("POST", "/Groups"),
            ("PUT", path_of(user)),
            ("PATCH", path_of(group)),
        ):
            answer = tenant.send(method, place, body)
            assert answer.status in {200, 201, 204, 400, 409}, answer
        assert tenant.get("/Users").status == 200


@pytest.mark.line("ERR-19", "ERR-04", "SEC-14")
def test_details_name_attributes_and_never_values(scim: Scim) -> None:
    secret = "Tr0ub4dor"
    ann = scim.user(userName=secret)
    answers = [
        scim.post("/Users", {"schemas": [USER], "userName": secret}),
        scim.post("/Users", {"schemas": [USER], "userName": "x", "title": [secret]}),
        scim.patch(path_of(ann), {"op": "add", "path": "title", "value": {"x": secret}}),
        scim.get(filtered("/Users", f'password eq "{secret}"')),
        scim.get(filtered("/Users", f'userName eq "{secret}')),
    ]
    for answer in answers:
        assert answer.status in {400, 409}
        assert secret not in answer.json["detail"]
        assert "Traceback" not in answer.json["detail"]
