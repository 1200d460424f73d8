"""Checks: what one value must be, compiled from its attribute's definition.

A check returns the value in canonical form, or None when it counts as absent (RFC 7643, 2.5: null and empty lists and
objects; where tolerant also empty text), and raises ``ScimError`` when the value does not fit. It leaves its input as
it is. Tolerant checks take one value for a list, and a bare text for an element with a ``value``.
"""

import binascii
import math
from collections.abc import Callable, Mapping
from typing import Any

from schemas.scim.date_time import normal_date_time
from schemas.scim.definitions.model import Attribute, AttributeType, Mutability, Returned
from schemas.scim.errors import InvalidSyntaxError, InvalidValueError

Check = Callable[[Any], Any]
Table = Mapping[str, tuple[str, Check]]
"""A name, as the schema spells it and in lower case → the schema's spelling and the check."""

MAX_TEXT_LENGTH = 65_536
"""Characters of one text."""
MAX_REFERENCE_LENGTH = 1_048_576
"""Characters of one reference or binary value: photos come as ``data:`` URIs, too."""
MAX_ELEMENTS = 1_000
"""Elements of one multi-valued attribute. Members are limited by the size of the body alone."""
_NAME_SHOWN = 64
"""So many characters of an unknown name are told back."""
_INTEGERS = range(-(2**63), 2**63)
"""What every store and codec can hold."""


def compile_table(
    attributes: Mapping[str, Attribute], *, strict: bool, prefix: str = ""
) -> dict[str, tuple[str, Check]]:
    """Return the checks of the attributes; the prefix is put before names in refusals."""
    table = {}
    for key, attribute in attributes.items():
        entry = (attribute.name, compile_check(attribute, f"{prefix}{attribute.name}", strict=strict))
        table[key] = table[attribute.name] = entry
    return table


def compile_check(attribute: Attribute, path: str, *, strict: bool) -> Check:
    """Return the attribute's check; the path names it in refusals."""
    if attribute.mutability is Mutability.READ_ONLY or attribute.returned is Returned.NEVER:
        # RFC 7644, 3.3: readOnly values are ignored. What is never returned (passwords) is never kept either.
        return ignored
    if attribute.name == "members":
        return _members(attribute, path, strict=strict)
    one = _compile_one(attribute, path, strict=strict)
    return _multi_valued(attribute, one, path, strict=strict) if attribute.multi_valued else one


def checked(values: Mapping[str, Any], table: Table, *, strict: bool, prefix: str = "") -> dict[str, Any]:
    """Return what is present among the values, under the schema's spelling.

    Raises:
        InvalidSyntaxError: Strict: the table does not know a name.
        InvalidValueError: A value does not fit, or a name comes twice in different case.
    """
    canonical: dict[str, Any] = {}
    for given, value in values.items():
        entry = table.get(given) or table.get(given.lower())
        if entry is None:
            if strict:
                raise InvalidSyntaxError(
                    f"{prefix}{given[:_NAME_SHOWN]} is not an attribute of the schemas",
                    kept=f"{prefix}… is not an attribute of the schemas",
                )
            continue
        if value is None:
            continue
        name, check = entry
        found = check(value)
        if found is None:
            continue
        if name in canonical:
            raise InvalidValueError(f"{prefix}{name} is given more than once")
        canonical[name] = found
    return canonical


def ignored(value: Any) -> None:
    """Take whatever comes for an attribute that is the server's, and keep nothing."""
    del value


def _compile_one(attribute: Attribute, path: str, *, strict: bool) -> Check:
    match attribute.type:
        case AttributeType.COMPLEX:
            return _complex(attribute, path, strict=strict)
        case AttributeType.BOOLEAN:
            return _unless_empty(_boolean(path), strict=strict)
        case AttributeType.INTEGER:
            return _unless_empty(_integer(path), strict=strict)
        case AttributeType.DECIMAL:
            return _unless_empty(_decimal(path), strict=strict)
        case AttributeType.DATE_TIME:
            return _date_time(_text(path, required=attribute.required, strict=strict), path)
        case AttributeType.BINARY if strict:
            return _binary(_text(path, required=attribute.required, strict=strict, limit=MAX_REFERENCE_LENGTH), path)
        case AttributeType.REFERENCE | AttributeType.BINARY:
            return _text(path, required=attribute.required, strict=strict, limit=MAX_REFERENCE_LENGTH)
        case AttributeType.STRING:
            return _text(path, required=attribute.required, strict=strict)


def _text(path: str, *, required: bool, strict: bool, limit: int = MAX_TEXT_LENGTH) -> Check:
    def check(value: Any) -> str | None:
        if value.__class__ is not str:
            raise InvalidValueError(f"{path} must be a string")
        text: str = value
        if required and not text.strip():
            raise InvalidValueError(f"{path} must not be blank")
        if len(text) > limit:
            raise InvalidValueError(f"{path} is longer than {limit} characters")
        if "\0" in text or not (text.isascii() or _is_encodable(text)):
            raise InvalidValueError(f"{path} holds a character that cannot be stored")
        return text if text or strict else None

    return check


def _is_encodable(text: str) -> bool:
    """Tell whether the text has no lone surrogates, which UTF-8 cannot say."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unless_empty(check: Check, *, strict: bool) -> Check:
    if strict:
        return check
    return lambda value: None if value == "" else check(value)


def _boolean(path: str) -> Check:
    def check(value: Any) -> bool:
        if value is True or value is False:
            return value
        raise InvalidValueError(f"{path} must be a boolean")

    return check


def _integer(path: str) -> Check:
    def check(value: Any) -> int:
        if value.__class__ is int and value in _INTEGERS:
            return int(value)
        raise InvalidValueError(f"{path} must be an integer of 64 bits")

    return check


def _decimal(path: str) -> Check:
    def check(value: Any) -> int | float:
        if value.__class__ is int and value in _INTEGERS:
            return int(value)
        if value.__class__ is float and math.isfinite(value):
            return float(value)
        raise InvalidValueError(f"{path} must be a number")

    return check


def _date_time(text: Check, path: str) -> Check:
    def check(value: Any) -> Any:
        found = text(value)
        if found:
            try:
                normal_date_time(found)
            except ValueError as error:
                raise InvalidValueError(f"{path} must be a dateTime") from error
        return found

    return check


def _binary(text: Check, path: str) -> Check:
    def check(value: Any) -> Any:
        found = text(value)
        if found:
            try:
                binascii.a2b_base64(found, strict_mode=True)
            except ValueError as error:
                raise InvalidValueError(f"{path} must be base64") from error
        return found

    return check


def _complex(attribute: Attribute, path: str, *, strict: bool) -> Check:
    prefix = f"{path}."
    table = compile_table(attribute.sub_attributes, strict=strict, prefix=prefix)
    derives_reference = "value" in table and "$ref" in table
    if derives_reference:
        # The server derives a reference to one of its resources from the id in `value`.
        table["$ref"] = ("$ref", ignored)
    required = tuple(sub.name for sub in attribute.sub_attributes.values() if sub.required)

    def check(value: Any) -> dict[str, Any] | None:
        if value.__class__ is not dict:
            if value == "" and not strict:
                return None
            raise InvalidValueError(f"{path} must be an object")
        canonical = checked(value, table, strict=strict, prefix=prefix)
        if strict and derives_reference and value.get("$ref") and "value" not in canonical:
            raise InvalidValueError(f"{prefix}value is required; $ref follows from it")
        if not canonical:
            return None
        for name in required:
            if name not in canonical:
                raise InvalidValueError(f"{prefix}{name} is required")
        return canonical

    return check


def _multi_valued(attribute: Attribute, one: Check, path: str, *, strict: bool) -> Check:
    is_complex = attribute.type is AttributeType.COMPLEX
    wraps_text = "value" in attribute.sub_attributes

    def check(values: Any) -> list[Any] | None:
        if values.__class__ is not list:
            if strict:
                raise InvalidValueError(f"{path} must be an array")
            values = [values]
        if len(values) > MAX_ELEMENTS:
            raise InvalidValueError(f"{path} has more than {MAX_ELEMENTS} values")
        elements = []
        for value in values:
            if value is None:
                continue
            wrapped = {"value": value} if wraps_text and not strict and value.__class__ is str else value
            element = one(wrapped)
            if element is not None:
                elements.append(element)
        if is_complex and len(elements) > 1:
            elements = _distinct(elements)
            _check_primary(elements, path)
        return elements or None

    return check


def _distinct(elements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # RFC 7643, 2.4: the same value with the same type is not to be returned twice. Elements may hold lists.
    distinct: dict[str, dict[str, Any]] = {}
    for element in elements:
        distinct.setdefault(repr(sorted(element.items())), element)
    return list(distinct.values())


def _check_primary(elements: list[dict[str, Any]], path: str) -> None:
    if sum(element.get("primary") is True for element in elements) > 1:
        raise InvalidValueError(f"{path} has more than one primary value")


def _members(attribute: Attribute, path: str, *, strict: bool) -> Check:
    """Return the check of a Group's members: ids alone are kept, each once, in the order in which they come.

    Everything else about a member is derived. An element without an id is refused, not skipped: a list that was
    misread would empty the Group.
    """
    prefix = f"{path}."
    table: dict[str, tuple[str, Check]] = dict.fromkeys(
        (*attribute.sub_attributes, *(sub.name for sub in attribute.sub_attributes.values())), ("", ignored)
    )
    table["value"] = ("value", _text(f"{prefix}value", required=True, strict=strict))

    def member(value: Any) -> str:
        if value.__class__ is str and not strict:
            value = {"value": value}
        if value.__class__ is not dict:
            raise InvalidValueError(f"{path} must be objects")
        found = checked(value, table, strict=strict, prefix=prefix)
        if "value" not in found:
            raise InvalidValueError(f"{prefix}value is required")
        return str(found["value"])

    def check(values: Any) -> list[dict[str, str]] | None:
        if values.__class__ is not list:
            if strict:
                raise InvalidValueError(f"{path} must be an array")
            values = [values]
        return [{"value": id} for id in dict.fromkeys(map(member, values))] or None

    return check
