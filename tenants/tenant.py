"""The tenant record."""

from dataclasses import dataclass, field
from enum import StrEnum

from schemas.ids import TenantId
from schemas.scim.definitions.extensions import ExtensionSchema
from tenants.policies.settings import Policies


class TenantStatus(StrEnum):
    """Whether a tenant's provisioning clients are served."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class Dialect(StrEnum):
    """How requests that stray from the RFCs are met."""

    TOLERANT = "tolerant"
    STRICT = "strict"


@dataclass(frozen=True, slots=True)
class Tenant:
    """One customer; the unit of isolation."""

    id: TenantId
    display_name: str
    created: str
    """RFC 3339, UTC, milliseconds."""
    status: TenantStatus = TenantStatus.ACTIVE
    dialect: Dialect = Dialect.TOLERANT
    policies: Policies = field(default_factory=Policies)
    extensions: tuple[ExtensionSchema, ...] = ()
    """The tenant's own schemas, in the order of their registration."""
    revision: int = 1
    """Optimistic lock; raised by each change of the record."""
    token_limit: int = 2
    """How many SCIM tokens may live at once, those that a rotation replaced not counted."""
