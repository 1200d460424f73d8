"""Okta: what it read comes back, read-only attributes included, as in ``{"id": "...", "displayName": "..."}``."""

from schemas.scim.definitions.model import Attribute, Mutability


def is_read_only(attribute: Attribute) -> bool:
    """Tell whether a value given for the attribute along with others is passed over (RFC 7643, 3.1)."""
    return attribute.mutability is Mutability.READ_ONLY or attribute.name == "schemas"
