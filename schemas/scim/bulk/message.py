"""The bulk message: its envelope, and what each operation must have (RFC 7644, 3.7).

What is wrong with the envelope refuses the message; what is wrong with an operation is that operation's failure alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from schemas.scim.envelope import check_schemas
from schemas.scim.errors import InvalidPathError, InvalidSyntaxError, ScimError

BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """One operation as it was sent."""

    method: str = ""
    """In capitals; empty where none was sent."""
    path: str = ""
    endpoint: str = ""
    """The path's first segment, like ``Users``, as it was written."""
    name: str = ""
    """Its second segment, decoded: a resource's id, or ``bulkId:...``; empty for POST."""
    bulk_id: str | None = None
    version: str | None = None
    """What ``If-Match`` would hold."""
    data: Any = None
    fault: ScimError | None = None
    """Why it cannot be carried out, whatever the directory holds."""


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """A whole message."""

    operations: tuple[BulkOperation, ...]
    fail_on_errors: int | None = None
    """After so many failures the rest is left; None: never."""


def parse_bulk(payload: Mapping[str, Any], *, strict: bool) -> BulkRequest:
    """Return the message, its operations in their order.

    A strict reading wants ``schemas``, and a ``bulkId`` with each POST.

    Raises:
        InvalidSyntaxError: The payload is no bulk message.
    """
    members = _by_lower_name(payload)
    check_schemas(members.get("schemas"), BULK_REQUEST, strict=strict)
    given = members.get("operations")
    if not isinstance(given, list):
        raise InvalidSyntaxError("Operations must be an array")
    operations = (_operation(each, strict=strict) for each in given)
    return BulkRequest(_without_namesakes(operations), _fail_on_errors(members.get("failonerrors")))


def _by_lower_name(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in given.items()}


def _fail_on_errors(given: object) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        raise InvalidSyntaxError("failOnErrors must be a whole number above 0")
    return max(given, 1)


def _operation(given: object, *, strict: bool) -> BulkOperation:
    if not isinstance(given, dict):
        return BulkOperation(fault=InvalidSyntaxError("each of Operations must be an object"))
    members = _by_lower_name(given)
    method, path, bulk_id, version = (_text(members.get(name)) for name in ("method", "path", "bulkid", "version"))
    endpoint, name = _place(path or "")
    operation = BulkOperation(
        method=(method or "").upper(),
        path=path or "",
        endpoint=endpoint,
        name=name,
        bulk_id=bulk_id,
        version=version,
        data=members.get("data"),
    )
    return replace(operation, fault=_fault(operation, members, strict=strict))


def _text(given: object) -> str | None:
    return given if isinstance(given, str) else None


def _place(path: str) -> tuple[str, str]:
    endpoint, _, name = path.removeprefix("/").removesuffix("/").partition("/")
    return endpoint, unquote(name)


def _fault(operation: BulkOperation, members: Mapping[str, Any], *, strict: bool) -> ScimError | None:
    for name in ("bulkId", "version"):
        if not isinstance(members.get(name.lower()), str | None):
            return InvalidSyntaxError(f"{name} must be a string")
    if operation.method not in _METHODS:
        return InvalidSyntaxError("method must be POST, PUT, PATCH or DELETE")
    if not operation.endpoint or "/" in operation.name or bool(operation.name) is (operation.method == "POST"):
        return InvalidPathError("path must lead to an endpoint like /Users for POST, else to a resource like /Users/id")
    if operation.method != "DELETE" and not isinstance(operation.data, dict):
        return InvalidSyntaxError(f"data must be an object for {operation.method}")
    if operation.method == "POST" and not operation.bulk_id and (strict or operation.bulk_id is not None):
        return InvalidSyntaxError("bulkId is required for POST")
    return None


def _without_namesakes(operations: Iterable[BulkOperation]) -> tuple[BulkOperation, ...]:
    """Return the operations; of several POSTs under one bulkId only the first can be carried out, and referred to."""
    seen: set[str] = set()
    kept = []
    for operation in operations:
        if operation.method == "POST" and operation.bulk_id in seen:
            fault = operation.fault or InvalidSyntaxError("bulkId must be unique in the message")
            kept.append(replace(operation, fault=fault))
            continue
        if operation.method == "POST" and operation.bulk_id:
            seen.add(operation.bulk_id)
        kept.append(operation)
    return tuple(kept)
