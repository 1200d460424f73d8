"""A SCIM request that has passed all stages before its endpoint."""

from collections.abc import Awaitable, Callable, Iterable

import msgspec
from aiohttp import web

from gateway.visit import Visit
from schemas.messages.callers import Caller
from schemas.scim.definitions.catalog import Catalog, core_catalog
from schemas.scim.definitions.model import ResourceType
from schemas.scim.errors import InvalidValueError
from tenants.credentials.verification import Principal
from tenants.tenant import Dialect, Tenant


class ScimRequest(msgspec.Struct, frozen=True):
    """Who asks, for which tenant, and what the path names."""

    http: web.Request
    visit: Visit
    tenant: Tenant
    principal: Principal
    name: str
    """The path's last segment below an endpoint, decoded, like a resource's id; empty on the endpoint itself."""

    @property
    def is_strict(self) -> bool:
        """Whether the tenant wants requests that stray from the RFCs refused."""
        return self.tenant.dialect is Dialect.STRICT

    @property
    def catalog(self) -> Catalog:
        """The schemas and resource types that the tenant has."""
        return core_catalog().with_extensions(self.tenant.extensions)

    def type_of(self, resource_type: ResourceType) -> ResourceType:
        """Return the resource type as the tenant has it, with its own extensions."""
        return self.catalog.resource_type(resource_type.name) if self.tenant.extensions else resource_type

    def parameter(self, name: str) -> str | None:
        """Return the query parameter, the first of that name. Parameters that nobody asks for are ignored.

        Raises:
            InvalidValueError: It is not UTF-8.
        """
        if not self.http.rel_url.raw_query_string:
            return None
        value = self.http.rel_url.query.get(name)
        if value is not None and not _is_unicode(value):
            raise InvalidValueError(f"the query parameter {name} is not UTF-8")
        return value

    def parameters(self, names: Iterable[str]) -> dict[str, str | None]:
        """Return the query parameters of these names: most requests have one of many.

        Raises:
            InvalidValueError: One of them is not UTF-8.
        """
        given = self.http.rel_url.query
        return {name: self.parameter(name) if name in given else None for name in names}

    def header(self, name: str) -> str | None:
        """Return the header; several of one name are one list (RFC 9110, 5.3)."""
        values = self.http.headers.getall(name, ())
        return ", ".join(values) if values else None

    def caller(self) -> Caller:
        """Return who asks, as the audit log keeps it."""
        return Caller(
            principal=self.principal.id,
            name=self.principal.name,
            address=self.visit.address,
            agent=self.visit.agent,
            request_id=self.visit.request_id,
        )


Endpoint = Callable[[ScimRequest], Awaitable[web.Response]]


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
