"""A query as a value."""

from dataclasses import dataclass

import msgspec

from schemas.scim.filters.nodes import Field, ResolvedFilter, Scalar


@dataclass(frozen=True, slots=True)
class Sort:
    """The order of a result (``schemas.scim.sorting`` says what it means)."""

    field: Field
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a query's order: that of a resource, whether or not it is still there."""

    value: Scalar | None
    """What the sort compares; None: the resource has none, or nothing but the id is compared."""
    id: str


class Query(msgspec.Struct, frozen=True):
    """Which resources of one type, and which part of them (RFC 7644, 3.4.2)."""

    resource_type: str
    filter: ResolvedFilter | None = None
    start_index: int = 1
    """1-based, at least 1."""
    count: int = 100
    """At most so many resources; 0: only the total."""
    sort: Sort | None = None
    """None: by id."""
    after: Position | None = None
    """Only what comes after this place in the query's order; ``start_index`` counts from there."""
    total: int | None = None
    """The total, where it is known and need not be counted again."""
