"""Orders as ranges of an index, or as stages of a pipeline where no index has them.

The meaning is that of ``schemas.scim.sorting``. An index that has an order ends with the id, so that it goes on from
any place without counting what comes before. It knows of resources without a value as well; for the server these are
the first, for SCIM the last, so they are a range of their own.
"""

from dataclasses import dataclass, replace
from typing import Any

from bson import MaxKey, MinKey

from schemas.scim.filters.nodes import Field, Scalar
from schemas.scim.query import Position, Sort
from tenants.mongo import Document
from tenants.mongo.keys import below, last_parts

_IN_KEYS: dict[tuple[str, ...], str] = {("id",): "_id", ("externalId",): "x"}
_NAMES = {"User": ("userName",), "Group": ("displayName",)}
_OF_SEARCH = frozenset({("displayName",), ("meta", "created"), ("meta", "lastModified")})
_FIRST_TEXT = ""
_BEHIND_TEXTS: Document = {}
"""Objects follow texts in the order of types."""
_SMALLEST_ADDITION = "\0"

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """A range of an index, without its end."""

    start: Key
    end: Key
    condition: Document
    """What the documents of the whole range meet."""


@dataclass(frozen=True, slots=True)
class Index:
    """An index of one type's resources that has an order."""

    scope: str
    """What the keys of these resources begin with: tenant/Type."""
    path: str
    """What is compared."""

    @property
    def names(self) -> tuple[str, ...]:
        """The fields of the index."""
        if self.path in {"_id", "n"}:
            return (self.path,)
        return (self.path, "_id") if self.path == "x" else ("t", self.path, "_id")

    @property
    def fields(self) -> Document:
        """The projection that tells places, and that the index alone answers."""
        return {"n": 1, "_id": 0} if self.path == "n" else {self.path: 1, "_id": 1}

    def with_value(self) -> Range:
        """Return the range of resources that have a value."""
        keys = below(self.scope)
        match self.names:
            case (_,):
                return Range((keys["$gt"],), (keys["$lt"],), {self.path: keys})
            case (_, _):
                return Range((keys["$gt"], MinKey()), (keys["$lt"], MinKey()), {self.path: keys})
            case _:
                start, end = (self.scope, _FIRST_TEXT, MinKey()), (self.scope, _BEHIND_TEXTS, MinKey())
                return Range(start, end, {"t": self.scope, self.path: {"$gte": _FIRST_TEXT}})

    def without_value(self) -> Range | None:
        """Return the range of resources that have none; None where all have one."""
        if self.path == "x":
            of_type = below(self.scope)
            return Range((None, of_type["$gt"]), (None, of_type["$lt"]), {"x": None, "_id": of_type})
        if self.path == "s.displayName":
            condition: Document = {"t": self.scope, self.path: None}
            return Range((self.scope, None, MinKey()), (self.scope, None, MaxKey()), condition)
        return None

    def key(self, place: Position) -> Key:
        """Return the key of the resource at the place."""
        id = f"{self.scope}/{place.id}"
        match self.names:
            case ("_id",):
                return (id,)
            case ("n",):
                return (f"{self.scope}/{place.value}",)
            case (_, _):
                return (None if place.value is None else f"{self.scope}/{place.value}", id)
            case _:
                return (self.scope, place.value, id)


@dataclass(frozen=True, slots=True)
class Order:
    """An order that an index has."""

    index: Index
    descending: bool = False
    is_asked_for: bool = True
    """Whether a sort asked for it; else it is by id, and places have no value."""

    @property
    def direction(self) -> int:
        """As the server writes it."""
        return -1 if self.descending else 1

    @property
    def is_by_id(self) -> bool:
        """Whether nothing but the id is compared."""
        return self.index.path == "_id"

    def reversed(self) -> "Order":
        """Return the same order from its other end."""
        return replace(self, descending=not self.descending)

    def position(self, document: Document) -> Position:
        """Return the place of a resource of which ``Index.fields`` are known."""
        id = last_parts(document["_id"])[1] if "_id" in document else ""
        if self.is_by_id:
            return Position(id if self.is_asked_for else None, id)
        value: Any = document
        for step in self.index.path.split("."):
            value = value.get(step, {})
        if not isinstance(value, str):
            return Position(None, id)
        return Position(last_parts(value)[1] if self.index.path in {"n", "x"} else value, id)


def order_of(sort: Sort | None, scope: str, resource_type: str) -> Order | None:
    """Return the order that the sort asks for, by id without one; None where no index has it."""
    if sort is None:
        return Order(Index(scope, "_id"), is_asked_for=False)
    path = _indexed_path(sort.field.steps, resource_type)
    return None if path is None else Order(Index(scope, path), sort.descending)


def _indexed_path(steps: tuple[str, ...], resource_type: str) -> str | None:
    if steps == _NAMES.get(resource_type):
        return "n"
    return f"s.{'.'.join(steps)}" if steps in _OF_SEARCH else _IN_KEYS.get(steps)


def ranges(order: Order, after: Position | None) -> list[Range]:
    """Return the ranges that hold the resources after the place: first those of the first range, and so on."""
    index, descending = order.index, order.descending
    with_value, without = index.with_value(), index.without_value()
    parts = [with_value] if without is None else [with_value, without]
    if descending:
        parts.reverse()
    if after is None:
        return parts
    if without is None and after.value is None and not order.is_by_id:
        # A place among those without a value, as other types may have: before or behind all of these.
        return parts if descending else []
    begun = parts.index(with_value if without is None or after.value is not None else without)
    key, rest = index.key(after), parts[begun]
    # The place itself is not wanted any more; no text comes between a text and the same with a NUL behind it.
    following = (*key[:-1], f"{key[-1]}{_SMALLEST_ADDITION}")
    rest = replace(rest, end=key) if descending else replace(rest, start=following)
    return [rest, *parts[begun + 1 :]]


def sorting_stages(sort: Sort, after: Position | None, scope: str) -> list[Document]:
    """Return the stages that put what comes after the place in order, as documents of the key and what is compared.

    ``k`` is what is compared, ``z`` whether there is nothing (which the server may call null). The documents are small:
    sorting many takes little room.
    """
    value = _first_value(sort.field)
    stages: list[Document] = [{"$project": {"k": value, "z": {"$lte": [value, None]}}}]
    if after is not None:
        stages.append({"$match": _after(after, f"{scope}/{after.id}", descending=sort.descending)})
    return [*stages, {"$sort": dict.fromkeys(("z", "k", "_id"), -1 if sort.descending else 1)}]


def _after(after: Position, key: str, *, descending: bool) -> Document:
    further = {"$lt" if descending else "$gt": key}
    if after.value is None:
        return {"$or": [{"z": False}, {"_id": further}]} if descending else {"z": True, "_id": further}
    value: Scalar = after.value
    behind: Document = {"k": {"$lt" if descending else "$gt": value}}
    beside: Document = {"k": {"$eq": value}, "_id": further}
    return {"$or": [behind, beside] if descending else [{"z": True}, behind, beside]}


def _first_value(field: Field) -> Any:
    """Return the expression of the field's value, in lists of that of the first element."""
    value: Any = "$s"
    for step, is_list in zip(field.steps, field.lists, strict=True):
        value = f"{value}.{step}" if isinstance(value, str) else _step(value, step)
        if is_list:
            value = {"$arrayElemAt": [value, 0]}
    return value


def _step(element: Any, step: str) -> Document:
    return {"$let": {"vars": {"one": element}, "in": f"$$one.{step}"}}
