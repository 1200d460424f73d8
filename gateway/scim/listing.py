"""Lists: which part of them is asked for, and the ListResponse around it (RFC 7644, 3.4.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.settings import GatewaySettings
from schemas.scim.definitions.model import ResourceType
from schemas.scim.errors import InvalidValueError
from schemas.scim.filters.lookups import as_lookup
from schemas.scim.filters.nodes import ResolvedFilter
from schemas.scim.filters.parser import parse_filter
from schemas.scim.filters.resolve import resolve
from tenants.read_cache.port import KeyKind

_LARGEST_INDEX = 2**31 - 1
_LONGEST_NUMBER = 20


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a list is wanted."""

    start_index: int
    count: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Which resources are wanted."""

    filter: ResolvedFilter | None = None
    lookup: tuple[KeyKind, str] | None = None
    """The key that the filter looks up, where it does no more than that."""


def wanted_part(start_index: str | None, count: str | None, settings: GatewaySettings) -> Part:
    """Return the part that the query parameters name (RFC 7644, 3.4.2.4).

    Raises:
        InvalidValueError: One is no number.
    """
    first = 1 if start_index is None else min(max(_number("startIndex", start_index), 1), _LARGEST_INDEX)
    size = settings.default_count if count is None else min(max(_number("count", count), 0), settings.max_count)
    return Part(first, size)


def selection(filter: str | None, resource_type: ResourceType) -> Selection:
    """Return what the filter selects; all without one.

    Raises:
        InvalidFilterError: It does not parse, or asks what its attributes cannot answer.
    """
    if filter is None:
        return Selection()
    resolved = resolve(parse_filter(filter), resource_type)
    lookup = as_lookup(resolved, resource_type)
    return Selection(resolved, (KeyKind(lookup[0]), lookup[1]) if lookup is not None else None)


def list_response(bodies: Sequence[bytes], *, total: int, start_index: int) -> bytes:
    """Return the ListResponse around rendered resources."""
    return (
        b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],'
        b'"totalResults":%d,"startIndex":%d,"itemsPerPage":%d,"Resources":[%b]}'
        % (total, start_index, len(bodies), b",".join(bodies))
    )


def _number(name: str, text: str) -> int:
    try:
        if len(text) > _LONGEST_NUMBER:
            raise ValueError
        return int(text)
    except ValueError as error:
        raise InvalidValueError(f"{name} has to be an integer") from error
