"""Operations of a bulk message → the commands that they stand for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.metrics import GatewayMetrics
from gateway.scim.commands import Commands, resource_id
from gateway.scim.payloads import Payloads
from gateway.scim.preconditions import Conditions
from gateway.scim.request import ScimRequest
from gateway.settings import GatewaySettings
from schemas.ids import ResourceId
from schemas.messages.commands import Command
from schemas.scim.bulk import BulkOperation, Part, Step, parted, references, resolved
from schemas.scim.definitions.model import ResourceType
from schemas.scim.errors import InvalidValueError, ResourceNotFoundError


@dataclass(frozen=True, slots=True)
class Sizable:
    """A command, and about what it weighs in a message."""

    command: Command
    size: int


class BulkCommands:
    """Makes the commands; each operation is held to the same rules as the request that it stands for."""

    def __init__(
        self, request: ScimRequest, commands: Commands, settings: GatewaySettings, metrics: GatewayMetrics
    ) -> None:
        """Make them for the caller of the message."""
        self._request = request
        self._catalog = request.catalog
        self._commands = commands
        self._settings = settings
        self._metrics = metrics

    def of(self, operation: BulkOperation, step: Step, ids: Mapping[str, str]) -> Sizable:
        """Return the command of an operation, or of its first part; ``ids`` are those of the bulkIds so far.

        Raises:
            ScimError: The operation is refused.
        """
        if operation.fault is not None:
            raise operation.fault
        type_ = self.type_of(operation)
        data = operation.data
        if step.part is Part.FIRST:
            _check_own_members(operation, type_)
            data, _ = parted(data, step.postponed)
        if operation.method == "DELETE":
            id, conditions = _target(operation, type_, ids), Conditions.of(operation.version)
            return Sizable(self._commands.delete(self._request, type_, id, conditions), 0)
        data = resolved(data, ids)
        return Sizable(self._with_data(operation, type_, data, ids), _size(data))

    def rest(self, operation: BulkOperation, step: Step, ids: Mapping[str, str], made: ResourceId) -> Sizable:
        """Return the command that adds what was postponed to the resource that was made without it.

        Raises:
            ScimError: The operation is refused.
        """
        type_ = self.type_of(operation)
        _, late = parted(operation.data, step.postponed)
        rest = resolved(late, ids)
        operations = self._payloads(type_).operations_of(_addition(rest), strict=self._request.is_strict)
        return Sizable(self._commands.patch(self._request, type_, made, operations, Conditions()), _size(rest))

    def removal(self, operation: BulkOperation, made: ResourceId) -> Sizable:
        """Return the command that removes a resource again."""
        return Sizable(self._commands.delete(self._request, self.type_of(operation), made, Conditions()), 0)

    def type_of(self, operation: BulkOperation) -> ResourceType:
        """Return the type that the operation's path leads to.

        Raises:
            ResourceNotFoundError: There is none.
        """
        type_ = self._catalog.by_endpoint(operation.endpoint)
        if type_ is None:
            raise ResourceNotFoundError("there is no such endpoint")
        return type_

    def _with_data(self, operation: BulkOperation, type_: ResourceType, data: Any, ids: Mapping[str, str]) -> Command:
        payloads, strict = self._payloads(type_), self._request.is_strict
        if operation.method == "POST":
            return self._commands.create(self._request, type_, payloads.attributes_of(data, strict=strict))
        id, conditions = _target(operation, type_, ids), Conditions.of(operation.version)
        if operation.method == "PUT":
            return self._commands.replace(
                self._request, type_, id, payloads.attributes_of(data, strict=strict), conditions
            )
        return self._commands.patch(self._request, type_, id, payloads.operations_of(data, strict=strict), conditions)

    def _payloads(self, type_: ResourceType) -> Payloads:
        return Payloads(type_, self._settings, self._metrics)


def _target(operation: BulkOperation, type_: ResourceType, ids: Mapping[str, str]) -> ResourceId:
    return resource_id(resolved(operation.name, ids), type_)


def _addition(rest: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "add", "value": rest}],
    }


def _check_own_members(operation: BulkOperation, type_: ResourceType) -> None:
    """See that a new Group is no member of itself, before it is made."""
    members = next((value for name, value in operation.data.items() if name.lower() == "members"), None)
    if type_.name == "Group" and operation.bulk_id in references(members):
        raise InvalidValueError("members.value does not name another User or Group of this tenant")


def _size(data: Any) -> int:
    return len(orjson.dumps(data))
