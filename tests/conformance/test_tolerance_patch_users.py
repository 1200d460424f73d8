"""Tolerances 67 to 90: how provisioning clients change Users by PATCH."""

from typing import Any

import pytest

from tests.support.conformance_client import CORE, ENTERPRISE, USER, Call, Resource, Scim, path_of

Operation = dict[str, Any]

ROLE_AS_JSON = '{"id":"06b07648","value":"25","displayName":"Rôle \\"1234\\""}'
WORK = 'emails[type eq "work"]'


@pytest.fixture
def scim(shared: Scim) -> Scim:
    """One tenant for all of these tests: each has resources of its own."""
    return shared


def replace(path: str | None, value: Any) -> Operation:
    return {"op": "Replace", "value": value} | ({"path": path} if path is not None else {})


@pytest.mark.line("13.67")
@pytest.mark.parametrize("value", ["False", "false", "FALSE", False, [False]], ids=repr)
@pytest.mark.parametrize("path", ["active", None])
def test_active_is_understood_in_every_form(scim: Scim, value: Any, path: str | None) -> None:
    user = scim.changed(scim.user(), replace(path, value if path else {"active": value}))
    assert user["active"] is False


@pytest.mark.line("13.68")
@pytest.mark.parametrize("op", ["replace", "add"])
def test_flat_keys_go_where_they_belong(scim: Scim, op: str) -> None:
    value = {
        "displayName": "Ann Hill",
        "name.givenName": "Ann",
        f"{ENTERPRISE}:department": "Law",
        f"{ENTERPRISE}:manager": "m-1",
        f"{USER}:title": "Dean",
    }
    user = scim.changed(scim.user(name={"familyName": "Hill"}), {"op": op, "value": value})
    assert (user["displayName"], user["title"]) == ("Ann Hill", "Dean")
    assert user["name"] == {"givenName": "Ann", "familyName": "Hill"}
    assert user[ENTERPRISE]["department"] == "Law"
    assert not any("." in name and not name.startswith("urn:") for name in user)


@pytest.mark.line("13.69")
@pytest.mark.parametrize("op", ["replace", "add"])
def test_an_extension_as_an_object_changes_only_what_it_names(scim: Scim, op: str) -> None:
    user = scim.user(**{ENTERPRISE: {"department": "Sales", "employeeNumber": "7"}})
    after = scim.changed(user, {"op": op, "value": {ENTERPRISE: {"department": "Law"}}})
    assert after[ENTERPRISE] == {"department": "Law", "employeeNumber": "7"}


@pytest.mark.line("13.70")
@pytest.mark.parametrize("op", ["Add", "Replace"])
@pytest.mark.parametrize("others", [[], [{"type": "home", "value": "h@example.com"}]])
def test_an_element_that_is_not_there_is_made(scim: Scim, op: str, others: list[Resource]) -> None:
    user = scim.user(emails=others)
    after = scim.changed(user, {"op": op, "path": f"{WORK}.value", "value": "w@example.com"})
    assert after["emails"] == [*others, {"type": "work", "value": "w@example.com"}]


@pytest.mark.line("13.71")
def test_several_parts_of_one_new_address_end_in_one_element(scim: Scim) -> None:
    home = {"type": "home", "locality": "Bergen"}
    parts = {"streetAddress": "1 Long Road", "locality": "Oslo", "postalCode": "0150", "country": "Norway"}
    operations = [
        {"op": "Add", "path": f'addresses[type eq "work"].{name}', "value": value} for name, value in parts.items()
    ]
    user = scim.changed(scim.user(addresses=[home]), *operations)
    assert user["addresses"] == [home, {"type": "work", **parts}]


@pytest.mark.line("13.72")
@pytest.mark.parametrize("literal", ['"True"', '"true"', "true"])
def test_every_true_hits_the_primary_element(scim: Scim, literal: str) -> None:
    user = scim.user(roles=[{"value": "a", "primary": True}, {"value": "b"}])
    after = scim.changed(user, replace(f"roles[primary eq {literal}].value", "c"))
    assert [role["value"] for role in after["roles"]] == ["c", "b"]


@pytest.mark.line("13.73")
def test_parts_of_the_primary_role_end_in_one_element(scim: Scim) -> None:
    parts = {"value": "admin", "display": "Administrator", "type": "App"}
    operations = [
        {"op": "Add", "path": f'roles[primary eq "True"].{name}', "value": value} for name, value in parts.items()
    ]
    assert scim.changed(scim.user(), *operations)["roles"] == [{"primary": True, **parts}]


@pytest.mark.line("13.74")
@pytest.mark.parametrize(
    "operation",
    [
        replace('emails[type eq "home"].primary', True),
        replace('emails[type eq "home"].primary', "True"),
        replace('emails[type eq "home"]', {"type": "home", "value": "h", "primary": True}),
        {"op": "add", "path": "emails", "value": [{"type": "other", "value": "o", "primary": True}]},
    ],
)
def test_there_is_one_primary_element(scim: Scim, operation: Operation) -> None:
    user = scim.user(emails=[{"type": "work", "value": "w", "primary": True}, {"type": "home", "value": "h"}])
    emails = scim.changed(user, operation)["emails"]
    assert [one["type"] for one in emails if one.get("primary")] == [operation_type(operation)]


def operation_type(operation: Operation) -> str:
    return "other" if operation["op"] == "add" else "home"


@pytest.mark.line("13.75")
def test_roles_as_json_texts_are_kept_byte_for_byte(scim: Scim) -> None:
    user = scim.changed(scim.user(), {"op": "Add", "path": "roles", "value": [{"value": ROLE_AS_JSON}]})
    assert user["roles"] == [{"value": ROLE_AS_JSON}]
    two = [{"type": "App", "value": "a"}, {"type": "App", "value": "b"}]
    assert scim.changed(user, {"op": "Add", "path": "roles", "value": two})["roles"] == [{"value": ROLE_AS_JSON}, *two]
    assert scim.changed(user, replace("roles", two))["roles"] == two


@pytest.mark.line("13.76")
@pytest.mark.parametrize("path", [f"{ENTERPRISE}:manager", "manager", f"{ENTERPRISE.lower()}:Manager"])
@pytest.mark.parametrize("value", ["m-1", {"value": "m-1"}, [{"value": "m-1"}], [{"$ref": "x", "value": "m-1"}]])
@pytest.mark.parametrize("op", ["Add", "Replace"])
def test_a_manager_is_set_in_every_form(scim: Scim, path: str, value: Any, op: str) -> None:
    user = scim.changed(scim.user(), {"op": op, "path": path, "value": value})
    assert user[ENTERPRISE]["manager"]["value"] == "m-1"
    assert ENTERPRISE in user["schemas"]


@pytest.mark.line("13.77")
@pytest.mark.parametrize(
    "operation",
    [
        replace(f"{ENTERPRISE}:manager", ""),
        replace(f"{ENTERPRISE}:manager", {"value": ""}),
        replace(f"{ENTERPRISE}:manager", None),
        replace(f"{ENTERPRISE}:manager.value", ""),
        replace(None, {f"{ENTERPRISE}:manager": ""}),
        replace(None, {ENTERPRISE: {"manager": None}}),
        {"op": "Remove", "path": f"{ENTERPRISE}:manager"},
        {"op": "Remove", "path": f"{ENTERPRISE}:manager", "value": "m-1"},
        {"op": "Remove", "path": "manager"},
    ],
)
def test_a_manager_is_cleared_in_every_form(scim: Scim, operation: Operation) -> None:
    user = scim.user(**{ENTERPRISE: {"manager": {"value": "m-1"}, "department": "Law"}})
    assert scim.changed(user, operation)[ENTERPRISE] == {"department": "Law"}


OPTIONAL = {
    "title": "Dean",
    "name.givenName": "Ann",
    f"{ENTERPRISE}:department": "Law",
    f"{WORK}.value": "a@example.com",
}


def somebody(scim: Scim) -> Resource:
    """Return a User with all that is optional here, and more."""
    return scim.user(
        title="Dean",
        name={"givenName": "Ann", "familyName": "Hill"},
        emails=[{"type": "work", "value": "a@example.com"}, {"type": "home", "value": "h@example.com"}],
        **{ENTERPRISE: {"department": "Law", "employeeNumber": "7"}},
    )


def values_of(user: Resource) -> set[str]:
    """Return what ``somebody`` has of it."""
    return {value for value in [*OPTIONAL.values(), "Hill", "h@example.com", "7"] if f"'{value}'" in str(user)}


@pytest.mark.line("13.78")
@pytest.mark.parametrize("nothing", ["", None])
@pytest.mark.parametrize("path", OPTIONAL)
def test_replacing_by_nothing_removes_what_is_optional(scim: Scim, nothing: str | None, path: str) -> None:
    user = somebody(scim)
    assert values_of(scim.changed(user, replace(path, nothing))) == values_of(user) - {OPTIONAL[path]}


@pytest.mark.line("13.78")
@pytest.mark.parametrize("nothing", ["", None])
def test_nothing_in_a_value_without_a_path_removes_what_is_optional(scim: Scim, nothing: str | None) -> None:
    user = somebody(scim)
    cleared = {"title": nothing, "name.givenName": nothing, f"{ENTERPRISE}:department": nothing}
    assert values_of(scim.changed(user, replace(None, cleared))) == values_of(user) - {"Dean", "Ann", "Law"}


@pytest.mark.line("13.78")
@pytest.mark.parametrize("nothing", ["", None, "  "])
@pytest.mark.parametrize("path", ["userName", None])
def test_replacing_by_nothing_is_refused_for_what_is_required(
    scim: Scim, nothing: str | None, path: str | None
) -> None:
    user = scim.user(title="Clerk")
    change = replace(path, nothing if path else {"userName": nothing})
    assert scim.patch(path_of(user), replace("title", "Dean"), change).status == 400
    assert scim.read(user) == user


@pytest.mark.line("13.79")
@pytest.mark.parametrize("value", ["the same", "something else", "", None])
@pytest.mark.parametrize("path", OPTIONAL)
def test_a_removal_never_keeps_its_value(scim: Scim, value: str | None, path: str) -> None:
    user = somebody(scim)
    told = OPTIONAL[path] if value == "the same" else value
    after = scim.changed(user, {"op": "Remove", "path": path, "value": told})
    assert values_of(after) == values_of(user) - {OPTIONAL[path]}
    assert "something else" not in str(after)


@pytest.mark.line("13.80")
@pytest.mark.parametrize("path", ["title", "name", "name.givenName", "emails", f"{WORK}", f"{ENTERPRISE}:department"])
def test_removing_what_is_not_there_changes_nothing(scim: Scim, path: str) -> None:
    user = scim.user()
    answer = scim.patch(path_of(user), {"op": "remove", "path": path})
    assert answer.status == 200 or answer.fault == (400, "noTarget")
    assert scim.read(user) == user


@pytest.mark.line("13.81")
@pytest.mark.parametrize("path", [f"{CORE}:User:title", f"{CORE}:user:TITLE"])
def test_core_attributes_may_be_fully_qualified(scim: Scim, path: str) -> None:
    assert scim.changed(scim.user(), replace(path, "Dean"))["title"] == "Dean"


@pytest.mark.line("13.82")
@pytest.mark.parametrize(
    "path",
    [
        f"{ENTERPRISE}:manager.value",
        f'{ENTERPRISE}:manager[value eq "m-1"].displayName',
        'urn:example:2.0:User:organizations[type eq "school"].symbol',
        "urn:example:2.0:User:organization.location",
        "contacts[primary eq true]",
        "nonsense[x]",
    ],
)
@pytest.mark.parametrize("op", ["Add", "Replace"])
def test_no_path_becomes_the_name_of_an_attribute(scim: Scim, path: str, op: str) -> None:
    user = scim.user()
    answer = scim.patch(path_of(user), {"op": op, "path": path, "value": "x"})
    assert answer.status in {200, 400}
    after = scim.read(user)
    assert not any("[" in name or name == path for name in [*after, *after.get(ENTERPRISE, {})])


@pytest.mark.line("13.84")
def test_the_servers_own_in_a_value_is_passed_over(scim: Scim) -> None:
    user = scim.user()
    own = {"id": "x", "meta": {"created": "2001-01-01T00:00:00Z"}, "groups": [{"value": "g"}], "schemas": []}
    after = scim.changed(user, {"op": "replace", "value": {**own, "title": "Dean"}})
    assert (after["id"], after["title"], after["meta"]["created"]) == (user["id"], "Dean", user["meta"]["created"])
    assert "groups" not in after


@pytest.mark.line("13.84")
@pytest.mark.parametrize(
    ("path", "value"), [("id", "x"), ("meta", {}), ("meta.created", "x"), ("groups", [{"value": "g"}])]
)
def test_the_servers_own_by_its_path_is_refused(scim: Scim, path: str, value: Any) -> None:
    user = scim.user()
    assert scim.patch(path_of(user), replace(path, value)).fault == (400, "mutability")
    assert scim.read(user) == user


@pytest.mark.line("13.85")
def test_a_rename_changes_everything_at_once(scim: Scim) -> None:
    old, new = scim.new_name(), scim.new_name()
    user = scim.user(userName=old, emails=[{"type": "work", "value": old}], name={"familyName": "Hill"})
    after = scim.changed(
        user,
        replace("userName", new),
        replace("displayName", "Anna Lind"),
        replace("name.familyName", "Lind"),
        replace(f"{WORK}.value", new),
    )
    assert (after["userName"], after["displayName"], after["name"]["familyName"]) == (new, "Anna Lind", "Lind")
    for name, found in ((old, set()), (new.upper(), {user["id"]})):
        assert scim.found("/Users", f'userName eq "{name}"') == found
        assert scim.found("/Users", f'emails.value eq "{name}"') == found


@pytest.mark.line("13.86")
def test_a_rename_onto_a_name_in_use_changes_nothing(scim: Scim) -> None:
    ann, bob = scim.user(), scim.user()
    answer = scim.patch(path_of(bob), replace("title", "Dean"), replace("userName", ann["userName"].upper()))
    assert answer.fault == (409, "uniqueness")
    assert scim.read(bob) == bob


@pytest.mark.line("13.87")
@pytest.mark.parametrize("path", ["title", "active", "userName", "emails"])
def test_a_value_replaced_by_itself_succeeds_and_changes_nothing(scim: Scim, path: str) -> None:
    user = scim.user(title="Dean", emails=[{"type": "work", "value": "w"}])
    assert scim.changed(user, replace(path, user[path])) == user


@pytest.mark.line("13.88")
def test_a_change_is_answered_with_the_whole_user(scim: Scim) -> None:
    user = scim.user(active=False, **{ENTERPRISE: {"department": "Law"}})
    answer = scim.patch(path_of(user), replace("title", "Dean"))
    assert (answer.status, answer.json["title"], answer.json["active"]) == (200, "Dean", False)
    assert answer.json == scim.read(user)


@pytest.mark.line("13.89")
def test_of_quick_changes_in_a_row_the_last_one_wins(scim: Scim) -> None:
    user = scim.user()
    for number in range(30):
        answer = scim.send("PATCH", path_of(user), {"Operations": [replace("title", f"{number}")]}, gateway=number)
        assert answer.json["title"] == f"{number}"
    assert scim.read(user)["title"] == "29"


@pytest.mark.line("13.90")
def test_a_restored_user_has_everything_back(scim: Scim) -> None:
    user = scim.user(title="Dean", externalId="1", **{ENTERPRISE: {"department": "Law"}})
    group = scim.group(user)
    before = scim.read(user)
    scim.changed(user, replace("active", "False"))
    after = scim.changed(user, replace("active", "True"))
    assert {**after, "meta": None} == {**before, "meta": None}
    assert [one["value"] for one in after["groups"]] == [group["id"]]
    assert scim.found("/Groups", f'members.value eq "{user["id"]}"') == {group["id"]}
    assert scim.together(Call("GET", path_of(user)))[0].json == after
