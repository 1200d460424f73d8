"""COM: the attributes that all resources have, ``schemas`` and ``meta`` (RFC 7643, 3)."""

from datetime import datetime
from typing import Any

import pytest

from tests.support.conformance_client import ENTERPRISE, GROUP, USER, Scim, ids, path_of

_LIE = {
    "resourceType": "Robot",
    "created": "1999-01-01T00:00:00Z",
    "lastModified": "1999-01-01T00:00:00Z",
    "location": "https://example.com/Users/1",
    "version": 'W/"999"',
}


def _made(scim: Scim, kind: str, **attributes: Any) -> dict[str, Any]:
    return scim.user(**attributes) if kind == "User" else scim.group(**attributes)


@pytest.mark.line("COM-01", "COM-03", "SEC-12")
def test_ids_are_unique_stable_and_never_given_again(scim: Scim) -> None:
    made = [scim.user(), scim.group(), scim.user(), scim.other.user(), scim.other.group()]
    assert len({*ids(made)}) == len(made)
    assert all(resource["id"] and "bulkid" not in resource["id"].lower() for resource in made)
    assert scim.changed(made[0], {"op": "replace", "path": "userName", "value": "other"})["id"] == made[0]["id"]
    scim.delete(path_of(made[0]))
    assert scim.user(userName=made[0]["userName"])["id"] not in ids(made)


@pytest.mark.line("COM-02", "COM-07", "CRE-05", "CRE-06", "13.41")
@pytest.mark.parametrize("kind", ["User", "Group"])
@pytest.mark.parametrize("id", ["mine", None, "00000000000000000000000000000001"])
def test_id_and_meta_of_the_client_are_ignored(scim: Scim, kind: str, id: str | None) -> None:
    made = _made(scim.strict, kind, id=id, meta=_LIE)
    assert made["id"] not in {"mine", None, "00000000000000000000000000000001"}
    assert made["meta"]["resourceType"] == kind
    assert made["meta"].items().isdisjoint(_LIE.items())
    assert scim.strict.get(f"/{kind}s/mine").status == 404


@pytest.mark.line("COM-04")
def test_an_id_in_other_case_is_nobodys(scim: Scim) -> None:
    ann = next(user for user in iter(scim.user, None) if not user["id"].isdigit())
    assert scim.get(f"/Users/{ann['id'].upper()}").status == 404
    assert scim.delete(f"/Users/{ann['id'].upper()}").status == 404
    assert scim.found("/Users", f'id eq "{ann["id"].upper()}"') == set()
    assert scim.read(ann) == ann


@pytest.mark.line("COM-05", "COM-06", "UNQ-06", "13.39")
@pytest.mark.parametrize("kind", ["User", "Group"])
def test_an_external_id_is_the_clients_own_and_may_repeat(scim: Scim, kind: str) -> None:
    assert "externalId" not in _made(scim, kind)
    pair = [_made(scim, kind, externalId="Same-1") for _ in range(2)]
    assert [resource["externalId"] for resource in pair] == ["Same-1"] * 2
    assert scim.found(f"/{kind}s", 'externalId eq "Same-1"') == {*ids(pair)}
    _made(scim.other, kind, externalId="Same-1")
    assert scim.found(f"/{kind}s", 'externalId eq "Same-1"') == {*ids(pair)}


@pytest.mark.line("COM-07", "PUT-06", "13.56")
def test_meta_of_the_client_is_ignored_when_it_replaces(scim: Scim) -> None:
    ann = scim.user(title="Dean")
    answer = scim.strict.put(path_of(scim.strict.user()), {"schemas": [USER], "userName": "x", "meta": _LIE})
    assert answer.json["meta"].items().isdisjoint(_LIE.items())
    replaced = scim.put(path_of(ann), {**ann, "id": "other", "meta": _LIE, "groups": [{"value": "x"}]})
    assert (replaced.status, replaced.json) == (200, ann)


@pytest.mark.line("COM-08", "COM-09", "COM-10", "13.34")
@pytest.mark.parametrize("kind", ["User", "Group"])
def test_what_was_never_modified_was_last_modified_when_it_was_created(scim: Scim, kind: str) -> None:
    made = _made(scim, kind)
    meta = scim.read(made)["meta"]
    assert meta == made["meta"]
    assert meta["created"] == meta["lastModified"]
    assert datetime.fromisoformat(meta["created"]).tzinfo is not None
    assert meta["resourceType"] == kind


@pytest.mark.line("COM-11", "COM-12", "PAT-14", "PUT-10")
@pytest.mark.parametrize("kind", ["User", "Group"])
def test_last_modified_moves_with_every_real_change_and_created_never(scim: Scim, kind: str) -> None:
    made = _made(scim, kind)
    patched = scim.changed(made, {"op": "add", "path": "externalId", "value": "x"})
    same = scim.changed(made, {"op": "add", "path": "externalId", "value": "x"})
    assert same == patched
    put = scim.put(path_of(made), {**patched, "externalId": "y"}).json
    moments = [resource["meta"]["lastModified"] for resource in (made, patched, put)]
    assert moments == sorted({*moments})
    assert {resource["meta"]["created"] for resource in (made, patched, put)} == {made["meta"]["created"]}
    assert put["id"] == made["id"]


@pytest.mark.line("COM-13", "COM-14", "CRE-02", "REA-05", "REA-06", "13.35")
@pytest.mark.parametrize("kind", ["User", "Group"])
def test_the_location_is_the_same_everywhere_and_leads_to_the_resource(scim: Scim, kind: str) -> None:
    body = {"schemas": [USER], "userName": "x"} if kind == "User" else {"schemas": [GROUP], "displayName": "x"}
    made = scim.post(f"/{kind}s", body)
    place = path_of(made.json)
    answers = [made, scim.get(place), scim.put(place, {**made.json, "externalId": "x"})]
    listed = scim.get(f"/{kind}s").json["Resources"][0]
    locations = {answer.json["meta"]["location"] for answer in answers} | {listed["meta"]["location"]}
    assert locations == {f"{scim.url}{place}"}
    for answer in answers:
        assert {answer.headers.get("Location"), answer.headers.get("Content-Location")} <= {None, *locations}
    assert scim.get(locations.pop().removeprefix(scim.url)).json == listed


@pytest.mark.line("COM-15", "ETG-01", "ETG-02")
@pytest.mark.parametrize("kind", ["User", "Group"])
def test_the_version_is_the_entity_tag(scim: Scim, kind: str) -> None:
    made = _made(scim, kind)
    answers = [scim.get(path_of(made)), scim.put(path_of(made), {**made, "externalId": "x"})]
    answers.append(scim.patch(f"{path_of(made)}?attributes=meta", {"op": "remove", "path": "externalId"}))
    for answer in answers:
        assert answer.headers["ETag"] == answer.json["meta"]["version"]
    assert len({answer.headers["ETag"] for answer in answers}) == len(answers)


@pytest.mark.line("COM-16", "COM-17", "CRE-31", "CRE-14")
def test_schemas_lists_the_base_schema_once_and_nothing_foreign(scim: Scim) -> None:
    foreign = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
    group = scim.group(schemas=[GROUP, foreign, GROUP])
    user = scim.user(schemas=[USER, ENTERPRISE, USER, "urn:unknown:1.0:Thing"])
    for resource, schema in ((group, GROUP), (user, USER)):
        assert resource["schemas"] == [schema]
        assert scim.read(resource)["schemas"] == [schema]


@pytest.mark.line("COM-18", "EXT-05", "PAT-15", "PAT-47", "PUT-14")
def test_an_extension_is_in_schemas_exactly_while_it_has_values(scim: Scim) -> None:
    department = f"{ENTERPRISE}:department"
    user = scim.user(schemas=[USER, ENTERPRISE])
    assert user["schemas"] == [USER]
    added = scim.changed(user, {"op": "add", "path": department, "value": "Tours"})
    assert {*added["schemas"]} == {USER, ENTERPRISE}
    assert scim.changed(user, {"op": "remove", "path": department}).keys().isdisjoint({ENTERPRISE})
    assert scim.read(user)["schemas"] == [USER]
    whole = scim.put(path_of(user), {**user, ENTERPRISE: {"department": "Tours"}}).json
    assert {*whole["schemas"]} == {USER, ENTERPRISE}
    assert scim.put(path_of(user), user).json["schemas"] == [USER]


@pytest.mark.line("COM-19")
@pytest.mark.parametrize("kind", ["User", "Group"])
def test_every_type_has_the_common_attributes(scim: Scim, kind: str) -> None:
    extended = {ENTERPRISE: {"department": "Tours"}} if kind == "User" else {}
    made = _made(scim, kind, externalId="x", **extended)
    assert {"schemas", "id", "externalId", "meta"} <= made.keys()


@pytest.mark.line("COM-20", "FIL-37")
@pytest.mark.parametrize("kind", ["User", "Group"])
def test_common_attributes_are_addressed_without_a_urn(scim: Scim, kind: str) -> None:
    made = _made(scim, kind, externalId="x1")
    _made(scim, kind)
    created = made["meta"]["created"]
    filters = [f'id eq "{made["id"]}"', 'externalId eq "x1"', f'meta.created eq "{created}" and externalId pr']
    for filter in [*filters, f'meta.resourceType eq "{kind}" and externalId sw "x"']:
        assert scim.found(f"/{kind}s", filter) == {made["id"]}
    shown = scim.get(f"{path_of(made)}?attributes=externalId,meta.created").json
    assert shown == {"schemas": made["schemas"], "id": made["id"], "externalId": "x1", "meta": {"created": created}}
