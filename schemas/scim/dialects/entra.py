"""Microsoft Entra ID: booleans as text, the manager in several shapes, removal by value."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from schemas.scim.dialects import onelogin

_BOOLEANS = {"true": True, "false": False}
_USUAL_KEYS = frozenset({"value", "$ref", "display", "type"})
_ALTERNATIVES, _ALTERNATIVES_LENGTH = 64, 3_000
"""Comparisons in one path, and their characters: well below the limits of filters."""


def boolean(value: Any, used: set[str]) -> Any:
    """Return ``"True"``, ``"false"``, ... as a boolean; also out of a list that holds nothing else."""
    if value is True or value is False:
        return value
    if value.__class__ is list and len(value) == 1:
        inner = _boolean_word(value[0], used)
        if inner is not value[0] or inner is True or inner is False:
            used.add("boolean_list")
            return inner
        return value
    return _boolean_word(value, used)


def _boolean_word(value: Any, used: set[str]) -> Any:
    if value.__class__ is not str:
        return value
    word = value.strip().lower()
    if word in _BOOLEANS:
        used.add("boolean_text")
        return _BOOLEANS[word]
    if not word:
        used.add("empty_text")
        return None
    return value


def manager(value: Any, used: set[str]) -> Any:
    """Return a manager given as an id, a list of one, or under other keys as the RFC's object."""
    if value.__class__ is list and (not value or (len(value) == 1 and value[0].__class__ in {dict, str})):
        used.add("manager_list")
        value = value[0] if value else None
    if value.__class__ is str:
        return _manager_text(value, used)
    if value.__class__ is dict:
        return _manager_object(value, used)
    return value


def _manager_text(value: str, used: set[str]) -> dict[str, str] | None:
    if not value.strip():
        used.add("empty_text")
        return None
    used.add("manager_text")
    return {"value": value}


def _manager_object(value: dict[str, Any], used: set[str]) -> dict[str, Any] | None:
    given = onelogin.manager_by_value(value, used)
    name = next((name for name in given if name.lower() == "value"), None)
    if name is not None:
        if given[name] == "":
            used.add("empty_text")
            return None
        return given
    reference = given.get("$ref")
    if isinstance(reference, str) and reference.rstrip("/"):
        used.add("manager_reference")
        return {"value": reference.rstrip("/").rpartition("/")[2]}
    return given


def removals_by_value(path: str, value: Any, *, told_apart_by: tuple[str, ...]) -> list[dict[str, Any]] | None:
    """Return one removal per value in the list, by a filter in its path; None when the list is not usable.

    All values must be usable: a removal that was misread must neither empty a Group nor be passed over.
    """
    return _removals(path, _filters(value, told_apart_by))


def member_removals_by_value(path: str, value: Any) -> list[dict[str, Any]] | None:
    """Return removals of the members in the list, many by each filter; None when the list is not usable, as above."""
    return _removals(path, _alternatives(_filters(value, ("value",))))


def _removals(path: str, filters: Iterable[str]) -> list[dict[str, Any]] | None:
    return [{"op": "remove", "path": f"{path}[{filter}]"} for filter in filters] or None


def _filters(value: Any, told_apart_by: tuple[str, ...]) -> list[str]:
    """Return a filter for each value, each once; nothing where one of the values is not usable."""
    values = value if value.__class__ is list else [value]
    filters = dict.fromkeys(_filter(element, told_apart_by) for element in values)
    return [] if "" in filters else list(filters)


def _alternatives(filters: list[str]) -> Iterator[str]:
    """Yield the filters joined by ``or``, as many at a time as one path may hold for certain."""
    waiting: list[str] = []
    length = 0
    for filter in filters:
        if waiting and (length + len(filter) > _ALTERNATIVES_LENGTH or len(waiting) == _ALTERNATIVES):
            yield " or ".join(waiting)
            waiting, length = [], 0
        waiting.append(filter)
        length += len(filter)
    if waiting:
        yield " or ".join(waiting)


def _filter(element: Any, names: tuple[str, ...]) -> str:
    """Return the filter that chooses the element by its value, and by what else of these names it tells, or nothing."""
    if element.__class__ is not dict:
        parts = {"value": element}
    elif element.keys() <= _USUAL_KEYS:
        parts = element
    else:
        parts = {name.lower(): part for name, part in element.items()}
    value = parts.get("value")
    if not isinstance(value, str) or not value.strip():
        return ""
    if len(names) == 1 and value.isascii() and value.isalnum():
        return f'value eq "{value}"'
    # A filter's text is JSON text.
    terms = (f"{name} eq {orjson.dumps(parts[name]).decode()}" for name in names if _is_told(parts.get(name)))
    return " and ".join(terms)


def _is_told(text: Any) -> bool:
    return text.__class__ is str and bool(text.strip())
