"""Answers in SCIM's media type."""

from collections.abc import AsyncIterator, Mapping

import orjson
import structlog
from aiohttp import web

from schemas.scim.errors import ScimError
from tenants.errors import PortUnavailableError

SCIM_JSON = "application/scim+json"
_ALWAYS = {"Cache-Control": "private, no-cache", "Server": "Rollcall"}
log = structlog.get_logger()
ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"


Body = bytes | AsyncIterator[bytes]
"""JSON, or pieces of it that are made while it is sent."""


def scim_answer(body: Body, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return the answer; personal data in it is not for shared caches (RFC 7644, 7.4)."""
    sent = body if isinstance(body, bytes) else _or_broken_off(body)
    return web.Response(body=sent, status=status, headers={"Content-Type": SCIM_JSON, **_ALWAYS, **(headers or {})})


async def _or_broken_off(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces. Where one cannot be had, the connection ends, so that nobody takes the rest for the whole."""
    try:
        async for piece in pieces:
            yield piece
    except PortUnavailableError as error:
        log.warning("Answer was broken off", cause=str(error))
        raise ConnectionAbortedError("the answer cannot be completed") from error


def bare_answer(status: int, *, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return an answer without a body."""
    return web.Response(status=status, headers={**_ALWAYS, **(headers or {})})


def error_body(status: int, detail: str, scim_type: str | None = None) -> bytes:
    """Return the body of RFC 7644, 3.12."""
    body = {"schemas": [ERROR_SCHEMA], "status": str(status), "detail": detail}
    return orjson.dumps(body | {"scimType": scim_type} if scim_type else body)


def error_answer(
    status: int, detail: str, *, scim_type: str | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return a SCIM error."""
    return scim_answer(error_body(status, detail, scim_type), status=status, headers=headers)


def refusal(error: ScimError) -> web.Response:
    """Return the answer that a refusal stands for."""
    headers: Mapping[str, str] | None = getattr(error, "headers", None)
    return error_answer(error.status, error.detail, scim_type=error.scim_type, headers=headers)
