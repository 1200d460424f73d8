"""The filters that are look-ups: one ``eq`` on a key of the read cache."""

from schemas.scim.definitions.model import ResourceType
from schemas.scim.filters.nodes import Matches, Operator, ResolvedFilter

ID = "id"
NAME = "name"
"""The type's unique name: a User's ``userName``, a Group's ``displayName``."""
EXTERNAL_ID = "external_id"


def as_lookup(resolved: ResolvedFilter, resource_type: ResourceType) -> tuple[str, str] | None:
    """Return the kind of key and the key, as search documents hold it, or None when the filter is no look-up."""
    if not isinstance(resolved, Matches) or resolved.operator is not Operator.EQ or not isinstance(resolved.value, str):
        return None
    kinds: dict[tuple[str, ...], str] = {("id",): ID, (resource_type.unique_name,): NAME, ("externalId",): EXTERNAL_ID}
    kind = kinds.get(resolved.field.steps)
    return None if kind is None else (kind, resolved.value)
