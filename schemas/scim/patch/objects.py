"""Changes inside one object: a complex value, or an element of a multi-valued attribute."""

from collections.abc import Collection, Mapping
from typing import Any

from schemas.scim.definitions.model import Attribute, Mutability
from schemas.scim.errors import MutabilityError
from schemas.scim.patch.steps import Change
from schemas.scim.patch.targets import Target


def merged(before: Mapping[str, Any], given: Mapping[str, Any], cleared: Collection[str]) -> dict[str, Any]:
    """Return the object with what is given in the place of what was, and without what is cleared."""
    return {name: value for name, value in {**before, **given}.items() if name not in cleared}


def with_sub(change: Change, sub: Attribute, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object with its sub-attribute changed.

    Raises:
        MutabilityError: The sub-attribute is immutable and has another value.
    """
    value = change.value
    if sub.multi_valued and change.op == "add":
        present = before.get(sub.name, [])
        value = [*present, *(each for each in value or [] if each not in present)] or None
    after = merged(before, {sub.name: value}, ()) if value is not None else merged(before, {}, (sub.name,))
    check_immutable(change.target, before, after)
    return after


def check_immutable(target: Target, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Refuse another value for an immutable sub-attribute that has one.

    Raises:
        MutabilityError: There is such a sub-attribute.
    """
    for sub in target.attribute.sub_attributes.values():
        if sub.mutability is Mutability.IMMUTABLE and sub.name in before and before[sub.name] != after.get(sub.name):
            raise MutabilityError(f"{target.attribute.name}.{sub.name} is immutable")
