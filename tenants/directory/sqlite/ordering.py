"""Orders as SQL on the row ``r`` of a resource: what is compared, and the spans of rows that follow each other.

The meaning is that of ``schemas.scim.sorting``. What sorts usually ask for stands in a column whose index ends with the
id, so that a page is a range of the index wherever it begins; anything else is taken out of the search document.
"""

from dataclasses import dataclass, replace

import orjson

from schemas.scim.filters.nodes import Field, Scalar
from schemas.scim.query import Position, Sort
from tenants.directory.sqlite_filters import ALWAYS, Condition

_COLUMNS: dict[tuple[str, ...], str] = {
    ("id",): "r.id",
    ("externalId",): "r.external_id",
    ("meta", "created"): "r.created",
    ("meta", "lastModified"): "r.modified",
}
_OF_TYPE: dict[str, dict[tuple[str, ...], str]] = {
    "User": {("userName",): "r.name", ("displayName",): "r.display_name"},
    "Group": {("displayName",): "r.name"},
}
_MAY_BE_MISSING = frozenset({"r.external_id", "r.display_name"})
_TIMES = frozenset({"r.created", "r.modified"})
"""Their texts have three fraction digits, in search documents they have six."""


@dataclass(frozen=True, slots=True)
class Order:
    """How a query orders the resources of its type."""

    value: str = "r.id"
    """SQL of what is compared first; NULL where there is nothing."""
    shown: str = "NULL"
    """SQL of the value as search documents have it, as JSON."""
    descending: bool = False
    is_indexed: bool = True
    """Whether an index has the resources in this order."""

    @property
    def may_be_missing(self) -> bool:
        """Whether there are resources without a value."""
        return self.value in _MAY_BE_MISSING or not self.is_indexed

    def reversed(self) -> "Order":
        """Return the same order from its other end."""
        return replace(self, descending=not self.descending)

    def terms(self, value: str, id: str) -> str:
        """Return the terms of an ORDER BY over resources that all have a value, or all have none."""
        way = " DESC" if self.descending else ""
        # Ids and names are unique: one term more would only hide from SQLite that their index has the order.
        return f"{value}{way}" if self.value in {"r.id", "r.name"} else f"{value}{way}, {id}{way}"

    def spans(self, value: str, id: str, after: Position | None) -> list[Condition]:
        """Return the conditions that the resources after the place meet: first those of the first one, and so on."""
        sign = "<" if self.descending else ">"
        if self.value == "r.id":
            return [ALWAYS if after is None else Condition(f"{id} {sign} ?", (after.id,))]
        missing = [Condition(f"{value} IS NULL")] if self.may_be_missing else []
        there = Condition(f"{value} IS NOT NULL") if self.may_be_missing else ALWAYS
        if after is None:
            return [*missing, there] if self.descending else [there, *missing]
        if after.value is None:
            rest = Condition(f"{value} IS NULL AND {id} {sign} ?", (after.id,), "AND")
            return [rest, there] if self.descending else [rest]
        literal = self._literal(after.value)
        rest = Condition(f"({value}, {id}) {sign} ({literal.sql}, ?)", (*literal.values, after.id))
        return [rest] if self.descending else [rest, *missing]

    def _literal(self, value: Scalar) -> Condition:
        if not self.is_indexed:
            # Read by the same reader as the document, so that equal texts are equal numbers.
            return Condition("json_extract(?, '$')", (orjson.dumps(value),))
        return Condition("?", (f"{str(value)[:-4]}Z" if self.value in _TIMES else value,))


def order_of(sort: Sort | None, resource_type: str) -> Order:
    """Return the order that the sort asks for; by id without one."""
    if sort is None:
        return Order()
    steps = sort.field.steps
    column = _COLUMNS.get(steps) or _OF_TYPE.get(resource_type, {}).get(steps)
    if column is None:
        path = _path(sort.field)
        return Order(f"json_extract(r.search, {path})", f"r.search -> {path}", sort.descending, is_indexed=False)
    shown = f"substr({column}, 1, 23) || '000Z'" if column in _TIMES else column
    return Order(column, f"json_quote({shown})", sort.descending)


def _path(field: Field) -> str:
    """Return the JSON path to the field's value, in lists to that of the first element, as an SQL literal."""
    steps = (f'."{step}"{"[0]" if is_list else ""}' for step, is_list in zip(field.steps, field.lists, strict=True))
    return "'$" + "".join(steps).replace("'", "''") + "'"
