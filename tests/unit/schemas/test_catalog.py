"""The catalog holds what RFC 7643 defines, with its errata."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from schemas.scim.definitions.catalog import ENTERPRISE_USER, GROUP, USER, compile_schema, core_catalog
from schemas.scim.definitions.model import Attribute, AttributeType, Mutability, Returned, Schema

CATALOG = core_catalog()


def _definitions(attributes: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for attribute in attributes:
        yield attribute
        yield from _definitions(attribute.get("subAttributes", []))


def _attribute(path: str, *, of: str = "User", urn: str | None = None) -> Attribute:
    name, _, sub = path.partition(".")
    attribute = CATALOG.resource_type(of).attribute(name, urn=urn)
    found = attribute.sub(sub) if attribute and sub else attribute
    assert found is not None
    return found


def test_endpoints_are_found_in_any_case() -> None:
    assert CATALOG.by_endpoint("users") is CATALOG.resource_type("User")
    assert CATALOG.by_endpoint("GROUPS") is CATALOG.resource_type("Group")


def test_an_unknown_endpoint_is_none() -> None:
    assert CATALOG.by_endpoint("Devices") is None


def test_schemas_are_found_in_any_case() -> None:
    schema = CATALOG.schema(USER.upper())
    assert schema is not None
    assert schema.id == USER


def test_an_unknown_schema_is_none() -> None:
    assert CATALOG.schema("urn:nothing") is None


def test_the_catalog_is_compiled_once() -> None:
    assert core_catalog() is CATALOG


def test_every_schema_of_a_resource_type_is_listed() -> None:
    listed = {schema.id for schema in CATALOG.schemas}
    for resource_type in CATALOG.resource_types:
        used = {resource_type.schema.id, *(extension.schema.id for extension in resource_type.extensions.values())}
        assert used <= listed


def test_the_schemas_of_discovery_are_listed_too() -> None:
    assert {schema.name for schema in CATALOG.schemas} == {
        *("User", "Group", "EnterpriseUser"),
        *("ServiceProviderConfig", "ResourceType", "Schema"),
    }


@pytest.mark.parametrize("schema", CATALOG.schemas, ids=lambda schema: schema.name)
def test_every_definition_states_its_characteristics(schema: Schema) -> None:
    for definition in _definitions(schema.document["attributes"]):
        assert {"name", "type", "multiValued", "description", "required", "mutability", "returned"} <= definition.keys()
        assert ("uniqueness" in definition) == (definition["type"] not in {"complex", "boolean"})
        assert ("caseExact" in definition) == (definition["type"] in {"string", "reference", "binary"})
        assert ("subAttributes" in definition) == (definition["type"] == "complex")
        assert ("referenceTypes" in definition) == (definition["type"] == "reference")


@pytest.mark.parametrize("resource_type", ["User", "Group"])
def test_no_sub_attribute_is_complex(resource_type: str) -> None:
    schema = CATALOG.resource_type(resource_type).schema
    for attribute in schema.attributes.values():
        assert all(sub.type is not AttributeType.COMPLEX for sub in attribute.sub_attributes.values())


def test_the_user_name_is_required_and_unique_without_case() -> None:
    user_name = _attribute("USERNAME")
    assert (user_name.required, user_name.uniqueness, user_name.case_exact) == (True, "server", False)


def test_a_password_is_written_and_never_returned() -> None:
    password = _attribute("password")
    assert (password.mutability, password.returned) == (Mutability.WRITE_ONLY, Returned.NEVER)


def test_groups_of_a_user_are_read_only() -> None:
    assert _attribute("groups").mutability is Mutability.READ_ONLY
    assert _attribute("groups.value").mutability is Mutability.READ_ONLY


def test_a_group_requires_its_display_name() -> None:
    assert _attribute("displayName", of="Group").required


@pytest.mark.parametrize("sub", ["value", "$ref", "type"])
def test_the_parts_of_a_member_are_immutable(sub: str) -> None:
    assert _attribute(f"members.{sub}", of="Group").mutability is Mutability.IMMUTABLE
    assert _attribute("members", of="Group").mutability is Mutability.READ_WRITE


def test_enterprise_attributes_need_their_urn() -> None:
    user = CATALOG.resource_type("User")
    assert user.attribute("department") is None
    assert user.attribute("Department", urn=ENTERPRISE_USER.upper()) is not None
    assert user.attribute("userName", urn=ENTERPRISE_USER) is None


def test_the_managers_display_name_is_read_only() -> None:
    display_name = _attribute("manager.displayName", urn=ENTERPRISE_USER)
    assert display_name.mutability is Mutability.READ_ONLY
    assert _attribute("manager.value", urn=ENTERPRISE_USER).case_exact


@pytest.mark.parametrize("name", ["id", "externalId", "meta", "schemas"])
@pytest.mark.parametrize("resource_type", ["User", "Group"])
def test_every_resource_has_the_common_attributes(resource_type: str, name: str) -> None:
    assert _attribute(name, of=resource_type).name == name


def test_references_and_binaries_are_case_exact_whatever_a_document_says() -> None:
    attributes = [{"name": "photo", "type": "reference", "caseExact": False}, {"name": "key", "type": "binary"}]
    schema = compile_schema({"id": "urn:x", "name": "X", "attributes": attributes})
    assert schema.attributes["photo"].case_exact
    assert schema.attributes["key"].case_exact


def test_what_a_document_leaves_out_has_the_defaults_of_the_rfc() -> None:
    schema = compile_schema({"id": "urn:x", "name": "X", "attributes": [{"name": "Plain"}]})
    assert schema.attributes["plain"] == Attribute("Plain", AttributeType.STRING)


def test_group_has_no_extension() -> None:
    assert CATALOG.resource_type("Group").schema.id == GROUP
    assert CATALOG.resource_type("Group").extensions == {}
