"""Lists: what is asked for, by query parameters or in a SearchRequest, and the ListResponse around what is found."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec
import orjson

from gateway.answers import Body
from schemas.scim.definitions.model import ResourceType
from schemas.scim.errors import InvalidCountError, InvalidValueError
from schemas.scim.filters.lookups import as_lookup, plain_lookup
from schemas.scim.filters.nodes import ResolvedFilter
from schemas.scim.filters.parser import parse_filter
from schemas.scim.filters.resolve import resolve
from tenants.directory.records import CachedResource
from tenants.read_cache.port import KeyKind

PARAMETERS = ("filter", "sortBy", "sortOrder", "startIndex", "count", "cursor")
"""What a list is asked for by, as query parameters and messages call it."""

_LARGEST_INDEX = 2**31 - 1
_LONGEST_NUMBER = 20


class ListRequest(msgspec.Struct, frozen=True):
    """A list as a client asks for it (RFC 7644, 3.4.2 and 3.4.3; RFC 9865, 2); which attributes is asked elsewhere."""

    filter: str | None = None
    sort_by: str | None = None
    sort_order: str | None = None
    start_index: int = 1
    """At least 1."""
    count: int | None = None
    """At least 0; None: as many as the service likes."""
    cursor: str | None = None
    """Empty: the first page of a walk by cursors; None: pages by index."""

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, str | None]) -> "ListRequest":
        """Return what the query parameters of these ``PARAMETERS`` ask for.

        Raises:
            ScimError: One is no number that it should be.
        """
        return cls._of(parameters)

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> "ListRequest":
        """Return what the SearchRequest asks for.

        Raises:
            ScimError: A member has the wrong type.
        """
        members = {name.lower(): value for name, value in message.items()}
        for name in ("filter", "sortBy", "sortOrder", "cursor"):
            if not isinstance(members.get(name.lower()), str | None):
                raise InvalidValueError(f"{name} has to be a string")
        return cls._of({name: members.get(name.lower()) for name in PARAMETERS})

    @classmethod
    def _of(cls, values: Mapping[str, Any]) -> "ListRequest":
        cursor, start_index, count = values["cursor"], values["startIndex"], values["count"]
        # RFC 9865, 2.3: `startIndex` and `cursor` each choose a way of paging; the cursor knows its place.
        first = 1 if start_index is None or cursor is not None else _number("startIndex", start_index)
        return cls(
            filter=values["filter"],
            sort_by=values["sortBy"],
            sort_order=values["sortOrder"],
            start_index=min(max(first, 1), _LARGEST_INDEX),
            count=None if count is None else _count(count, is_walk=cursor is not None),
            cursor=cursor,
        )


class Selection(msgspec.Struct, frozen=True):
    """Which resources are wanted."""

    filter: ResolvedFilter | None = None
    lookup: tuple[KeyKind, str] | None = None
    """The key that the filter looks up, where it does no more than that."""


class Listing(msgspec.Struct, frozen=True):
    """The part of a list that was found."""

    resources: Sequence[CachedResource]
    total: int
    start_index: int | None
    """None: the pages are walked by cursors."""
    next_cursor: str | None = None
    """None on the last page, or where pages are asked for by index."""


def selection(filter: str | None, resource_type: ResourceType) -> Selection:
    """Return what the filter selects; all without one.

    Raises:
        InvalidFilterError: It does not parse, or asks what its attributes cannot answer.
    """
    if filter is None:
        return Selection()
    resolved = plain_lookup(filter, resource_type) or resolve(parse_filter(filter), resource_type)
    lookup = as_lookup(resolved, resource_type)
    return Selection(resolved, (KeyKind(lookup[0]), lookup[1]) if lookup is not None else None)


def list_response(
    bodies: Sequence[bytes], *, total: int, start_index: int | None = None, next_cursor: str | None = None
) -> bytes:
    """Return the ListResponse around rendered resources."""
    return b"%b%b]}" % (_head(len(bodies), total, start_index, next_cursor), b",".join(bodies))


def list_body(bodies: Sequence[Body], found: Listing) -> Body:
    """Return the ListResponse around what was found; in pieces where one of the bodies is."""
    whole = [body for body in bodies if isinstance(body, bytes)]
    if len(whole) == len(bodies):
        return list_response(whole, total=found.total, start_index=found.start_index, next_cursor=found.next_cursor)
    return _pieces(_head(len(bodies), found.total, found.start_index, found.next_cursor), bodies)


def _head(size: int, total: int, start_index: int | None, next_cursor: str | None) -> bytes:
    place = b'"startIndex":%d,' % start_index if start_index is not None else b""
    if next_cursor is not None:
        place += b'"nextCursor":%b,' % orjson.dumps(next_cursor)
    return (
        b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],'
        b'"totalResults":%d,%b"itemsPerPage":%d,"Resources":[' % (total, place, size)
    )


async def _pieces(head: bytes, bodies: Sequence[Body]) -> AsyncIterator[bytes]:
    separator = head
    for body in bodies:
        yield separator
        if isinstance(body, bytes):
            yield body
        else:
            async for piece in body:
                yield piece
        separator = b","
    yield b"]}"


def _count(given: object, *, is_walk: bool) -> int:
    try:
        return max(_number("count", given), 0)
    except InvalidValueError as error:
        if is_walk:
            # RFC 9865, 2.1.
            raise InvalidCountError(error.detail) from error
        raise


def _number(name: str, given: object) -> int:
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    try:
        if not isinstance(given, str) or len(given) > _LONGEST_NUMBER:
            raise ValueError
        return int(given)
    except ValueError as error:
        raise InvalidValueError(f"{name} has to be an integer") from error
