"""Whom a job is about where a filter says it: the question that the directory is asked, part by part. Pure."""

from collections.abc import Mapping
from typing import Any

from schemas.scim.definitions.catalog import core_catalog
from schemas.scim.filters.parser import parse_filter
from schemas.scim.filters.resolve import resolve
from schemas.scim.query import Position, Query
from tenants.tenant import Tenant

_TYPES = ("User", "Group")


def is_by_filter(parameters: Mapping[str, Any]) -> bool:
    """Tell whether a filter says whom the job is about."""
    return "filter" in parameters


def type_of(parameters: Mapping[str, Any]) -> str:
    """Return the type of the resources that the filter chooses from."""
    return str(parameters.get("type", _TYPES[0]))


def query_of(
    parameters: Mapping[str, Any], tenant: Tenant, *, after: str = "", limit: int = 0, total: int | None = None
) -> Query:
    """Return the question for those with ids greater than ``after``, by id; with no limit, for their number alone.

    Raises:
        InvalidFilterError: The filter does not parse, or asks what the tenant's schemas cannot answer.
        ValueError: There is no such type.
    """
    type_ = type_of(parameters)
    if type_ not in _TYPES:
        raise ValueError(f"a filter chooses from {' or '.join(_TYPES)}, not from {type_}")
    resource_type = core_catalog().with_extensions(tenant.extensions).resource_type(type_)
    return Query(
        type_,
        resolve(parse_filter(parameters["filter"]), resource_type),
        count=limit,
        after=Position(None, after) if after else None,
        total=total,
    )
