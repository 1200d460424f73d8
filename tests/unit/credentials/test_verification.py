"""The one decision who is let in."""

import pytest

from schemas.ids import TenantId, TokenId
from tenants.credentials.scim_tokens import Cause, PresentedToken, TokenClaims
from tenants.credentials.verification import Principal, verify
from tenants.registry.port import TokenRecord
from tenants.tenant import Tenant, TenantStatus
from tests.support import builders

ACME = TenantId("acme")
GLOBEX = TenantId("globex")
NOW = 1_800_000_000.0
PRESENTED = PresentedToken(TokenClaims(ACME, TokenId("t1"), issued=1_790_000_000, expires=1_800_000_100), "5e" * 32)
RECORD = builders.token(ACME, "t1")
TENANT = builders.tenant(ACME)


def decided(
    *,
    asked_for: TenantId = ACME,
    tenant: Tenant | None = TENANT,
    record: TokenRecord | None = RECORD,
    now: float = NOW,
) -> Principal | Cause:
    return verify(PRESENTED, asked_for=asked_for, tenant=tenant, record=record, now=now)


def test_a_live_token_of_the_tenant_lets_its_bearer_in() -> None:
    assert decided() == Principal(ACME, TokenId("t1"), "Entra ID")


def test_a_good_signature_alone_never_suffices() -> None:
    assert decided(record=None) is Cause.UNKNOWN


def test_another_token_under_the_same_id_is_unknown() -> None:
    assert decided(record=builders.token(ACME, "t1", digest="00" * 32)) is Cause.UNKNOWN


def test_a_token_of_a_tenant_that_is_gone_is_unknown() -> None:
    assert decided(tenant=None) is Cause.UNKNOWN


def test_another_tenants_token_is_refused_whatever_the_registry_says() -> None:
    assert decided(asked_for=GLOBEX, tenant=builders.tenant(GLOBEX)) is Cause.FOREIGN_TENANT


@pytest.mark.parametrize(("now", "verdict"), [(1_800_000_099.9, Principal), (1_800_000_100.0, Cause)])
def test_a_token_ends_with_the_second_it_names(now: float, verdict: type) -> None:
    assert isinstance(decided(now=now), verdict)


@pytest.mark.parametrize(
    ("revoked", "verdict"),
    [("2027-01-15T07:59:59.000Z", Cause.REVOKED), ("2027-01-15T08:00:00.000Z", Cause.REVOKED)],
)
def test_a_revoked_token_is_refused_from_that_moment_on(revoked: str, verdict: Cause) -> None:
    assert decided(record=builders.token(ACME, "t1", revoked=revoked)) is verdict


def test_a_token_that_is_to_be_revoked_later_lives_until_then() -> None:
    record = builders.token(ACME, "t1", revoked="2027-01-15T08:00:00.001Z")
    assert isinstance(decided(record=record), Principal)


def test_expired_and_revoked_are_told_apart() -> None:
    revoked = builders.token(ACME, "t1", revoked="2027-01-01T00:00:00.000Z")
    assert decided(now=1_900_000_000) is Cause.EXPIRED
    assert decided(record=revoked, now=1_900_000_000) is Cause.REVOKED


def test_a_suspended_tenant_is_told_apart_from_a_bad_token() -> None:
    suspended = builders.tenant(ACME, status=TenantStatus.SUSPENDED)
    assert decided(tenant=suspended) is Cause.SUSPENDED
    assert decided(tenant=suspended, record=None) is Cause.UNKNOWN
