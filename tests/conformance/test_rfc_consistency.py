"""CON and UNQ: what may be relied on, also with many writers (RFC 7644, 3.5; RFC 9110)."""

import pytest

from tests.support.conformance_client import ENTERPRISE, PATCH_OP, USER, Call, Resource, Scim, ids, path_of


def _patch(path: str, *operations: Resource) -> Call:
    return Call("PATCH", path, {"schemas": [PATCH_OP], "Operations": [*operations]})


def _replace(path: str, value: object) -> Resource:
    return {"op": "replace", "path": path, "value": value}


@pytest.mark.line("CON-02", "CON-07")
def test_a_read_shows_every_write_that_was_answered_on_any_gateway(scim: Scim) -> None:
    ann = scim.user()
    for number in range(8):
        title = f"title {number}"
        change = {"schemas": [PATCH_OP], "Operations": [_replace("title", title)]}
        written = scim.send("PATCH", path_of(ann), change, gateway=number)
        for gateway in range(2):
            assert scim.send("GET", path_of(ann), gateway=gateway).json == written.json
            found = scim.send("GET", f'/Users?filter=title+eq+"title+{number}"', gateway=gateway)
            assert ids(found.json["Resources"]) == [ann["id"]]


@pytest.mark.line("CON-04", "UNQ-01", "UNQ-05")
def test_of_many_renames_at_once_to_one_name_one_passes(scim: Scim) -> None:
    people = [scim.user() for _ in range(8)]
    rename = _replace("userName", "Wanted")
    calls = [_patch(path_of(person), rename) for person in people[:4]]
    calls += [Call("PUT", path_of(person), {**person, "userName": "WANTED"}) for person in people[4:]]
    calls += [Call("POST", "/Users", {"schemas": [USER], "userName": "wanted"}) for _ in range(4)]
    statuses = sorted(answer.status for answer in scim.together(*calls))
    assert statuses[0] in {200, 201}
    assert statuses[1:] == [409] * 11
    assert len(scim.search("/Users", 'userName eq "wanted"')) == 1


@pytest.mark.line("CON-06")
def test_parallel_changes_of_different_attributes_are_all_kept(scim: Scim) -> None:
    ann = scim.user()
    names = [
        "title",
        "nickName",
        "displayName",
        "userType",
        "locale",
        "timezone",
        "name.givenName",
        f"{ENTERPRISE}:division",
    ]
    answers = scim.together(*(_patch(path_of(ann), {"op": "add", "path": name, "value": "x"}) for name in names))
    assert {answer.status for answer in answers} == {200}
    now = scim.read(ann)
    assert [now[name] for name in names[:6]] == ["x"] * 6
    assert (now["name"], now[ENTERPRISE]) == ({"givenName": "x"}, {"division": "x"})


@pytest.mark.line("CON-08", "REA-05")
def test_ids_versions_and_times_agree_between_all_answers(scim: Scim) -> None:
    written = scim.post("/Users", {"schemas": [USER], "userName": "ann", "externalId": "e"})
    for title in ("Dean", "Rector"):
        place = path_of(written.json)
        shown = [scim.get(place).json, scim.get("/Users").json["Resources"][0]]
        shown += [found for filter in ('externalId eq "e"', "userName pr") for found in scim.search("/Users", filter)]
        assert shown == [written.json] * 4
        assert scim.get(place).headers["ETag"] == written.headers["ETag"] == written.json["meta"]["version"]
        written = scim.put(place, {**written.json, "title": title})


@pytest.mark.line("CON-09", "PAT-11")
def test_a_change_is_seen_whole_or_not_at_all(scim: Scim) -> None:
    ann = scim.user(title="0", nickName="0", userType="0")
    writes = []
    for number in range(12):
        all_three = [_replace(name, str(number)) for name in ("title", "nickName", "userType")]
        broken = [_replace("title", "broken"), _replace("name", 1)]
        writes += [_patch(path_of(ann), *all_three), Call("GET", path_of(ann)), _patch(path_of(ann), *broken)]
    for answer in scim.together(*writes):
        if answer.status != 400:
            assert len({answer.json[name] for name in ("title", "nickName", "userType")}) == 1
            assert answer.json["title"] != "broken"


@pytest.mark.line("CON-11", "LST-02")
def test_totals_and_resources_follow_the_same_filter(scim: Scim) -> None:
    people = [scim.user(title="odd" if number % 2 else "even") for number in range(5)]
    scim.delete(path_of(people[0]))
    scim.changed(people[1], {"op": "replace", "path": "title", "value": "even"})
    for title, number in (("odd", 1), ("even", 3), ("none", 0)):
        page = scim.get(f'/Users?filter=title+eq+"{title}"').json
        assert page["totalResults"] == len(page.get("Resources", [])) == number
    assert scim.get("/Users").json["totalResults"] == 4


@pytest.mark.line("CON-12", "HTT-19", "13.12")
def test_a_repeated_creation_is_a_conflict_and_finds_the_first(scim: Scim) -> None:
    body = {"schemas": [USER], "userName": "ann"}
    first = scim.post("/Users", body)
    assert [first.status, scim.post("/Users", body).status] == [201, 409]
    assert scim.search("/Users", 'userName eq "ann"') == [first.json]


@pytest.mark.line("UNQ-03", "UNQ-06")
@pytest.mark.parametrize(
    "attributes", [{"externalId": "e"}, {ENTERPRISE: {"employeeNumber": "7"}}, {"displayName": "d"}]
)
def test_what_is_not_published_as_unique_may_repeat(scim: Scim, attributes: dict[str, object]) -> None:
    published = scim.get(f"/Schemas/{ENTERPRISE}").json["attributes"]
    assert {it["uniqueness"] for it in published if it["type"] != "complex"} == {"none"}
    assert scim.user(**attributes)["id"] != scim.user(**attributes)["id"]


@pytest.mark.line("UNQ-07", "SEC-11", "13.40")
def test_two_tenants_may_have_the_same_names(scim: Scim) -> None:
    for tenant in (scim, scim.other):
        user = tenant.user(userName="ann", externalId="e")
        group = tenant.group(user, displayName="Arts", externalId="e")
        assert tenant.found("/Users", 'userName eq "ann" and externalId eq "e"') == {user["id"]}
        assert tenant.found("/Groups", 'displayName eq "arts"') == {group["id"]}


@pytest.mark.line("UNQ-08", "UNQ-02")
def test_a_change_that_fails_on_a_name_changes_nothing(scim: Scim) -> None:
    scim.group(displayName="Arts")
    law = scim.group(scim.user(), displayName="Law")
    rename = {"op": "replace", "path": "displayName", "value": "ARTS"}
    assert scim.patch(path_of(law), {"op": "remove", "path": "members"}, rename).fault == (409, "uniqueness")
    assert scim.put(path_of(law), {**law, "displayName": "arts", "members": []}).fault == (409, "uniqueness")
    assert scim.read(law) == law
