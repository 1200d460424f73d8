"""Discovery documents (RFC 7643, 5 to 7; RFC 7644, 4): what this service can do, and what its resources are.

``base`` is the URI under which the reader knows the tenant.
"""

from dataclasses import dataclass
from typing import Any

from schemas.scim.definitions.catalog import Catalog
from schemas.scim.definitions.model import ResourceType, Schema

SERVICE_PROVIDER_CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
RESOURCE_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"


@dataclass(frozen=True, slots=True)
class Paging:
    """What is told about pages (RFC 9865, 4)."""

    default_size: int
    largest_size: int
    cursor_seconds: int
    """How long a cursor is good for."""


def service_provider_config(
    *, base: str, paging: Paging, bulk_operations: int, bulk_bytes: int, documentation_uri: str | None = None
) -> dict[str, Any]:
    """Return the service provider's configuration; what it declares is what works."""
    documentation = {"documentationUri": documentation_uri} if documentation_uri else {}
    return {
        "schemas": [SERVICE_PROVIDER_CONFIG],
        **documentation,
        "patch": {"supported": True},
        "bulk": {"supported": True, "maxOperations": bulk_operations, "maxPayloadSize": bulk_bytes},
        "filter": {"supported": True, "maxResults": paging.largest_size},
        "changePassword": {"supported": False},
        "sort": {"supported": True},
        "etag": {"supported": True},
        "pagination": {
            "cursor": True,
            "index": True,
            "defaultPaginationMethod": "index",
            "defaultPageSize": paging.default_size,
            "maxPageSize": paging.largest_size,
            "cursorTimeout": paging.cursor_seconds,
        },
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "OAuth Bearer Token",
                "description": "A SCIM token of this tenant, sent as a bearer token",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": True,
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base}/ServiceProviderConfig"},
    }


def schemas(catalog: Catalog, *, base: str) -> list[dict[str, Any]]:
    """Return the Schema resource of every schema."""
    return [schema_document(schema, base=base) for schema in catalog.schemas]


def schema_document(schema: Schema, *, base: str) -> dict[str, Any]:
    """Return the schema as a Schema resource."""
    meta = {"resourceType": "Schema", "location": f"{base}/Schemas/{schema.id}"}
    return {**schema.document, "meta": meta}


def resource_types(catalog: Catalog, *, base: str) -> list[dict[str, Any]]:
    """Return the ResourceType resource of every resource type."""
    return [resource_type_document(resource_type, base=base) for resource_type in catalog.resource_types]


def resource_type_document(resource_type: ResourceType, *, base: str) -> dict[str, Any]:
    """Return the resource type as a ResourceType resource; its id is its name."""
    return {
        "schemas": [RESOURCE_TYPE],
        "id": resource_type.name,
        "name": resource_type.name,
        "description": resource_type.description,
        "endpoint": resource_type.endpoint,
        "schema": resource_type.schema.id,
        "schemaExtensions": [
            {"schema": extension.schema.id, "required": extension.required}
            for extension in resource_type.extensions.values()
        ],
        "meta": {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{resource_type.name}"},
    }
