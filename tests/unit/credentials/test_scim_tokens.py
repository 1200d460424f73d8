"""SCIM tokens: what is issued is read, and nothing else is."""

import base64
import json

import jwt as pyjwt
import pytest

from schemas.ids import TenantId, TokenId
from tenants.credentials import jwt
from tenants.credentials.scim_tokens import Cause, CredentialError, TokenClaims, digest, last_four
from tenants.credentials.signing import SigningKeys, signing_keys

ACME = TenantId("acme")
OLD = "the key of last year, quite long enough"
NEW = "the key of this year, quite long enough"
KEYS = signing_keys(NEW, OLD)
CLAIMS = {"iss": "rollcall", "aud": "acme", "jti": "t1", "iat": 1_800_000_000, "exp": 1_831_536_000}


def issued(keys: SigningKeys = KEYS) -> str:
    return jwt.issue(keys, tenant=ACME, token_id=TokenId("t1"), issued=1_800_000_000, expires=1_831_536_000)


def signed(claims: dict[str, object], *, key: str = NEW, algorithm: str = "HS256") -> str:
    return pyjwt.encode(claims, key, algorithm=algorithm, headers={"kid": KEYS.current.id})


def cause_of(token: str) -> Cause:
    with pytest.raises(CredentialError) as refused:
        jwt.read(token, KEYS)
    return refused.value.cause


def test_what_was_issued_is_read() -> None:
    assert jwt.read(issued(), KEYS).claims == TokenClaims(ACME, TokenId("t1"), 1_800_000_000, 1_831_536_000)


def test_an_expired_token_is_still_read_since_its_end_is_not_the_readers_matter() -> None:
    assert jwt.read(signed(CLAIMS | {"exp": 1}), KEYS).claims.expires == 1


def test_a_token_names_the_key_that_it_is_signed_with() -> None:
    assert pyjwt.get_unverified_header(issued())["kid"] == KEYS.current.id


def test_tokens_of_the_previous_key_are_read_as_long_as_the_key_is_kept() -> None:
    token = issued(signing_keys(OLD))
    assert jwt.read(token, KEYS).claims.token == "t1"
    with pytest.raises(CredentialError):
        jwt.read(token, signing_keys(NEW))


def test_the_digest_of_a_token_stands_when_keys_are_rotated() -> None:
    before = signing_keys(OLD)
    token = issued(before)
    assert jwt.read(token, KEYS).digest == digest(token, before.current)


def test_the_digest_cannot_be_made_without_the_key() -> None:
    assert digest(issued(), KEYS.current) != digest(issued(), signing_keys(OLD).current)


def test_people_tell_tokens_apart_by_their_end() -> None:
    token = issued()
    assert token.endswith(last_four(token))
    assert len(last_four(token)) == 4


@pytest.mark.parametrize("token", ["x", "a.b.c", "Ünicode", "x" * 5000, "..", signed({"iss": "rollcall"})])
def test_what_is_no_token_is_malformed(token: str) -> None:
    assert cause_of(token) is Cause.MALFORMED


def test_a_token_with_another_tokens_signature_is_refused() -> None:
    head, payload, _ = issued().split(".")
    other = signed(CLAIMS | {"jti": "t2"}).split(".")[2]
    assert cause_of(f"{head}.{payload}.{other}") is Cause.SIGNATURE


def test_a_token_whose_claims_were_changed_is_refused() -> None:
    head, _, signature = issued().split(".")
    other = base64.urlsafe_b64encode(json.dumps(CLAIMS | {"aud": "globex"}).encode()).rstrip(b"=").decode()
    assert cause_of(f"{head}.{other}.{signature}") is Cause.SIGNATURE


def test_a_token_of_somebody_elses_key_is_refused() -> None:
    assert cause_of(issued(signing_keys("a key that we do not know, long enough"))) is Cause.SIGNATURE


def test_a_token_without_signature_is_refused() -> None:
    unsigned = pyjwt.encode(CLAIMS, None, algorithm="none", headers={"kid": KEYS.current.id})
    assert cause_of(unsigned) is Cause.MALFORMED


@pytest.mark.parametrize("difference", [{"iss": "rollcall-admin"}, {"aud": ["acme"]}, {"exp": "soon"}])
def test_a_token_of_ours_that_is_no_scim_token_is_foreign(difference: dict[str, object]) -> None:
    assert cause_of(signed(CLAIMS | difference)) is Cause.FOREIGN


def test_keys_that_can_be_guessed_are_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        signing_keys("short")


def test_keys_are_not_shown() -> None:
    assert NEW not in repr(KEYS)
