"""What filters look up: one ``eq`` on a key of the read cache; an e-mail address, for which stores have an index."""

from schemas.scim.definitions.model import ResourceType
from schemas.scim.filters.nodes import All, Field, Matches, Operator, ResolvedFilter, SomeElement

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


def address_asked_for(filter: ResolvedFilter) -> str | None:
    """Return the e-mail address if the filter asks for a whole one, alone or with more about the same element."""
    match filter:
        case Matches(Field(("emails", "value")), Operator.EQ, str(address)):
            return address
        case SomeElement(Field(("emails",)), inner):
            return _pinned_value(inner)
        case _:
            return None


def _pinned_value(inner: ResolvedFilter) -> str | None:
    match inner:
        case Matches(Field(("value",)), Operator.EQ, str(value)):
            return value
        case All(terms):
            return next((pinned for term in terms if (pinned := _pinned_value(term)) is not None), None)
        case _:
            return None
