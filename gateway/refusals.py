"""Refusals that are HTTP's own, told as SCIM errors like all others (RFC 7644, 3.12)."""

from collections.abc import Mapping
from typing import ClassVar

from schemas.messages.outcomes import Rejected
from schemas.scim.errors import ScimError

PUT_OFF = frozenset({429, 503})
"""Statuses that ask the client to come again."""


class HttpRefusalError(ScimError):
    """A refusal that may carry response headers."""

    def __init__(self, detail: str, headers: Mapping[str, str] | None = None) -> None:
        """Keep what the client is told."""
        super().__init__(detail)
        self.headers: Mapping[str, str] = headers or {}


class RejectedError(Exception):
    """The worker refused the command."""

    def __init__(self, rejected: Rejected) -> None:
        """Keep what the client is told."""
        super().__init__(rejected.detail)
        self.rejected = rejected


class InvalidVersionError(ScimError):
    """The path names a version of the protocol that is not served."""

    scim_type = "invalidVers"


class UnauthorizedError(HttpRefusalError):
    """Nobody, or nobody we know; one text for every cause."""

    status: ClassVar[int] = 401

    def __init__(self, *, token_presented: bool) -> None:
        """Name the scheme; RFC 6750, 3.1: an error code only where a token was presented."""
        scheme = 'Bearer error="invalid_token"' if token_presented else "Bearer"
        super().__init__("a valid bearer token of this tenant is required", {"WWW-Authenticate": scheme})


class ForbiddenError(HttpRefusalError):
    """Known, but not permitted."""

    status: ClassVar[int] = 403


class MethodNotAllowedError(HttpRefusalError):
    """The endpoint has other methods."""

    status: ClassVar[int] = 405

    def __init__(self, allow: str) -> None:
        """Name the methods that it has."""
        super().__init__(f"this endpoint has {allow}", {"Allow": allow})


class RequestTimeoutError(HttpRefusalError):
    """The body did not come in time."""

    status: ClassVar[int] = 408


class BodyTooLargeError(HttpRefusalError):
    """The body is larger than the limit."""

    status: ClassVar[int] = 413


class UnsupportedMediaTypeError(HttpRefusalError):
    """The body is in no format that is read here."""

    status: ClassVar[int] = 415


class TooManyRequestsError(HttpRefusalError):
    """The tenant has more writes waiting than it may."""

    status: ClassVar[int] = 429


class UnsupportedOperationError(HttpRefusalError):
    """The RFC has it, this release does not."""

    status: ClassVar[int] = 501
