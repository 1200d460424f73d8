"""Extension schemas of a tenant: what can be registered, what may change, and what it then means everywhere."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.scim.conformity import conformed, misfits
from schemas.scim.definitions.catalog import ENTERPRISE_USER, USER, compile_schema, core_catalog
from schemas.scim.definitions.extensions import (
    MAX_ATTRIBUTES,
    MAX_DOCUMENT_LENGTH,
    ExtensionSchema,
    SchemaRefusedError,
    check_change,
    read_extension,
)
from schemas.scim.definitions.model import Schema
from schemas.scim.dialects import tolerate, tolerate_patch
from schemas.scim.discovery import resource_types, schema_document
from schemas.scim.errors import InvalidFilterError, InvalidValueError, ScimError
from schemas.scim.filters.evaluate import holds
from schemas.scim.filters.parser import parse_filter
from schemas.scim.filters.resolve import resolve
from schemas.scim.patch import apply_patch, parse_patch
from schemas.scim.projection import Projection
from schemas.scim.search import search_document
from schemas.scim.sorting import parse_sort, sort_value
from schemas.scim.validation import validate

CAMPUS = "urn:ietf:params:scim:schemas:extension:campus:2.0:User"
AT = "2026-11-25T14:49:10.123Z"
CORE = core_catalog()
TAKEN = [schema.id for schema in CORE.schemas]
DOCUMENT: dict[str, Any] = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
    "id": CAMPUS,
    "name": "Campus",
    "description": "What a university knows of its people",
    "attributes": [
        {"name": "matriculation", "caseExact": True, "description": "Number of the student"},
        {"name": "semester", "type": "integer"},
        {"name": "quota", "type": "decimal"},
        {"name": "resident", "type": "boolean"},
        {"name": "since", "type": "dateTime"},
        {"name": "faculties", "multiValued": True},
        {"name": "photo", "type": "binary"},
        {"name": "page", "type": "reference", "referenceTypes": ["external"]},
        {"name": "pin", "mutability": "writeOnly", "returned": "never"},
        {"name": "barcode", "mutability": "readOnly"},
        {"name": "entry", "mutability": "immutable"},
        {"name": "card", "returned": "always"},
        {"name": "note", "returned": "request"},
        {
            "name": "lockers",
            "type": "complex",
            "multiValued": True,
            "subAttributes": [
                {"name": "value", "required": True},
                {"name": "type", "canonicalValues": ["gym", "library"]},
                {"name": "primary", "type": "boolean"},
                {"name": "keys", "multiValued": True},
            ],
        },
        {"name": "desk", "type": "complex", "subAttributes": [{"name": "floor", "type": "integer"}, {"name": "room"}]},
    ],
}


def registered(document: dict[str, Any] = DOCUMENT, resource_type: str = "User") -> ExtensionSchema:
    return read_extension(document, resource_type, taken=TAKEN)


CATALOG = CORE.with_extensions((registered(),))
USERS = CATALOG.resource_type("User")


def valid(strict: bool = False, **campus: Any) -> dict[str, Any]:
    payload, _ = tolerate({"schemas": [USER, CAMPUS], "userName": "babs", CAMPUS: campus}, USERS)
    return validate(payload, USERS, strict=strict)


def patched(attributes: dict[str, Any], *operations: dict[str, Any]) -> dict[str, Any]:
    message = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}
    tolerated, _ = tolerate_patch(message, USERS)
    return apply_patch(attributes, parse_patch(tolerated, USERS, strict=False), USERS, strict=False)


def finds(filter: str, attributes: dict[str, Any]) -> bool:
    return holds(resolve(parse_filter(filter), USERS), searched(attributes))


def searched(attributes: dict[str, Any]) -> dict[str, Any]:
    return search_document(USERS, "1", attributes, created=AT, modified=AT, version=1)


# Registration


def test_a_schema_is_kept_with_all_its_characteristics() -> None:
    extension = registered({"id": CAMPUS, "name": "Campus", "attributes": [{"name": "semester"}]})
    assert (extension.uri, extension.resource_type, extension.required) == (CAMPUS, "User", False)
    (attribute,) = json.loads(extension.document)["attributes"]
    assert attribute == {
        "name": "semester",
        "type": "string",
        "multiValued": False,
        "required": False,
        "caseExact": False,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
    }


def test_reading_what_was_kept_keeps_it() -> None:
    once = registered()
    assert registered(json.loads(once.document)) == once


def _with(**changes: Any) -> dict[str, Any]:
    return {**DOCUMENT, **changes}


def _attribute(**given: Any) -> dict[str, Any]:
    return _with(attributes=[{"name": "x", **given}])


def _sub(**given: Any) -> dict[str, Any]:
    return _attribute(type="complex", subAttributes=[{"name": "y", **given}])


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ([], "must be a JSON object"),
        ({}, "id: must be a URN"),
        (_with(id="campus"), "id: must be a URN"),
        (_with(id="http://campus.example/User"), "id: must be a URN"),
        (_with(id='urn:campus:"x"'), "id: must be a URN"),
        (_with(id=f"urn:campus:{'x' * 255}"), "id: must be a URN"),
        (_with(id=ENTERPRISE_USER.replace("enterprise", "Enterprise")), f"there is a schema {ENTERPRISE_USER} already"),
        (_with(id=USER), f"there is a schema {USER} already"),
        (_with(id=f"{USER}:campus"), "begins in the same way"),
        (_with(id="urn:ietf:params:scim:schemas:core:2.0"), "begins in the same way"),
        (_with(schemas=["x"]), "schemas: must be"),
        (_with(name=""), "name: must be"),
        (_with(description=5), "description: must be"),
        (_with(attribute=[]), "attribute: not known"),
        (_with(attributes=[]), "attributes: must be a list"),
        (_with(attributes=["x"]), "attributes: each must be an object"),
        (_with(attributes=[{"name": "x"}, {"name": "X"}]), "x comes more than once"),
        (_with(attributes=[{"name": f"x{n}"} for n in range(MAX_ATTRIBUTES + 1)]), "attributes: more than"),
        (_with(description="x" * MAX_DOCUMENT_LENGTH), "more than 65536 characters"),
        (_attribute(name="1st"), "[1st].name: must be a letter"),
        (_attribute(name={}), ".name: must be a letter"),
        (_attribute(name="$ref"), ".name: must be a letter"),
        (_attribute(name="Members"), ".name: has a meaning"),
        (_attribute(type="text"), "[x].type: must be one of"),
        (_attribute(type=["string"]), "[x].type: must be one of"),
        (_attribute(multivalued=True), "[x].multivalued: not known"),
        (_attribute(multiValued="true"), "[x].multiValued: must be true or false"),
        (_attribute(required=1), "[x].required: must be true or false"),
        (_attribute(description={"en": "x"}), "[x].description: must be"),
        (_attribute(canonicalValues="x"), "[x].canonicalValues: must be a list"),
        (_attribute(mutability="sometimes"), "[x].mutability: must be one of"),
        (_attribute(returned={}), "[x].returned: must be one of"),
        (_attribute(mutability="writeOnly"), "[x].returned: must be never"),
        (_attribute(required=True, mutability="readOnly"), "[x].required: cannot be had"),
        (_attribute(uniqueness="server"), "[x].uniqueness: is not enforced"),
        (_attribute(uniqueness="global"), "[x].uniqueness: is not enforced"),
        (_attribute(uniqueness=[]), "[x].uniqueness: must be none"),
        (_attribute(type="reference"), "[x].referenceTypes: a reference says"),
        (_attribute(type="complex"), "[x].subAttributes: must be a list"),
        (_attribute(subAttributes=[{"name": "y"}]), "[x].subAttributes: only a complex"),
        (_sub(type="complex", subAttributes=[]), "[y].type: a sub-attribute cannot be complex"),
        (_sub(returned="always"), "[y].returned: must be default or never"),
        (_attribute(type="complex", subAttributes=[{"name": "value"}, {"name": "$ref"}]), "$ref beside value"),
    ],
)
def test_what_could_not_be_kept_to_is_refused(document: Any, complaint: str) -> None:
    with pytest.raises(SchemaRefusedError) as refusal:
        registered(document)
    assert complaint in str(refusal.value)


def test_all_faults_are_told_together() -> None:
    document = {"id": "x", "attributes": [{"name": "a", "type": "b"}, {"name": "?", "required": 1}]}
    with pytest.raises(SchemaRefusedError) as refusal:
        registered(document)
    assert len(str(refusal.value).splitlines()) == 5


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "name", "attributes", "type", "subAttributes", "returned", "uniqueness", "required"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_json)
def test_any_document_is_registered_or_refused_with_a_reason(document: object) -> None:
    try:
        extension = read_extension(document, "User", taken=TAKEN)
    except SchemaRefusedError as error:
        reason = str(error)
    else:
        reason = compile_schema(json.loads(extension.document)).id
    assert reason


# Change


def _compiled(*attributes: dict[str, Any]) -> Schema:
    return compile_schema(json.loads(registered(_with(attributes=list(attributes))).document))


def _changed(name: str, /, **change: Any) -> Schema:
    """Return the schema with one of its attributes changed."""
    return _compiled(*(each | change if each["name"] == name else each for each in DOCUMENT["attributes"]))


BEFORE = _compiled(*DOCUMENT["attributes"])


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        _changed("semester", description="Counted from one"),
        _changed("entry", mutability="readWrite"),
        _changed("barcode", mutability="readWrite"),
        _changed("note", returned="default"),
        _changed("faculties", canonicalValues=["law"]),
        _changed("desk", subAttributes=[*DOCUMENT["attributes"][-1]["subAttributes"], {"name": "chair"}]),
        _compiled(*DOCUMENT["attributes"], {"name": "new"}),
    ],
)
def test_a_schema_may_grow_and_relax(after: Schema) -> None:
    check_change(BEFORE, after)


@pytest.mark.parametrize(
    ("after", "complaint"),
    [
        (
            _compiled(*(each for each in DOCUMENT["attributes"] if each["name"] != "semester")),
            "semester: an attribute that exists",
        ),
        (_changed("semester", type="string"), "semester: type cannot change"),
        (_changed("semester", multiValued=True), "semester: multiValued cannot change"),
        (_changed("matriculation", caseExact=False), "matriculation: caseExact cannot change"),
        (_changed("semester", name="Semester"), "name's spelling cannot change"),
        (_changed("semester", required=True), "semester: cannot become required"),
        (_changed("semester", mutability="readOnly"), "semester: mutability can only be relaxed"),
        (_changed("semester", returned="never"), "semester: returned cannot become never"),
        (_changed("desk", subAttributes=[{"name": "room"}]), "desk.floor: an attribute that exists"),
        (
            _compiled(*DOCUMENT["attributes"], {"name": "n", "required": True}),
            "n: a new attribute cannot be required",
        ),
    ],
)
def test_what_would_make_stored_values_wrong_is_refused(after: Schema, complaint: str) -> None:
    with pytest.raises(SchemaRefusedError) as refusal:
        check_change(BEFORE, after)
    assert complaint in str(refusal.value)


# The catalog


def test_equal_extensions_have_one_catalog_and_none_have_the_core() -> None:
    assert CORE.with_extensions(()) is CORE
    assert CORE.with_extensions((registered(),)) is CATALOG
    assert CORE.schema(CAMPUS) is None
    assert CATALOG.resource_type("Group") is CORE.resource_type("Group")


def test_a_tenants_schema_is_discovered() -> None:
    schema = CATALOG.schema(CAMPUS.upper())
    assert schema is not None
    assert schema_document(schema, base="https://x")["meta"]["location"] == f"https://x/Schemas/{CAMPUS}"
    users, groups = resource_types(CATALOG, base="https://x")
    assert [each["schema"] for each in users["schemaExtensions"]] == [ENTERPRISE_USER, CAMPUS]
    assert groups["schemaExtensions"] == []


# Meaning


def test_values_are_validated_like_core_ones() -> None:
    campus: dict[str, Any] = {
        "Matriculation": "aB1",
        "semester": 3,
        "resident": "True",
        "faculties": "law",
        "pin": "1234",
        "barcode": "x",
        "unknown": 1,
        "lockers": {"value": "7", "keys": ["a"]},
        "desk": {"room": ""},
    }
    assert valid(**campus)[CAMPUS] == {
        "matriculation": "aB1",
        "semester": 3,
        "resident": True,
        "faculties": ["law"],
        "lockers": [{"value": "7", "keys": ["a"]}],
    }


@pytest.mark.parametrize("wrong", [{"semester": "3"}, {"since": "soon"}, {"lockers": [{"type": "gym"}]}, {"desk": "x"}])
@pytest.mark.parametrize("strict", [False, True])
def test_a_wrong_value_is_refused(wrong: dict[str, Any], strict: bool) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        valid(strict, **wrong)
    assert CAMPUS in refusal.value.detail


@pytest.mark.parametrize(
    "sent",
    [{f"{CAMPUS}:semester": 3}, {f"{CAMPUS.lower()}:Semester": 3}, {"semester": 3}, {CAMPUS.upper(): {"semester": 3}}],
)
def test_values_come_where_clients_put_them(sent: dict[str, Any]) -> None:
    payload, _ = tolerate({"userName": "babs", **sent}, USERS)
    assert validate(payload, USERS, strict=False)[CAMPUS] == {"semester": 3}


ATTRIBUTES = valid(
    matriculation="aB1",
    semester=3,
    quota=0.5,
    resident=True,
    since="2026-11-25T14:49:10+01:00",
    faculties=["Law", "Arts"],
    lockers=[{"value": "7", "type": "gym"}, {"value": "8", "primary": True}],
    desk={"floor": 2, "room": "B"},
    card="c",
    note="n",
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('matriculation eq "aB1"', True),
        ('matriculation eq "ab1"', False),
        ("semester gt 2", True),
        ("quota lt 0.5", False),
        ("resident eq true", True),
        ('since eq "2026-11-25T13:49:10Z"', True),
        ('faculties eq "law"', True),
        ('faculties co "art"', True),
        ('lockers[type eq "gym" and value eq "7"]', True),
        ('lockers[primary eq true and value eq "7"]', False),
        ('lockers.value eq "8"', True),
        ("desk.floor ge 3", False),
        ("note pr", True),
        ("photo pr", False),
    ],
)
def test_values_are_filtered_by_like_core_ones(condition: str, expected: bool) -> None:
    assert finds(f"{CAMPUS}:{condition}", ATTRIBUTES) is expected


@pytest.mark.parametrize("filter", [f"{CAMPUS}:pin pr", f"{CAMPUS}:unknown pr", f'{CAMPUS}:semester co "x"'])
def test_what_cannot_be_asked_is_refused(filter: str) -> None:
    with pytest.raises(InvalidFilterError):
        finds(filter, ATTRIBUTES)


def test_values_are_sorted_by() -> None:
    document = searched(ATTRIBUTES)
    for by, value in ((f"{CAMPUS}:semester", 3), (f"{CAMPUS}:lockers", "8"), (f"{CAMPUS}:desk.room", "b")):
        sort = parse_sort(by, None, USERS)
        assert sort is not None
        assert sort_value(document, sort.field) == value


@pytest.mark.parametrize(
    ("operation", "name", "after"),
    [
        ({"op": "replace", "path": f"{CAMPUS}:semester", "value": 4}, "semester", 4),
        ({"op": "Replace", "path": f"{CAMPUS}:resident", "value": "False"}, "resident", False),
        ({"op": "add", "path": f"{CAMPUS}:faculties", "value": ["Law", "Arts", "Music"]}, "faculties", None),
        ({"op": "replace", "value": {f"{CAMPUS}:desk.room": "C"}}, "desk", {"floor": 2, "room": "C"}),
        ({"op": "replace", "value": {CAMPUS: {"card": "d"}}}, "card", "d"),
        ({"op": "remove", "path": f"{CAMPUS}:desk.room"}, "desk", {"floor": 2}),
        (
            {"op": "Add", "path": f'{CAMPUS}:lockers[type eq "gym"].value', "value": "9"},
            "lockers",
            [{"value": "9", "type": "gym"}, {"value": "8", "primary": True}],
        ),
        (
            {"op": "remove", "path": f'{CAMPUS}:lockers[primary eq "True"]'},
            "lockers",
            [{"value": "7", "type": "gym"}],
        ),
        (
            {"op": "add", "path": f"{CAMPUS}:lockers", "value": [{"value": "7", "type": "gym", "keys": ["k"]}]},
            "lockers",
            [{"value": "7", "type": "gym", "keys": ["k"]}, {"value": "8", "primary": True}],
        ),
    ],
    ids=str,
)
def test_values_are_patched_like_core_ones(operation: dict[str, Any], name: str, after: Any) -> None:
    expected = ["Law", "Arts", "Music"] if name == "faculties" else after
    assert patched(ATTRIBUTES, operation)[CAMPUS][name] == expected


def test_what_is_immutable_or_read_only_stays() -> None:
    entered = {**ATTRIBUTES, CAMPUS: {**ATTRIBUTES[CAMPUS], "entry": "2026"}}
    for path in ("entry", "barcode"):
        with pytest.raises(ScimError) as refusal:
            patched(entered, {"op": "replace", "path": f"{CAMPUS}:{path}", "value": "2027"})
        assert refusal.value.scim_type == "mutability"


@pytest.mark.parametrize(
    ("attributes", "excluded", "shown"),
    [
        (None, None, {"semester", "desk", "card"}),
        (f"{CAMPUS}:note", None, {"note", "card"}),
        ("userName", None, {"card"}),
        (f"{CAMPUS}:desk.floor,{CAMPUS}:semester", None, {"semester", "desk", "card"}),
        (None, f"{CAMPUS}:semester", {"desk", "card"}),
        (None, CAMPUS, {"card"}),
        (None, f"{CAMPUS}:card", {"semester", "desk", "card"}),
    ],
)
def test_values_are_projected_as_returned_says(attributes: str | None, excluded: str | None, shown: set[str]) -> None:
    campus = {name: ATTRIBUTES[CAMPUS][name] for name in ("semester", "desk", "card", "note")}
    projection = Projection.parse(attributes, excluded, USERS)
    assert not projection.is_default
    assert projection.apply({"id": "1", "userName": "babs", CAMPUS: campus})[CAMPUS].keys() == shown


def test_what_is_never_returned_is_not_even_where_it_was_kept_before() -> None:
    resource = {"id": "1", CAMPUS: {"pin": "1234", "card": "c"}}
    for attributes, excluded in ((None, None), (f"{CAMPUS}:pin", None), (CAMPUS, None), (None, "title")):
        shown = Projection.parse(attributes, excluded, USERS).apply(resource)[CAMPUS]
        assert shown["card"] == "c"
        assert "pin" not in shown


def test_what_a_write_sets_is_in_its_answer_though_it_is_returned_on_request() -> None:
    resource = {"id": "1", CAMPUS: {"semester": 3, "note": "n"}}
    projection = Projection.parse(None, None, USERS)
    assert projection.showing({CAMPUS: {"semester": 3}}).apply(resource)[CAMPUS] == {"semester": 3}
    assert projection.showing({CAMPUS: {"note": "n"}}).apply(resource) == resource
    without = Projection.parse(None, f"{CAMPUS}:semester", USERS)
    assert without.showing({CAMPUS: {"Note": "n"}}).apply(resource)[CAMPUS] == {"note": "n"}


# Values that were there first


def test_stored_values_take_the_form_of_a_schema_that_came_later() -> None:
    campus = {"Semester": 3, "resident": "True", "faculties": "law", "quota": "much", "other": 1, "card": "c"}
    stored = {"userName": "x", CAMPUS.upper(): campus}
    fitting = {"semester": 3, "resident": True, "faculties": ["law"], "card": "c"}
    assert conformed(stored, USERS) == {"userName": "x", CAMPUS: fitting}
    assert list(misfits(stored, CAMPUS, USERS)) == [
        f"{CAMPUS}:quota must be a number",
        "other is not an attribute of the schema",
    ]
    assert list(misfits(ATTRIBUTES, CAMPUS, USERS)) == []
    assert list(misfits({CAMPUS: {"pin": "1234", "card": ""}}, CAMPUS, USERS)) == ["pin is not kept by the schema"]
    assert conformed(ATTRIBUTES, USERS) is ATTRIBUTES
    empty = validate({"schemas": [USER], "userName": "x", CAMPUS: {"card": ""}}, USERS, strict=True)
    assert conformed(empty, USERS) is empty
    assert conformed({"userName": "x", CAMPUS: {"semester": "x"}}, USERS) == {"userName": "x"}


_text = st.text(max_size=4)
_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _text | st.just("2026-11-25T14:49:10Z"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "type", "primary", "keys", "floor", "room", "$ref"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
_campus = st.dictionaries(st.sampled_from([each["name"] for each in DOCUMENT["attributes"]]), _anything, max_size=5)


@given(_campus, st.booleans())
def test_any_values_are_kept_in_one_form_or_refused(campus: dict[str, Any], strict: bool) -> None:
    try:
        attributes = valid(strict, **campus)
    except ScimError:
        return
    assert validate({"schemas": [USER], **attributes}, USERS, strict=strict) == attributes
    assert conformed(attributes, USERS) is attributes
    finds(f"{CAMPUS}:semester pr", attributes)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "op": st.sampled_from(["add", "replace", "remove"]),
                "path": st.sampled_from(
                    [CAMPUS, *(f"{CAMPUS}:{each['name']}" for each in DOCUMENT["attributes"])]
                    + [f'{CAMPUS}:lockers[type eq "gym"].{sub}' for sub in ("value", "keys", "primary")]
                    + [f"{CAMPUS}:desk.floor", f"{CAMPUS}:lockers.keys", f'{CAMPUS}:lockers[keys eq "a"]']
                ),
                "value": _anything,
            }
        ),
        min_size=1,
        max_size=3,
    )
)
def test_any_patch_leaves_a_valid_resource_or_is_refused(operations: list[dict[str, Any]]) -> None:
    try:
        after = patched(ATTRIBUTES, *operations)
    except ScimError:
        return
    assert validate({"schemas": [USER], **after}, USERS, strict=False) == after
