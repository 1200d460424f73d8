"""A query as a value."""

from dataclasses import dataclass

from schemas.scim.filters.nodes import ResolvedFilter


@dataclass(frozen=True, slots=True)
class Query:
    """Which resources of one type, and which part of them (RFC 7644, 3.4.2)."""

    resource_type: str
    filter: ResolvedFilter | None = None
    start_index: int = 1
    """1-based, at least 1."""
    count: int = 100
    """At most so many resources; 0: only the total."""
