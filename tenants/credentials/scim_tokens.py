"""SCIM tokens as values: what they claim, and what is kept of them."""

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum

from schemas.ids import TenantId, TokenId
from tenants.credentials.signing import SigningKey


class Cause(StrEnum):
    """Why somebody was not let in; told to the tenant's audit log, never to the caller."""

    MISSING = "missing"
    """No bearer token was presented."""
    MALFORMED = "malformed"
    """What was presented is no token."""
    SIGNATURE = "signature"
    """It is signed with no key of ours."""
    FOREIGN = "foreign"
    """It is signed by us, but is no SCIM token."""
    FOREIGN_TENANT = "foreign_tenant"
    """It is another tenant's token."""
    UNKNOWN = "unknown"
    """It is not in the registry."""
    REVOKED = "revoked"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    """The token is good, its tenant is suspended."""


class CredentialError(Exception):
    """What was presented cannot be read as a token of ours."""

    def __init__(self, cause: Cause) -> None:
        """Keep the cause."""
        super().__init__(cause.value)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a token with a good signature says."""

    tenant: TenantId
    token: TokenId
    issued: int
    expires: int
    """Unix seconds, like ``issued``."""


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A token as it was presented: its claims, and the digest to hold against the registry's."""

    claims: TokenClaims
    digest: str


def digest(token: str, key: SigningKey) -> str:
    """Return what is kept of a token: a keyed HMAC-SHA-256, hexadecimal, by the key that the token is signed with."""
    own_key = hmac.digest(key.secret, b"rollcall token digest", hashlib.sha256)
    return hmac.digest(own_key, token.encode(), hashlib.sha256).hex()


def last_four(token: str) -> str:
    """Return the characters that people tell tokens apart by."""
    return token[-4:]
