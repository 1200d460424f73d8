"""What provisioning clients send, told request by request as data, and sent again."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

from tests.support.conformance_client import ENTERPRISE, USER, Answer, Scim


@dataclass(frozen=True, slots=True)
class Expected:
    """What the client relies on in an answer."""

    status: int | list[int]
    """One, or several that the client takes equally."""
    body: Any = None
    """What the body holds at least; lists are meant whole."""
    absent: tuple[str | list[str], ...] = ()
    """Attributes, or sub-attributes by their path, that the body does not hold."""
    keep: Mapping[str, str] = field(default_factory=dict)
    """Names for texts of the body; later requests and answers have them in braces."""
    location: str | None = None
    """How the Location header ends."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what is expected of its answer."""

    request: str
    """Method and path below the Tenant URL; or a whole URL, kept from an earlier answer."""
    answer: Expected
    body: Any = None


@dataclass(frozen=True, slots=True)
class Recording:
    """A sequence of requests as a client sends them."""

    client: str
    story: str
    lines: tuple[str, ...]
    """Lines of the tolerance checklist that it proves."""
    exchanges: tuple[Exchange, ...]
    headers: Mapping[str, str]


def read_recording(path: Path) -> Recording:
    """Return the recording in the file."""
    content = json.loads(path.read_text())
    exchanges = (
        Exchange(told["request"], Expected(**told["answer"]), told.get("body")) for told in content.pop("exchanges")
    )
    return Recording(**content, exchanges=tuple(exchanges))


def replay(recording: Recording, scim: Scim) -> None:
    """Send the requests in turn, and hold each answer to what the client relies on."""
    kept: dict[str, str] = {}
    for exchange in recording.exchanges:
        method, _, path = _filled(exchange.request, kept).partition(" ")
        answer = _send(scim, method, path, _filled(exchange.body, kept), recording.headers)
        told = f"{exchange.request}: {answer}"
        expected = exchange.answer
        assert answer.status in ([expected.status] if isinstance(expected.status, int) else expected.status), told
        content = answer.json if answer.body else None
        kept |= {
            name: reduce(lambda value, key: value[key], place.split("."), content)
            for name, place in expected.keep.items()
        }
        assert _holds(content, _filled(expected.body, kept)), told
        assert [name for name in expected.absent if _is_there(content, name)] == [], told
        assert [name for name in _names(content) if _is_odd(name)] == [], told
        assert answer.headers.get("Location", "").endswith(_filled(expected.location, kept) or ""), told


def _send(scim: Scim, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
    content = json.dumps(body).encode() if body is not None else None
    if path.startswith("http"):
        return scim.send_to("/" + path.split("/", 3)[3], method, content, headers=headers)
    return scim.send(method, path, content, headers=headers)


def _filled(value: Any, kept: Mapping[str, str]) -> Any:
    """Return the value with what was kept in the place of its names."""
    match value:
        case str():
            return reduce(lambda text, name: text.replace(f"{{{name}}}", kept[name]), kept, value)
        case list():
            return [_filled(element, kept) for element in value]
        case dict():
            return {_filled(key, kept): _filled(element, kept) for key, element in value.items()}
        case _:
            return value


def _holds(value: Any, part: Any) -> bool:
    match part:
        case None:
            return True
        case dict():
            return isinstance(value, dict) and all(key in value and _holds(value[key], part[key]) for key in part)
        case list():
            return (
                isinstance(value, list)
                and len(value) == len(part)
                and all(any(_holds(element, wanted) for element in value) for wanted in part)
            )
        case _:
            return bool(value == part) and type(value) is type(part)


def _is_there(content: Any, name: str | list[str]) -> bool:
    for key in [name] if isinstance(name, str) else name:
        if not isinstance(content, dict) or key not in content:
            return False
        content = content[key]
    return True


def _names(content: Any) -> Iterator[str]:
    """Yield all names of members, however deep."""
    if isinstance(content, dict):
        yield from content
    for value in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from _names(value)


def _is_odd(name: str) -> bool:
    """Tell whether a path was taken for the name of an attribute."""
    return (
        "[" in name or ("." in name and not name.startswith("urn:")) or name.startswith((f"{USER}:", f"{ENTERPRISE}:"))
    )
