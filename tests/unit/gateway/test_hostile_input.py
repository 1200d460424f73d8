"""Whatever a client sends is understood or refused; nothing that it can make up is a fault of ours."""

import string
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from gateway.metrics import GatewayMetrics
from gateway.scim.listing import PARAMETERS, ListRequest, selection
from gateway.scim.payloads import Payloads
from gateway.scim.preconditions import entity_tags, is_known
from schemas.messages.codec import decode_commands, encode_commands
from schemas.messages.commands import PatchResource
from schemas.scim.definitions.catalog import core_catalog
from schemas.scim.errors import ScimError
from schemas.scim.projection import Projection
from tests.support.cases import cases
from tests.support.lane import CALLER
from tests.support.scim import ACME, SETTINGS
from tests.support.strategies.hostile import NAMES, OBJECTS, PATCHES, PATHS, TYPES

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def payloads(type_name: str) -> Payloads:
    return Payloads(core_catalog().resource_type(type_name), SETTINGS, GatewayMetrics(CollectorRegistry()))


@cases(100)
@given(TYPES, OBJECTS, st.booleans())
def test_any_object_is_a_resource_or_refused(type_name: str, body: dict[str, Any], strict: bool) -> None:
    with suppress(ScimError):
        attributes = payloads(type_name).attributes(orjson.dumps(body), strict=strict)
        assert "password" not in attributes


@cases(100)
@given(TYPES, PATCHES, st.booleans())
def test_any_object_is_a_patch_that_can_be_sent_or_refused(type_name: str, body: dict[str, Any], strict: bool) -> None:
    with suppress(ScimError):
        operations = payloads(type_name).operations(orjson.dumps(body), strict=strict)
        command = PatchResource("c", ACME, CALLER, 1.0, type_name, "r", operations)  # type: ignore[arg-type]
        assert decode_commands(encode_commands([command])) == (command,)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "password", "value": "s3cret"},
        {"op": "Add", "path": "urn:ietf:params:scim:schemas:core:2.0:User:PASSWORD", "value": "s3cret"},
        {"op": "replace", "value": {"password": "s3cret", "Password": "s3cret", "title": "Boss"}},
    ],
)
@pytest.mark.parametrize("strict", [False, True])
def test_no_password_enters_a_command(operation: dict[str, Any], strict: bool) -> None:
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
    with suppress(ScimError):
        assert "s3cret" not in repr(payloads("User").operations(orjson.dumps(body), strict=strict))
    resource = {"schemas": [f"{ENTERPRISE}"], "userName": "x", "password": "s3cret"}
    with suppress(ScimError):
        assert "s3cret" not in repr(payloads("User").attributes(orjson.dumps(resource), strict=strict))


@cases(100)
@given(TYPES, st.binary(max_size=40) | st.text('{}[]":,\\u12', max_size=40).map(str.encode))
def test_any_bytes_are_a_resource_or_refused(type_name: str, body: bytes) -> None:
    with pytest.raises(ScimError):
        payloads(type_name).attributes(body, strict=False)


@cases(100)
@given(TYPES, PATHS | st.text(string.printable, max_size=40) | st.text(max_size=40))
def test_any_text_is_a_filter_or_refused(type_name: str, text: str) -> None:
    with suppress(ScimError):
        selection(text, core_catalog().resource_type(type_name))


@cases(100)
@given(TYPES, st.text(max_size=40) | NAMES, st.text(max_size=40))
def test_any_texts_are_a_projection_or_refused(type_name: str, wanted: str, excluded: str) -> None:
    with suppress(ScimError):
        projection = Projection.parse(wanted, excluded, core_catalog().resource_type(type_name))
        projection.apply({"schemas": [], "id": "x", "name": {"givenName": "y"}})


@cases(100)
@given(st.none() | st.text(max_size=25), st.none() | st.integers().map(str) | st.text("0123456789-+._ ", max_size=8))
def test_any_texts_are_a_part_of_a_list_or_refused(start_index: str | None, count: str | None) -> None:
    parameters = dict.fromkeys(PARAMETERS) | {"startIndex": start_index, "count": count}
    with suppress(ScimError):
        asked = ListRequest.from_parameters(parameters)
        assert asked.start_index >= 1
        assert asked.count is None or asked.count >= 0


@cases(100)
@given(st.text(max_size=20))
def test_a_condition_is_never_taken_for_none(header: str) -> None:
    assert entity_tags(header)


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        (None, ()),
        ("*", ("*",)),
        ('W/"1"', ('W/"1"',)),
        ('"1", W/"2" ,"3"', ('"1"', 'W/"2"', '"3"')),
        ("", ("",)),
        ("3", ("3",)),
    ],
)
def test_entity_tags_are_read(header: str | None, tags: tuple[str, ...]) -> None:
    assert entity_tags(header) == tags


@pytest.mark.parametrize(
    ("header", "known"), [(None, False), ("*", True), ('W/"3"', True), ('"3"', True), ('W/"33"', False), ("3", False)]
)
def test_versions_are_compared_weakly(header: str | None, known: bool) -> None:
    assert is_known(header, 3) is known
