"""What the driver's errors mean to the callers of a port."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo.errors import BulkWriteError, ConnectionFailure, OperationFailure, PyMongoError, WriteConcernError

from tenants.errors import PortUnavailableError

_DUPLICATE_KEY = 11000
_WRITE_CONFLICT = 112


@contextmanager
def port_errors() -> Iterator[None]:
    """Turn an unreachable or interrupted server into ``PortUnavailableError``."""
    try:
        yield
    except PyMongoError as error:
        if is_unavailable(error):
            raise PortUnavailableError("MongoDB cannot be reached, or has no primary now") from error
        raise


def is_unavailable(error: PyMongoError) -> bool:
    """Tell whether the same call may succeed later: no server, no primary, no majority, no answer in time."""
    return (
        isinstance(error, ConnectionFailure | WriteConcernError)
        or error.timeout
        or error.has_error_label("RetryableWriteError")
        or error.has_error_label("UnknownTransactionCommitResult")
        or (isinstance(error, BulkWriteError) and not _write_errors(error))
    )


def is_duplicate(error: PyMongoError) -> bool:
    """Tell whether a unique key is taken."""
    return _has_code(error, _DUPLICATE_KEY)


def is_conflict(error: PyMongoError) -> bool:
    """Tell whether another transaction was first; nothing of this one was kept."""
    if isinstance(error, ConnectionFailure):
        return False
    return error.has_error_label("TransientTransactionError") or _has_code(error, _WRITE_CONFLICT)


def _has_code(error: PyMongoError, code: int) -> bool:
    if isinstance(error, BulkWriteError):
        return any(fault["code"] == code for fault in _write_errors(error))
    return isinstance(error, OperationFailure) and error.code == code


def _write_errors(error: BulkWriteError) -> list[dict[str, Any]]:
    return list(error.details.get("writeErrors", []))
