"""Answers in SCIM's media type."""

from collections.abc import Mapping

import orjson
from aiohttp import web

from schemas.scim.errors import ScimError

SCIM_JSON = "application/scim+json"
_ALWAYS = {"Cache-Control": "private, no-cache", "Server": "Rollcall"}
ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"


def scim_answer(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return the answer; personal data in it is not for shared caches (RFC 7644, 7.4)."""
    return web.Response(body=body, status=status, headers={"Content-Type": SCIM_JSON, **_ALWAYS, **(headers or {})})


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
