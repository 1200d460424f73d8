"""A plan as a value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from schemas.ids import PlanId, ResourceId, TenantId


@dataclass(frozen=True, slots=True, order=True)
class Destruction:
    """Whose account a release would disable or erase."""

    resource: ResourceId
    kind: str
    """``disable`` or ``erase``."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a release would have done when it was reviewed."""

    id: PlanId
    tenant: TenantId
    created: str
    """RFC 3339, UTC, milliseconds."""
    principal: str
    """Who reviewed it, as the audit log names them."""
    sequence: int
    """The tenant's transaction up to which it is."""
    digest: str
    """``digest_of`` everything destructive."""
    destructive: int
    """How many accounts would be disabled or erased."""
    erasures: int
    """How many of them for good."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Effects, and reasons to keep something back, by how often they occur."""


def digest_of(destructive: Iterable[Destruction]) -> str:
    """Return the SHA-256 over the items in order, which two equal sets share."""
    digest = sha256()
    for item in sorted(destructive):
        digest.update(f"{item.resource} {item.kind}\n".encode())
    return digest.hexdigest()
