"""Commands about the resources of one type, made for a caller."""

import re
from collections.abc import Sequence
from typing import Any

from gateway.scim.preconditions import Conditions
from gateway.scim.request import ScimRequest
from gateway.scim.submission import Submission
from gateway.surroundings import Surroundings
from schemas.ids import CommandId, ResourceId, time_ordered_id
from schemas.messages.commands import CreateResource, DeleteResource, PatchOperation, PatchResource, ReplaceResource
from schemas.scim.definitions.model import ResourceType
from schemas.scim.errors import ResourceNotFoundError

_ID = re.compile(r"[0-9a-f]{32}")


class Commands:
    """Makes commands; each has its deadline from the moment at which it is made."""

    def __init__(self, submission: Submission, surroundings: Surroundings) -> None:
        """Take deadlines and ids from these."""
        self._submission = submission
        self._surroundings = surroundings

    def create(self, request: ScimRequest, type_: ResourceType, attributes: dict[str, Any]) -> CreateResource:
        """Return the command that makes a resource, under a new id."""
        now = self._surroundings.now()
        id = time_ordered_id(unix_ms=int(now * 1000), random_bits=self._surroundings.random_bits(74))
        return CreateResource(**self._envelope(request, type_, ResourceId(id)), attributes=attributes)

    def replace(
        self,
        request: ScimRequest,
        type_: ResourceType,
        id: ResourceId,
        attributes: dict[str, Any],
        conditions: Conditions,
    ) -> ReplaceResource:
        """Return the command that replaces a resource's attributes."""
        envelope = self._envelope(request, type_, id)
        return ReplaceResource(**envelope, **conditions.fields(), attributes=attributes)

    def patch(
        self,
        request: ScimRequest,
        type_: ResourceType,
        id: ResourceId,
        operations: Sequence[PatchOperation],
        conditions: Conditions,
    ) -> PatchResource:
        """Return the command that applies operations to a resource."""
        envelope = self._envelope(request, type_, id)
        return PatchResource(**envelope, **conditions.fields(), operations=tuple(operations))

    def delete(
        self, request: ScimRequest, type_: ResourceType, id: ResourceId, conditions: Conditions
    ) -> DeleteResource:
        """Return the command that removes a resource."""
        return DeleteResource(**self._envelope(request, type_, id), **conditions.fields())

    def _envelope(self, request: ScimRequest, type_: ResourceType, id: ResourceId) -> dict[str, Any]:
        return {
            "id": CommandId(self._surroundings.random_id()),
            "tenant": request.tenant.id,
            "caller": request.caller(),
            "deadline": self._submission.deadline(),
            "resource_type": type_.name,
            "resource_id": id,
        }


def resource_id(name: str, type_: ResourceType) -> ResourceId:
    """Return the id that a path's last segment is.

    Raises:
        ResourceNotFoundError: It is no id of ours, so it is nobody's; there is no need to ask.
    """
    if not _ID.fullmatch(name):
        raise ResourceNotFoundError(f"there is no such {type_.name}")
    return ResourceId(name)
