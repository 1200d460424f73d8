"""SCIM tokens as JSON Web Tokens (RFC 7519), signed with HS256."""

from typing import Any

import jwt
from jwt.types import Options

from schemas.ids import TenantId, TokenId
from tenants.credentials.scim_tokens import Cause, CredentialError, PresentedToken, TokenClaims, digest
from tenants.credentials.signing import SigningKey, SigningKeys

_ISSUER = "rollcall"
_ALGORITHM = "HS256"
_LONGEST_TOKEN = 4096
_CLAIMS: Options = {
    "require": ["iss", "aud", "jti", "iat", "exp"],
    # Times and tenant are held against the caller's clock and path in ``verification``.
    "verify_exp": False,
    "verify_iat": False,
    "verify_aud": False,
}


def issue(keys: SigningKeys, *, tenant: TenantId, token_id: TokenId, issued: int, expires: int) -> str:
    """Return a new token, signed with the current key; times are Unix seconds."""
    claims = {"iss": _ISSUER, "aud": tenant, "jti": token_id, "iat": issued, "exp": expires}
    return jwt.encode(claims, keys.current.secret, algorithm=_ALGORITHM, headers={"kid": keys.current.id})


def read(token: str, keys: SigningKeys) -> PresentedToken:
    """Return what the token claims, its signature being good. Whether it is still valid is another question.

    Raises:
        CredentialError: It is malformed, not signed by us, or no SCIM token.
    """
    key = _signing_key(token, keys)
    claims = _token_claims(_verified_payload(token, key))
    return PresentedToken(claims, digest(token, key))


def _signing_key(token: str, keys: SigningKeys) -> SigningKey:
    if len(token) > _LONGEST_TOKEN or not token.isascii():
        raise CredentialError(Cause.MALFORMED)
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError as error:
        raise CredentialError(Cause.MALFORMED) from error
    key = keys.named(kid)
    if key is None:
        raise CredentialError(Cause.SIGNATURE)
    return key


def _verified_payload(token: str, key: SigningKey) -> dict[str, Any]:
    try:
        payload: dict[str, Any] = jwt.decode(
            token, key.secret, algorithms=[_ALGORITHM], issuer=_ISSUER, options=_CLAIMS
        )
    except jwt.InvalidSignatureError as error:
        raise CredentialError(Cause.SIGNATURE) from error
    except jwt.InvalidIssuerError as error:
        raise CredentialError(Cause.FOREIGN) from error
    except jwt.PyJWTError as error:
        raise CredentialError(Cause.MALFORMED) from error
    return payload


def _token_claims(payload: dict[str, Any]) -> TokenClaims:
    tenant, token, issued, expires = (payload[name] for name in ("aud", "jti", "iat", "exp"))
    is_ours = (
        isinstance(tenant, str) and isinstance(token, str) and isinstance(issued, int) and isinstance(expires, int)
    )
    if not is_ours:
        raise CredentialError(Cause.FOREIGN)
    return TokenClaims(TenantId(tenant), TokenId(token), issued, expires)
