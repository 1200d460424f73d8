"""What the RFC has and this release does not: refused plainly, with no silent half-work."""

from typing import NoReturn

from gateway.refusals import UnsupportedOperationError
from gateway.scim.request import ScimRequest


async def me(_: ScimRequest) -> NoReturn:
    """Answer ``/Me`` (RFC 7644, 3.11): a provisioning client is not a User."""
    raise UnsupportedOperationError("/Me is not supported")
