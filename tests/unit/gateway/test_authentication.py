"""Who is let in, and what everybody else is told: one and the same."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jwt as pyjwt
import pytest

from schemas.ids import TenantId, TokenId
from schemas.messages.notices import TenantChanged, TokenChanged
from tenants.audit.port import AuditEntry
from tenants.credentials import jwt
from tenants.credentials.scim_tokens import digest
from tenants.credentials.signing import signing_keys
from tenants.tenant import TenantStatus
from tests.support import builders
from tests.support.scim import ACME, GLOBEX, KEYS, Answer, Scim, moment, open_scim

NOBODY = TenantId("nobody")
_PATIENCE = 100_000
"""Questions until something is taken to be never going to happen."""


async def get_users(scim: Scim, authorization: str | None, *, tenant: TenantId = ACME) -> Answer:
    headers = {} if authorization is None else {"Authorization": authorization}
    return await scim.send("GET", f"/scim/v2/{tenant}/Users", headers=headers)


async def refusals(scim: Scim, tenant: TenantId, *, at_least: int = 1) -> list[AuditEntry]:
    """Return the tenant's refused tokens, once so many entries are written."""
    for _ in range(_PATIENCE):
        entries = await scim.stores.audit.entries(tenant, after=0, limit=100)
        found = [entry for entry in entries if entry.action == "token.refused"]
        if len(found) >= at_least:
            return found
    raise AssertionError("the refusals were not told")


async def presented(scim: Scim, kind: str) -> str | None:
    """Return an ``Authorization`` header of that kind for ACME's URL."""
    match kind:
        case "missing":
            return None
        case "malformed":
            return "Bearer non-token"
        case "signature":
            other = signing_keys("somebody else's key, also long enough")
            return "Bearer " + jwt.issue(other, tenant=ACME, token_id=TokenId("x"), issued=0, expires=2**40)
        case "unknown":
            return "Bearer " + jwt.issue(
                KEYS, tenant=ACME, token_id=TokenId("never registered"), issued=0, expires=2**40
            )
        case "foreign":
            claims = {"iss": "somebody", "aud": ACME, "jti": "x", "iat": 0, "exp": 2**40}
            return "Bearer " + pyjwt.encode(claims, KEYS.current.secret, headers={"kid": KEYS.current.id})
        case "expired":
            return "Bearer " + await scim.issue(ACME, "old", days=-1)
        case "revoked":
            return "Bearer " + await scim.issue(ACME, "revoked", revoked=moment(scim.clock.now - 1))
    raise AssertionError(kind)


CAUSES = ["missing", "malformed", "signature", "foreign", "unknown", "expired", "revoked"]


async def test_a_live_token_lets_its_bearer_in(scim: Scim) -> None:
    assert (await get_users(scim, f"Bearer {scim.tokens[ACME]}")).status == 200


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "BeArEr "])
async def test_the_scheme_is_recognised_in_any_case(scim: Scim, scheme: str) -> None:
    assert (await get_users(scim, f"{scheme} {scim.tokens[ACME]}")).status == 200


@pytest.mark.parametrize("cause", CAUSES)
async def test_every_cause_is_answered_alike_and_told_to_the_tenants_audit_log(scim: Scim, cause: str) -> None:
    answer = await get_users(scim, await presented(scim, cause))
    plain = await get_users(scim, None, tenant=NOBODY)
    assert (answer.status, answer.body) == (plain.status, plain.body) == (401, plain.body)
    (entry,) = await refusals(scim, ACME)
    assert (entry.details["cause"], entry.outcome) == (cause, "refused")


async def test_expired_revoked_unknown_and_foreign_tokens_are_entries_of_their_own(scim: Scim) -> None:
    causes = ["expired", "revoked", "unknown", "foreign"]
    for cause in causes:
        await get_users(scim, await presented(scim, cause))
    await get_users(scim, f"Bearer {scim.tokens[GLOBEX]}")
    entries = await refusals(scim, ACME, at_least=4)
    assert [(entry.details["cause"], entry.principal, entry.target) for entry in entries] == [
        ("expired", "token:old", "old"),
        ("revoked", "token:revoked", "revoked"),
        ("unknown", "token:never registered", "never registered"),
        ("foreign", "", ""),
    ]
    assert [entry.details["cause"] for entry in await refusals(scim, GLOBEX)] == ["foreign_tenant"]


async def test_a_tenant_that_does_not_exist_cannot_be_told_from_one_that_does(scim: Scim) -> None:
    def shown(answer: Answer) -> tuple[int, Mapping[str, str], bytes]:
        varying = {"X-Request-Id", "Date"}
        return answer.status, {k: v for k, v in answer.headers.items() if k.title() not in varying}, answer.body

    for authorization in (None, "Bearer x", f"Bearer {scim.tokens[GLOBEX]}"):
        existing = await get_users(scim, authorization)
        assert shown(await get_users(scim, authorization, tenant=NOBODY)) == shown(existing)
        assert existing.status == 401


async def test_an_error_code_is_given_only_where_a_token_was_presented(scim: Scim) -> None:
    missing, basic = await get_users(scim, None), await get_users(scim, "Basic YTpi")
    wrong = await get_users(scim, "Bearer wrong")
    assert missing.headers["WWW-Authenticate"] == basic.headers["WWW-Authenticate"] == "Bearer"
    assert wrong.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer  ", "non-token", "Bearer a b", "Bearer ü"])
async def test_odd_headers_are_refused_like_all_others(scim: Scim, authorization: str) -> None:
    answer = await get_users(scim, authorization)
    assert (answer.status, answer.json["status"]) == (401, "401")


async def test_tokens_in_the_query_are_not_looked_at(scim: Scim) -> None:
    answer = await scim.send("GET", f"/scim/v2/{ACME}/Users?access_token={scim.tokens[ACME]}")
    assert answer.status == 401


async def test_another_tenants_token_is_told_to_its_owner_and_not_to_the_other(scim: Scim) -> None:
    assert (await get_users(scim, f"Bearer {scim.tokens[GLOBEX]}")).status == 401
    (entry,) = await refusals(scim, GLOBEX)
    assert (entry.details["cause"], entry.target) == ("foreign_tenant", "globex-1")
    assert not await scim.stores.audit.entries(ACME, after=0, limit=100)


async def test_refusals_come_before_any_word_about_the_resource(scim: Scim) -> None:
    for path in ("/Users/nothing", "/Nothing", "/Users?filter=bad", ""):
        assert (await scim.send("GET", f"/scim/v2/{ACME}{path}")).status == 401
    assert (await scim.send("TRACE", f"/scim/v2/{ACME}/Users")).status == 401


async def test_a_guesser_fills_no_log_the_same_refusal_is_told_once_and_then_counted(scim: Scim) -> None:
    await get_users(scim, "Bearer guess")
    (first,) = await refusals(scim, ACME)
    for _ in range(49):
        await get_users(scim, "Bearer guess")
    scim.clock.now += 61
    _, second = await refusals(scim, ACME, at_least=2)
    assert (first.details, second.details) == (
        {"cause": "malformed", "count": 1},
        {"cause": "malformed", "count": 49},
    )


async def test_what_was_counted_is_told_when_the_gateway_stops() -> None:
    async with open_scim() as scim:
        for _ in range(3):
            await get_users(scim, "Bearer guess")
        await scim.stop()
        entries = await scim.stores.audit.entries(ACME, after=0, limit=100)
        assert sum(entry.details["count"] for entry in entries) == 3


async def test_the_audit_log_names_the_token_and_the_caller_but_never_holds_a_token(scim: Scim) -> None:
    token = await scim.issue(ACME, "old", days=-1)
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "Okta SCIM Client 1.0.0", "X-Request-Id": "r-42"}
    await scim.send("GET", f"/scim/v2/{ACME}/Users", headers=headers)
    (entry,) = await refusals(scim, ACME)
    assert (entry.principal, entry.agent, entry.request_id) == ("token:old", "Okta SCIM Client 1.0.0", "r-42")
    assert entry.address == "127.0.0.1"
    assert token not in repr(entry)


async def test_a_suspended_tenant_is_told_so_but_only_to_who_has_its_token(scim: Scim) -> None:
    await _change(scim, status=TenantStatus.SUSPENDED)
    assert (await scim.request("GET", "/Users")).status == 403
    assert (await get_users(scim, "Bearer wrong")).status == 401
    assert (await scim.request("GET", "/Users", tenant=GLOBEX)).status == 200


async def test_nothing_is_stored_for_a_suspended_tenant(scim: Scim) -> None:
    await _change(scim, status=TenantStatus.SUSPENDED)
    assert (await scim.request("POST", "/Users", {"userName": "bjensen"})).status == 403
    await _change(scim, status=TenantStatus.ACTIVE)
    assert (await scim.request("GET", "/Users")).json["totalResults"] == 0


async def test_a_revocation_takes_effect_with_its_notice(scim: Scim) -> None:
    assert (await scim.request("GET", "/Users")).status == 200
    await scim.stores.registry.revoke_token(ACME, TokenId("acme-1"), at=moment(scim.clock.now))
    await scim.bus.notices().publish(TokenChanged(ACME, TokenId("acme-1")))
    await _until(scim, 401)


async def test_a_revocation_takes_effect_within_two_seconds_without_a_notice(scim: Scim) -> None:
    assert (await scim.request("GET", "/Users")).status == 200
    await scim.stores.registry.revoke_token(ACME, TokenId("acme-1"), at=moment(scim.clock.now))
    scim.clock.now += 2
    assert (await scim.request("GET", "/Users")).status == 401


async def test_a_token_that_is_known_already_still_expires(scim: Scim) -> None:
    assert (await scim.request("GET", "/Users")).status == 200
    scim.clock.now += 366 * 86_400
    assert (await scim.request("GET", "/Users")).status == 401


async def test_a_token_with_a_set_revocation_lives_until_then_and_no_longer_though_it_is_remembered(
    scim: Scim,
) -> None:
    stopping = "Bearer " + await scim.issue(ACME, "stopping", revoked=moment(scim.clock.now + 1.5))
    assert (await get_users(scim, stopping)).status == 200
    scim.clock.now += 1.4
    assert (await get_users(scim, stopping)).status == 200
    scim.clock.now += 0.1
    assert (await get_users(scim, stopping)).status == 401
    assert [entry.details["cause"] for entry in await refusals(scim, ACME)] == ["revoked"]


async def test_no_request_is_refused_during_a_rotation_and_the_old_token_is_refused_on_time(scim: Scim) -> None:
    old = f"Bearer {scim.tokens[ACME]}"
    assert (await get_users(scim, old)).status == 200
    record = builders.token(ACME, "fresh", expires=moment(scim.clock.now + 365 * 86_400))
    new = jwt.issue(KEYS, tenant=ACME, token_id=record.id, issued=0, expires=int(scim.clock.now) + 365 * 86_400)
    record = replace(record, digest=digest(new, KEYS.current))
    await scim.stores.registry.rotate_token(record, TokenId("acme-1"), stops=moment(scim.clock.now + 86_400))
    for _ in range(24):
        assert [(await get_users(scim, each)).status for each in (old, f"Bearer {new}")] == [200, 200]
        scim.clock.now += 3_599
    scim.clock.now += 24
    assert [(await get_users(scim, each)).status for each in (old, f"Bearer {new}")] == [401, 200]


async def test_two_tokens_live_side_by_side(scim: Scim) -> None:
    second = await scim.issue(ACME, "acme-2")
    assert (await get_users(scim, f"Bearer {second}")).status == 200
    assert (await get_users(scim, f"Bearer {scim.tokens[ACME]}")).status == 200


async def test_the_last_use_of_a_token_is_recorded_when_the_gateway_stops_at_the_latest() -> None:
    async with open_scim() as scim:
        await scim.request("GET", "/Users", headers={"User-Agent": "first"})
        scim.clock.now += 1
        await scim.request("GET", "/Users", headers={"User-Agent": "second"})
        await scim.stop()
        record = await scim.stores.registry.token(ACME, TokenId("acme-1"))
        assert record is not None
        assert record.last_use is not None
        assert (record.last_use.agent, record.last_use.at) == ("second", moment(scim.clock.now))


async def test_refusals_are_counted_by_cause(scim: Scim) -> None:
    await get_users(scim, None)
    await get_users(scim, "Bearer wrong")
    assert scim.count("rollcall_refused_tokens_total", cause="missing") == 1
    assert scim.count("rollcall_refused_tokens_total", cause="malformed") == 1


async def _change(scim: Scim, **fields: Any) -> None:
    record = await scim.stores.registry.tenant(ACME)
    assert record is not None
    await scim.stores.registry.change_tenant(replace(record, revision=record.revision + 1, **fields))
    await scim.bus.notices().publish(TenantChanged(ACME))
    scim.clock.now += 2


async def _until(scim: Scim, status: int) -> None:
    """Ask until the answer is this one; the clock stands still meanwhile, so that nothing is forgotten by its age."""
    for _ in range(_PATIENCE):
        if (await scim.request("GET", "/Users")).status == status:
            return
    raise AssertionError(f"never {status}")
