"""What filters look up: one ``eq`` on a key of the read cache; an e-mail address, for which stores have an index."""

import re

from schemas.scim.definitions.model import ResourceType
from schemas.scim.filters.nodes import All, Field, Matches, Operator, ResolvedFilter, SomeElement
from schemas.scim.filters.tokens import MAX_LENGTH
from schemas.scim.search import prepared_name

ID = "id"
NAME = "name"
"""The type's unique name: a User's ``userName``, a Group's ``displayName``."""
EXTERNAL_ID = "external_id"

_PLAIN = re.compile(r"""[ ]*([A-Za-z]+)[ ]+eq[ ]+"([^"\\\x00-\x1f\ud800-\udfff]+)"[ ]*""", re.IGNORECASE)

_EXACT = {"externalid": Field(("externalId",), (False,)), "id": Field(("id",), (False,))}


def plain_lookup(text: str, resource_type: ResourceType) -> Matches | None:
    """Return what ``resolve(parse_filter(text))`` returns, at a tenth of its cost, for the form most requests have.

    None says nothing: the text then goes the long way.
    """
    found = _PLAIN.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if found is None:
        return None
    name, value = found[1].lower(), found[2]
    if name == resource_type.unique_name.lower():
        field = Field((resource_type.unique_name,), (False,))
        return Matches(field, Operator.EQ, prepared_name(resource_type.name, value))
    exact = _EXACT.get(name)
    return None if exact is None else Matches(exact, Operator.EQ, value)


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
