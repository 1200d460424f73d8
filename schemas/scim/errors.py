"""Refusals, one class per scimType of RFC 7644, 3.12; each is told to the client as a SCIM error.

Details name attributes, never values. A few repeat a name that the client has made up, which may be anything: what is
kept of a refusal has other words then.
"""

from typing import ClassVar


class ScimError(Exception):
    """A refusal with an HTTP status and, where the RFC has one, a scimType."""

    status: ClassVar[int] = 400
    scim_type: ClassVar[str | None] = None

    def __init__(self, detail: str, *, kept: str | None = None) -> None:
        """Tell the client the detail, and keep ``kept`` of it: to be given where words of the client's are in it."""
        super().__init__(detail)
        self.detail = detail
        self.kept = detail if kept is None else kept


class InvalidSyntaxError(ScimError):
    """The body is no JSON object, or not of the message's structure."""

    scim_type = "invalidSyntax"


class InvalidFilterError(ScimError):
    """The filter does not parse, or asks what its attribute cannot answer."""

    scim_type = "invalidFilter"


class InvalidPathError(ScimError):
    """The path does not parse, or names nothing of the schema."""

    scim_type = "invalidPath"


class NoTargetError(ScimError):
    """The path leads to nothing that the operation could act on."""

    scim_type = "noTarget"


class InvalidValueError(ScimError):
    """A required value is missing, or a value does not fit its attribute."""

    scim_type = "invalidValue"


class MutabilityError(ScimError):
    """The change is at odds with the attribute's mutability."""

    scim_type = "mutability"


class TooManyError(ScimError):
    """The result is larger than the server is willing to compute."""

    scim_type = "tooMany"


class InvalidCursorError(ScimError):
    """The cursor is none of ours, or belongs to another query (RFC 9865, 2.1)."""

    scim_type = "invalidCursor"


class ExpiredCursorError(ScimError):
    """The cursor was one of ours, too long ago (RFC 9865, 2.1)."""

    scim_type = "expiredCursor"


class InvalidCountError(ScimError):
    """A query with a cursor asks for a page size that cannot be had, or changes it on the way (RFC 9865, 2.1)."""

    scim_type = "invalidCount"


class UniquenessError(ScimError):
    """A value that has to be unique is taken."""

    status = 409
    scim_type = "uniqueness"


class ResourceNotFoundError(ScimError):
    """There is no such resource or endpoint."""

    status = 404


class PreconditionFailedError(ScimError):
    """``If-Match`` names another version."""

    status = 412
