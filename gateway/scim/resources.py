"""The endpoints of one resource type: parse, ask, render."""

import re
from typing import Any

import structlog
from aiohttp import web

from gateway.answers import bare_answer, scim_answer
from gateway.lookups import Lookups
from gateway.metrics import GatewayMetrics
from gateway.middlewares.limits import BodyLimits
from gateway.scim.listing import ListRequest, list_response
from gateway.scim.pages import Pages
from gateway.scim.payloads import Payloads
from gateway.scim.preconditions import entity_tags, is_known
from gateway.scim.presentation import Presenter, Wanted
from gateway.scim.relations import Relation
from gateway.scim.request import ScimRequest
from gateway.scim.submission import Submission
from gateway.settings import GatewaySettings
from gateway.surroundings import Surroundings
from schemas.ids import CommandId, ResourceId, time_ordered_id
from schemas.messages.commands import CreateResource, DeleteResource, PatchResource, ReplaceResource
from schemas.messages.outcomes import Applied
from schemas.scim.definitions.model import ResourceType
from schemas.scim.errors import ResourceNotFoundError
from schemas.scim.rendering import entity_tag
from tenants.directory.port import DirectoryReader
from tenants.errors import PortUnavailableError
from tenants.read_cache.port import KeyKind, LookupKey

_ID = re.compile(r"[0-9a-f]{32}")
log = structlog.get_logger()


class ResourceEndpoints:
    """``/Users`` and ``/Users/{id}``, or those of another type."""

    def __init__(
        self,
        resource_type: ResourceType,
        relation: Relation[Any],
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
        self._surroundings = surroundings
        self._presenter = Presenter(resource_type, relation, settings)
        self._limits = BodyLimits(settings)
        self._payloads = Payloads(resource_type, settings, metrics)

    async def create(self, request: ScimRequest) -> web.Response:
        """Answer ``POST /Users`` (RFC 7644, 3.3)."""
        wanted = self._presenter.wanted(request)
        body = await self._limits.read(request.http)
        attributes = self._payloads.attributes(body, strict=request.is_strict)
        command = CreateResource(**self._envelope(request), resource_id=self._new_id(), attributes=attributes)
        applied = await self._submission.submit(command, size=len(body))
        # What is really new is in no group, and has the members that it came with.
        may_be_related = applied.version > 1 or "members" in attributes
        answer = await self._whole(wanted, applied, status=201, may_be_related=may_be_related)
        answer.headers["Location"] = self._presenter.location(wanted.tenant, applied.resource_id)
        return answer

    async def read(self, request: ScimRequest) -> web.Response:
        """Answer ``GET /Users/{id}`` (RFC 7644, 3.4.1)."""
        wanted, id = self._presenter.wanted(request), self._id(request)
        found = await self._lookups.resources(LookupKey(wanted.tenant, self._type.name, KeyKind.ID, id))
        if not found:
            raise self._unknown()
        if is_known(request.http.headers.get("If-None-Match"), found[0].version):
            return bare_answer(304, headers={"ETag": entity_tag(found[0].version)})
        is_related = wanted.with_relation and self._relation.is_possible(found[0])
        entries = await self._relation.of(wanted.tenant, id) if is_related else None
        return self._presenter.answer(wanted, found[0].rendered, found[0].version, related=entries)

    async def list(self, request: ScimRequest) -> web.Response:
        """Answer ``GET /Users`` (RFC 7644, 3.4.2)."""
        wanted = self._presenter.wanted(request)
        found = await self._pages.find(wanted.tenant, self._type, ListRequest.from_parameters(request.parameter))
        bodies = await self._presenter.page(wanted, found.resources)
        return scim_answer(
            list_response(bodies, total=found.total, start_index=found.start_index, next_cursor=found.next_cursor)
        )

    async def replace(self, request: ScimRequest) -> web.Response:
        """Answer ``PUT /Users/{id}`` (RFC 7644, 3.5.1)."""
        wanted, target = self._presenter.wanted(request), self._target(request)
        body = await self._limits.read(request.http)
        attributes = self._payloads.attributes(body, strict=request.is_strict)
        command = ReplaceResource(**self._envelope(request), **target, attributes=attributes)
        return await self._whole(wanted, await self._submission.submit(command, size=len(body)))

    async def patch(self, request: ScimRequest) -> web.Response:
        """Answer ``PATCH /Users/{id}`` (RFC 7644, 3.5.2)."""
        wanted, target = self._presenter.wanted(request), self._target(request)
        body = await self._limits.read(request.http)
        operations = self._payloads.operations(body, strict=request.is_strict)
        command = PatchResource(**self._envelope(request), **target, operations=operations)
        applied = await self._submission.submit(command, size=len(body))
        if self._type.name == "Group" and not _asks_for_attributes(request):
            # A group may be large, and nobody who adds a member wants to read all of them.
            return bare_answer(204, headers={"ETag": entity_tag(applied.version)})
        return await self._whole(wanted, applied)

    async def delete(self, request: ScimRequest) -> web.Response:
        """Answer ``DELETE /Users/{id}`` (RFC 7644, 3.6)."""
        command = DeleteResource(**self._envelope(request), **self._target(request))
        await self._submission.submit(command, size=0)
        return bare_answer(204)

    def _id(self, request: ScimRequest) -> ResourceId:
        # What is no id of ours is nobody's; there is no need to ask.
        if not _ID.fullmatch(request.name):
            raise self._unknown()
        return ResourceId(request.name)

    def _unknown(self) -> ResourceNotFoundError:
        return ResourceNotFoundError(f"there is no such {self._type.name}")

    def _new_id(self) -> ResourceId:
        now = self._surroundings.now()
        return ResourceId(time_ordered_id(unix_ms=int(now * 1000), random_bits=self._surroundings.random_bits(74)))

    def _envelope(self, request: ScimRequest) -> dict[str, Any]:
        """Return what all commands have in common."""
        return {
            "id": CommandId(self._surroundings.random_id()),
            "tenant": request.tenant.id,
            "caller": request.caller(),
            "deadline": self._submission.deadline(),
            "resource_type": self._type.name,
        }

    def _target(self, request: ScimRequest) -> dict[str, Any]:
        """Return what all commands about one resource have in common."""
        return {
            "resource_id": self._id(request),
            "if_match": entity_tags(request.http.headers.get("If-Match")),
        }

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


def _asks_for_attributes(request: ScimRequest) -> bool:
    return request.parameter("attributes") is not None or request.parameter("excludedAttributes") is not None
