"""Identifiers, each a type of its own, so that none is passed where another is meant."""

import re
from typing import NewType

TenantId = NewType("TenantId", str)
"""A tenant's name in the URL path: lower-case letters, digits and hyphens, 1 to 63 characters."""
ResourceId = NewType("ResourceId", str)
"""A SCIM resource's ``id``: 32 hexadecimal digits, ordered by time of creation; never assigned again."""
AccountId = NewType("AccountId", str)
CommandId = NewType("CommandId", str)
JobId = NewType("JobId", str)
PlanId = NewType("PlanId", str)
TokenId = NewType("TokenId", str)
"""The ``jti`` of a SCIM token."""
WorkerId = NewType("WorkerId", str)

_TENANT_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def tenant_id(text: str) -> TenantId:
    """Return the text as a tenant id.

    Raises:
        ValueError: The text is no tenant name.
    """
    if not _TENANT_NAME.fullmatch(text):
        raise ValueError("a tenant name is 1 to 63 lower-case letters, digits and hyphens, no hyphen at either end")
    return TenantId(text)


def time_ordered_id(*, unix_ms: int, random_bits: int) -> str:
    """Return 32 hexadecimal digits that sort by time: a version 7 UUID (RFC 9562, 5.7) without hyphens."""
    head = (unix_ms & (2**48 - 1)) << 80
    tail = random_bits & (2**74 - 1)
    high, low = tail >> 62, tail & (2**62 - 1)
    return f"{head | 0x7 << 76 | high << 64 | 0b10 << 62 | low:032x}"
