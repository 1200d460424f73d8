"""Who is let in, what the others are told, and that no secret is ever written down."""

import asyncio
import json
import time
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from deploy.signing import keys_of
from schemas.ids import TenantId, TokenId
from tenants.credentials import jwt
from tenants.credentials.scim_tokens import digest, last_four
from tenants.registry.port import TokenRecord
from tests.support.applied import all_audit
from tests.support.client import Answer, ScimClient, open_client
from tests.support.entra import Entra, Person
from tests.support.load import eventually
from tests.support.shapes import Access, Shape, new_name

_REVOCATION_SECONDS = 5
_PASSWORD = "correct-horse-battery-staple"


async def test_a_revoked_token_is_refused_by_every_gateway_within_seconds(distributed: Shape) -> None:
    (access,) = await distributed.admit("acme")
    async with open_client(access) as client:
        for gateway in (0, 1):
            assert (await client.send("GET", "/Users", gateway=gateway)).status == 200
        async with distributed.administration() as session:
            (record,) = await session.tokens.tokens(access.tenant)
        revoked = await asyncio.to_thread(distributed.command, "token", "revoke", access.tenant, record.id)
        assert revoked.code == 0

        async def is_refused() -> bool:
            statuses = [(await client.send("GET", "/Users", gateway=gateway)).status for gateway in (0, 1)]
            return statuses == [401, 401]

        await eventually(is_refused, within_seconds=_REVOCATION_SECONDS, what="both gateways refuse the token")


async def test_a_gateway_that_missed_the_notice_refuses_a_revoked_token_all_the_same(distributed: Shape) -> None:
    (access,) = await distributed.admit("acme")
    async with open_client(access) as client, distributed.stores() as stores:
        assert (await client.send("GET", "/Users")).status == 200
        (record,) = await stores.registry.tokens(access.tenant)
        await stores.registry.revoke_token(access.tenant, record.id, at=_text(time.time()))

        async def is_refused() -> bool:
            return (await client.send("GET", "/Users", gateway=0)).status == 401

        await eventually(is_refused, within_seconds=_REVOCATION_SECONDS, what="the gateway refuses the token")


async def test_whatever_is_wrong_with_a_token_the_answer_is_one_and_the_audit_log_knows(shape: Shape) -> None:
    acme, globex = await shape.admit("acme", "globex")
    expired = await _issue(shape, acme.tenant, expires=time.time() - 60)
    revoked = await _issue(shape, acme.tenant, revoked=_text(time.time() - 60))
    unregistered = _token(shape, acme.tenant, TokenId("nobody"), expires=time.time() + 60)
    nobody = new_name("nobody")
    wrong = {
        "expired": replace(acme, token=expired),
        "revoked": replace(acme, token=revoked),
        "foreign_tenant": replace(acme, token=globex.token),
        "unknown": replace(acme, token=unregistered),
        "signature": replace(acme, token=acme.token[:-4] + "AAAA"),
        "malformed": replace(acme, token="nonsense"),
        "no such tenant": shape.access(nobody, acme.token),
    }

    answers = {cause: await _ask(access) for cause, access in wrong.items()}

    assert {answer.status for answer in answers.values()} == {401}
    assert len({answer.body for answer in answers.values()}) == 1
    assert {answer.headers["WWW-Authenticate"] for answer in answers.values()} == {'Bearer error="invalid_token"'}
    assert {_headers(answer) for answer in answers.values()} == {_headers(answers["expired"])}
    assert (await _ask(acme)).status == 200
    # A token on another tenant's URL is told to its owner.
    for tenant, causes in ((acme.tenant, wrong.keys() - {"no such tenant"}), (globex.tenant, {"foreign_tenant"})):
        is_audited = partial(_is_audited, shape, tenant, causes)
        await eventually(is_audited, within_seconds=30, what="the causes are in the audit log")


async def test_no_log_or_audit_entry_or_store_holds_a_token_or_a_password(shape: Shape) -> None:
    (access,) = await shape.admit("acme")
    wrong = shape.access(access.tenant, access.token[:-6] + "forged").token
    async with open_client(access) as client:
        await _send_secrets(client, wrong)
        async with shape.stores() as stores:
            audit = [repr(entry) for entry in await all_audit(stores, access.tenant)]
            events = [repr(event) for event in await stores.outbox.events(access.tenant, after=0, limit=100)]
            accounts = [repr(one) for one in await stores.accounts.accounts(access.tenant, after="", limit=100)]
        shown = json.dumps(await client.walk("/Users"))
    assert len(audit) > 3
    assert len(events) == 2
    written = "\n".join([shape.logs(), shown, *audit, *events, *accounts, *_files(shape)])
    assert "Request answered" in written
    for secret in (access.token, wrong, _PASSWORD, f"{_PASSWORD}-2", f"{_PASSWORD}-3", shape.signing_key):
        assert secret not in written


async def test_a_suspended_tenant_is_told_403_and_nothing_is_stored(shape: Shape) -> None:
    acme, globex = await shape.admit("acme", "globex")
    async with open_client(acme) as client, open_client(globex) as other:
        id = await Entra(client).ensure_user(Person(1))
        suspended = await asyncio.to_thread(shape.command, "tenant", "suspend", acme.tenant)
        assert suspended.code == 0
        await _until_answered(client, 403)
        requests = [
            ("POST", "/Users", Person(2).payload),
            ("PUT", f"/Users/{id}", Person(3).payload),
            ("DELETE", f"/Users/{id}", None),
            ("GET", "/Users", None),
        ]
        answers = [
            await client.send(method, path, body, gateway=gateway)
            for method, path, body in requests
            for gateway in (0, 1)
        ]
        assert {answer.status for answer in answers} == {403}
        assert {answer.json["status"] for answer in answers} == {"403"}
        await Entra(other).ensure_user(Person(2))

        resumed = await asyncio.to_thread(shape.command, "tenant", "resume", acme.tenant)
        assert resumed.code == 0
        await _until_answered(client, 200)
        assert [user["userName"] for user in await client.walk("/Users")] == [Person(1).user_name]


async def _until_answered(client: ScimClient, status: int) -> None:
    """Wait until every gateway has heard of the change: at once by a notice, else within seconds."""

    async def is_answered() -> bool:
        return {(await client.send("GET", "/Users", gateway=gateway)).status for gateway in (0, 1)} == {status}

    await eventually(is_answered, within_seconds=_REVOCATION_SECONDS, what=f"both gateways answer {status}")


async def _send_secrets(client: ScimClient, wrong: str) -> None:
    """Put passwords wherever a client may put them, and tokens where they do not belong."""
    created = await client.send("POST", "/Users", {**Person(1).payload, "password": _PASSWORD})
    assert created.status == 201
    assert "password" not in created.json
    path = f"/Users/{created.id}"
    replaced = await client.send("PUT", path, {**Person(1).payload, "title": "Dr", "password": f"{_PASSWORD}-2"})
    assert replaced.status == 200
    for operation in (
        {"op": "replace", "path": "password", "value": f"{_PASSWORD}-3"},
        {"op": "add", "value": {"password": f"{_PASSWORD}-3"}},
    ):
        answer = await client.send("PATCH", path, {"Operations": [operation]})
        assert answer.status == 200
        assert _PASSWORD not in answer.body.decode()
    for body in (b'{"password": "' + _PASSWORD.encode(), {"userName": "", "password": _PASSWORD}):
        assert (await client.send("POST", "/Users", body)).status == 400
    refused = await client.send("GET", "/Users", headers={"Authorization": f"Bearer {wrong}"})
    assert refused.status == 401
    await client.send("GET", f'/Users?filter=password+eq+"{_PASSWORD}"')
    await client.send("GET", f"/Users?access_token={wrong}")


def _files(shape: Shape) -> list[str]:
    """Return what the embedded shape keeps on disk, but for its signing key."""
    folder = Path(shape.environment.get("ROLLCALL_DATA", "/nowhere"))
    return [
        path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file() and path.suffix != ".key"
    ]


def _headers(answer: Answer) -> frozenset[str]:
    return frozenset(name for name in answer.headers if name not in {"Date", "X-Request-Id"})


async def _ask(access: Access) -> Answer:
    async with open_client(access) as client:
        return await client.send("GET", "/Users")


async def _is_audited(shape: Shape, tenant: TenantId, causes: AbstractSet[str]) -> bool:
    async with shape.stores() as stores:
        entries = await all_audit(stores, tenant)
    return causes == {entry.details["cause"] for entry in entries if entry.action == "token.refused"}


async def _issue(shape: Shape, tenant: TenantId, *, expires: float | None = None, revoked: str | None = None) -> str:
    end = expires or time.time() + 60
    id = TokenId(new_name("token"))
    token = _token(shape, tenant, id, expires=end)
    record = TokenRecord(
        tenant=tenant,
        id=id,
        name="another",
        last_four=last_four(token),
        digest=digest(token, keys_of(shape.settings).current),
        created=_text(time.time() - 120),
        created_by="operator:ada",
        expires=_text(end),
        revoked=revoked,
    )
    async with shape.stores() as stores:
        await stores.registry.add_token(record)
    return token


def _token(shape: Shape, tenant: TenantId, id: TokenId, *, expires: float) -> str:
    now = int(time.time())
    token = jwt.issue(keys_of(shape.settings), tenant=tenant, token_id=id, issued=now - 120, expires=int(expires))
    shape.tokens.append(token)
    return token


def _text(unix_seconds: float) -> str:
    moment = datetime.fromtimestamp(unix_seconds, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
