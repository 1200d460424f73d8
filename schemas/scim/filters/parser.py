"""Filter text → tree: the grammar of RFC 7644, figure 1, by recursive descent over one pass of tokens.

Beyond the grammar: repeated blanks; ``not(`` and ``not (`` (erratum 7319); ``attr[filter].sub op value``, which
Microsoft Entra ID asks, and ``attr[filter] op value``: the comparison joins the conditions on the element.
"""

import math
import re

from schemas.scim.errors import InvalidFilterError
from schemas.scim.filters.nodes import (
    AttributePath,
    Compare,
    Conjunction,
    Disjunction,
    Exists,
    Filter,
    Negation,
    Operator,
    Scalar,
    ValuePath,
)
from schemas.scim.filters.tokens import Kind, Token, syntax_error, tokens

MAX_DEPTH = 32
"""Parentheses and brackets inside each other."""
MAX_TERMS = 256
"""Comparisons in one filter."""

# RFC 7643, 2.1, and erratum 8924: `$ref` is the one name that begins with no letter.
_NAME = r"((?:[A-Za-z]|\$(?=(?i:ref)\Z))[\w$-]*)"
_PATH = re.compile(rf"(?:([A-Za-z][!-9;-~]*:[!-~]+):)?{_NAME}(?:\.{_NAME})?", re.ASCII)
_SUB = re.compile(rf"\.{_NAME}", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_OPERATORS = {operator.value: operator for operator in Operator}
_LARGEST_INTEGER = 2**63 - 1


def parse_filter(text: str) -> Filter:
    """Return the tree of the filter.

    Raises:
        InvalidFilterError: The text is no filter, or beyond the limits.
    """
    return Parser(text).filter()


def attribute_path(text: str) -> AttributePath | None:
    """Return ``[urn:]attribute[.sub]`` in its parts, or None when the text is no such thing."""
    match = _PATH.fullmatch(text)
    return AttributePath(match[1], match[2], match[3]) if match else None


class Parser:
    """A place in the tokens of one text, and the rules that move it on."""

    def __init__(self, text: str) -> None:
        """Stand before the first token."""
        self._tokens = tokens(text)
        self._next = 0
        self._depth = 0
        self._terms = 0
        self._in_brackets = False

    def filter(self) -> Filter:
        """Read one filter up to the end of the text."""
        found = self._disjunction()
        if not self.at_end():
            raise self._error("expected 'and', 'or' or the end")
        return found

    def at_end(self) -> bool:
        """Tell whether all is read."""
        return self._tokens[self._next].kind is Kind.END

    def path(self) -> AttributePath:
        """Read an attribute path."""
        token = self._tokens[self._next]
        found = attribute_path(token.text) if token.kind is Kind.WORD else None
        if found is None:
            raise self._error("expected an attribute name")
        self._next += 1
        return found

    def brackets(self) -> Filter | None:
        """Read ``[filter]`` where it follows without a blank."""
        if not (self._peek().is_sign("[") and self._is_adjacent()):
            return None
        if self._in_brackets:
            raise self._error("brackets inside brackets are not allowed")
        self._in_brackets = True
        found = self._group("]")
        self._in_brackets = False
        return found

    def sub(self) -> str | None:
        """Read ``.subAttribute`` where it follows without a blank."""
        token = self._peek()
        if not (token.kind is Kind.WORD and token.text.startswith(".") and self._is_adjacent()):
            return None
        match = _SUB.fullmatch(token.text)
        if match is None:
            raise self._error("expected a sub-attribute name")
        self._next += 1
        return match[1]

    def _disjunction(self) -> Filter:
        terms = [self._conjunction()]
        while self._takes("or"):
            terms.append(self._conjunction())
        return terms[0] if len(terms) == 1 else Disjunction(tuple(terms))

    def _conjunction(self) -> Filter:
        terms = [self._term()]
        while self._takes("and"):
            terms.append(self._term())
        return terms[0] if len(terms) == 1 else Conjunction(tuple(terms))

    def _takes(self, connective: str) -> bool:
        takes = self._peek().is_word(connective) and not self._is_adjacent()
        self._next += takes
        return takes

    def _term(self) -> Filter:
        token = self._peek()
        if token.is_sign("("):
            return self._group(")")
        if token.is_word("not"):
            self._next += 1
            if not self._peek().is_sign("("):
                raise self._error("expected '(' after 'not'")
            return Negation(self._group(")"))
        return self._expression()

    def _group(self, closing: str) -> Filter:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"more than {MAX_DEPTH} groups are inside each other")
        self._next += 1
        found = self._disjunction()
        if not self._peek().is_sign(closing):
            raise self._error(f"expected 'and', 'or' or '{closing}'")
        self._next += 1
        self._depth -= 1
        return found

    def _expression(self) -> Filter:
        path = self.path()
        inner = self.brackets()
        if inner is None:
            return self._comparison(path)
        sub = self.sub()
        if sub is None and not self._peek_is_operator():
            return ValuePath(path, inner)
        return ValuePath(path, Conjunction((inner, self._comparison(AttributePath(None, sub or "value")))))

    def _peek_is_operator(self) -> bool:
        token = self._peek()
        return token.kind is Kind.WORD and (token.text.lower() in _OPERATORS or token.is_word("pr"))

    def _comparison(self, path: AttributePath) -> Filter:
        self._count_term()
        word = self._peek()
        if word.is_word("pr"):
            self._next += 1
            return Exists(path)
        operator = _OPERATORS.get(word.text.lower()) if word.kind is Kind.WORD else None
        if operator is None or self._is_adjacent():
            raise self._error("expected an operator")
        self._next += 1
        return Compare(path, operator, self._literal())

    def _count_term(self) -> None:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise InvalidFilterError(f"the filter has more than {MAX_TERMS} comparisons")

    def _literal(self) -> Scalar | None:
        token = self._peek()
        if self._is_adjacent() or token.kind not in (Kind.TEXT, Kind.WORD):
            raise self._error("expected a value")
        value = token.text if token.kind is Kind.TEXT else self._word_value(token)
        self._next += 1
        return value

    def _word_value(self, token: Token) -> Scalar | None:
        word = token.text.lower()
        if word in _WORDS:
            return _WORDS[word]
        match = _NUMBER.fullmatch(word)
        if match is None:
            raise self._error("expected a string in double quotes, a number, true, false or null")
        number = float(word)
        if math.isinf(number):
            raise self._error("the number is too large")
        if match[1] or match[2] or not -_LARGEST_INTEGER <= int(word) <= _LARGEST_INTEGER:
            return number
        return int(word)

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _is_adjacent(self) -> bool:
        return self._tokens[self._next].start == self._tokens[self._next - 1].end

    def _error(self, complaint: str) -> InvalidFilterError:
        return syntax_error(complaint, self._tokens[self._next].start)
