"""The root of a Tenant URL: lists of the resources of all types (RFC 7644, 3.4.2.1 and 3.4.3)."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from gateway.answers import Body, scim_answer
from gateway.scim.listing import list_body
from gateway.scim.pages_of_all import PagesOfAll
from gateway.scim.presentation import Presenter
from gateway.scim.request import ScimRequest
from gateway.scim.search import Search, Searches, search_by_parameters
from gateway.settings import GatewaySettings
from tenants.directory.records import CachedResource


class RootEndpoints:
    """``/`` and ``/.search``."""

    def __init__(self, pages: PagesOfAll, presenters: Mapping[str, Presenter], settings: GatewaySettings) -> None:
        """Show what the pages hold by each type's presenter."""
        self._pages = pages
        self._presenters = presenters
        self._searches = Searches(settings)

    async def list(self, request: ScimRequest) -> web.Response:
        """Answer ``GET /``."""
        return await self._found(request, search_by_parameters(request))

    async def search(self, request: ScimRequest) -> web.Response:
        """Answer ``POST /.search``."""
        return await self._found(request, await self._searches.read(request))

    async def _found(self, request: ScimRequest, search: Search) -> web.Response:
        found = await self._pages.find(request.tenant.id, request.catalog.resource_types, search.asked)
        bodies = await self._bodies(request, search, found.resources)
        return scim_answer(list_body(bodies, found))

    async def _bodies(
        self, request: ScimRequest, search: Search, resources: Sequence[CachedResource]
    ) -> Sequence[Body]:
        """Return the bodies in the order of the resources, each shown as its type is."""
        bodies: dict[str, Body] = {}
        for type_, presenter in self._presenters.items():
            wanted = presenter.wanted_of(request, search.attributes, search.excluded)
            of_type = [resource for resource in resources if resource.type == type_]
            shown = await presenter.page(wanted, of_type)
            bodies |= zip((resource.id for resource in of_type), shown, strict=True)
        return [bodies[resource.id] for resource in resources]
