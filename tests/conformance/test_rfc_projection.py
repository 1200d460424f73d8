"""ATT: ``attributes`` and ``excludedAttributes`` (RFC 7644, 3.4.2.5, 3.9)."""

from typing import Any

import pytest

from tests.support.conformance_client import ENTERPRISE, USER, Answer, Resource, Scim, path_of

_BODY: Resource = {
    "schemas": [USER, ENTERPRISE],
    "title": "Dean",
    "name": {"givenName": "Ann", "familyName": "Berg"},
    "emails": [{"value": "a@x.org", "type": "work"}, {"value": "a@y.org", "type": "home"}],
    ENTERPRISE: {"department": "Tours", "employeeNumber": "7"},
}
_ALWAYS = {"schemas", "id"}


@pytest.fixture
def ann(shared: Scim) -> tuple[Scim, Resource]:
    """A tenant with one User, only to be read."""
    found = shared.get("/Users").json["Resources"]
    return shared, found[0] if found else shared.user(**_BODY)


def _case(query: str, shown: dict[str, Any], *lines: str) -> Any:
    return pytest.param(query, shown, marks=pytest.mark.line(*lines), id=query)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        _case("attributes=title", {"title": "Dean"}, "ATT-02", "ATT-03", "ATT-04", "ATT-15", "13.26"),
        _case("attributes=id", {}, "ATT-02", "ATT-04", "13.26"),
        _case("attributes=name.givenName", {"name": {"givenName": "Ann"}}, "ATT-05"),
        _case("attributes=emails.value", {"emails": [{"value": "a@x.org"}, {"value": "a@y.org"}]}, "ATT-05"),
        _case("attributes=name.givenName,name", {"name": _BODY["name"]}, "ATT-05"),
        _case("attributes=title,%20name.givenName", {"title": "Dean", "name": {"givenName": "Ann"}}, "ATT-02"),
        _case(f"attributes={USER}:title", {"title": "Dean"}, "ATT-06"),
        _case(f"attributes={USER}:name.givenName", {"name": {"givenName": "Ann"}}, "ATT-06"),
        _case(f"attributes={ENTERPRISE}:department", {ENTERPRISE: {"department": "Tours"}}, "ATT-06"),
        _case(f"attributes={ENTERPRISE}", {ENTERPRISE: _BODY[ENTERPRISE]}, "ATT-06"),
        _case("attributes=TITLE,Name.GIVENNAME", {"title": "Dean", "name": {"givenName": "Ann"}}, "ATT-07", "CAS-01"),
        _case(f"attributes={ENTERPRISE.upper()}:DEPARTMENT", {ENTERPRISE: {"department": "Tours"}}, "ATT-07", "CAS-02"),
        _case("attributes=password", {}, "ATT-10", "SCH-27"),
        _case("attributes=title,shoeSize,name.nick", {"title": "Dean"}, "ATT-12"),
        _case("attributes=%00,[,urn:,..,.x,title", {"title": "Dean"}, "ATT-12"),
    ],
)
def test_attributes_names_all_that_is_shown(ann: tuple[Scim, Resource], query: str, shown: Resource) -> None:
    scim, user = ann
    one, listed = scim.get(f"{path_of(user)}?{query}").json, scim.get(f"/Users?{query}").json["Resources"]
    assert [one] == listed
    assert {name: value for name, value in one.items() if name not in _ALWAYS} == shown
    assert (one["id"], one["schemas"]) == (user["id"], user["schemas"])


@pytest.mark.parametrize(
    ("query", "left"),
    [
        _case("excludedAttributes=title,meta", {"title": None, "meta": None}, "ATT-08"),
        _case("excludedAttributes=name.givenName", {"name": {"familyName": "Berg"}}, "ATT-08"),
        _case("excludedAttributes=name.givenName,name.familyName", {"name": None}, "ATT-08"),
        _case("excludedAttributes=emails.type", {"emails": [{"value": "a@x.org"}, {"value": "a@y.org"}]}, "ATT-08"),
        _case(f"excludedAttributes={ENTERPRISE}", {ENTERPRISE: None}, "ATT-08", "ATT-06"),
        _case(f"excludedAttributes={ENTERPRISE}:department", {ENTERPRISE: {"employeeNumber": "7"}}, "ATT-08", "ATT-06"),
        _case(f"excludedAttributes={USER}:title", {"title": None}, "ATT-06"),
        _case("excludedAttributes=TITLE", {"title": None}, "ATT-07"),
        _case("excludedAttributes=id,schemas,title", {"title": None}, "ATT-09"),
        _case("excludedAttributes=shoeSize,x.y,", {}, "ATT-12"),
        _case("excludedAttributes=", {}, "ATT-12"),
        _case("attributes=", {}, "ATT-12"),
    ],
)
def test_excluded_attributes_are_left_out(ann: tuple[Scim, Resource], query: str, left: Resource) -> None:
    scim, user = ann
    one, listed = scim.get(f"{path_of(user)}?{query}").json, scim.get(f"/Users?{query}").json["Resources"]
    assert [one] == listed
    assert one == {name: value for name, value in (user | left).items() if value is not None}


@pytest.mark.line("ATT-01", "ATT-13", "CRE-26", "PAT-04")
def test_every_answer_with_a_resource_is_projected(scim: Scim) -> None:
    user = scim.user(**_BODY)
    query = "attributes=title"
    change = {"op": "replace", "path": "title", "value": "Rector"}
    answers: dict[int, Answer] = {
        201: scim.post(f"/Users?{query}", {**_BODY, "userName": "bob"}),
        200: scim.put(f"{path_of(user)}?{query}", {**_BODY, "userName": "x"}),
        0: scim.patch(f"{path_of(user)}?{query}", change),
    }
    assert [answer.status for answer in answers.values()] == [201, 200, 200]
    for answer in answers.values():
        assert answer.json.keys() == {"schemas", "id", "title"}
    assert answers[0].json["title"] == "Rector"


@pytest.mark.line("ATT-13")
@pytest.mark.parametrize(
    ("query", "shown"), [("attributes=members", {"members"}), ("excludedAttributes=meta", {"members", "displayName"})]
)
def test_a_patch_of_a_group_is_answered_with_what_is_asked_for(scim: Scim, query: str, shown: set[str]) -> None:
    group = scim.group()
    addition = {"op": "add", "path": "members", "value": [{"value": scim.user()["id"]}]}
    answer = scim.patch(f"{path_of(group)}?{query}", addition)
    assert answer.status == 200
    assert answer.json.keys() == {*_ALWAYS, *shown}


@pytest.mark.line("ATT-11")
def test_both_parameters_at_once_are_refused(ann: tuple[Scim, Resource]) -> None:
    scim, user = ann
    for place in (path_of(user), "/Users"):
        assert scim.get(f"{place}?attributes=title&excludedAttributes=name").fault == (400, "invalidValue")


@pytest.mark.line("ATT-14")
def test_a_projection_changes_neither_filter_nor_numbers(ann: tuple[Scim, Resource]) -> None:
    scim, user = ann
    whole = scim.get('/Users?filter=title+eq+"dean"').json
    part = scim.get('/Users?filter=title+eq+"dean"&attributes=userName').json
    assert {**part, "Resources": None} == {**whole, "Resources": None}
    assert part["Resources"] == [{name: user[name] for name in ("schemas", "id", "userName")}]


@pytest.mark.line("ATT-16", "ATT-08")
def test_members_and_groups_can_be_left_out_and_asked_for(scim: Scim) -> None:
    ann = scim.user()
    group = scim.group(ann)
    for place, name in ((path_of(group), "members"), (path_of(ann), "groups")):
        whole = scim.get(place).json
        assert name in whole
        without = {key: value for key, value in whole.items() if key != name}
        assert scim.get(f"{place}?excludedAttributes={name}").json == without
        alone = scim.get(f"{place}?attributes={name}.value").json
        assert alone.keys() == {*_ALWAYS, name}
        assert [entry.keys() for entry in alone[name]] == [{"value"}]
