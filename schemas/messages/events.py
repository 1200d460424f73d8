"""Events: what happened to accounts and cohorts, in order, for the LMS; and to the tokens that bring them."""

from enum import StrEnum
from typing import Any

import msgspec

from schemas.ids import TenantId


class EventType(StrEnum):
    """What happened on the LMS side."""

    ACCOUNT_CREATED = "account.created"
    ACCOUNT_UPDATED = "account.updated"
    ACCOUNT_DISABLED = "account.disabled"
    ACCOUNT_ENABLED = "account.enabled"
    ACCOUNT_ACTIVATED = "account.activated"
    ACCOUNT_ERASED = "account.erased"
    COHORT_CREATED = "cohort.created"
    COHORT_UPDATED = "cohort.updated"
    COHORT_REMOVED = "cohort.removed"
    MEMBER_ADDED = "cohort.member_added"
    MEMBER_REMOVED = "cohort.member_removed"
    TOKEN_EXPIRING = "token.expiring"  # noqa: S105 - the name of an event, not a secret
    TOKEN_EXPIRED = "token.expired"  # noqa: S105 - the name of an event, not a secret
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - the name of an event, not a secret
    GUARD_TRIPPED = "tenant.guard_tripped"


OPERATIONAL = frozenset(
    {EventType.TOKEN_EXPIRING, EventType.TOKEN_EXPIRED, EventType.TOKEN_REVOKED, EventType.GUARD_TRIPPED}
)
"""Events about the provisioning itself; whoever follows people passes them over."""


class Event(msgspec.Struct, frozen=True):
    """One thing that happened to one account, cohort or token."""

    tenant: TenantId
    number: int
    """Counts the tenant's events from 1, without gaps."""
    sequence: int
    """The transaction that wrote it."""
    type: EventType
    subject: str
    """The account's, cohort's or token's id."""
    at: str
    """RFC 3339, UTC, milliseconds."""
    payload: dict[str, Any]
    """What the LMS needs to carry it out; never a secret."""
