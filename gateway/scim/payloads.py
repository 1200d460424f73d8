"""Request bodies → what commands carry."""

from typing import Any

import orjson

from gateway.metrics import GatewayMetrics
from gateway.settings import GatewaySettings
from schemas.messages.commands import PatchOperation
from schemas.scim.definitions.model import ResourceType
from schemas.scim.dialects import tolerate, tolerate_patch
from schemas.scim.errors import InvalidSyntaxError
from schemas.scim.patch import parse_patch
from schemas.scim.validation import validate

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Payloads:
    """Reads the bodies of one resource type's requests."""

    def __init__(self, resource_type: ResourceType, settings: GatewaySettings, metrics: GatewayMetrics) -> None:
        """Count in these metrics what a dialect needed."""
        self._resource_type = resource_type
        self._settings = settings
        self._nesting_limit = settings.nesting_limit
        self._metrics = metrics

    def of(self, resource_type: ResourceType) -> "Payloads":
        """Return what reads bodies by this resource type, such as a tenant's with its own extensions."""
        if resource_type is self._resource_type:
            return self
        return Payloads(resource_type, self._settings, self._metrics)

    def attributes(self, body: bytes, *, strict: bool) -> dict[str, Any]:
        """Return the canonical attributes of a POST or PUT.

        Raises:
            ScimError: The body is no such resource.
        """
        return self.attributes_of(json_object(body, nesting_limit=self._nesting_limit), strict=strict)

    def attributes_of(self, payload: object, *, strict: bool) -> dict[str, Any]:
        """Return the canonical attributes of a POST or PUT whose body is parsed already.

        Raises:
            ScimError: The payload is no such resource.
        """
        if not strict:
            payload, rewrites = tolerate(payload, self._resource_type)
            self._metrics.rewritten(rewrites)
        return validate(payload, self._resource_type, strict=strict)

    def operations(self, body: bytes, *, strict: bool) -> tuple[PatchOperation, ...]:
        """Return the operations of a PATCH.

        Raises:
            ScimError: The body is no such message.
        """
        return self.operations_of(json_object(body, nesting_limit=self._nesting_limit), strict=strict)

    def operations_of(self, payload: object, *, strict: bool) -> tuple[PatchOperation, ...]:
        """Return the operations of a PATCH whose body is parsed already.

        Raises:
            ScimError: The payload is no such message.
        """
        if not strict:
            payload, rewrites = tolerate_patch(payload, self._resource_type)
            self._metrics.rewritten(rewrites)
        return parse_patch(payload, self._resource_type, strict=strict)


def json_object(body: bytes, *, nesting_limit: int) -> dict[str, Any]:
    """Return the JSON object that the body is. Of members with one name the last counts, as with most parsers.

    Raises:
        InvalidSyntaxError: It is none, is not UTF-8, holds text that is not Unicode, or is nested too deeply.
    """
    try:
        payload = orjson.loads(body.removeprefix(_BYTE_ORDER_MARK))
    except orjson.JSONDecodeError as error:
        raise InvalidSyntaxError("the body is not JSON in UTF-8") from error
    if not isinstance(payload, dict):
        raise InvalidSyntaxError("the body has to be a JSON object")
    # What has few brackets is not deep; only the rest is walked through.
    if body.count(b"{") + body.count(b"[") > nesting_limit and _depth_exceeds(payload, nesting_limit):
        raise InvalidSyntaxError(f"the body is nested more than {nesting_limit} levels deep")
    return payload


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [inner for outer in level for inner in _inner(outer)]
        if not level:
            return False
    return True


def _inner(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [inner for inner in value.values() if isinstance(inner, dict | list)]
    return [inner for inner in value if isinstance(inner, dict | list)]
