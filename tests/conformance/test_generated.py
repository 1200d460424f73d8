"""Made-up requests, many of them: a PATCH ends where a plain reading of the RFC does, and nothing is a fault of ours.

``ROLLCALL_TEST_CASES=20000`` makes as many of each in either shape.
"""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.cases import cases
from tests.support.conformance_client import ENTERPRISE, USER, Resource, Scim, path_of
from tests.support.patch_reading import read_plainly
from tests.support.strategies.hostile import Request, requests
from tests.support.strategies.scim import patch_operations, user_attributes

# The service, on another thread of this process, draws random numbers as well, which hypothesis takes for ours.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")


@pytest.fixture
def somebody(scim: Scim) -> Mapping[bool, tuple[Scim, str]]:
    """A User of a tolerant and of a strict tenant: by whether it is strict, its tenant and path."""
    return {each is scim.strict: (each, path_of(each.user())) for each in (scim, scim.strict)}


@cases(40)
@given(user_attributes, st.lists(patch_operations, min_size=1, max_size=3), st.booleans())
def test_what_is_read_after_a_patch_is_what_a_plain_reading_of_the_rfc_says(
    somebody: Mapping[bool, tuple[Scim, str]], before: Resource, operations: list[Resource], strict: bool
) -> None:
    scim, path = somebody[strict]
    reset = scim.put(path, {"schemas": [USER, *(name for name in before if ":" in name)], **before})
    assert reset.status == 200, reset

    answer = scim.patch(path, *operations)

    expected = read_plainly(before, operations, strict=strict)
    after = scim.get(path).json
    assert (answer.status in {200, 204}) is (expected is not None), answer
    assert _attributes(after) == (before if expected is None else expected)
    assert (after["meta"] == reset.json["meta"]) is (expected in (None, before))


@cases(60)
@given(requests(), st.booleans())
def test_no_request_is_a_fault_of_ours(scim: Scim, request_: Request, strict: bool) -> None:
    tenant = scim.strict if strict else scim
    ids = {"user": _first(tenant, "/Users"), "group": _first(tenant, "/Groups")}
    path, body = request_.path, request_.body
    for name, id in ids.items():
        path = path.replace(f"{{{name}}}", id)
        body = body and body.replace(f"{{{name}}}".encode(), id.encode())

    answer = tenant.send(request_.method, path, body)

    assert answer.status < 500, answer


def _first(scim: Scim, path: str) -> str:
    """Return the id of the oldest resource, made where there is none."""
    found = scim.get(f"{path}?count=1&attributes=id").json["Resources"]
    id: str = found[0]["id"] if found else (scim.user() if path == "/Users" else scim.group())["id"]
    return id


def _attributes(resource: Resource) -> Resource:
    """Return what a client may have set."""
    attributes = {name: value for name, value in resource.items() if name not in {"schemas", "id", "meta"}}
    attributes.get(ENTERPRISE, {}).get("manager", {}).pop("$ref", None)
    return attributes
