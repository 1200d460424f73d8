"""REA: GET of one resource (RFC 7644, 3.4.1)."""

import pytest

from tests.support.conformance_client import ENTERPRISE, Resource, Scim, path_of


@pytest.mark.line("REA-01", "REA-05", "REA-08")
def test_a_resource_is_answered_with_all_that_is_returned_by_default(scim: Scim) -> None:
    user = scim.user(title="Dean", emails=[{"value": "a@x.org"}], **{ENTERPRISE: {"department": "Tours"}})
    group = scim.group(user)
    expected: dict[str, Resource] = {"User": {**user, "groups": scim.read(user)["groups"]}, "Group": group}
    for resource in expected.values():
        first, second = scim.get(path_of(resource)), scim.get(path_of(resource))
        assert first.status == 200
        assert first.json == second.json == resource
        assert first.headers["ETag"] == second.headers["ETag"]


@pytest.mark.line("REA-02", "ERR-16")
@pytest.mark.parametrize("path", ["/Users", "/Groups"])
@pytest.mark.parametrize("id", ["unknown", "00000000000000000000000000000000", "2819c223-7f76-453a-919d-413861904646"])
def test_an_unknown_id_is_not_found(shared: Scim, path: str, id: str) -> None:
    assert shared.get(f"{path}/{id}").status == 404


@pytest.mark.line("REA-03", "LST-12")
def test_an_id_of_another_type_is_not_found(scim: Scim) -> None:
    user, group = scim.user(), scim.group()
    assert scim.get(f"/Users/{group['id']}").status == 404
    assert scim.get(f"/Groups/{user['id']}").status == 404
    assert scim.delete(f"/Users/{group['id']}").status == 404
    assert scim.read(group) == group


@pytest.mark.line("REA-04", "ERR-21", "SEC-16")
@pytest.mark.parametrize(
    "id",
    [
        *(
            "%00",
            "%0a",
            "%",
            "%zz",
            "%ff",
            "%F0%9F%98%80",
            "..",
            "%2e%2e",
            "a%2Fb",
            "..%2F..%2Fhealth",
            "%25",
            "~",
            "-1",
        ),
        *(
            "x" * 4000,
            "'%20or%20'1'='1",
            "%7B%22$ne%22:null%7D",
            "true",
            "null",
            "undefined",
            "*",
            "%3F",
            "%23",
            ";a=b",
        ),
    ],
)
def test_an_odd_id_is_not_found(shared: Scim, id: str) -> None:
    shared.user()
    for method in ("GET", "DELETE"):
        assert shared.send(method, f"/Users/{id}").status == 404


@pytest.mark.line("REA-07")
def test_a_single_resource_can_be_projected(scim: Scim) -> None:
    user = scim.user(title="Dean")
    assert scim.get(f"{path_of(user)}?attributes=title").json == {
        "schemas": user["schemas"],
        "id": user["id"],
        "title": "Dean",
    }
