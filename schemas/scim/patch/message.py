"""The PATCH message: its envelope, and what an operation must have (RFC 7644, 3.5.2)."""

from collections.abc import Mapping
from typing import Any

from schemas.messages.commands import PatchOperation
from schemas.scim.envelope import check_schemas, check_texts, schemas_of
from schemas.scim.errors import InvalidPathError, InvalidSyntaxError, InvalidValueError, NoTargetError

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_OPS = frozenset({"add", "remove", "replace"})


def read_message(payload: object, *, strict: bool) -> list[PatchOperation]:
    """Return the operations as they were sent, but for the case of names and ``op``.

    A strict reading wants ``schemas``, no elements as the value of a removal, and takes an empty path for a broken
    one; a tolerant one takes it for none.

    Raises:
        InvalidSyntaxError: The payload is no PATCH message.
        InvalidValueError: ``add`` or ``replace`` without a value; strict: ``remove`` with one.
        InvalidPathError: A path is no text.
        NoTargetError: ``remove`` without a path.
    """
    if not isinstance(payload, dict):
        raise InvalidSyntaxError("the body must be a JSON object")
    schemas = schemas_of(payload)
    check_texts(schemas)
    if strict:
        check_schemas(schemas, PATCH_OP, strict=True)
    operations = _member(payload, "Operations")
    if not isinstance(operations, list) or not operations:
        raise InvalidSyntaxError("Operations must be a non-empty array")
    return [_operation(operation, strict=strict) for operation in operations]


_MISSING = object()


def _member(given: Mapping[str, Any], name: str) -> Any:
    """Return the member of that name, in any case."""
    if name in given:
        return given[name]
    wanted = name.lower()
    return next((value for key, value in given.items() if key.lower() == wanted), _MISSING)


def _operation(given: object, *, strict: bool) -> PatchOperation:
    if not isinstance(given, dict):
        raise InvalidSyntaxError("each of Operations must be an object")
    op = _op(_member(given, "op"))
    path = _path(_member(given, "path"), strict=strict)
    value = _member(given, "value")
    if op == "remove":
        if path is None:
            # RFC 7644, 3.5.2.2.
            raise NoTargetError("remove needs a path")
        if strict and isinstance(value, list | dict):
            # The RFC has no value here. To pass over which elements are meant would remove all of them.
            raise InvalidValueError("remove takes no value; a filter in its path says which elements are removed")
    elif value is _MISSING:
        raise InvalidValueError(f"{op} needs a value")
    elif path is None and not isinstance(value, dict):
        raise InvalidValueError(f"{op} without a path needs an object as value")
    if value is _MISSING:
        return PatchOperation(op, path)
    return PatchOperation(op, path, value, has_value=True)


def _op(op: object) -> str:
    if isinstance(op, str) and op.lower() in _OPS:
        return op.lower()
    raise InvalidSyntaxError("op must be add, remove or replace")


def _path(path: object, *, strict: bool) -> str | None:
    if path is _MISSING or path is None or (path == "" and not strict):
        return None
    if isinstance(path, str) and not (strict and path != path.strip()):
        return path
    raise InvalidPathError("path must be a string without blanks around it")
