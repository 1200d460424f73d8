"""Which tenant a path speaks of: ``/scim/v2/{tenant}/...``, or without a version (RFC 7644, 3.13)."""

import re

import msgspec

from gateway.refusals import InvalidVersionError
from schemas.ids import TenantId
from schemas.scim.errors import ResourceNotFoundError

_BELOW = re.compile(r"/scim/(?:(v\d+)(?:/|$))?(.*)", re.DOTALL)
_VERSION = "v2"


class TenantPath(msgspec.Struct, frozen=True):
    """A path below a Tenant URL."""

    tenant: TenantId
    """As the path has it; may be no tenant's name at all."""
    rest: str
    """What follows the tenant, without slashes at either end, percent-encoded as it came."""


def tenant_path(raw_path: str) -> TenantPath:
    """Return the tenant and the rest of the path.

    Raises:
        ResourceNotFoundError: The path is not below ``/scim``.
        InvalidVersionError: The path names another version of SCIM.
    """
    below = _BELOW.fullmatch(raw_path)
    if below is not None and below[1] not in {None, _VERSION}:
        raise InvalidVersionError("version 2 of SCIM is spoken here, below /scim/v2")
    if below is None or not below[2]:
        raise ResourceNotFoundError("there is no such endpoint")
    tenant, _, rest = below[2].partition("/")
    return TenantPath(TenantId(tenant), rest.removesuffix("/"))
