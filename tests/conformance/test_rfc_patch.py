"""PAT: PATCH of Users (RFC 7644, 3.5.2)."""

from typing import Any

import pytest

from tests.support.conformance_client import ENTERPRISE, PATCH_OP, USER, Call, Resource, Scim, path_of

_WORK = {"value": "b@work.org", "type": "work", "primary": True}
_HOME = {"value": "b@home.org", "type": "home"}
_OTHER = {"value": "b@other.org", "type": "other"}
_NAME = {"givenName": "Barbara", "familyName": "Jensen"}
_TOURS = {"department": "Tours", "employeeNumber": "7"}
_BARBARA: Resource = {"title": "Dean", "name": _NAME, "emails": [_WORK, _HOME], ENTERPRISE: _TOURS}
_SERVERS = frozenset({"schemas", "id", "meta", "userName", "active"})
_MISSING: Any = object()


def _barbara(scim: Scim) -> Resource:
    return scim.user(schemas=[USER, ENTERPRISE], **_BARBARA)


def _op(op: str, path: str | None = None, value: Any = _MISSING) -> Resource:
    given = {"op": op, "path": path, "value": value}
    return {name: it for name, it in given.items() if it is not None or name == "value" if it is not _MISSING}


def _at(op: str, path: str) -> Resource:
    return _op(op, path) if op == "remove" else _op(op, path, "x")


def _case(line: str, *operations: Resource, **changes: Any) -> Any:
    """Return the line's operations, and the attributes that are then as they were not."""
    return pytest.param(operations, changes, marks=pytest.mark.line(*line.split()))


def _refusal(line: str, fault: str, *operations: Any) -> Any:
    """Return the line's operations, and the SCIM error types that they may be refused with."""
    return pytest.param(operations, fault.split(), marks=pytest.mark.line(*line.split()))


@pytest.mark.parametrize(
    ("operations", "changes"),
    [
        # Paths.
        _case("PAT-06", _op("add", "nickName", "Babs"), nickName="Babs"),
        _case("PAT-06 PAT-55", _op("replace", "name.givenName", "B"), name={**_NAME, "givenName": "B"}),
        _case("PAT-06 PAT-36", _op("replace", f"{USER}:title", "Rector"), title="Rector"),
        _case("PAT-06 PAT-36", _op("remove", f"{USER}:name.givenName"), name={"familyName": "Jensen"}),
        _case("PAT-06 PAT-41", _op("remove", f'{USER}:emails[type eq "home"]'), emails=[_WORK]),
        _case(
            "PAT-06 PAT-36",
            _op("replace", f'{USER}:emails[type eq "home"].value', "x@x.org"),
            emails=[_WORK, {**_HOME, "value": "x@x.org"}],
        ),
        _case("PAT-07 CAS-01 CAS-02", _op("replace", "TITLE", "Rector"), title="Rector"),
        _case("PAT-07 CAS-02", _op("replace", f"{USER.upper()}:Name.GIVENNAME", "B"), name={**_NAME, "givenName": "B"}),
        _case("PAT-07", _op("remove", 'EMAILS[Type EQ "HOME"]'), emails=[_WORK]),
        _case(
            "PAT-07 CAS-06",
            _op("add", None, {"TITLE": "R", "name": {"GivenName": "B"}}),
            title="R",
            name={**_NAME, "givenName": "B"},
        ),
        # In order, each on what the one before made.
        _case("PAT-12", _op("remove", "emails"), _op("add", "emails", [_OTHER]), emails=[_OTHER]),
        _case("PAT-12", _op("add", "emails", [_OTHER]), _op("remove", 'emails[type eq "other"]')),
        # add
        _case(
            "PAT-23",
            _op("add", None, {"title": "Rector", "emails": [_OTHER]}),
            title="Rector",
            emails=[_WORK, _HOME, _OTHER],
        ),
        _case("PAT-24", _op("add", None, {ENTERPRISE: {"division": "D"}}), **{ENTERPRISE: {**_TOURS, "division": "D"}}),
        _case("PAT-25", _op("add", "displayName", "Babs J"), displayName="Babs J"),
        _case("PAT-26", _op("add", "title", "Rector"), title="Rector"),
        _case("PAT-27", _op("add", "emails", [_OTHER]), emails=[_WORK, _HOME, _OTHER]),
        _case("PAT-27", _op("add", "roles", [{"value": "a"}, {"value": "b"}]), roles=[{"value": "a"}, {"value": "b"}]),
        _case("PAT-28", _op("add", "emails", _OTHER), emails=[_WORK, _HOME, _OTHER]),
        _case("PAT-29", _op("add", "name", {"givenName": "B"}), name={**_NAME, "givenName": "B"}),
        _case("PAT-30", _op("add", "name.middleName", "J"), name={**_NAME, "middleName": "J"}),
        _case("PAT-30", _op("remove", "name"), _op("add", "name.middleName", "J"), name={"middleName": "J"}),
        _case(
            "PAT-30",
            _op("add", f"{ENTERPRISE}:manager.value", "m"),
            **{ENTERPRISE: {**_TOURS, "manager": {"value": "m"}}},
        ),
        _case("PAT-33", _op("add", 'emails[type eq "home"].display', "B"), emails=[_WORK, {**_HOME, "display": "B"}]),
        # remove
        _case("PAT-38", _op("remove", "title"), title=None),
        _case("PAT-39", _op("remove", "name"), name=None),
        _case("PAT-39", _op("remove", "name.givenName"), name={"familyName": "Jensen"}),
        _case("PAT-39 PAT-42", _op("remove", "name.givenName"), _op("remove", "name.familyName"), name=None),
        _case("PAT-40 PAT-42", _op("remove", "emails"), emails=None),
        _case("PAT-41", _op("remove", 'emails[type eq "home"]'), emails=[_WORK]),
        _case("PAT-41", _op("remove", 'emails[type eq "home" and value sw "b@h"]'), emails=[_WORK]),
        _case("PAT-41", _op("remove", 'emails[type eq "home" and value eq "x"]')),
        _case("PAT-41 PAT-42", _op("remove", 'emails[type eq "home" or value ew "work.org"]'), emails=None),
        _case("PAT-41", _op("remove", 'emails[not (type eq "home")]'), emails=[_HOME]),
        _case("PAT-41", _op("remove", "emails[primary eq true]"), emails=[_HOME]),
        _case("PAT-42", _op("remove", 'emails[type eq "home"]'), _op("remove", 'emails[type eq "work"]'), emails=None),
        _case(
            "PAT-43",
            _op("remove", 'emails[type eq "work"].primary'),
            emails=[{"value": "b@work.org", "type": "work"}, _HOME],
        ),
        _case("PAT-45 PAT-46", _op("remove", "nickName")),
        _case(
            "PAT-46", _op("remove", "roles"), _op("remove", "name.middleName"), _op("remove", f"{ENTERPRISE}:division")
        ),
        _case("PAT-47", _op("remove", f"{ENTERPRISE}:department"), **{ENTERPRISE: {"employeeNumber": "7"}}),
        _case("PAT-47", *(_op("remove", f"{ENTERPRISE}:{name}") for name in _TOURS), **{ENTERPRISE: None}),
        # replace
        _case("PAT-49", _op("replace", None, {"title": "Rector", "nickName": "B"}), title="Rector", nickName="B"),
        _case("PAT-49 PAT-51", _op("replace", None, {"emails": [_OTHER]}), emails=[_OTHER]),
        _case("PAT-50", _op("replace", "title", "Rector"), title="Rector"),
        _case("PAT-51", _op("replace", "emails", [_OTHER]), emails=[_OTHER]),
        _case("PAT-52", _op("replace", "nickName", "Babs"), nickName="Babs"),
        _case("PAT-52", _op("replace", "roles", [{"value": "a"}]), roles=[{"value": "a"}]),
        _case("PAT-53", _op("replace", "name", {"givenName": "B"}), name={**_NAME, "givenName": "B"}),
        _case("PAT-53", _op("replace", None, {"name": {"middleName": "J"}}), name={**_NAME, "middleName": "J"}),
        _case("PAT-54", _op("replace", 'emails[type eq "home"]', _OTHER), emails=[_WORK, _OTHER]),
        _case(
            "PAT-55",
            _op("replace", 'emails[type eq "work"].value', "x@x.org"),
            emails=[{**_WORK, "value": "x@x.org"}, _HOME],
        ),
        _case(
            "PAT-55",
            _op("replace", 'emails[value co "b@"].display', "B"),
            emails=[{**_WORK, "display": "B"}, {**_HOME, "display": "B"}],
        ),
        _case("PAT-57", _op("replace", "title", None), _op("replace", "name", None), title=None, name=None),
        _case("PAT-57", _op("replace", "emails", []), emails=None),
        _case("PAT-57", _op("replace", None, {"emails": None, "title": None}), emails=None, title=None),
        _case(
            "PAT-59", _op("replace", f"{ENTERPRISE}:department", "Law"), **{ENTERPRISE: {**_TOURS, "department": "Law"}}
        ),
        _case(
            "PAT-59",
            _op("replace", None, {ENTERPRISE: {"department": "Law"}}),
            **{ENTERPRISE: {**_TOURS, "department": "Law"}},
        ),
        # One primary value.
        _case(
            "PAT-16",
            _op("add", "emails", [{**_OTHER, "primary": True}]),
            emails=[{**_WORK, "primary": False}, _HOME, {**_OTHER, "primary": True}],
        ),
        _case(
            "PAT-16",
            _op("replace", 'emails[type eq "home"].primary', True),
            emails=[{**_WORK, "primary": False}, {**_HOME, "primary": True}],
        ),
        _case(
            "PAT-16",
            _op("replace", 'emails[type eq "home"]', {**_HOME, "primary": True}),
            emails=[{**_WORK, "primary": False}, {**_HOME, "primary": True}],
        ),
    ],
)
@pytest.mark.line("PAT-01", "PAT-04")
def test_operations_change_what_they_name_and_nothing_else(
    shared: Scim, operations: tuple[Resource, ...], changes: dict[str, Any]
) -> None:
    expected = {name: value for name, value in (_BARBARA | changes).items() if value is not None}
    for tenant in (shared, shared.strict):
        user = _barbara(tenant)
        answer = tenant.patch(path_of(user), *operations)
        assert answer.status == 200, answer
        assert _attributes(answer.json) == expected
        assert tenant.read(user) == answer.json


def _attributes(user: Resource) -> Resource:
    attributes = {name: value for name, value in user.items() if name not in _SERVERS}
    manager = attributes.get(ENTERPRISE, {}).get("manager", {})
    manager.pop("$ref", None)
    return attributes


_ADD: Resource = _op("add", "title", "Rector")


@pytest.mark.parametrize(
    ("operations", "types"),
    [
        _refusal("PAT-02 ERR-09", "invalidSyntax invalidValue"),
        _refusal("PAT-02", "invalidSyntax invalidValue", {"path": "title", "value": "x"}),
        _refusal("PAT-02 PAT-13", "invalidSyntax invalidValue", {"op": "move", "from": "title", "path": "nickName"}),
        _refusal("PAT-02 PAT-13", "invalidSyntax invalidValue", {"op": "copy", "from": "title", "path": "nickName"}),
        _refusal("PAT-02 PAT-13", "invalidSyntax invalidValue", {"op": "test", "path": "title", "value": "Dean"}),
        _refusal("PAT-02", "invalidSyntax invalidValue", {"op": ["add"], "path": "title", "value": "x"}),
        _refusal("PAT-02", "invalidSyntax invalidValue", "add"),
        _refusal("PAT-02", "invalidSyntax invalidValue", None),
        *(
            _refusal("PAT-08 ERR-10", "invalidPath invalidFilter", _op("replace", path, "x"))
            for path in (
                *(
                    "emails[",
                    "emails]",
                    "emails[type eq]",
                    'emails[type eq "work"',
                    'emails[type eq "work"]]',
                    "emails[]",
                ),
                *(
                    'emails[type eq "work"]value',
                    "name..givenName",
                    ".name",
                    "name.",
                    "na me",
                    "title title",
                    "na\u00efve",
                ),
                *(
                    'emails[type xx "work"].value',
                    "name.givenName.x",
                    'emails[nothing eq "x"].value',
                    'title[value eq "x"]',
                ),
            )
        ),
        *(
            _refusal("PAT-09", "invalidPath noTarget", _at(op, path))
            for op in ("add", "replace", "remove")
            for path in (
                "shoeSize",
                "name.nick",
                "urn:unknown:1.0:Thing:x",
                f"{ENTERPRISE}:shoeSize",
                f"{USER}:shoeSize",
            )
        ),
        *(
            _refusal("PAT-10 SCH-25", "invalidValue", _op(op, path, value))
            for op in ("add", "replace")
            for path, value in (
                *(
                    ("title", {"x": 1}),
                    ("title", 1),
                    ("title", ["a"]),
                    ("active", "perhaps"),
                    ("active", 1),
                    ("name", 1),
                ),
                *(
                    ("name", ["x"]),
                    ("name.givenName", {}),
                    ("emails", 1),
                    ("emails", [1]),
                    ('emails[type eq "work"]', 1),
                ),
                *((f"{ENTERPRISE}:department", {}), (None, "x"), (None, [1]), (None, {"title": 1})),
            )
        ),
        *(
            _refusal("PAT-18 PAT-44 ERR-08", "mutability", operation)
            for path, value in (("id", "x"), ("meta.created", "2020-01-01T00:00:00Z"), ("groups", [{"value": "x"}]))
            for operation in (_op("add", path, value), _op("replace", path, value), _op("remove", path))
        ),
        _refusal("PAT-18", "mutability", _op("replace", f"{ENTERPRISE}:manager.displayName", "Boss")),
        _refusal("PAT-22", "invalidValue", _op("add", "title")),
        _refusal("PAT-22", "invalidValue", _op("add")),
        _refusal("PAT-37 ERR-11", "noTarget", _op("remove")),
        _refusal("PAT-44 ERR-08", "mutability", _op("remove", "userName")),
        _refusal("PAT-44", "mutability", _op("remove", f"{USER}:USERNAME")),
        _refusal("PAT-58 ERR-12", "invalidValue mutability", _op("replace", "userName", None)),
        _refusal("PAT-58", "invalidValue mutability", _op("replace", None, {"userName": None})),
        _refusal("PAT-58 CRE-10", "invalidValue", _op("replace", "userName", " ")),
        *(
            _refusal("PAT-65", "invalidPath", _at(op, path))
            for op in ("add", "replace", "remove")
            for path in ("/name/familyName", "/title", "emails[0].value", "emails[0]", "emails/0/value")
        ),
    ],
)
def test_what_cannot_be_carried_out_is_refused_and_undoes_the_rest(
    shared: Scim, operations: tuple[Any, ...], types: list[str]
) -> None:
    tenant = shared.strict
    user = _barbara(tenant)
    answer = tenant.patch(path_of(user), *([_ADD, *operations] if operations else ()))
    assert answer.status == 400
    assert answer.json["scimType"] in types
    assert tenant.read(user) == user


@pytest.mark.line("PAT-08", "PAT-09", "PAT-65", "PAT-11", "13.63")
@pytest.mark.parametrize(
    "operation",
    [
        *(_op("replace", path, "x") for path in ("shoeSize", "/title", "emails[0].value", "name..x", "emails[type eq")),
        *(_op(op, "id", "x") for op in ("add", "replace", "remove")),
        *(_op("remove"), _op("remove", "userName"), _op("replace", "title", {"x": 1}), {"op": "move", "path": "title"}),
    ],
)
def test_a_tolerant_tenant_refuses_what_has_no_meaning(shared: Scim, operation: Resource) -> None:
    user = _barbara(shared)
    assert shared.patch(path_of(user), _ADD, operation).status == 400
    assert shared.read(user) == user


@pytest.mark.line("PAT-01", "PAT-02", "13.65")
@pytest.mark.parametrize(
    "body",
    [
        *(
            {},
            {"schemas": [PATCH_OP]},
            {"schemas": [PATCH_OP], "Operations": []},
            {"schemas": [PATCH_OP], "Operations": {}},
        ),
        *([], {"Operations": [_ADD]}, {"schemas": [USER], "Operations": [_ADD]}, {"schemas": [PATCH_OP], "title": "x"}),
    ],
)
def test_a_body_that_is_no_patch_message_is_refused(shared: Scim, body: Any) -> None:
    user = shared.strict.user()
    assert shared.strict.send("PATCH", path_of(user), body).fault == (400, "invalidSyntax")
    assert shared.strict.read(user) == user


@pytest.mark.line("PAT-03", "13.61")
@pytest.mark.parametrize("op", ["Add", "REPLACE", "rePlace", "Remove"])
def test_the_operations_name_is_read_in_any_case(shared: Scim, op: str) -> None:
    for tenant in (shared, shared.strict):
        user = _barbara(tenant)
        changed = tenant.changed(
            user, {"op": op, "path": "title", "value": "Rector"} if op != "Remove" else _op(op, "title")
        )
        assert changed.get("title") == (None if op == "Remove" else "Rector")


@pytest.mark.line("PAT-05", "ERR-16")
@pytest.mark.parametrize("path", ["/Users", "/Groups"])
def test_what_does_not_exist_cannot_be_modified(scim: Scim, path: str) -> None:
    change = _op("add", "externalId", "x")
    assert scim.patch(f"{path}/{'0' * 32}", change).status == 404
    assert scim.patch(f"{path}/unknown", change).status == 404
    assert scim.get(path).json["totalResults"] == 0


@pytest.mark.line("PAT-14", "PAT-15")
def test_a_change_moves_the_version_and_keeps_the_id(scim: Scim) -> None:
    user = scim.user()
    changed = scim.patch(path_of(user), _op("add", f"{ENTERPRISE}:department", "Tours")).json
    assert {*changed["schemas"]} == {USER, ENTERPRISE}
    assert (changed["id"], changed["meta"]["created"]) == (user["id"], user["meta"]["created"])
    assert changed["meta"]["lastModified"] > user["meta"]["lastModified"]
    assert changed["meta"]["version"] != user["meta"]["version"]


@pytest.mark.line("PAT-17", "UNQ-02", "UNQ-08", "13.86")
def test_a_name_in_use_cannot_be_taken(scim: Scim) -> None:
    scim.user(userName="ann")
    bob = scim.user(userName="bob")
    for operation in (_op("replace", "userName", "ANN"), _op("add", None, {"userName": "ann", "title": "x"})):
        assert scim.patch(path_of(bob), _ADD, operation).fault == (409, "uniqueness")
        assert scim.read(bob) == bob
    assert scim.changed(bob, _op("replace", "userName", "BOB"))["userName"] == "BOB"


@pytest.mark.line("PAT-20", "SCH-09")
def test_a_password_may_be_replaced_and_is_not_returned(scim: Scim) -> None:
    user = scim.strict.user()
    for operation in (_op("replace", "password", "s3cret!"), _op("add", None, {"password": "s3cret!"})):
        answer = scim.strict.patch(path_of(user), operation)
        assert answer.status == 200
        assert b"s3cret" not in answer.body


@pytest.mark.line("PAT-21", "CON-06")
def test_none_of_many_parallel_additions_is_lost(scim: Scim) -> None:
    user = scim.user()
    phones = [{"value": f"+1 {number}"} for number in range(24)]
    bodies = [{"schemas": [PATCH_OP], "Operations": [_op("add", "phoneNumbers", [phone])]} for phone in phones]
    answers = scim.together(*(Call("PATCH", path_of(user), body) for body in bodies))
    assert {answer.status for answer in answers} == {200}
    numbers = [phone["value"] for phone in scim.read(user)["phoneNumbers"]]
    assert sorted(numbers) == sorted(phone["value"] for phone in phones)


@pytest.mark.line("PAT-31", "PAT-32", "ETG-06", "13.87")
@pytest.mark.parametrize(
    "operation",
    [
        *(
            _op("add", "title", "Dean"),
            _op("add", "emails", [_WORK]),
            _op("add", "emails", _HOME),
            _op("replace", "name", _NAME),
        ),
        *(_op("add", None, _BARBARA), _op("replace", None, _BARBARA), _op("replace", "emails", [_WORK, _HOME])),
        *(
            _op("remove", "nickName"),
            _op("remove", 'emails[type eq "x"]'),
            _op("replace", f"{ENTERPRISE}:department", "Tours"),
        ),
    ],
)
def test_what_is_there_already_is_no_change(shared: Scim, operation: Resource) -> None:
    for tenant in (shared, shared.strict):
        user = _barbara(tenant)
        answer = tenant.patch(path_of(user), operation)
        assert answer.status == 200
        assert tenant.read(user) == answer.json == user


@pytest.mark.line("PAT-34", "PAT-56", "ERR-11")
@pytest.mark.parametrize("op", ["add", "replace"])
@pytest.mark.parametrize(
    ("path", "value"), [('emails[type eq "x"].value', "x@x.org"), ('emails[type eq "x"]', {"value": "x"})]
)
def test_a_filter_that_matches_nothing_has_no_target_where_strict(shared: Scim, op: str, path: str, value: Any) -> None:
    user = _barbara(shared.strict)
    assert shared.strict.patch(path_of(user), _ADD, _op(op, path, value)).fault == (400, "noTarget")
    assert shared.strict.read(user) == user
    made = shared.changed(_barbara(shared), _op(op, path, value))
    assert made["emails"] == [
        _WORK,
        _HOME,
        {"type": "x", "value": value["value"] if isinstance(value, dict) else value},
    ]


@pytest.mark.line("PAT-61", "13.84")
def test_read_only_attributes_in_a_value_are_never_applied(scim: Scim) -> None:
    value = {"id": "x", "meta": {"created": "2020-01-01T00:00:00Z"}, "groups": [{"value": "x"}], "title": "Rector"}
    user = _barbara(scim)
    changed = scim.changed(user, _op("replace", None, value))
    assert (changed["id"], changed["title"]) == (user["id"], "Rector")
    strict = _barbara(scim.strict)
    answer = scim.strict.patch(path_of(strict), _op("replace", None, value))
    assert answer.fault == (400, "mutability")
    assert scim.strict.read(strict) == strict


@pytest.mark.line("PAT-63")
@pytest.mark.parametrize(("text", "boolean"), [("False", False), ("true", True)])
def test_a_boolean_as_text_is_refused_or_converted(scim: Scim, text: str, boolean: bool) -> None:
    user = scim.strict.user()
    assert scim.strict.patch(path_of(user), _op("replace", "active", text)).fault == (400, "invalidValue")
    assert scim.changed(scim.user(active=not boolean), _op("replace", "active", text))["active"] is boolean


@pytest.mark.line("PAT-64")
def test_a_replacement_without_a_value_is_refused(scim: Scim) -> None:
    for tenant in (scim, scim.strict):
        user = _barbara(tenant)
        assert tenant.patch(path_of(user), _op("replace", "title")).fault == (400, "invalidValue")
        assert tenant.read(user) == user


@pytest.mark.line("PAT-65")
def test_a_pointer_in_a_value_is_never_stored_as_a_name(scim: Scim) -> None:
    user = _barbara(scim)
    answer = scim.patch(path_of(user), _op("add", None, {"/title": "x", "emails[0].value": "x", "title.x": "y"}))
    assert answer.status in {200, 400}
    assert scim.read(user).keys() == user.keys()


@pytest.mark.line("ERR-06", "13.66")
def test_a_message_that_asks_for_too_much_is_refused_plainly(scim: Scim) -> None:
    user = scim.user()
    operations = [_op("replace", "title", f"title {number}") for number in range(3000)]
    assert scim.patch(path_of(user), *operations).fault == (400, "tooMany")
    assert scim.changed(user, *operations[:1000])["title"] == "title 999"
