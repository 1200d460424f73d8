"""Writes that the gateway itself refuses are in the audit log: who tried what, and why not; never what they sent."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
from msgspec import structs

from schemas.ids import TenantId
from schemas.messages.commands import Command
from schemas.scim.bulk import BULK_REQUEST
from tenants.audit.port import AuditEntry
from tenants.tenant import Dialect
from tests.support.bulk import NOBODY, group, patch, results, send, user
from tests.support.client import COME_AGAIN
from tests.support.scim import ACME, SETTINGS, START, Scim, moment, open_scim
from tests.unit.gateway.test_failures import NoBus

SECRETS = ("zyx-quetzalcoatlus@distinct.example", "Quetzalcoatlus")
"""What must not be kept; the second can be an attribute's name, which clients are told back."""
AGENT = "Okta SCIM Client 1.0.0"


async def told(scim: Scim) -> Sequence[AuditEntry]:
    """Stop the gateway, which tells all that it has counted, and return ACME's audit log."""
    await scim.stop()
    return await scim.stores.audit.entries(ACME, after=0, limit=1_000)


async def told_of(scim: Scim, method: str, path: str, body: object = None, **headers: str) -> AuditEntry:
    await scim.request(method, path, body, headers=headers)
    (entry,) = await told(scim)
    return entry


def summary(entries: Sequence[AuditEntry]) -> list[tuple[str, str, str, int]]:
    return sorted((one.action, one.outcome, one.target_type, one.details["status"]) for one in entries)


async def test_a_refused_write_says_who_tried_what_and_why_not(scim: Scim) -> None:
    headers = {"X-Request-Id": "req-1", "User-Agent": AGENT}
    entry = await told_of(scim, "PUT", f"/Users/{NOBODY}", {"userName": 1}, **headers)
    assert structs.replace(entry, number=0) == AuditEntry(
        at=moment(START),
        action="scim.replace",
        outcome="refused",
        principal="token:acme-1",
        name="Entra ID of acme",
        address="127.0.0.1",
        agent=AGENT,
        request_id="req-1",
        target_type="User",
        target=NOBODY,
        details={
            "status": 400,
            "scimType": "invalidValue",
            "reason": "userName must be a string",
            "endpoint": "Users/{id}",
            "count": 1,
        },
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "expected"),
    [
        ("POST", "/Users", b"{", {}, ("scim.create", "refused", "User", 400)),
        ("POST", "/Groups", {"displayName": ""}, {}, ("scim.create", "refused", "Group", 400)),
        ("PATCH", f"/Groups/{NOBODY}", {}, {}, ("scim.patch", "refused", "Group", 400)),
        ("POST", "/Users", {}, {"Content-Type": "text/plain"}, ("scim.create", "refused", "User", 415)),
        ("POST", "/Users", b"x" * 2_000_000, {}, ("scim.create", "refused", "User", 413)),
        ("DELETE", "/Users/none-of-ours", None, {}, ("scim.delete", "refused", "User", 404)),
        ("DELETE", "/Users", None, {}, ("scim.delete", "refused", "User", 405)),
        ("PUT", "/Schemas", {}, {}, ("scim.replace", "refused", "", 405)),
        ("POST", "/Devices", {}, {}, ("scim.create", "refused", "", 404)),
        ("PATCH", "/Me", {}, {}, ("scim.patch", "refused", "", 501)),
        ("POST", "/Bulk", {"Operations": 1}, {}, ("scim.bulk", "refused", "", 400)),
    ],
)
async def test_every_refusal_of_a_write_is_told(
    scim: Scim, method: str, path: str, body: object, headers: dict[str, str], expected: tuple[str, str, str, int]
) -> None:
    entry = await told_of(scim, method, path, body, **headers)
    assert summary([entry]) == [expected]


async def test_it_is_told_at_once_and_not_at_the_end_alone(scim: Scim) -> None:
    await scim.request("POST", "/Users", {})
    while not await scim.stores.audit.entries(ACME, after=0, limit=1):
        await scim.request("GET", "/Users?count=0")
    await scim.request("POST", "/Users", {})
    await scim.request("POST", "/Users", {})
    assert [entry.details["count"] for entry in await told(scim)] == [1, 2]


async def test_refused_reads_and_writes_that_a_worker_refused_are_not_told_here(scim: Scim) -> None:
    for path in ("/Users?filter=x", "/Users/nobody", "/Devices", "/Me"):
        await scim.request("GET", path)
    await scim.request("POST", "/Users/.search", {"filter": "x"})
    await scim.request("POST", "/.search", b"{")
    await scim.request("POST", "/Users", {"userName": "ann"})
    await scim.request("POST", "/Users", {"userName": "ann"})
    await scim.request("DELETE", f"/Users/{NOBODY}")
    entries = await told(scim)
    assert [(one.action, one.outcome) for one in entries] == [
        ("scim.create", "applied"),
        ("scim.create", "rejected"),
        ("scim.delete", "rejected"),
    ]


async def test_whoever_is_not_let_in_is_told_as_a_refused_token_alone(scim: Scim) -> None:
    await scim.request("POST", "/Users", {}, headers={"Authorization": "Bearer nothing"})
    assert [entry.action for entry in await told(scim)] == ["token.refused"]


async def test_operations_of_a_bulk_message_are_told_one_by_one(scim: Scim) -> None:
    operations = (
        user("fine"),
        user("fine too", active="perhaps"),
        patch(f"/Users/{NOBODY}", {"op": "replace", "path": "no such", "value": 1}),
        {"method": "BREW", "path": "/Users"},
        {"method": "DELETE", "path": "/Devices/1"},
        group("g", "bulkId:nobody"),
        {"method": "DELETE", "path": f"/Users/{NOBODY}"},
    )
    answered = [entry["status"] for entry in await results(scim, *operations)]
    assert answered == ["201", "400", "400", "400", "404", "409", "404"]
    refused = [entry for entry in await told(scim) if entry.outcome == "refused"]
    assert summary(refused) == [
        ("scim.bulk", "refused", "User", 400),
        ("scim.create", "refused", "Group", 409),
        ("scim.create", "refused", "User", 400),
        ("scim.delete", "refused", "", 404),
        ("scim.patch", "refused", "User", 400),
    ]
    assert len({entry.request_id for entry in refused}) == 1
    assert {entry.details["endpoint"] for entry in refused} == {"Bulk"}


async def test_what_is_put_off_is_told_as_such_each_write_once() -> None:
    async with open_scim(change=lambda ports: replace(ports, sender=NoBus())) as scim:
        assert (await send(scim, user("a"), user("b"))).status in COME_AGAIN
        assert (await scim.request("POST", "/Users", {"userName": "c"})).status in COME_AGAIN
        entries = await told(scim)
    assert summary(entries) == [("scim.create", "put_off", "User", 503)] * 2
    assert {one.details["endpoint"]: one.details["count"] for one in entries} == {"Bulk": 2, "Users": 1}


class FaultyBus(NoBus):
    """A bus with a fault of ours."""

    async def send(self, tenant: TenantId, commands: Sequence[Command]) -> None:
        raise ZeroDivisionError


async def test_what_fails_by_a_fault_of_ours_is_told_as_failed() -> None:
    async with open_scim(change=lambda ports: replace(ports, sender=FaultyBus())) as scim:
        entry = await told_of(scim, "POST", "/Users", {"userName": "ann"})
    assert summary([entry]) == [("scim.create", "failed", "User", 500)]
    assert entry.details["reason"] == "this failed on the server's side; its log tells more"


async def test_of_a_bulk_message_that_is_partly_put_off_just_that_part_is_told() -> None:
    async with open_scim(settings=replace(SETTINGS, backlog_limit=1)) as scim:
        answered = [entry["status"] for entry in await results(scim, user("a"), user("b"), user("c"))]
        assert answered == ["201", "429", "429"]
        put_off = [entry for entry in await told(scim) if entry.outcome != "applied"]
    assert [(one.outcome, one.details["status"], one.details["count"]) for one in put_off] == [("put_off", 429, 2)]


async def test_too_many_writes_at_once_are_told_as_put_off() -> None:
    async with open_scim(settings=replace(SETTINGS, backlog_limit=0)) as scim:
        entry = await told_of(scim, "POST", "/Users", {"userName": "ann"})
    assert summary([entry]) == [("scim.create", "put_off", "User", 429)]


def spoiled(value: Any, secret: str) -> list[Any]:
    """Return the value with each name and each value in it replaced by what must not be kept, one at a time."""
    found: list[Any] = [secret, {secret: secret}, [secret], [{"value": {secret: secret}}], f"emails.{secret}"]
    found += [f'emails[type eq "{secret}"]', f'emails[{secret} eq "x"].value', f"urn:x:{secret}:User:{secret}"]
    if isinstance(value, dict):
        for name, inner in value.items():
            rest = {key: other for key, other in value.items() if key != name}
            found += [rest | {odd: inner} for odd in (secret, f"{name}.{secret}", f"urn:x:{secret}:{name}")]
            found += [value | {name: other} for other in spoiled(inner, secret)]
    if isinstance(value, list):
        for place, inner in enumerate(value):
            found += [[*value[:place], other, *value[place + 1 :]] for other in spoiled(inner, secret)]
    return found


USER = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "ann",
    "name": {"familyName": "A"},
    "emails": [{"value": "a@example.com", "primary": True}],
}
PATCH = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "replace", "path": 'emails[type eq "work"].value', "value": "a@example.com"}],
}
VALUE = {**PATCH, "Operations": [{"op": "add", "value": {"name": {"familyName": "A"}, "title": "T"}}]}
BULK = {
    "schemas": [BULK_REQUEST],
    "Operations": [{"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": 1}}],
}


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/Users", USER),
        ("PATCH", "/Users/{id}", PATCH),
        ("PATCH", "/Users/{id}", VALUE),
        ("POST", "/Bulk", BULK),
        ("PATCH", "/Users/{secret}", PATCH),
        ("DELETE", "/Groups/{secret}", {}),
        ("POST", "/{secret}", {}),
    ],
)
async def test_nothing_that_a_client_sent_is_kept_of_a_refusal(
    scim: Scim, dialect: Dialect, method: str, path: str, body: dict[str, Any]
) -> None:
    known = await scim.stores.registry.tenant(ACME)
    assert known is not None
    await scim.stores.registry.change_tenant(replace(known, dialect=dialect, revision=known.revision + 1))
    made = await scim.request("POST", "/Users", {"schemas": USER["schemas"], "userName": "bob"})
    for secret in SECRETS:
        place = path.format(id=made.json["id"], secret=secret)
        for odd in spoiled(body, secret):
            await scim.request(method, place, orjson.dumps(odd))
    refused = [entry for entry in await told(scim) if entry.outcome in {"refused", "rejected"}]
    assert refused
    assert not [secret for secret in SECRETS if secret.lower() in repr(refused).lower()]


async def test_a_client_is_told_back_the_name_that_it_made_up_and_the_audit_log_is_not(scim: Scim) -> None:
    operation = {"op": "replace", "path": "Quetzalcoatlus", "value": 1}
    message = {"schemas": PATCH["schemas"], "Operations": [operation]}
    answer = await scim.request("PATCH", f"/Users/{NOBODY}", message)
    assert answer.json["detail"] == "Quetzalcoatlus is no attribute of User"
    (entry,) = await told(scim)
    assert entry.details["reason"] == "the path is no attribute of User"
