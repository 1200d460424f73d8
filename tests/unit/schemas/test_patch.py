import copy
from typing import Any

import pytest

from schemas.messages.commands import PatchOperation
from schemas.scim.definitions.catalog import ENTERPRISE_USER
from schemas.scim.errors import InvalidValueError, MutabilityError, NoTargetError, TooManyError
from schemas.scim.patch import apply_patch
from tests.unit.schemas.patching import BADGED, BADGES, GROUP, USER, parsed, patched

Attributes = dict[str, Any]
WORK = {"value": "work@x", "type": "work", "primary": True, "display": "W"}
HOME = {"value": "home@x", "type": "home"}
BOTH_DIALECTS = pytest.mark.parametrize("strict", [False, True])


def bob(**more: Any) -> Attributes:
    return {"userName": "bob", "active": True} | more


def add(path: str | None, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def replace(path: str | None, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def remove(path: str, *value: Any) -> dict[str, Any]:
    return {"op": "remove", "path": path} | ({"value": value[0]} if value else {})


@BOTH_DIALECTS
@pytest.mark.parametrize(
    ("before", "operation", "after"),
    [
        # RFC 7644, 3.5.2.1: add.
        (bob(), add("title", "x"), bob(title="x")),
        (bob(title="w"), add("title", "x"), bob(title="x")),
        (bob(), add("urn:ietf:params:scim:schemas:core:2.0:User:TITLE", "x"), bob(title="x")),
        (bob(), add("externalId", "E"), bob(externalId="E")),
        (bob(), add("name.givenName", "g"), bob(name={"givenName": "g"})),
        (
            bob(name={"familyName": "f"}),
            add("name", {"givenName": "g"}),
            bob(name={"familyName": "f", "givenName": "g"}),
        ),
        (bob(), add("emails", [HOME]), bob(emails=[HOME])),
        (bob(emails=[WORK]), add("emails", [HOME]), bob(emails=[WORK, HOME])),
        (bob(emails=[WORK]), add("emails", HOME), bob(emails=[WORK, HOME])),
        (bob(emails=[WORK]), add("emails", []), bob(emails=[WORK])),
        (bob(emails=[WORK]), add("emails", [WORK, WORK]), bob(emails=[WORK])),
        (bob(emails=[HOME]), add("emails", HOME | {"display": "H"}), bob(emails=[HOME | {"display": "H"}])),
        (
            bob(emails=[HOME, WORK]),
            add('emails[type eq "WORK"].display', "x"),
            bob(emails=[HOME, WORK | {"display": "x"}]),
        ),
        (bob(emails=[HOME]), add('emails[type eq "home"]', {"display": "x"}), bob(emails=[HOME | {"display": "x"}])),
        (bob(), add("emails.value", "x"), bob(emails=[{"value": "x"}])),
        (
            bob(title="t", emails=[WORK]),
            add(None, {"title": "x", "emails": [HOME], "name": {"givenName": "g"}}),
            bob(title="x", emails=[WORK, HOME], name={"givenName": "g"}),
        ),
        # RFC 7644, 3.5.2.2: remove.
        (bob(title="x"), remove("title"), bob()),
        (bob(), remove("title"), bob()),
        (bob(name={"givenName": "g"}), remove("name"), bob()),
        (bob(name={"givenName": "g"}), remove("name.givenName"), bob()),
        (bob(name={"givenName": "g", "familyName": "f"}), remove("name.givenName"), bob(name={"familyName": "f"})),
        (bob(emails=[WORK, HOME]), remove("emails"), bob()),
        (bob(emails=[WORK, HOME]), remove('emails[type eq "work"]'), bob(emails=[HOME])),
        (bob(emails=[HOME]), remove('emails[type eq "home" and value sw "h"]'), bob()),
        (bob(emails=[WORK, HOME]), remove('emails[type eq "work" or value eq "HOME@X"]'), bob()),
        (bob(emails=[WORK, HOME]), remove("emails[not (primary eq true)]"), bob(emails=[WORK])),
        (bob(emails=[HOME]), remove('emails[type eq "work"]'), bob(emails=[HOME])),
        (bob(), remove('emails[type eq "work"].value'), bob()),
        (
            bob(emails=[WORK, HOME | {"display": "H"}]),
            remove('emails[type eq "home"].display'),
            bob(emails=[WORK, HOME]),
        ),
        (
            bob(emails=[WORK, HOME]),
            remove("emails.display"),
            bob(emails=[{"value": "work@x", "type": "work", "primary": True}, HOME]),
        ),
        (bob(title="x"), remove("title", "something else"), bob()),
        # RFC 7644, 3.5.2.3: replace.
        (bob(), replace("title", "x"), bob(title="x")),
        (bob(title="w"), replace("title", "x"), bob(title="x")),
        (bob(title="w"), replace("title", None), bob()),
        (bob(title="w"), replace("title", []), bob()),
        (
            bob(name={"familyName": "f", "givenName": "g"}),
            replace("name", {"givenName": "h"}),
            bob(name={"familyName": "f", "givenName": "h"}),
        ),
        (
            bob(name={"familyName": "f", "givenName": "g"}),
            replace("name", {"givenName": None}),
            bob(name={"familyName": "f"}),
        ),
        (bob(name={"familyName": "f"}), replace("name", None), bob()),
        (bob(name={"familyName": "f"}), replace("name.familyName", "g"), bob(name={"familyName": "g"})),
        (bob(name={"familyName": "f"}), replace("name.familyName", None), bob()),
        (bob(emails=[WORK]), replace("emails", [HOME]), bob(emails=[HOME])),
        (bob(emails=[WORK]), replace("emails", HOME), bob(emails=[HOME])),
        (bob(emails=[WORK]), replace("emails", []), bob()),
        (bob(emails=[WORK]), replace("emails", None), bob()),
        (
            bob(emails=[WORK, HOME]),
            replace('emails[type eq "home"]', {"value": "new@x", "type": "home", "display": "N"}),
            bob(emails=[WORK, {"value": "new@x", "type": "home", "display": "N"}]),
        ),
        (bob(emails=[WORK, HOME]), replace('emails[type eq "home"]', None), bob(emails=[WORK])),
        (
            bob(emails=[WORK, HOME]),
            replace('emails[type eq "home"].value', "n"),
            bob(emails=[WORK, HOME | {"value": "n"}]),
        ),
        (
            bob(emails=[WORK, HOME]),
            replace("emails[value pr].display", "D"),
            bob(emails=[WORK | {"display": "D"}, HOME | {"display": "D"}]),
        ),
        (bob(title="t"), replace(None, {"nickName": "n", "title": None}), bob(nickName="n")),
        (bob(active=True), replace("active", False), bob(active=False)),
        (bob(active=True), replace(None, {"active": False}), bob(active=False)),
        # Extensions.
        (bob(), add(f"{ENTERPRISE_USER}:department", "d"), bob(**{ENTERPRISE_USER: {"department": "d"}})),
        (
            bob(**{ENTERPRISE_USER: {"department": "d"}}),
            replace(None, {ENTERPRISE_USER.upper(): {"costCenter": "c"}}),
            bob(**{ENTERPRISE_USER: {"department": "d", "costCenter": "c"}}),
        ),
        (
            bob(**{ENTERPRISE_USER: {"department": "d"}}),
            replace(ENTERPRISE_USER, {"department": "e", "division": None}),
            bob(**{ENTERPRISE_USER: {"department": "e"}}),
        ),
        (bob(**{ENTERPRISE_USER: {"department": "d"}}), remove(f"{ENTERPRISE_USER}:department"), bob()),
        (bob(**{ENTERPRISE_USER: {"department": "d", "division": "v"}}), remove(ENTERPRISE_USER), bob()),
        (bob(**{ENTERPRISE_USER: {"department": "d"}}), replace(None, {ENTERPRISE_USER: None}), bob()),
        (
            bob(**{ENTERPRISE_USER: {"department": "d"}}),
            add(ENTERPRISE_USER, {}),
            bob(**{ENTERPRISE_USER: {"department": "d"}}),
        ),
        (
            bob(),
            add(f"{ENTERPRISE_USER}:manager", {"value": "m", "$ref": "../m", "displayName": "M"}),
            bob(**{ENTERPRISE_USER: {"manager": {"value": "m"}}}),
        ),
        (
            bob(),
            replace(f"{ENTERPRISE_USER}:manager.value", "m"),
            bob(**{ENTERPRISE_USER: {"manager": {"value": "m"}}}),
        ),
        (
            bob(**{ENTERPRISE_USER: {"manager": {"value": "m"}}}),
            replace(f"{ENTERPRISE_USER}:manager", {"value": None}),
            bob(),
        ),
        (bob(**{ENTERPRISE_USER: {"manager": {"value": "m"}}}), remove(f"{ENTERPRISE_USER}:manager.value"), bob()),
        (
            bob(**{ENTERPRISE_USER: {"manager": {"value": "m"}}}),
            remove(f"{ENTERPRISE_USER}:manager.$ref"),
            bob(**{ENTERPRISE_USER: {"manager": {"value": "m"}}}),
        ),
    ],
)
def test_an_operation_does_what_the_rfc_says(
    before: Attributes, operation: dict[str, Any], after: Attributes, strict: bool
) -> None:
    untouched = copy.deepcopy(before)
    assert patched(before, operation, strict=strict) == after
    assert before == untouched


@pytest.mark.parametrize(
    ("before", "operation", "after"),
    [
        (bob(emails=[WORK, HOME]), remove("emails", [{"value": "home@x"}]), bob(emails=[WORK])),
        (bob(emails=[WORK, HOME]), remove("emails", {"value": "home@x", "type": "work"}), bob(emails=[WORK, HOME])),
        (bob(addresses=[{"locality": "a"}]), remove("addresses", [{"locality": "a"}]), bob()),
    ],
)
def test_elements_in_a_removals_value_are_what_goes_and_a_strict_reading_refuses_them(
    before: Attributes, operation: dict[str, Any], after: Attributes
) -> None:
    assert patched(before, operation) == after
    with pytest.raises(InvalidValueError):
        parsed(operation, strict=True)


@BOTH_DIALECTS
@pytest.mark.parametrize(
    "operation",
    [
        add("emails", HOME | {"primary": True}),
        add("emails", {"value": "home@x", "type": "home", "primary": True}),
        add('emails[type eq "home"].primary', value=True),
        replace('emails[type eq "home"].primary', value=True),
        replace('emails[type eq "home"]', HOME | {"primary": True}),
        add('emails[type eq "home"]', {"primary": True}),
        add(None, {"emails": [HOME | {"primary": True}]}),
    ],
)
def test_a_new_primary_is_the_only_one(operation: dict[str, Any], strict: bool) -> None:
    after = patched(bob(emails=[WORK, HOME]), operation, strict=strict)
    assert after["emails"] == [WORK | {"primary": False}, HOME | {"primary": True}]


@BOTH_DIALECTS
def test_of_several_chosen_elements_one_becomes_primary(strict: bool) -> None:
    after = patched(
        bob(emails=[HOME, HOME | {"value": "b"}]), replace('emails[type eq "home"].primary', value=True), strict=strict
    )
    assert [element.get("primary") for element in after["emails"]] == [True, False]


@BOTH_DIALECTS
def test_a_primary_stays_when_others_change(strict: bool) -> None:
    after = patched(bob(emails=[WORK, HOME]), replace('emails[type eq "home"].display', "x"), strict=strict)
    assert after["emails"][0] == WORK


def test_a_refusal_names_no_value() -> None:
    for path in ('emails[value eq "secret"].type', 'emails[value eq "secret" or value eq "x"]'):
        with pytest.raises(NoTargetError) as refusal:
            patched(bob(emails=[WORK]), replace(path, "secret" if "]." in path else HOME), strict=True)
        assert refusal.value.detail.startswith("emails")
        assert "secret" not in refusal.value.detail


def test_a_message_asks_for_limited_work_on_long_lists() -> None:
    before = bob(emails=[{"value": str(number), "type": "work"} for number in range(1000)])
    change = replace('emails[type eq "work"].display', "x")
    assert len(patched(before, *[change] * 50)["emails"]) == 1000
    with pytest.raises(TooManyError):
        patched(before, *[change] * 51)


@BOTH_DIALECTS
def test_operations_see_the_results_of_those_before_them(strict: bool) -> None:
    operations = [
        add("emails", {"value": "a", "type": "other"}),
        replace('emails[type eq "other"].value', "b"),
        remove('emails[value eq "home@x"]'),
        add("title", "x"),
        remove("title"),
    ]
    assert patched(bob(emails=[HOME]), *operations, strict=strict) == bob(emails=[{"value": "b", "type": "other"}])


@BOTH_DIALECTS
def test_one_operation_that_fails_undoes_all(strict: bool) -> None:
    before = bob(title="t", emails=[WORK])
    operations = parsed(
        replace("title", "x"),
        remove("emails"),
        replace('emails[value co "x" or value co "y"].value', "z"),
        strict=strict,
    )
    with pytest.raises(NoTargetError):
        apply_patch(before, operations, USER, strict=strict)
    assert before == bob(title="t", emails=[WORK])


@pytest.mark.parametrize("operation", [add, replace])
@pytest.mark.parametrize(
    ("path", "value", "element"),
    [
        ('emails[type eq "work"].value', "x", {"type": "work", "value": "x"}),
        ('emails[type eq "work"]', {"value": "x"}, {"type": "work", "value": "x"}),
        ('emails[type eq "work" and display eq "D"].value', "x", {"type": "work", "display": "D", "value": "x"}),
        ('emails[primary eq "True"].value', "x", {"primary": True, "value": "x"}),
        ("emails[primary eq true].value", "x", {"primary": True, "value": "x"}),
        ('emails[type eq "work"].type', "home", {"type": "home"}),
    ],
)
def test_only_tolerant_makes_the_element_that_the_filter_describes(
    operation: Any, path: str, value: Any, element: Attributes
) -> None:
    assert patched(bob(), operation(path, value)) == bob(emails=[element])
    assert patched(bob(emails=[HOME]), operation(path, value)) == bob(emails=[HOME, element])
    with pytest.raises(NoTargetError):
        patched(bob(emails=[HOME]), operation(path, value), strict=True)


@pytest.mark.parametrize(
    "path",
    [
        'emails[type eq "work" or type eq "other"].value',
        'emails[not (type eq "home")].value',
        'emails[type sw "w"].value',
        'emails[type eq "work" and display pr].value',
        'emails[type eq "work" and type eq "other"].value',
        "emails[type eq null].value",
    ],
)
def test_a_filter_that_describes_no_element_has_no_target(path: str) -> None:
    for operation in (add, replace):
        with pytest.raises(NoTargetError):
            patched(bob(emails=[HOME]), operation(path, "x"))


def test_several_parts_of_one_absent_element_end_in_one_element() -> None:
    parts = {"streetAddress": "s", "locality": "l", "postalCode": "p", "country": "c"}
    operations = [add(f'addresses[type eq "work"].{name}', value) for name, value in parts.items()]
    home = {"type": "home", "locality": "h"}
    assert patched(bob(addresses=[home]), *operations) == bob(addresses=[home, {"type": "work"} | parts])


def test_several_parts_of_one_absent_primary_role_end_in_one_element() -> None:
    operations = [add(f'roles[primary eq "True"].{name}', name) for name in ("value", "display", "type")]
    before = bob(roles=[{"value": "r"}])
    role = {"primary": True, "value": "value", "display": "display", "type": "type"}
    assert patched(before, *operations) == bob(roles=[{"value": "r"}, role])


@pytest.mark.parametrize(
    "operation", [replace('phoneNumbers[type eq "fax"].value', ""), remove('phoneNumbers[type eq "fax"].value')]
)
def test_an_element_that_says_nothing_goes_where_tolerant(operation: dict[str, Any]) -> None:
    before = bob(phoneNumbers=[{"type": "fax", "value": "1"}, {"type": "work", "value": "2"}])
    assert patched(before, operation) == bob(phoneNumbers=[{"type": "work", "value": "2"}])


def test_a_part_of_an_element_goes_alone_where_strict() -> None:
    before = bob(phoneNumbers=[{"type": "fax", "value": "1"}])
    after = patched(before, remove('phoneNumbers[type eq "fax"].value'), strict=True)
    assert after == bob(phoneNumbers=[{"type": "fax"}])


def test_clearing_a_part_of_an_absent_element_changes_nothing_where_tolerant() -> None:
    clearing = replace('phoneNumbers[type eq "fax"].value', "")
    assert patched(bob(), clearing) == bob()
    with pytest.raises(NoTargetError):
        patched(bob(), replace('phoneNumbers[type eq "fax"].value', None), strict=True)


def test_empty_text_clears_where_tolerant_and_is_a_text_where_strict() -> None:
    assert patched(bob(title="x"), replace("title", "")) == bob()
    assert patched(bob(title="x"), replace(None, {"title": ""})) == bob()
    assert patched(bob(emails=[WORK]), replace("emails", "")) == bob()
    assert patched(bob(title="x"), replace("title", ""), strict=True) == bob(title="")


def test_a_replaced_element_stays_of_its_kind_where_tolerant() -> None:
    operation = replace('emails[type eq "work"]', {"value": "new"})
    assert patched(bob(emails=[WORK]), operation) == bob(emails=[{"type": "work", "value": "new"}])
    assert patched(bob(emails=[WORK]), operation, strict=True) == bob(emails=[{"value": "new"}])


@BOTH_DIALECTS
def test_elements_that_become_equal_become_one(strict: bool) -> None:
    before = bob(emails=[{"value": "a", "type": "x"}, {"value": "b", "type": "x"}])
    assert patched(before, replace('emails[type eq "x"].value', "c"), strict=strict) == bob(
        emails=[{"value": "c", "type": "x"}]
    )


@BOTH_DIALECTS
def test_two_roles_of_one_type_are_both_kept_as_they_are(strict: bool) -> None:
    texts = ['{"id":"1","value":"Admin"}', '{"id":"2","value":"User"}']
    roles = [{"type": "WindowsAzureActiveDirectoryRole", "value": text} for text in texts]
    assert patched(bob(), add("roles", roles), strict=strict) == bob(roles=roles)


@BOTH_DIALECTS
def test_what_is_carried_applies_as_what_was_sent(strict: bool) -> None:
    operations = parsed(
        replace(
            None,
            {
                "title": None,
                "name": {"givenName": None, "familyName": "f"},
                ENTERPRISE_USER: {"manager": {"value": "m"}},
            },
        ),
        add("emails", HOME),
        remove('emails[value eq "work@x"]') if strict else remove("emails", [{"value": "work@x"}]),
        remove(ENTERPRISE_USER + ":department"),
        strict=strict,
    )
    again = parsed(
        *({"op": one.op, "path": one.path} | ({"value": one.value} if one.has_value else {}) for one in operations),
        strict=strict,
    )
    assert again == operations


def test_a_pathless_operation_applies_as_it_is() -> None:
    operation = PatchOperation("replace", None, {"title": "x", "Unknown": 1}, has_value=True)
    assert apply_patch(bob(), [operation], USER, strict=False) == bob(title="x")


# Members are carried out as edges by workers; applied to plain attributes they mean the same.


@BOTH_DIALECTS
@pytest.mark.parametrize(
    ("operation", "after"),
    [
        (add("members", [{"value": "b"}, {"value": "a"}]), ["a", "b"]),
        (remove('members[value eq "a"]'), []),
        (remove('members[value eq "z"]'), ["a"]),
        (remove("members"), []),
        (replace("members", [{"value": "c"}]), ["c"]),
        (replace("members", []), []),
        (replace(None, {"displayName": "G", "id": "1", "members": None}), ["a"]),
    ],
)
def test_members_are_edited(operation: dict[str, Any], after: list[str], strict: bool) -> None:
    if strict and operation["path"] is None:
        del operation["value"]["id"]
    group = {"displayName": "G", "members": [{"value": "a"}]}
    expected = {"displayName": "G"} | ({"members": [{"value": id} for id in after]} if after else {})
    assert patched(group, operation, resource_type=GROUP, strict=strict) == expected


# A tenant's own extension.


def badged(**badge: Any) -> Attributes:
    return bob(**{BADGES: {"level": 1} | badge})


def badge_patched(before: Attributes, *operations: dict[str, Any], strict: bool = False) -> Attributes:
    return patched(before, *operations, resource_type=BADGED, strict=strict)


@BOTH_DIALECTS
def test_an_immutable_attribute_is_set_once(strict: bool) -> None:
    number = f"{BADGES}:number"
    assert badge_patched(badged(), add(number, "1"), strict=strict) == badged(number="1")
    assert badge_patched(badged(number="1"), replace(number, "1"), strict=strict) == badged(number="1")
    for operation in (add(number, "2"), replace(number, "2"), replace(number, None), remove(number), remove(BADGES)):
        with pytest.raises(MutabilityError):
            badge_patched(badged(number="1"), operation, strict=strict)


@BOTH_DIALECTS
def test_an_immutable_part_of_an_element_is_set_once(strict: bool) -> None:
    before = badged(doors=[{"value": "north", "type": "x"}])
    doors = f"{BADGES}:doors"
    for operation in (
        replace(f'{doors}[type eq "x"].value', "south"),
        replace(f'{doors}[type eq "x"]', {"value": "south"}),
        add(f'{doors}[type eq "x"]', {"value": "south"}),
    ):
        with pytest.raises(MutabilityError):
            badge_patched(before, operation, strict=strict)
    assert badge_patched(before, replace(doors, [{"value": "south"}]), strict=strict) == badged(
        doors=[{"value": "south"}]
    )


@BOTH_DIALECTS
def test_an_extension_keeps_what_it_requires(strict: bool) -> None:
    assert badge_patched(bob(), add(BADGES, {"level": 1, "tags": ["a"]}), strict=strict) == badged(tags=["a"])
    assert badge_patched(badged(), remove(BADGES), strict=strict) == bob()
    with pytest.raises(InvalidValueError, match="level"):
        badge_patched(bob(), add(f"{BADGES}:tags", ["a"]), strict=strict)
    with pytest.raises(InvalidValueError, match="name"):
        badge_patched(badged(), add(f"{BADGES}:holder.note", "n"), strict=strict)


@BOTH_DIALECTS
def test_plain_values_are_added_and_removed(strict: bool) -> None:
    tags = f"{BADGES}:tags"
    before = badged(tags=["a", "b"])
    assert badge_patched(before, add(tags, ["b", "c"]), strict=strict) == badged(tags=["a", "b", "c"])
    assert badge_patched(before, add(tags, "c"), strict=strict) == badged(tags=["a", "b", "c"])
    assert badge_patched(before, remove(tags, ["b"])) == badged(tags=["a"])
    assert badge_patched(before, remove(f'{tags}[value eq "B"]'), strict=strict) == badged(tags=["a"])
    assert badge_patched(before, replace(f'{tags}[value eq "a"]', "c"), strict=strict) == badged(tags=["c", "b"])
    assert badge_patched(before, remove(f"{tags}[value pr]"), strict=strict) == badged()


@BOTH_DIALECTS
def test_lists_in_elements_are_changed(strict: bool) -> None:
    north = {"value": "north", "hours": ["9"]}
    hours = f'{BADGES}:doors[value eq "north"].hours'
    assert badge_patched(badged(doors=[north]), add(hours, ["9", "10"]), strict=strict) == badged(
        doors=[north | {"hours": ["9", "10"]}]
    )
    assert badge_patched(badged(doors=[north]), replace(hours, "11"), strict=strict) == badged(
        doors=[north | {"hours": ["11"]}]
    )
    assert badge_patched(badged(doors=[north]), remove(hours), strict=strict) == badged(doors=[{"value": "north"}])


def test_an_extension_path_with_a_filter_makes_its_element() -> None:
    after = badge_patched(badged(), add(f'{BADGES}:doors[value eq "south"].type', "x"))
    assert after == badged(doors=[{"value": "south", "type": "x"}])
