"""References to resources that the same message makes: ``bulkId:...`` in the place of an id (RFC 7644, 3.7.2)."""

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar

from schemas.scim.errors import ScimError

PREFIX = "bulkId:"
_IN_A_PATH = re.compile(r'(?<=")bulkId:([^"\\]*)(?=")')
"""In a PATCH operation's path, like ``members[value eq "bulkId:x"]``."""


class UnresolvedReferenceError(ScimError):
    """A bulkId stands for no resource that the message made."""

    status: ClassVar[int] = 409


def references(value: Any) -> set[str]:
    """Return the bulkIds that a value refers to, however deep inside."""
    found: set[str] = set()

    def note(bulk_id: str) -> str:
        found.add(bulk_id)
        return ""

    _replaced(value, note)
    return found


def resolved(value: Any, ids: Mapping[str, str]) -> Any:
    """Return the value with ids in the places of the references.

    Raises:
        UnresolvedReferenceError: A bulkId is not among the ids. It is never kept as text.
    """

    def id_of(bulk_id: str) -> str:
        try:
            return ids[bulk_id]
        except KeyError:
            raise UnresolvedReferenceError("a bulkId refers to nothing that this request made") from None

    return _replaced(value, id_of)


def parted(data: Mapping[str, Any], postponed: AbstractSet[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what of a new resource does not need the postponed references, and what does.

    The second part, added to the resource later, makes it what was asked for: single elements of lists, single
    attributes of extensions, else attributes as a whole.
    """
    now: dict[str, Any] = {}
    later: dict[str, Any] = {}
    for name, value in data.items():
        for part, kept in zip((now, later), _parted_value(name, value, postponed), strict=True):
            if kept is not None:
                part[name] = kept
    return now, later


def _parted_value(name: str, value: Any, postponed: AbstractSet[str]) -> tuple[Any, Any]:
    if not references(value) & postponed:
        return value, None
    if isinstance(value, list):
        waits = [bool(references(element) & postponed) for element in value]
        now = [element for element, is_late in zip(value, waits, strict=True) if not is_late]
        return now or None, [element for element, is_late in zip(value, waits, strict=True) if is_late]
    if isinstance(value, dict) and ":" in name:
        inner_now, inner_later = parted(value, postponed)
        return inner_now or None, inner_later
    return None, value


def _replaced(value: Any, id_of: Callable[[str], str], *, is_path: bool = False) -> Any:
    if isinstance(value, str):
        if value.startswith(PREFIX):
            return id_of(value.removeprefix(PREFIX))
        return _IN_A_PATH.sub(lambda found: id_of(found[1]), value) if is_path else value
    if isinstance(value, dict):
        return {name: _replaced(inner, id_of, is_path=name.lower() == "path") for name, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, id_of) for inner in value]
    return value
