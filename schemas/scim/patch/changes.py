"""One change carried out on one attribute's value (RFC 7644, 3.5.2.1 to 3.5.2.3). What is given stays as it is."""

from typing import Any

from schemas.scim.definitions.model import Attribute, Mutability
from schemas.scim.errors import InvalidValueError, MutabilityError
from schemas.scim.patch.elements import change_elements, change_list
from schemas.scim.patch.objects import check_immutable, merged, with_sub
from schemas.scim.patch.steps import Change


def changed_value(change: Change, before: Any, *, strict: bool) -> Any:
    """Return the attribute's value after the change, None when it is then unassigned.

    Raises:
        NoTargetError: The path chooses no element, and none can be made.
        MutabilityError: An immutable value would be another, or a required attribute go.
        InvalidValueError: A required attribute would have no value.
    """
    target = change.target
    if target.is_in_elements:
        after: Any = change_elements(change, before or [], strict=strict) or None
    elif target.sub is not None:
        after = with_sub(change, target.sub, before or {}) or None
    elif target.attribute.multi_valued:
        after = change_list(change, before or []) or None
    elif target.is_complex:
        after = _changed_object(change, before)
    else:
        after = change.value
    _check(change, before, after)
    return after


def _changed_object(change: Change, before: dict[str, Any] | None) -> dict[str, Any] | None:
    if change.op == "remove" or (change.value is None and not change.cleared):
        return None
    # RFC 7644, 3.5.2.3: sub-attributes that are not named stay.
    after = merged(before or {}, change.value or {}, change.cleared)
    check_immutable(change.target, before or {}, after)
    return after or None


def _check(change: Change, before: Any, after: Any) -> None:
    attribute: Attribute = change.target.attribute
    if before is None or after == before:
        return
    if attribute.mutability is Mutability.IMMUTABLE:
        raise MutabilityError(f"{attribute.name} is immutable")
    if after is None and attribute.required:
        if change.op == "remove":
            raise MutabilityError(f"{attribute.name} is required")
        raise InvalidValueError(f"{attribute.name} must have a value")
