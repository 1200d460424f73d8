"""The endpoints of one resource type: parse, ask, render."""

import structlog
from aiohttp import web

from gateway.answers import bare_answer, scim_answer
from gateway.lookups import Lookups
from gateway.metrics import GatewayMetrics
from gateway.middlewares.limits import BodyLimits
from gateway.scim.commands import Commands, resource_id
from gateway.scim.listing import list_body
from gateway.scim.pages import Pages
from gateway.scim.payloads import Payloads
from gateway.scim.preconditions import Conditions, is_known
from gateway.scim.presentation import Presenter, Wanted
from gateway.scim.relations import Relation
from gateway.scim.request import ScimRequest
from gateway.scim.search import Search, Searches, search_by_parameters
from gateway.scim.submission import Submission
from gateway.settings import GatewaySettings
from gateway.surroundings import Surroundings
from schemas.ids import ResourceId
from schemas.messages.outcomes import Applied
from schemas.scim.definitions.model import ResourceType
from schemas.scim.errors import ResourceNotFoundError
from schemas.scim.rendering import entity_tag
from tenants.directory.port import DirectoryReader
from tenants.errors import PortUnavailableError
from tenants.read_cache.port import KeyKind, LookupKey

log = structlog.get_logger()


class ResourceEndpoints:
    """``/Users`` and ``/Users/{id}``, or those of another type."""

    def __init__(
        self,
        resource_type: ResourceType,
        relation: Relation,
        *,
        lookups: Lookups,
        directory: DirectoryReader,
        submission: Submission,
        settings: GatewaySettings,
        metrics: GatewayMetrics,
        surroundings: Surroundings,
    ) -> None:
        """Ask these."""
        self._type = resource_type
        self._relation = relation
        self._lookups = lookups
        self._pages = Pages(lookups, directory, settings, surroundings.now)
        self._submission = submission
        self._commands = Commands(submission, surroundings)
        self._presenter = Presenter(resource_type, relation, settings)
        self._limits = BodyLimits(settings)
        self._searches = Searches(settings)
        self._payloads = Payloads(resource_type, settings, metrics)

    async def create(self, request: ScimRequest) -> web.Response:
        """Answer ``POST /Users`` (RFC 7644, 3.3)."""
        wanted = self._presenter.wanted(request)
        body = await self._limits.read(request.http)
        attributes = self._payloads_of(request).attributes(body, strict=request.is_strict)
        command = self._commands.create(request, self._type, attributes)
        applied = await self._submission.submit(command, size=len(body))
        # What is really new is in no group, and has the members that it came with.
        may_be_related = applied.version > 1 or "members" in attributes
        shown = wanted.showing(attributes)
        answer = await self._whole(shown, applied, status=201, may_be_related=may_be_related)
        answer.headers["Location"] = self._presenter.location(wanted.tenant, applied.resource_id)
        return answer

    async def read(self, request: ScimRequest) -> web.Response:
        """Answer ``GET /Users/{id}`` (RFC 7644, 3.4.1)."""
        wanted, id = self._presenter.wanted(request), self._id(request)
        found = await self._lookups.resources(LookupKey(wanted.tenant, self._type.name, KeyKind.ID, id))
        if not found:
            raise ResourceNotFoundError(f"there is no such {self._type.name}")
        if is_known(request.header("If-None-Match"), found[0].version):
            return bare_answer(304, headers={"ETag": entity_tag(found[0].version)})
        is_related = wanted.with_relation and self._relation.is_possible(found[0])
        entries = await self._relation.of(wanted.tenant, id) if is_related else None
        return self._presenter.answer(wanted, found[0].rendered, found[0].version, related=entries)

    async def list(self, request: ScimRequest) -> web.Response:
        """Answer ``GET /Users`` (RFC 7644, 3.4.2)."""
        return await self._found(request, search_by_parameters(request))

    async def search(self, request: ScimRequest) -> web.Response:
        """Answer ``POST /Users/.search`` (RFC 7644, 3.4.3)."""
        return await self._found(request, await self._searches.read(request))

    async def replace(self, request: ScimRequest) -> web.Response:
        """Answer ``PUT /Users/{id}`` (RFC 7644, 3.5.1)."""
        wanted, id = self._presenter.wanted(request), self._id(request)
        body = await self._limits.read(request.http)
        attributes = self._payloads_of(request).attributes(body, strict=request.is_strict)
        command = self._commands.replace(request, self._type, id, attributes, _conditions(request))
        return await self._whole(wanted.showing(attributes), await self._submission.submit(command, size=len(body)))

    async def patch(self, request: ScimRequest) -> web.Response:
        """Answer ``PATCH /Users/{id}`` (RFC 7644, 3.5.2)."""
        wanted, id = self._presenter.wanted(request), self._id(request)
        body = await self._limits.read(request.http)
        operations = self._payloads_of(request).operations(body, strict=request.is_strict)
        command = self._commands.patch(request, self._type, id, operations, _conditions(request))
        applied = await self._submission.submit(command, size=len(body))
        if self._type.name == "Group" and not _asks_for_attributes(request):
            # A group may be large, and nobody who adds a member wants to read all of them.
            return bare_answer(204, headers={"ETag": entity_tag(applied.version)})
        return await self._whole(wanted.showing_changed(operations), applied)

    async def delete(self, request: ScimRequest) -> web.Response:
        """Answer ``DELETE /Users/{id}`` (RFC 7644, 3.6)."""
        command = self._commands.delete(request, self._type, self._id(request), _conditions(request))
        await self._submission.submit(command, size=0)
        return bare_answer(204)

    async def _found(self, request: ScimRequest, search: Search) -> web.Response:
        wanted = self._presenter.wanted_of(request, search.attributes, search.excluded)
        found = await self._pages.find(wanted.tenant, request.type_of(self._type), search.asked)
        bodies = await self._presenter.page(wanted, found.resources)
        return scim_answer(list_body(bodies, found))

    def _payloads_of(self, request: ScimRequest) -> Payloads:
        return self._payloads.of(request.type_of(self._type))

    def _id(self, request: ScimRequest) -> ResourceId:
        return resource_id(request.name, self._type)

    async def _whole(
        self, wanted: Wanted, applied: Applied, *, status: int = 200, may_be_related: bool = True
    ) -> web.Response:
        """Return the resource as the next read will show it."""
        related = None
        if wanted.with_relation and may_be_related:
            try:
                related = await self._relation.of(wanted.tenant, applied.resource_id)
            except PortUnavailableError:
                # It is applied: saying "try again" now would be untrue, and a second POST a conflict.
                log.warning("Answer to a write lacks an attribute", attribute=self._relation.attribute)
        return self._presenter.answer(wanted, applied.body, applied.version, related=related, status=status)


def _conditions(request: ScimRequest) -> Conditions:
    return Conditions.of(request.header("If-Match"), request.header("If-None-Match"))


def _asks_for_attributes(request: ScimRequest) -> bool:
    return request.parameter("attributes") is not None or request.parameter("excludedAttributes") is not None
