"""What a client can make up: bodies, paths and texts in which every name might mean something."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from schemas.scim.definitions.catalog import ENTERPRISE_USER
from tests.support.strategies.scim import filter_text, patch_operations, user_attributes, user_filters, wild_operations

NAMES = st.sampled_from(
    [
        *("schemas", "id", "externalId", "meta", "userName", "name", "givenName", "emails", "value", "type", "primary"),
        *("active", "displayName", "members", "$ref", "groups", "password", "roles", "manager", "department", "title"),
        *(
            "name.givenName",
            'emails[type eq "work"].value',
            f"{ENTERPRISE_USER}:manager",
            ENTERPRISE_USER,
            "x509Certificates",
        ),
    ]
)
OPERATORS = st.sampled_from(["eq", "CO", "pr", "xx"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["True", "false", "", "work", "2026-11-25T00:00:00Z", "no-date", "urn:x", "bulkId:1", "dGVzdA=="]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
OBJECTS = st.dictionaries(NAMES | st.text(max_size=4), VALUES, max_size=6)
PATHS = st.one_of(
    NAMES,
    st.text(max_size=12),
    st.text('emailsvu."\\[]() eqandorpr', max_size=30),
    st.builds(
        '{}[{} {} "{}"].{}'.format, NAMES, NAMES, st.sampled_from(["eq", "CO", "pr", "xx"]), st.text(max_size=3), NAMES
    ),
)
OPERATION = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["add", "Add", "replace", "remove", "REMOVE", "move"]) | VALUES,
        "path": PATHS | VALUES,
        "value": VALUES,
        "name": SCALARS,
    },
)
PATCHES = st.fixed_dictionaries(
    {"Operations": st.lists(OPERATION, max_size=3) | VALUES},
    optional={"schemas": st.just(["urn:ietf:params:scim:api:messages:2.0:PatchOp"]) | VALUES},
)
TYPES = st.sampled_from(["User", "Group"])


@dataclass(frozen=True, slots=True)
class Request:
    """A request below a Tenant URL; ``{user}`` and ``{group}`` in its path stand for ids of living resources."""

    method: str
    path: str
    body: bytes | None = None


_MESSAGES = "urn:ietf:params:scim:api:messages:2.0"
_FILTERS = st.one_of(user_filters.map(filter_text), PATHS, st.text(max_size=40))
_NUMBERS = st.one_of(st.integers().map(str), st.text("0123456789-+._ ", max_size=8))
_PARAMETERS: dict[str, st.SearchStrategy[Any]] = {
    "filter": _FILTERS,
    "sortBy": PATHS,
    "sortOrder": st.sampled_from(["ascending", "Descending", "down", ""]),
    "attributes": PATHS,
    "excludedAttributes": PATHS,
    "startIndex": _NUMBERS,
    "count": _NUMBERS,
    "cursor": st.text(max_size=20),
}
_QUERIES = st.fixed_dictionaries({}, optional=_PARAMETERS)
_LISTS = st.sampled_from(["/Users", "/Groups", "/"])
_RESOURCES = st.sampled_from(["/Users/{user}", "/Groups/{group}"])
_ELSEWHERE = st.one_of(
    st.sampled_from(
        ["/Bulk", "/.search", "/Users/.search", "/Schemas", "/ServiceProviderConfig", "/ResourceTypes/User"]
    ),
    st.text(max_size=12).map(lambda text: f"/Users/{quote(text, safe='')}"),
)
_PLACES = st.one_of(_LISTS, _RESOURCES, _ELSEWHERE)
_METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
_USERS = st.builds(lambda good, wild: {**wild, **good}, user_attributes, OBJECTS)
_GROUPS = st.builds(lambda name, wild: {**wild, "displayName": name}, st.text(min_size=1, max_size=4), OBJECTS)
_BODIES = OBJECTS | _USERS | _GROUPS
_ALL_PATCHES = st.one_of(
    PATCHES,
    st.lists(st.one_of(wild_operations, patch_operations, OPERATION), max_size=4).map(
        lambda operations: {"schemas": [f"{_MESSAGES}:PatchOp"], "Operations": operations}
    ),
)
_BULK_OPERATION = st.fixed_dictionaries(
    {},
    optional={
        "method": st.sampled_from(["POST", "put", "PATCH", "DELETE", "GET"]) | VALUES,
        "path": st.sampled_from(["/Users", "/Groups", "/Users/{user}", "/Users/bulkId:a", "Groups/{group}"]) | VALUES,
        "bulkId": st.sampled_from(["a", "b", ""]) | VALUES,
        "data": _BODIES | _ALL_PATCHES | VALUES,
        "version": st.just('W/"1"') | VALUES,
    },
)
_BULKS = st.fixed_dictionaries(
    {"schemas": st.just([f"{_MESSAGES}:BulkRequest"]), "Operations": st.lists(_BULK_OPERATION, max_size=4) | VALUES},
    optional={"failOnErrors": st.integers(0, 2) | VALUES},
)
_SEARCHES = st.fixed_dictionaries(
    {"schemas": st.just([f"{_MESSAGES}:SearchRequest"])},
    optional={name: value | st.lists(PATHS, max_size=2) | VALUES for name, value in _PARAMETERS.items()},
)


def _with_query(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}"


def _bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


def _json(method: str, places: st.SearchStrategy[str], bodies: st.SearchStrategy[Any]) -> st.SearchStrategy[Request]:
    return st.builds(Request, st.just(method), places, bodies.map(_bytes))


_KINDS: st.SearchStrategy[Request] = st.one_of(
    st.builds(Request, st.just("GET"), st.builds(_with_query, st.one_of(_LISTS, _PLACES), _QUERIES)),
    _json("POST", st.just("/Users"), _USERS | OBJECTS),
    _json("POST", st.just("/Groups"), _GROUPS | OBJECTS),
    _json("PUT", _RESOURCES, _BODIES),
    _json("PATCH", _RESOURCES, _ALL_PATCHES),
    _json("POST", st.sampled_from(["/.search", "/Users/.search", "/Groups/.search"]), _SEARCHES),
    _json("POST", st.just("/Bulk"), _BULKS),
    st.builds(
        Request,
        _METHODS,
        st.builds(_with_query, _PLACES, _QUERIES),
        st.none() | VALUES.map(_bytes) | st.binary(max_size=40),
    ),
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Make requests of every kind, some of which can be carried out."""
    return draw(_KINDS)
