"""Tolerances 82, 83 and 109: attributes that a tenant defined itself."""

from typing import Any

import pytest

from tests.support.conformance_client import USER, Scim, filtered

CAMPUS = "urn:example:params:scim:schemas:campus:2.0:User"
DOCUMENT = {
    "id": CAMPUS,
    "name": "Campus",
    "attributes": [
        {"name": "matriculation", "type": "string"},
        {"name": "isTutor", "type": "boolean"},
        {"name": "home", "type": "complex", "subAttributes": [{"name": "hall", "type": "string"}]},
        {
            "name": "organizations",
            "type": "complex",
            "multiValued": True,
            "subAttributes": [
                {"name": "value", "type": "string"},
                {"name": "type", "type": "string"},
                {"name": "symbol", "type": "string"},
                {"name": "primary", "type": "boolean"},
            ],
        },
    ],
}


@pytest.fixture
def campus(scim: Scim) -> Scim:
    """A tenant with a schema of its own for Users."""
    scim.extend(DOCUMENT, "User")
    return scim


@pytest.mark.line("13.83")
@pytest.mark.parametrize(
    ("operation", "kept"),
    [
        ({"path": f"{CAMPUS}:matriculation", "value": "7"}, {"matriculation": "7"}),
        ({"value": {f"{CAMPUS}:matriculation": "7"}}, {"matriculation": "7"}),
        ({"value": {CAMPUS: {"matriculation": "7"}}}, {"matriculation": "7"}),
        ({"path": CAMPUS, "value": {"matriculation": "7"}}, {"matriculation": "7"}),
        ({"path": f"{CAMPUS}:isTutor", "value": "True"}, {"isTutor": True}),
        ({"value": {f"{CAMPUS}:isTutor": "False"}}, {"isTutor": False}),
    ],
)
@pytest.mark.parametrize("op", ["Add", "Replace"])
def test_custom_attributes_are_changed_in_every_form(
    campus: Scim, op: str, operation: dict[str, Any], kept: dict[str, Any]
) -> None:
    user = campus.changed(campus.user(), {"op": op, **operation})
    assert (user[CAMPUS], user["schemas"]) == (kept, [USER, CAMPUS])


@pytest.mark.line("13.82", "13.83")
@pytest.mark.parametrize("op", ["Add", "Replace"])
def test_custom_attributes_are_changed_in_their_parts(campus: Scim, op: str) -> None:
    user = campus.changed(
        campus.user(),
        {"op": op, "path": f"{CAMPUS}:home.hall", "value": "Hall 2"},
        {"op": op, "path": f'{CAMPUS}:organizations[type eq "school"].symbol', "value": "S1"},
        {"op": op, "path": f"{CAMPUS}:organizations[primary eq true].value", "value": "north"},
    )
    assert user[CAMPUS] == {
        "home": {"hall": "Hall 2"},
        "organizations": [{"type": "school", "symbol": "S1"}, {"primary": True, "value": "north"}],
    }


@pytest.mark.line("13.83")
@pytest.mark.parametrize("schemas", [None, [USER], [USER, CAMPUS]])
def test_custom_attributes_need_not_be_announced(campus: Scim, schemas: list[str] | None) -> None:
    user = campus.user(schemas=schemas, **{CAMPUS: {"matriculation": "7", "isTutor": "True"}})
    assert (user[CAMPUS], user["schemas"]) == ({"matriculation": "7", "isTutor": True}, [USER, CAMPUS])
    assert campus.found("/Users", f'{CAMPUS}:matriculation eq "7"') == {user["id"]}


@pytest.mark.line("13.109")
def test_custom_attributes_are_published_to_their_tenant_alone(campus: Scim) -> None:
    published = campus.get(f"/Schemas/{CAMPUS}").json
    assert {attribute["name"] for attribute in published["attributes"]} == {
        "matriculation",
        "isTutor",
        "home",
        "organizations",
    }
    extensions = campus.get("/ResourceTypes/User").json["schemaExtensions"]
    assert {"schema": CAMPUS, "required": False} in extensions
    assert campus.other.get(f"/Schemas/{CAMPUS}").status == 404
    assert campus.other.get(filtered("/Users", f"{CAMPUS}:matriculation pr")).fault == (400, "invalidFilter")
