"""SCH: what the schemas publish of attributes, and that values keep to it (RFC 7643, 2 and 7)."""

import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.conformance_client import CORE, ENTERPRISE, GROUP, USER, Scim, path_of

_TYPES = {"string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9$_-]*|\$ref")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

_WRONG_VALUES: dict[str, list[Any]] = {
    "userName": [1, True, {}, ["ann"]],
    "active": [1, "maybe", [], {}],
    "name": ["Ann", 1, ["Ann"]],
    "emails": [1, [1], [["a"]], [{"value": {}}], [{"primary": "perhaps"}]],
    ENTERPRISE: ["x", 1, [1], {"department": 1}, {"manager": {"value": []}}],
}


def _attributes(scim: Scim) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every attribute and sub-attribute of every schema."""
    for schema in scim.get("/Schemas").json["Resources"]:
        for attribute in schema["attributes"]:
            yield schema["id"], attribute
            for sub in attribute.get("subAttributes", ()):
                yield schema["id"], sub


def _named(scim: Scim, uri: str, name: str) -> dict[str, Any]:
    attributes = scim.get(f"/Schemas/{uri}").json["attributes"]
    return next(attribute for attribute in attributes if attribute["name"] == name)


@pytest.mark.line("SCH-01", "SCH-02", "SCH-03", "SCH-07")
def test_every_attribute_is_defined_in_the_words_of_the_rfc(scim: Scim) -> None:
    for _, attribute in _attributes(scim):
        assert _NAME.fullmatch(attribute["name"])
        assert attribute["type"] in _TYPES
        assert isinstance(attribute["multiValued"], bool)
        assert isinstance(attribute["required"], bool)
        assert attribute["mutability"] in {"readOnly", "readWrite", "immutable", "writeOnly"}
        assert attribute["returned"] in {"always", "never", "default", "request"}
        if attribute["type"] in {"string", "reference", "binary"}:
            assert isinstance(attribute["caseExact"], bool)
            assert attribute["uniqueness"] in {"none", "server", "global"}


@pytest.mark.line("SCH-04", "SCH-05", "SCH-06")
def test_complex_attributes_have_parts_and_references_say_to_what(scim: Scim) -> None:
    for uri, attribute in _attributes(scim):
        if attribute["type"] == "complex":
            assert attribute["subAttributes"]
            inner = [sub["type"] for sub in attribute["subAttributes"]]
            assert uri == f"{CORE}:Schema" or "complex" not in inner
        if attribute["type"] == "reference":
            assert attribute["referenceTypes"]


@pytest.mark.parametrize(
    ("uri", "name", "characteristics"),
    [
        pytest.param(
            *(USER, "userName", {"required": True, "uniqueness": "server", "caseExact": False}),
            marks=pytest.mark.line("SCH-08"),
        ),
        pytest.param(
            *(USER, "password", {"mutability": "writeOnly", "returned": "never"}), marks=pytest.mark.line("SCH-09")
        ),
        pytest.param(USER, "groups", {"mutability": "readOnly"}, marks=pytest.mark.line("SCH-10")),
        pytest.param(GROUP, "displayName", {"required": True}, marks=pytest.mark.line("SCH-11")),
        pytest.param(GROUP, "members", {"mutability": "readWrite"}, marks=pytest.mark.line("SCH-12")),
    ],
)
def test_the_attributes_that_matter_most_are_published_as_the_rfc_has_them(
    shared: Scim, uri: str, name: str, characteristics: dict[str, Any]
) -> None:
    attribute = _named(shared, uri, name)
    assert {key: attribute[key] for key in characteristics} == characteristics


@pytest.mark.line("SCH-12")
def test_what_is_said_of_a_member_cannot_be_changed_but_members_come_and_go(scim: Scim) -> None:
    subs = {sub["name"]: sub["mutability"] for sub in _named(scim, GROUP, "members")["subAttributes"]}
    assert [subs[name] for name in ("value", "$ref", "type")] == ["immutable"] * 3
    ann, bob = scim.user(), scim.user()
    group = scim.group(ann)
    path = f'members[value eq "{ann["id"]}"].value'
    assert scim.patch(path_of(group), {"op": "replace", "path": path, "value": bob["id"]}).fault == (400, "mutability")
    changed = scim.changed(group, {"op": "add", "path": "members", "value": [{"value": bob["id"]}]})
    assert {member["value"] for member in changed["members"]} == {ann["id"], bob["id"]}


@pytest.mark.line("SCH-13")
def test_the_common_attributes_have_the_characteristics_of_the_rfc(scim: Scim) -> None:
    user = scim.user(externalId="eXt", title="Dean")
    shown = scim.get(f"/Users/{user['id']}?attributes=title").json
    assert shown.keys() == {"schemas", "id", "title"}
    assert scim.found("/Users", 'externalId eq "ext"') == set()
    assert scim.changed(user, {"op": "remove", "path": "externalId"}).get("externalId") is None


@pytest.mark.line("SCH-14", "SCH-15", "SCH-25")
def test_booleans_and_numbers_are_answered_as_such(scim: Scim) -> None:
    user = scim.user(active=False, emails=[{"value": "a@example.com", "primary": True}])
    raw = scim.get(f"/Users/{user['id']}").body
    assert b'"active":false' in raw
    assert b'"primary":true' in raw
    listed = scim.get("/Users").json
    assert [type(listed[name]) for name in ("totalResults", "startIndex", "itemsPerPage")] == [int] * 3


@pytest.mark.line("SCH-16", "COM-09")
def test_times_are_date_times_with_a_time_zone(scim: Scim) -> None:
    for resource in (scim.user(), scim.group()):
        assert _DATE_TIME.fullmatch(resource["meta"]["created"])
        assert _DATE_TIME.fullmatch(resource["meta"]["lastModified"])


@pytest.mark.line("SCH-17", "SCH-31")
def test_a_certificate_is_base64_and_comes_back_unchanged(scim: Scim) -> None:
    certificate = b64encode(bytes(range(256))).decode()
    user = scim.strict.user(x509Certificates=[{"value": certificate}])
    assert user["x509Certificates"] == [{"value": certificate}]
    body = {"schemas": [USER], "userName": "bob", "x509Certificates": [{"value": "no base64!"}]}
    assert scim.strict.post("/Users", body).fault == (400, "invalidValue")


@pytest.mark.line("SCH-18", "GRP-02", "EXT-04")
def test_references_can_be_followed(scim: Scim) -> None:
    boss = scim.user()
    ann = scim.user(**{ENTERPRISE: {"manager": {"value": boss["id"]}}})
    group = scim.group(ann)
    references = {
        scim.read(ann)[ENTERPRISE]["manager"]["$ref"]: boss,
        group["members"][0]["$ref"]: ann,
        scim.read(ann)["groups"][0]["$ref"]: group,
    }
    for reference, resource in references.items():
        assert reference == resource["meta"]["location"]
        assert scim.get(reference.removeprefix(scim.url)).json["id"] == resource["id"]


@pytest.mark.line("SCH-19")
def test_one_value_of_a_multi_valued_attribute_is_an_array(scim: Scim) -> None:
    ann = scim.user(emails=[{"value": "a@example.com"}])
    group = scim.group(ann)
    assert [type(scim.read(ann)[name]) for name in ("schemas", "emails", "groups")] == [list] * 3
    assert type(scim.read(group)["members"]) is list
    assert type(scim.get('/Users?filter=userName+eq+"x"').json.get("Resources", [])) is list


@pytest.mark.line("SCH-20", "CRE-20", "PUT-12")
def test_at_most_one_value_is_primary(scim: Scim) -> None:
    both = [{"value": "a@example.com", "primary": True}, {"value": "b@example.com", "primary": True}]
    body = {"schemas": [USER], "userName": "ann", "emails": both}
    assert scim.post("/Users", body).fault == (400, "invalidValue")
    ann = scim.user()
    assert scim.put(path_of(ann), body).fault == (400, "invalidValue")
    assert "emails" not in scim.read(ann)


@pytest.mark.line("SCH-21")
def test_the_same_value_of_the_same_type_is_shown_once(scim: Scim) -> None:
    roles = [{"value": "r", "type": "t"}, {"type": "t", "value": "r"}, {"value": "r"}]
    assert scim.user(roles=roles)["roles"] == [roles[0], roles[2]]


def test_an_empty_text_is_a_value_that_finds_nobody(scim: Scim) -> None:
    user = scim.strict.user(externalId="", title="")
    assert (user["externalId"], user["title"]) == ("", "")
    for attribute in ("externalId", "title"):
        assert scim.strict.found("/Users", f"{attribute} pr") == set()
        assert scim.strict.found("/Users", f'{attribute} eq ""') == set()


@pytest.mark.line("SCH-22", "CRE-17")
@pytest.mark.parametrize("absent", [None, []])
def test_null_and_the_empty_array_are_no_value(scim: Scim, absent: object) -> None:
    user = scim.user(emails=absent, title=None, name=None, active=None, **{ENTERPRISE: None})
    assert user.keys() == {"schemas", "id", "userName", "active", "meta"}
    assert user["schemas"] == [USER]
    assert scim.found("/Users", "emails pr or title pr or name pr") == set()


@pytest.mark.line("SCH-23")
def test_no_order_of_members_is_assumed(scim: Scim) -> None:
    body = b'{"name":{"givenName":"B","familyName":"A"},"userName":"ann","schemas":["%b"]}' % USER.encode()
    assert scim.post("/Users", body).status == 201
    change = b'{"Operations":[{"value":"Dean","path":"title","op":"add"}],"schemas":["%b"]}'
    patch = change % b"urn:ietf:params:scim:api:messages:2.0:PatchOp"
    found = scim.search("/Users", 'userName eq "ann"')[0]
    assert scim.send("PATCH", path_of(found), patch).json["title"] == "Dean"


@pytest.mark.line("SCH-24")
def test_values_outside_the_canonical_ones_are_kept(scim: Scim) -> None:
    emails = [{"value": "a@example.com", "type": "carrier pigeon"}]
    assert scim.strict.user(emails=emails)["emails"] == emails


@pytest.mark.line("SCH-25", "PAT-10")
@pytest.mark.parametrize(
    ("name", "wrong"),
    [(name, wrong) for name, values in _WRONG_VALUES.items() for wrong in values],
)
def test_a_value_of_the_wrong_type_is_refused_and_never_stored(shared: Scim, name: str, wrong: object) -> None:
    answer = shared.strict.post("/Users", {"schemas": [USER, ENTERPRISE], "userName": "ann", name: wrong})
    assert answer.fault == (400, "invalidValue")
    assert shared.strict.found("/Users", 'userName eq "ann"') == set()


@pytest.mark.line("SCH-26", "COM-05", "CAS-05", "FIL-18")
def test_case_exact_values_keep_their_case_and_are_compared_with_it(scim: Scim) -> None:
    ann = scim.user(externalId="aBc", profileUrl="https://Example.com/Ann")
    assert (ann["externalId"], ann["profileUrl"]) == ("aBc", "https://Example.com/Ann")
    assert scim.found("/Users", 'externalId eq "aBc" and profileUrl eq "https://Example.com/Ann"') == {ann["id"]}
    assert scim.found("/Users", 'externalId eq "abc"') == set()
    assert scim.found("/Users", 'profileUrl eq "https://example.com/ann"') == set()
    assert scim.found("/Users", 'meta.resourceType eq "user"') == set()


@pytest.mark.line("SCH-27", "ATT-10", "CRE-18", "SEC-14", "13.45")
def test_a_password_is_in_no_answer(scim: Scim) -> None:
    secret = "t1meMa$heen"
    body = {"schemas": [USER], "userName": "ann", "password": secret}
    made = scim.post("/Users?attributes=password,userName", body)
    place = path_of(scim.search("/Users", 'userName eq "ann"')[0])
    answers = [
        *(made, scim.get(f"{place}?attributes=password"), scim.get("/Users?attributes=password"), scim.get(place)),
        scim.put(place, body),
        scim.patch(f"{place}?attributes=password", {"op": "replace", "path": "password", "value": secret}),
        scim.post("/Users", body),
    ]
    assert [answer.status for answer in answers] == [201, 200, 200, 200, 200, 200, 409]
    assert all(secret.encode() not in answer.body and b'"password"' not in answer.body for answer in answers)


@pytest.mark.line("SCH-28", "ATT-04", "ATT-09")
@pytest.mark.parametrize("query", ["attributes=title", "excludedAttributes=id,schemas", "attributes=nothing", ""])
def test_id_is_in_every_representation(scim: Scim, query: str) -> None:
    ann = scim.user(title="Dean")
    assert scim.get(f"{path_of(ann)}?{query}").json["id"] == ann["id"]
    assert scim.get(f"/Users?{query}").json["Resources"][0]["id"] == ann["id"]


@pytest.mark.line("SCH-30")
def test_a_country_code_is_kept_as_it_is(scim: Scim) -> None:
    addresses = [{"country": "US", "locality": "Hollywood"}]
    assert scim.strict.user(addresses=addresses)["addresses"] == addresses


@pytest.mark.line("SCH-32")
def test_mail_addresses_and_phone_numbers_are_compared_without_case_and_kept_as_given(scim: Scim) -> None:
    ann = scim.user(emails=[{"value": "Ann@Example.COM"}], phoneNumbers=[{"value": "TEL:+1-201-555-0123"}])
    assert scim.found("/Users", 'emails.value eq "ann@example.com"') == {ann["id"]}
    assert scim.found("/Users", 'phoneNumbers.value eq "tel:+1-201-555-0123"') == {ann["id"]}
    assert ann["emails"][0]["value"] == "Ann@Example.COM"
