"""Filter text → tokens, in one pass (RFC 7644, 3.4.2.2)."""

import json
import re
from dataclasses import dataclass
from enum import Enum, auto

from schemas.scim.errors import InvalidFilterError

MAX_LENGTH = 4096
"""Characters that a filter or path may have."""


class Kind(Enum):
    """What a token is."""

    WORD = auto()
    """A name, an operator, a number, ``true``, ``false``, ``null``: the place tells which."""
    TEXT = auto()
    """A JSON string; ``Token.text`` is what it says."""
    SIGN = auto()
    """One of ``( ) [ ]``."""
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the filter."""

    kind: Kind
    text: str
    start: int
    end: int

    def is_word(self, word: str) -> bool:
        """Whether it is the word, in any case."""
        return self.kind is Kind.WORD and self.text.lower() == word

    def is_sign(self, sign: str) -> bool:
        """Whether it is the sign."""
        return self.kind is Kind.SIGN and self.text == sign


# Each alternative begins with a character that no other begins with, and none steps back: linear time.
_TOKEN = re.compile(r"""\ *(?:([^\s"()\[\]]+)|"([^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*)"|([()\[\]]))""", re.VERBOSE)
_WORD, _TEXT = 1, 2


def tokens(text: str) -> list[Token]:
    """Return the tokens, the last of them ``Kind.END``.

    Raises:
        InvalidFilterError: The text is too long, or holds what can be no token.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidFilterError(f"the filter is longer than {MAX_LENGTH} characters")
    length = len(text.rstrip(" "))
    found: list[Token] = []
    position = 0
    while position < length:
        match = _TOKEN.match(text, position)
        if match is None:
            raise _no_token(text, position)
        found.append(_token(match))
        position = match.end()
    found.append(Token(Kind.END, "", length, length))
    return found


def syntax_error(complaint: str, position: int) -> InvalidFilterError:
    """Return the error that names the place, counted from 1."""
    return InvalidFilterError(f"the filter does not parse at character {position + 1}: {complaint}")


def _token(match: re.Match[str]) -> Token:
    group = match.lastindex or 0
    start, end = match.span(group)
    if group == _WORD:
        return Token(Kind.WORD, match[group], start, end)
    if group == _TEXT:
        return Token(Kind.TEXT, _unescaped(match[group], start), start - 1, end + 1)
    return Token(Kind.SIGN, match[group], start, end)


def _unescaped(raw: str, position: int) -> str:
    if raw.isascii() and "\\" not in raw:
        return raw
    try:
        said: str = json.loads(f'"{raw}"')
        said.encode()
    except ValueError as error:
        raise syntax_error("the string is no JSON string of whole characters", position) from error
    if "\0" in said:
        raise syntax_error("the string holds a NUL character", position)
    return said


def _no_token(text: str, position: int) -> InvalidFilterError:
    blanks = len(text) - position - len(text[position:].lstrip(" "))
    place = position + blanks
    complaint = "the string does not end" if text[place] == '"' else "this character is not allowed here"
    return syntax_error(complaint, place)
