"""Answers in SCIM's media type."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import orjson
import structlog
from aiohttp import web

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
    return web.Response(body=sent, status=status, headers=_headers(headers))


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


@dataclass(frozen=True, slots=True)
class Refused:
    """What is kept of a refusal: nothing that the client said."""

    status: int
    reason: str
    scim_type: str | None = None


class RefusalAnswer(web.Response):
    """A SCIM error on which this gateway has decided itself."""

    refused: Refused | None = None
    """What the audit log is to be told of it; None: nothing more."""


def refusal(refused: Refused, *, detail: str | None = None, headers: Mapping[str, str] | None = None) -> RefusalAnswer:
    """Return the answer that says why; the client is told the reason, or another detail."""
    body = error_body(refused.status, refused.reason if detail is None else detail, refused.scim_type)
    answer = RefusalAnswer(body=body, status=refused.status, headers=_headers(headers))
    answer.refused = refused
    return answer


def _headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {"Content-Type": SCIM_JSON, **_ALWAYS, **(headers or {})}
