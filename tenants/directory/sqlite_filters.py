"""Resolved filters as SQL conditions on the row ``r`` of a resource.

The meaning is that of ``schemas.scim.filters.evaluate``. Literals are bound, never put into the text. Conditions may
come out as NULL where the evaluator says no: ``IS NOT TRUE`` is used to negate, and WHERE takes NULL for no.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any

import orjson

from schemas.ids import TenantId
from schemas.scim.filters.lookups import address_asked_for
from schemas.scim.filters.nodes import (
    All,
    AnyOf,
    EdgeQuestion,
    Field,
    HasMember,
    HasMembers,
    InGroup,
    InGroups,
    Matches,
    Not,
    Operator,
    Present,
    ResolvedFilter,
    Scalar,
    SomeElement,
)
from schemas.scim.membership import MAX_NESTING


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL text with ``?`` for each of the values, in order."""

    sql: str
    values: tuple[Any, ...] = ()
    connective: str = ""
    """``AND`` or ``OR`` where the text is terms joined by it without parentheses around them."""
    depth: int = 0
    """How many parentheses stand open inside at most."""

    def closed(self, before: str = "", behind: str = "") -> "Condition":
        """Return the condition in parentheses, with text before and behind it."""
        return Condition(f"{before}({self.sql}){behind}", self.values, depth=self.depth + 1)


_NEVER = Condition("FALSE")
ALWAYS = Condition("TRUE")
_COLUMNS = {"id": "r.id", "externalId": "r.external_id"}
_COLUMNS_OF_TYPE = {
    "User": {"userName": "r.name", "displayName": "r.display_name"},
    "Group": {"displayName": "r.name"},
}
_TIMES: dict[tuple[str, ...], str] = {("meta", "created"): "r.created", ("meta", "lastModified"): "r.modified"}
_COMPARISONS = {Operator.EQ: "=", Operator.GT: ">", Operator.GE: ">=", Operator.LT: "<", Operator.LE: "<="}
_DOCUMENT = "r.search"
_FEW = frozenset({("id",), ("userName",), ("displayName",), ("externalId",), ("emails", "value")})
"""What hardly ever many resources have in common."""

_EDGES_BY_MEMBER = "edges INDEXED BY edges_by_member"
"""Said, because the planner takes a tenant's edges for few, and would go over all of them."""
# Group, tenant, tenant.
_MEMBERS_OF = f"""r.id IN (
    WITH RECURSIVE inner_groups (id, level) AS (
        SELECT ?, 1
        UNION
        SELECT e.member, g.level + 1 FROM inner_groups AS g CROSS JOIN edges AS e ON e.tenant = ? AND e.grp = g.id
            AND e.desired AND e.member_type = 'Group'
        WHERE g.level < {MAX_NESTING}
    )
    SELECT e.member FROM inner_groups AS g CROSS JOIN edges AS e ON e.tenant = ? AND e.grp = g.id AND e.desired)"""

Test = Callable[[str, str], Condition]
"""SQL of a value, SQL of its JSON type → a condition."""


def translate(filter: ResolvedFilter, *, tenant: TenantId, resource_type: str) -> Condition:
    """Return the condition that holds for the rows whose resources meet the filter."""
    return _Translation(tenant, resource_type).condition(filter, _DOCUMENT)


def finds_few(filter: ResolvedFilter) -> bool:
    """Tell whether an index leads to few resources that can meet the filter."""
    match filter:
        case Matches(field, Operator.EQ, str()):
            return field.steps in _FEW
        case SomeElement() | HasMember():
            return isinstance(filter, HasMember) or address_asked_for(filter) is not None
        case All(terms):
            return any(map(finds_few, terms))
        case AnyOf(terms):
            return all(map(finds_few, terms))
        case _:
            return False


class _Translation:
    """One filter's way to SQL; counts the aliases of elements."""

    def __init__(self, tenant: TenantId, resource_type: str) -> None:
        self._tenant = tenant
        self._resource_type = resource_type
        self._columns = _COLUMNS | _COLUMNS_OF_TYPE.get(resource_type, {})
        self._aliases = count(1)

    def condition(self, filter: ResolvedFilter, root: str) -> Condition:
        """Return the condition on the JSON object that the SQL ``root`` stands for."""
        match filter:
            case Matches() | SomeElement() if root == _DOCUMENT and (address := address_asked_for(filter)) is not None:
                # The index may hold more than compares equal, so the document is asked as well.
                return _joined("AND", [self._with_address(address), self._of_document(filter, root)])
            case Matches(field, operator, str(wanted)) if (
                root == _DOCUMENT and operator in _COMPARISONS and (time := _time(field, wanted))
            ):
                return _compares_time(time, operator, wanted)
            case Matches() | SomeElement():
                return self._of_document(filter, root)
            case Present(field):
                return self._some_value(field, root, lambda _, type: Condition(f"{type} IS NOT NULL"))
            case HasMember() | HasMembers() | InGroup() | InGroups():
                return _by_edges(filter, self._tenant)
            case All(terms):
                return _joined("AND", [self.condition(term, root) for term in terms] or [ALWAYS])
            case AnyOf(terms):
                return _joined("OR", [self.condition(term, root) for term in terms] or [_NEVER])
            case Not(term):
                return self.condition(term, root).closed(behind=" IS NOT TRUE")

    def _with_address(self, address: str) -> Condition:
        # Addresses that are their owner's name are not among the others.
        sql = """r.id IN (
            SELECT id FROM emails WHERE tenant = ? AND value = ?
            UNION ALL SELECT id FROM resources WHERE tenant = ? AND type = ? AND name = ?)"""
        return Condition(sql, (self._tenant, address, self._tenant, self._resource_type, address))

    def _of_document(self, filter: Matches | SomeElement, root: str) -> Condition:
        if isinstance(filter, Matches):
            return self._matches(filter, root)
        return self._some_element(filter.field, filter.inner, root)

    def _matches(self, filter: Matches, root: str) -> Condition:
        field, operator, wanted = filter.field, filter.operator, filter.value
        if not isinstance(wanted, str):
            return self._some_value(field, root, lambda value, type: _matches_scalar(value, type, operator, wanted))
        if root == _DOCUMENT and (column := self._columns.get(field.steps[0])) and len(field.steps) == 1:
            return _starts(column, wanted) if operator is Operator.SW else _compares_text(column, operator, wanted)
        exact = self._some_value(
            field,
            root,
            lambda value, type: _joined(
                "AND", [Condition(f"{type} = 'text'"), _compares_text(value, operator, wanted)]
            ),
        )
        return _joined("AND", [_mentioned(operator, wanted), exact])

    def _some_value(self, field: Field, root: str, test: Test) -> Condition:
        """Return the condition that a value at the field passes the test."""
        path, is_list, rest = _head(field)
        if not is_list:
            return test(f"json_extract({root}, {path})", f"json_type({root}, {path})")
        element = f"e{next(self._aliases)}"
        if rest is None:
            inner = test(f"{element}.value", f"{element}.type")
        else:
            inner = self._some_value(rest, _object(element), test)
        return _exists(root, path, element, inner)

    def _some_element(self, field: Field, inner: ResolvedFilter, root: str) -> Condition:
        path, is_list, rest = _head(field)
        if not is_list:
            is_object = Condition(f"json_type({root}, {path}) = 'object'")
            one = f"iif({is_object.sql}, json_extract({root}, {path}), '{{}}')"
            return _joined("AND", [is_object, self.condition(inner, one)])
        element = f"e{next(self._aliases)}"
        if rest is None:
            is_object = Condition(f"{element}.type = 'object'")
            met = _joined("AND", [is_object, self.condition(inner, _object(element))])
        else:
            met = self._some_element(rest, inner, _object(element))
        return _exists(root, path, element, met)


def _by_edges(question: EdgeQuestion, tenant: TenantId) -> Condition:
    match question:
        case HasMember(member):
            sql = f"r.id IN (SELECT grp FROM {_EDGES_BY_MEMBER} WHERE tenant = ? AND member = ? AND desired)"
            return Condition(sql, (tenant, member))
        case HasMembers():
            return Condition("EXISTS (SELECT 1 FROM edges WHERE tenant = ? AND grp = r.id AND desired)", (tenant,))
        case InGroup(group):
            return Condition(_MEMBERS_OF, (group, tenant, tenant))
        case InGroups():
            sql = f"EXISTS (SELECT 1 FROM {_EDGES_BY_MEMBER} WHERE tenant = ? AND member = r.id AND desired)"
            return Condition(sql, (tenant,))


def _head(field: Field) -> tuple[str, bool, Field | None]:
    """Return the JSON path up to the first list, as an SQL literal; whether a list stands there; what follows."""
    length = next((position for position, is_list in enumerate(field.lists, 1) if is_list), len(field.steps))
    path = "$" + "".join(f'."{step}"' for step in field.steps[:length])
    rest = Field(field.steps[length:], field.lists[length:]) if length < len(field.steps) else None
    literal = "'" + path.replace("'", "''") + "'"
    return literal, field.lists[length - 1], rest


def _object(element: str) -> str:
    """Return the SQL of an element as a JSON object; of one that is none, as an empty object."""
    return f"iif({element}.type = 'object', {element}.value, '{{}}')"


def _mentioned(operator: Operator, wanted: str) -> Condition:
    """Return a condition that holds wherever a text of the document compares so: cheaper than to parse the document."""
    if operator in {Operator.GT, Operator.GE, Operator.LT, Operator.LE}:
        return ALWAYS
    quoted = orjson.dumps(wanted).decode()
    needle = quoted[operator in {Operator.CO, Operator.EW} : len(quoted) - (operator in {Operator.CO, Operator.SW})]
    return Condition(f"instr({_DOCUMENT}, ?)", (needle,))


def _starts(column: str, wanted: str) -> Condition:
    """Return the condition that a column starts so, as a range, which its index answers."""
    if not wanted or wanted[-1] == chr(sys.maxunicode):
        return _compares_text(column, Operator.SW, wanted)
    following = ord(wanted[-1]) + 1
    # No text holds a surrogate.
    end = wanted[:-1] + chr(following if not 0xD800 <= following <= 0xDFFF else 0xE000)  # noqa: PLR2004 - their range
    return Condition(f"{column} >= ? AND {column} < ?", (wanted, end), "AND")


def _compares_text(value: str, operator: Operator, wanted: str) -> Condition:
    match operator:
        case Operator.CO:
            return Condition(f"instr({value}, ?) > 0", (wanted,))
        case Operator.SW:
            return Condition(f"substr({value}, 1, ?) = ?", (len(wanted), wanted))
        case Operator.EW if wanted:
            return Condition(f"substr({value}, ?) = ?", (-len(wanted), wanted))
        case Operator.EW:
            return Condition(f"{value} IS NOT NULL")
        case _:
            # Both are text: the database compares UTF-8 bytes, which is the order of code points.
            return Condition(f"{value} {_COMPARISONS[operator]} ?", (wanted,))


def _time(field: Field, wanted: str) -> str | None:
    """Return the column of the time that the filter is about, where it asks for a moment, as it has to."""
    return _TIMES.get(field.steps) if len(wanted) == len("2026-11-25T14:49:10.123456Z") else None


def _compares_time(column: str, operator: Operator, wanted: str) -> Condition:
    """Return the condition on a time, which has three fraction digits in its column, six in documents and filters."""
    whole = f"{wanted[:23]}Z"
    if wanted[23:] == "000Z":
        return _compares_text(column, operator, whole)
    # Between two milliseconds.
    if operator is Operator.EQ:
        return _NEVER
    return _compares_text(column, Operator.GT if operator in {Operator.GT, Operator.GE} else Operator.LE, whole)


def _matches_scalar(value: str, type: str, operator: Operator, wanted: Scalar) -> Condition:
    if operator not in _COMPARISONS or wanted != wanted:  # noqa: PLR0124 - not a number compares with nothing
        return _NEVER
    comparison = _COMPARISONS[operator]
    if isinstance(wanted, bool):
        return Condition(f"{type} IN ('true', 'false') AND {value} {comparison} ?", (int(wanted),), "AND")
    # The literal is read by the same reader as the document, so that equal texts are equal numbers.
    number = repr(wanted).replace("inf", "9e999")
    return Condition(f"{type} IN ('integer', 'real') AND {value} {comparison} json_extract(?, '$')", (number,), "AND")


def _exists(root: str, path: str, element: str, condition: Condition) -> Condition:
    sql = f"EXISTS (SELECT 1 FROM json_each({root}, {path}) AS {element} WHERE {condition.sql})"
    return Condition(sql, condition.values, depth=condition.depth + 1)


def _joined(connective: str, conditions: Iterable[Condition]) -> Condition:
    """Return the conditions joined in any order; there is one at least.

    SQLite limits how deep expressions are, to the parser, above all to the right of an operator, and as trees. So the
    deepest condition comes first, needs no parentheses more than precedence asks for, and the others form a balanced
    tree behind it.
    """
    first, *others = sorted(conditions, key=lambda condition: -condition.depth)
    if not others:
        return first
    middle = (len(others) + 1) // 2
    halves = [_joined(connective, half) for half in (others[:middle], others[middle:]) if half]
    terms = [_term(connective, first), *(one.closed() if one.connective else one for one in halves)]
    return Condition(
        f" {connective} ".join(term.sql for term in terms),
        tuple(value for term in terms for value in term.values),
        connective=connective,
        depth=max(term.depth for term in terms),
    )


def _term(connective: str, condition: Condition) -> Condition:
    """Return the condition fit to stand first in a chain of this connective."""
    return condition.closed() if (connective, condition.connective) == ("AND", "OR") else condition
