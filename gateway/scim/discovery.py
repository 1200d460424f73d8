"""Discovery endpoints (RFC 7644, 4): each tenant's own catalog, encoded once, shown below the tenant's URL."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from aiohttp import web

from gateway.answers import scim_answer
from gateway.refusals import ForbiddenError
from gateway.scim.listing import list_response
from gateway.scim.presentation import tenant_url
from gateway.scim.request import ScimRequest
from gateway.settings import GatewaySettings
from schemas.scim import discovery
from schemas.scim.definitions.catalog import Catalog
from schemas.scim.discovery import Paging
from schemas.scim.errors import ResourceNotFoundError
from schemas.scim.rendering import BASE

_BASE = BASE.decode()


@dataclass(frozen=True, slots=True)
class _Documents:
    """A catalog's documents, encoded, by id in lower case."""

    schemas: Mapping[str, bytes]
    resource_types: Mapping[str, bytes]


class DiscoveryEndpoints:
    """``/ServiceProviderConfig``, ``/Schemas`` and ``/ResourceTypes``."""

    def __init__(self, settings: GatewaySettings) -> None:
        """Encode what is the same for all."""
        self._public_url = settings.public_url
        config = discovery.service_provider_config(
            base=_BASE,
            paging=Paging(settings.default_count, settings.max_count, settings.cursor_seconds),
            bulk_operations=settings.bulk_operations,
            bulk_bytes=settings.body_limit,
        )
        self._config = _encoded(config)

    async def service_provider_config(self, request: ScimRequest) -> web.Response:
        """Answer ``GET /ServiceProviderConfig``."""
        return self._answer(request, self._config)

    async def schemas(self, request: ScimRequest) -> web.Response:
        """Answer ``GET /Schemas``."""
        return self._list(request, _documents(request.catalog).schemas)

    async def schema(self, request: ScimRequest) -> web.Response:
        """Answer ``GET /Schemas/{uri}``; URIs are compared without case, as everywhere."""
        return self._one(request, _documents(request.catalog).schemas, "schema")

    async def resource_types(self, request: ScimRequest) -> web.Response:
        """Answer ``GET /ResourceTypes``."""
        return self._list(request, _documents(request.catalog).resource_types)

    async def resource_type(self, request: ScimRequest) -> web.Response:
        """Answer ``GET /ResourceTypes/{name}``."""
        return self._one(request, _documents(request.catalog).resource_types, "resource type")

    def _list(self, request: ScimRequest, documents: Mapping[str, bytes]) -> web.Response:
        if request.parameter("filter") is not None:
            # RFC 7644, 4: "if a filter is provided, the service provider SHOULD respond with 403"; paging is ignored.
            raise ForbiddenError("discovery documents cannot be filtered")
        bodies = list(documents.values())
        return self._answer(request, list_response(bodies, total=len(bodies), start_index=1))

    def _one(self, request: ScimRequest, documents: Mapping[str, bytes], kind: str) -> web.Response:
        document = documents.get(request.name.lower())
        if document is None:
            raise ResourceNotFoundError(f"there is no such {kind}")
        return self._answer(request, document)

    def _answer(self, request: ScimRequest, document: bytes) -> web.Response:
        return scim_answer(document.replace(BASE, tenant_url(self._public_url, request.tenant.id).encode()))


@lru_cache(maxsize=256)
def _documents(catalog: Catalog) -> _Documents:
    return _Documents(
        _by_id(discovery.schemas(catalog, base=_BASE)), _by_id(discovery.resource_types(catalog, base=_BASE))
    )


def _by_id(documents: list[dict[str, Any]]) -> dict[str, bytes]:
    return {document["id"].lower(): _encoded(document) for document in documents}


def _encoded(document: dict[str, Any]) -> bytes:
    # JSON has no control characters in texts; put the byte itself in the place of its escape.
    return orjson.dumps(document).replace(b"\\u001f", BASE)
