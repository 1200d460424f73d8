"""Which tenant a path speaks of (``/scim/v2/{tenant}/...``)."""

import re
from dataclasses import dataclass

from gateway.refusals import InvalidVersionError
from schemas.ids import TenantId
from schemas.scim.errors import ResourceNotFoundError

PREFIX = "/scim/v2/"
_OTHER_VERSION = re.compile(r"/scim/v(?!2(?:/|$))\d+(?:/|$)")


@dataclass(frozen=True, slots=True)
class TenantPath:
    """A path below a Tenant URL."""

    tenant: TenantId
    """As the path has it; may be no tenant's name at all."""
    rest: str
    """What follows the tenant, without slashes at either end, percent-encoded as it came."""


def tenant_path(raw_path: str) -> TenantPath:
    """Return the tenant and the rest of the path.

    Raises:
        ResourceNotFoundError: The path is not below ``/scim/v2``.
        InvalidVersionError: The path names another version of SCIM.
    """
    if not raw_path.startswith(PREFIX):
        if _OTHER_VERSION.match(raw_path):
            raise InvalidVersionError("version 2 of SCIM is spoken here, below /scim/v2")
        raise ResourceNotFoundError("there is no such endpoint")
    tenant, _, rest = raw_path[len(PREFIX) :].partition("/")
    return TenantPath(TenantId(tenant), rest.removesuffix("/"))
