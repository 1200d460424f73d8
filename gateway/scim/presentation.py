"""How resources are shown: whose URIs, which attributes, with members and groups where they are wanted."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec
import orjson
from aiohttp import web
from msgspec.structs import replace

from gateway.answers import Body, scim_answer
from gateway.scim.relations import Related, Relation
from gateway.scim.request import ScimRequest
from gateway.settings import GatewaySettings
from schemas.ids import ResourceId, TenantId
from schemas.messages.commands import PatchOperation
from schemas.scim.definitions.model import ResourceType
from schemas.scim.path import parse_path
from schemas.scim.projection import Projection
from schemas.scim.rendering import BASE, entity_tag, splice
from tenants.directory.records import CachedResource


class Wanted(msgspec.Struct, frozen=True):
    """What one reader wants to see."""

    tenant: TenantId
    base: bytes
    """The Tenant URL."""
    with_relation: bool
    """Whether ``members`` or ``groups`` are wanted."""
    projection: Projection | None
    """None: all that is rendered."""

    def showing(self, set_attributes: Mapping[str, Any]) -> "Wanted":
        """Return what is wanted of the answer to a write that has set these attributes (RFC 7643, 7: ``request``)."""
        if self.projection is None or not self.projection.on_request:
            return self
        projection = self.projection.showing(set_attributes)
        return replace(self, projection=None if projection.is_default else projection)

    def showing_changed(self, operations: Sequence[PatchOperation]) -> "Wanted":
        """Return what is wanted of the answer to a PATCH of these operations, each with its path."""
        if self.projection is None or not self.projection.on_request:
            return self
        changed: dict[str, Any] = {}
        for path in (parse_path(operation.path).attribute for operation in operations if operation.path):
            inner = changed if path.urn is None else changed.setdefault(path.urn, {})
            inner[path.name] = True
        return self.showing(changed)


class Presenter:
    """Shows resources of one type. Where the whole resource is wanted this is work on bytes, nothing is parsed."""

    def __init__(self, resource_type: ResourceType, relation: Relation, settings: GatewaySettings) -> None:
        """Show them below the public URL."""
        self._type = resource_type
        self._relation = relation
        self._public_url = settings.public_url

    def wanted(self, request: ScimRequest) -> Wanted:
        """Return what ``attributes`` and ``excludedAttributes`` ask for (RFC 7644, 3.9).

        Raises:
            ScimError: They cannot be had.
        """
        return self.wanted_of(request, request.parameter("attributes"), request.parameter("excludedAttributes"))

    def wanted_of(self, request: ScimRequest, attributes: str | None, excluded: str | None) -> Wanted:
        """Return what lists of attributes ask for, wherever in the request they stand.

        Raises:
            ScimError: They cannot be had.
        """
        tenant = request.tenant.id
        base = tenant_url(self._public_url, tenant).encode()
        type_ = request.type_of(self._type)
        if type_ is self._type and attributes is None and excluded is None:
            return Wanted(tenant, base, with_relation=True, projection=None)
        if (
            type_ is self._type
            and attributes is None
            and excluded
            and excluded.strip().lower() == self._relation.attribute
        ):
            # What identity providers ask for with large groups: nothing has to be taken out of what is rendered.
            return Wanted(tenant, base, with_relation=False, projection=None)
        projection = Projection.parse(attributes, excluded, type_)
        related = projection.wants(self._relation.attribute)
        return Wanted(tenant, base, with_relation=related, projection=None if projection.is_default else projection)

    def answer(
        self, wanted: Wanted, rendered: bytes, version: int, *, related: Related | None, status: int = 200
    ) -> web.Response:
        """Return one resource, with its relation's entries, as the answer."""
        body = self._body(wanted, rendered, related)
        return scim_answer(body, status=status, headers={"ETag": entity_tag(version)})

    async def page(self, wanted: Wanted, resources: Sequence[CachedResource]) -> Sequence[Body]:
        """Return the bodies of a page's resources."""
        asked = [each.id for each in resources if self._relation.is_possible(each)] if wanted.with_relation else []
        related = await self._related(wanted.tenant, asked) if asked else {}
        return [self._body(wanted, resource.rendered, related.get(resource.id)) for resource in resources]

    async def _related(self, tenant: TenantId, ids: Sequence[ResourceId]) -> Mapping[ResourceId, Related]:
        if len(ids) == 1:
            found = await self._relation.of(tenant, ids[0])
            return {ids[0]: found} if found is not None else {}
        return await self._relation.of_page(tenant, ids)

    def location(self, tenant: TenantId, id: ResourceId) -> str:
        """Return the resource's URI."""
        return f"{tenant_url(self._public_url, tenant)}{self._type.endpoint}/{id}"

    def _body(self, wanted: Wanted, rendered: bytes, related: Related | None) -> Body:
        if related is not None and related.pieces is not None:
            return self._pieces(wanted, rendered, related.pieces)
        if related is not None and related.rendered:
            rendered = splice(rendered, self._relation.attribute, b"[%b]" % related.rendered)
        return _shown(wanted, rendered)

    async def _pieces(self, wanted: Wanted, rendered: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the resource piece by piece; the relation's entries come last."""
        attribute = self._relation.attribute
        yield _shown(wanted, rendered)[:-1]
        opening, closing = b',"%b":[' % attribute.encode(), b"}"
        async for entries in pieces:
            if shown := _shown_entries(wanted, attribute, entries):
                yield opening + shown
                opening, closing = b",", b"]}"
        yield closing


def _shown(wanted: Wanted, rendered: bytes) -> bytes:
    whole = rendered.replace(BASE, wanted.base)
    return whole if wanted.projection is None else orjson.dumps(wanted.projection.apply(orjson.loads(whole)))


def _shown_entries(wanted: Wanted, attribute: str, entries: bytes) -> bytes:
    whole = entries.replace(BASE, wanted.base)
    if wanted.projection is None or not whole:
        return whole
    shown = wanted.projection.apply({attribute: orjson.loads(b"[%b]" % whole)}).get(attribute)
    return orjson.dumps(shown)[1:-1] if shown else b""


def tenant_url(public_url: str, tenant: str) -> str:
    """Return the URL that provisioning clients are given."""
    return f"{public_url}/scim/v2/{tenant}"
