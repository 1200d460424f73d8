"""Discovery documents tell the truth."""

from typing import Any

import pytest
from scim2_models import ResourceType as JudgedResourceType
from scim2_models import Schema as JudgedSchema
from scim2_models import ServiceProviderConfig as JudgedConfig

from schemas.scim.definitions.model import Schema
from schemas.scim.discovery import (
    Paging,
    resource_type_document,
    resource_types,
    schema_document,
    schemas,
    service_provider_config,
)
from tests.unit.schemas.samples import CATALOG, USERS

HERE = "https://rollcall.example/scim/v2/acme"


def config_of(*, documentation_uri: str | None = None) -> dict[str, Any]:
    return service_provider_config(
        base=HERE,
        paging=Paging(100, 1000, 600),
        bulk_operations=7,
        bulk_bytes=4096,
        documentation_uri=documentation_uri,
    )


def test_the_configuration_declares_what_works_and_no_more() -> None:
    config = config_of()
    supported = {
        name: feature["supported"]
        for name, feature in config.items()
        if isinstance(feature, dict) and "supported" in feature
    }
    assert supported == {
        "patch": True,
        "bulk": True,
        "filter": True,
        "changePassword": False,
        "sort": True,
        "etag": True,
    }
    assert config["filter"]["maxResults"] == 1000
    assert config["bulk"] == {"supported": True, "maxOperations": 7, "maxPayloadSize": 4096}
    assert config["pagination"] == {
        "cursor": True,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": 100,
        "maxPageSize": 1000,
        "cursorTimeout": 600,
    }
    assert [scheme["type"] for scheme in config["authenticationSchemes"]] == ["oauthbearertoken"]


def test_the_configuration_has_its_place() -> None:
    config = config_of()
    assert config["meta"] == {
        "resourceType": "ServiceProviderConfig",
        "location": f"{HERE}/ServiceProviderConfig",
    }


def test_documentation_is_named_where_there_is_some() -> None:
    assert "documentationUri" not in config_of()
    config = config_of(documentation_uri="https://docs.example")
    assert config["documentationUri"] == "https://docs.example"


def test_every_schema_that_a_resource_type_names_is_served() -> None:
    served = {schema["id"] for schema in schemas(CATALOG, base=HERE)}
    for resource_type in resource_types(CATALOG, base=HERE):
        assert {resource_type["schema"], *(it["schema"] for it in resource_type["schemaExtensions"])} <= served


def test_a_resource_type_says_where_and_what_it_is() -> None:
    document = resource_type_document(USERS, base=HERE)
    assert (document["id"], document["name"], document["endpoint"]) == ("User", "User", "/Users")
    assert document["meta"] == {"resourceType": "ResourceType", "location": f"{HERE}/ResourceTypes/User"}


def test_a_schema_says_where_it_is_and_the_catalog_stays_as_it_was() -> None:
    schema = CATALOG.schemas[0]
    document = schema_document(schema, base=HERE)
    assert document["meta"] == {"resourceType": "Schema", "location": f"{HERE}/Schemas/{schema.id}"}
    assert "location" not in schema.document["meta"]


def test_messages_are_no_schemas() -> None:
    assert not [schema for schema in schemas(CATALOG, base=HERE) if ":messages:" in schema["id"]]


@pytest.mark.parametrize("schema", CATALOG.schemas, ids=lambda schema: schema.name)
def test_an_independent_judge_reads_the_schemas(schema: Schema) -> None:
    judged = JudgedSchema.model_validate(schema_document(schema, base=HERE))
    assert judged.id == schema.id
    assert [attribute.name for attribute in judged.attributes or []] == [it.name for it in schema.attributes.values()]


def test_an_independent_judge_reads_the_rest() -> None:
    assert JudgedConfig.model_validate(config_of()).patch is not None
    for document in resource_types(CATALOG, base=HERE):
        assert JudgedResourceType.model_validate(document).name == document["name"]
