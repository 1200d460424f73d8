"""Whatever is sent, it is understood or refused with a SCIM error, and what is refused changes nothing."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest

from tenants.tenant import Dialect
from tests.support.applied import all_audit, all_events, check_applied
from tests.support.client import Answer, ScimClient, open_client
from tests.support.entra import ENTERPRISE, GROUP, PATCH_OP, USER, Entra, Person
from tests.support.load import Crew
from tests.support.shapes import Shape

_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_SCIM_TYPES = {
    "invalidFilter",
    "invalidPath",
    "invalidSyntax",
    "invalidValue",
    "mutability",
    "noTarget",
    "tooMany",
    "uniqueness",
}
_MISSING = "0" * 32
_HOSTILE = [
    "\x00",
    "a\x00b",
    "\U0001f600",
    "$where",
    "$set.x",
    "a.b.c",
    "__proto__",
    "constructor",
    "../../etc/passwd",
    "'; DROP TABLE users; --",
    '" or "1" eq "1',
    "{{7*7}}",
    "${jndi:ldap://x}",
    "%00",
    "\u202egnp.exe",
    "＄gt",
    "x" * 10_000,
    "[" * 500,
    '[type eq "work"]',
    "\r\nSet-Cookie: a=b",
    "\x1f",
    "",
]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A request that is to be refused."""

    name: str
    method: str
    path: str
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)


async def test_wrong_input_is_refused_and_changes_nothing(
    shape: Shape, client: ScimClient, subtests: pytest.Subtests
) -> None:
    user, group = await _inhabited(client)
    async with _unchanged(shape, client):
        for wrong in [*_wrong_bodies(), *_wrong_resources(user), *_wrong_patches(user, group), *_wrong_queries(user)]:
            with subtests.test(wrong.name):
                answer = await client.send(wrong.method, wrong.path, wrong.body, headers=wrong.headers)
                _check_refusal(wrong.method, answer)


async def test_a_strict_tenant_refuses_what_does_not_say_what_it_is(shape: Shape, subtests: pytest.Subtests) -> None:
    (access,) = await shape.admit("acme", dialect=Dialect.STRICT)
    good = {key: value for key, value in Person(2).payload.items() if key != "roles"}
    wrong: list[object] = [None, 7, [], [7], USER, [GROUP], ["urn:example:nothing"], [USER, "urn:example:nothing"]]
    async with open_client(access) as client:
        async with _unchanged(shape, client):
            for schemas in wrong:
                with subtests.test(repr(schemas)):
                    _check_refusal("POST", await client.send("POST", "/Users", {**good, "schemas": schemas}))
        assert (await client.send("POST", "/Users", good)).status == 201


async def test_hostile_texts_are_refused_or_come_back_as_they_are(
    shape: Shape, client: ScimClient, subtests: pytest.Subtests
) -> None:
    user, group = await _inhabited(client)
    requests = [one for number, text in enumerate(_HOSTILE) for one in _hostile_requests(text, number, user, group)]
    # At once, so that hostile commands have neighbours in their batches.
    answers = await Crew(16).work(lambda request: client.send(*request), requests)
    for (method, path, body), answer in zip(requests, answers, strict=True):
        with subtests.test(f"{method} {path[:60]} {json.dumps(body)[:160]}"):
            assert answer.status in {200, 201, 204} or _is_refusal(method, answer), answer
    async with shape.stores() as stores:
        await check_applied(stores, client)
    for resource in [*await client.walk("/Users"), *await client.walk("/Groups")]:
        assert (await client.send("GET", f"{_endpoint(resource)}/{resource['id']}")).json == resource


def _wrong_bodies() -> list[Wrong]:
    """Return bodies that are no JSON objects in a form that is read here."""
    whole = json.dumps(Person(2).payload).encode()
    deep = b'{"name":' * 3_000 + b"{}" + b"}" * 3_000
    bodies = {
        "nothing": b"",
        "half a body": whole[:-10],
        "two bodies": whole + whole,
        "an array": b"[]",
        "a text": b'"userName"',
        "null": b"null",
        "not UTF-8": b'{"userName": "\xff\xfe"}',
        "UTF-16": whole.decode().encode("utf-16"),
        "a lone surrogate": b'{"userName": "\\ud800"}',
        "a bare word": b'{"userName": NaN}',
        "a comment": b'{"userName": "a" /* b */}',
        "too deep": deep,
        "too large": json.dumps({**Person(2).payload, "title": "x" * 2_000_000}).encode(),
    }
    wrong = [Wrong(f"{name} to {path}", "POST", path, body) for name, body in bodies.items() for path in _ENDPOINTS]
    return [
        *wrong,
        Wrong("form data", "POST", "/Users", b"userName=a", {"Content-Type": "application/x-www-form-urlencoded"}),
        Wrong("another charset", "POST", "/Users", whole, {"Content-Type": "application/json; charset=utf-16"}),
        Wrong("no gzip at all", "POST", "/Users", whole, {"Content-Encoding": "gzip"}),
        Wrong("unknown encoding", "POST", "/Users", whole, {"Content-Encoding": "rot13"}),
    ]


def _wrong_resources(user: str) -> list[Wrong]:
    """Return objects that are no such resources."""
    good = Person(2).payload
    users: dict[str, object] = {
        "no name": {key: value for key, value in good.items() if key != "userName"},
        "empty name": {**good, "userName": ""},
        "a number as name": {**good, "userName": 7},
        "a list as name": {**good, "userName": ["a"]},
        "an object as name": {**good, "userName": {"$ne": ""}},
        "a number in emails": {**good, "emails": [7]},
        "a list as e-mail": {**good, "emails": [{"value": ["a@example.com"]}]},
        "a list as name's parts": {**good, "name": [{"familyName": "A"}]},
        "a text as name's parts": {**good, "name": "A"},
        "a word as active": {**good, "active": "perhaps"},
        "a list as active": {**good, "active": [True, False]},
        "a text as extension": {**good, ENTERPRISE: "A"},
        "a list in the extension": {**good, ENTERPRISE: {"department": ["A"]}},
        "a number as schemas": {**good, "schemas": 7},
        "a text as schemas": {**good, "schemas": USER},
        "another type's schema": {"schemas": [GROUP], "displayName": "A"},
        "an unknown schema alone": {"schemas": ["urn:example:nothing"], "displayName": "A"},
    }
    groups: dict[str, object] = {
        "no displayName": {"schemas": [GROUP]},
        "a number as displayName": {"schemas": [GROUP], "displayName": 7},
        "a text as members": {"schemas": [GROUP], "displayName": "A", "members": "b"},
        "a member without a value": {"schemas": [GROUP], "displayName": "A", "members": [{"display": "b"}]},
        "a number as member": {"schemas": [GROUP], "displayName": "A", "members": [7]},
        "an unknown member": {"schemas": [GROUP], "displayName": "A", "members": [{"value": _MISSING}]},
    }
    return [
        *(Wrong(f"POST of {name}", "POST", "/Users", body) for name, body in users.items()),
        *(Wrong(f"PUT of {name}", "PUT", f"/Users/{user}", body) for name, body in users.items()),
        *(Wrong(f"POST of {name}", "POST", "/Groups", body) for name, body in groups.items()),
        Wrong("a name in use", "POST", "/Users", {**Person(1).payload, "userName": Person(1).user_name.upper()}),
        Wrong("PUT to nobody", "PUT", f"/Users/{_MISSING}", good),
        Wrong("PUT without an id", "PUT", "/Users", good),
        Wrong("POST to an id", "POST", f"/Users/{user}", good),
        Wrong("PUT under an old version", "PUT", f"/Users/{user}", good, {"If-Match": 'W/"77"'}),
    ]


def _wrong_patches(user: str, group: str) -> list[Wrong]:
    """Return changes that cannot be made, alone and behind one that can."""
    operations: dict[str, object] = {
        "no op": {"path": "title", "value": "A"},
        "an unknown op": {"op": "move", "path": "title", "value": "A"},
        "a number as op": {"op": 7, "path": "title"},
        "a number as path": {"op": "replace", "path": 7, "value": "A"},
        "half a path": {"op": "replace", "path": "emails[type eq", "value": "A"},
        "a path with two filters": {"op": "replace", "path": 'emails[type eq "a"][type eq "b"].value', "value": "A"},
        "remove without a path": {"op": "remove"},
        "remove of the name": {"op": "remove", "path": "userName"},
        "an empty name": {"op": "replace", "path": "userName", "value": ""},
        "an object as name": {"op": "replace", "path": "userName", "value": {"$gt": ""}},
        "the id": {"op": "replace", "path": "id", "value": "A"},
        "meta": {"op": "replace", "path": "meta.version", "value": "A"},
        "a text without a path": {"op": "replace", "value": "A"},
        "a number as active": {"op": "replace", "path": "active", "value": 7},
        "no operation": 7,
    }
    bodies: dict[str, object] = {
        "a number as schemas": {"schemas": 7, "Operations": [{"op": "replace", "path": "title", "value": "A"}]},
        "no operations": {"schemas": [PATCH_OP]},
        "empty operations": {"schemas": [PATCH_OP], "Operations": []},
        "a text as operations": {"schemas": [PATCH_OP], "Operations": "replace"},
        "null as operations": {"schemas": [PATCH_OP], "Operations": None},
    }
    first = {"op": "replace", "path": "title", "value": "Changed"}
    members = {"op": "add", "path": "members", "value": [{"value": _MISSING}]}
    return [
        *(Wrong(f"PATCH with {name}", "PATCH", f"/Users/{user}", _patch(one)) for name, one in operations.items()),
        *(
            Wrong(f"PATCH with {name} behind another", "PATCH", f"/Users/{user}", _patch(first, one))
            for name, one in operations.items()
        ),
        *(Wrong(f"PATCH with {name}", "PATCH", f"/Users/{user}", body) for name, body in bodies.items()),
        Wrong("an unknown member", "PATCH", f"/Groups/{group}", _patch(members)),
        Wrong("the group itself", "PATCH", f"/Groups/{group}", _patch({**members, "value": [{"value": group}]})),
        Wrong("a number as members", "PATCH", f"/Groups/{group}", _patch({**members, "value": 7})),
        Wrong("PATCH of nobody", "PATCH", f"/Users/{_MISSING}", _patch(first)),
        Wrong("DELETE of nobody", "DELETE", f"/Users/{_MISSING}"),
        Wrong("DELETE of everybody", "DELETE", "/Users"),
        Wrong("a User as Group", "DELETE", f"/Groups/{user}"),
    ]


def _wrong_queries(user: str) -> list[Wrong]:
    """Return questions that make no sense."""
    filters = [
        "",
        "userName",
        "userName eq",
        'userName eq "a',
        "userName eq a",
        'userName xx "a"',
        'eq "a"',
        'userName eq "a" and',
        'userName eq "a" or or title pr',
        '(userName eq "a"',
        'userName eq "a")',
        'not userName eq "a"',
        'emails[type eq "work"',
        'emails[type eq "work"]] pr',
        "nothing pr",
        'userName eq "\\ud800"',
        'active gt "a"',
        'meta.created gt "yesterday"',
        "(" * 300 + 'userName eq "a"' + ")" * 300,
        " or ".join(['userName eq "a"'] * 300),
        " or ".join(['userName eq "a"'] * 5_000),
        'userName eq "a"; DROP TABLE users',
        '{"$where": "1"}',
    ]
    return [
        *(Wrong(f"filter {text[:40]!r}", "GET", f"/Users?filter={quote(text)}") for text in filters),
        Wrong("a word as startIndex", "GET", "/Users?startIndex=first"),
        Wrong("a word as count", "GET", "/Users?count=all"),
        Wrong("both kinds of projection", "GET", f"/Users/{user}?attributes=title&excludedAttributes=title"),
        Wrong("nobody", "GET", f"/Users/{_MISSING}"),
        Wrong("no id at all", "GET", "/Users/..%2f..%2fGroups"),
        Wrong("nothing", "GET", "/Nothing"),
        Wrong("another method", "TRACE", "/Users"),
    ]


def _hostile_requests(text: str, number: int, user: str, group: str) -> list[tuple[str, str, object]]:
    """Return requests with the text in every place where a client's text may stand: keys, values, paths, filters."""
    person = Person(number, "hostile").payload
    keys: list[Any] = [
        {**person, text: "value"},
        {**person, "name": {text: "value"}},
        {**person, "emails": [{"value": "a@example.com", text: "value"}]},
        {**person, ENTERPRISE: {text: "value"}},
        {**person, "schemas": [USER, text]},
        {**person, f"{ENTERPRISE}:{text}": "value"},
    ]
    values: list[Any] = [
        {**person, "userName": text},
        {**person, "externalId": text},
        {**person, "displayName": text, "title": text, "name": {"familyName": text, "formatted": text}},
        {**person, "emails": [{"value": text, "type": text, "display": text}]},
        {**person, "active": text},
        {**person, "roles": [{"value": text, "primary": text}]},
        {**person, ENTERPRISE: {"department": text, "manager": text}},
        {**person, "meta": text, "id": text, "groups": text},
    ]
    operations: list[Any] = [
        {"op": "replace", "path": text, "value": "value"},
        {"op": "replace", "path": f'emails[type eq "{text}"].value', "value": "value"},
        {"op": "replace", "path": "title", "value": text},
        {"op": "add", "value": {text: text}},
        {"op": text, "path": "title", "value": "value"},
        {"op": "remove", "path": text},
        {"op": "replace", "path": "title", "value": "value", text: text},
    ]
    members: list[Any] = [
        {"op": "add", "path": "members", "value": [{"value": text}]},
        {"op": "remove", "path": f'members[value eq "{text}"]'},
        {"op": "replace", "path": "displayName", "value": f"Staff {text}"},
    ]
    encoded = quote(text.encode(errors="surrogatepass"), safe="")
    return [
        *(("POST", "/Users", body) for body in [*keys, *values]),
        *(("PUT", f"/Users/{user}", {**body, "userName": Person(1).user_name}) for body in keys),
        *(("PATCH", f"/Users/{user}", _patch(operation)) for operation in operations),
        *(("PATCH", f"/Groups/{group}", _patch(operation)) for operation in members),
        ("POST", "/Groups", {"schemas": [GROUP], "displayName": f"Group {number} {text}", text: text}),
        ("GET", f"/Users?filter=userName+eq+%22{encoded}%22", None),
        ("GET", f"/Users?filter={encoded}", None),
        ("GET", f"/Users?filter=title+co+%22{encoded}%22", None),
        ("GET", f"/Users?attributes={encoded}", None),
        ("GET", f"/Users?{encoded}={encoded}", None),
        ("GET", f"/Groups/{encoded}", None),
        ("DELETE", f"/Users/{encoded}", None),
    ]


_ENDPOINTS = ("/Users", "/Groups")


async def _inhabited(client: ScimClient) -> tuple[str, str]:
    """Make a User and a Group with it; return their ids."""
    entra = Entra(client)
    user = await entra.ensure_user(Person(1))
    group = await entra.ensure_group("Staff")
    await entra.add_member(group, user)
    return user, group


@asynccontextmanager
async def _unchanged(shape: Shape, client: ScimClient) -> AsyncIterator[None]:
    """Assert that directory, LMS side and events are afterwards as they were before."""
    before = await _everything(shape, client)
    yield
    assert await _everything(shape, client) == before


async def _everything(shape: Shape, client: ScimClient) -> dict[str, Any]:
    async with shape.stores() as stores:
        await check_applied(stores, client)
        audit = await all_audit(stores, client.tenant)
        return {
            "users": await client.walk("/Users"),
            "groups": await client.walk("/Groups"),
            "accounts": await stores.accounts.accounts(client.tenant, after="", limit=1_000),
            "events": await all_events(stores, client.tenant),
            "applied": [entry for entry in audit if entry.outcome == "applied"],
        }


def _check_refusal(method: str, answer: Answer) -> None:
    assert _is_refusal(method, answer), answer


def _is_refusal(method: str, answer: Answer) -> bool:
    """Tell whether the answer is a SCIM error that blames the client (RFC 7644, 3.12)."""
    if not 400 <= answer.status < 500 or answer.headers["Content-Type"] != "application/scim+json":
        return False
    error = answer.json
    return (
        error["schemas"] == [_ERROR]
        and error["status"] == str(answer.status)
        and isinstance(error["detail"], str)
        and error.get("scimType", "invalidValue") in _SCIM_TYPES
    )


def _patch(*operations: object) -> dict[str, object]:
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def _endpoint(resource: dict[str, Any]) -> str:
    return f"/{resource['meta']['resourceType']}s"
