"""Paths of PATCH operations (RFC 7644, 3.5.2, figure 7)."""

from dataclasses import dataclass

from schemas.scim.errors import InvalidFilterError, InvalidPathError
from schemas.scim.filters.nodes import AttributePath, Filter
from schemas.scim.filters.parser import Parser


@dataclass(frozen=True, slots=True)
class Path:
    """``attribute``, ``attribute[filter]`` or ``attribute[filter].sub``; ``attribute.sub`` is all in ``attribute``."""

    attribute: AttributePath
    filter: Filter | None = None
    sub: str | None = None


def parse_path(text: str) -> Path:
    """Return the path in its parts.

    Raises:
        InvalidPathError: The text is no path: a JSON pointer, an index, a broken filter, ...
    """
    try:
        return _read(Parser(text))
    except InvalidFilterError as error:
        raise InvalidPathError(error.detail.replace("the filter", "the path", 1)) from error


def _read(parser: Parser) -> Path:
    attribute = parser.path()
    if parser.at_end():
        return Path(attribute)
    filter = parser.brackets()
    sub = parser.sub() if filter is not None else None
    if filter is None or attribute.sub is not None or not parser.at_end():
        raise InvalidPathError("the path is none of attribute, attribute.sub, attribute[filter], attribute[filter].sub")
    return Path(attribute, filter, sub)
