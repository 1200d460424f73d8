"""A second reading of RFC 7644, 3.5.2, and of our tolerances: naive, changing one copy in place."""

import copy
import json
import re
from typing import Any

from schemas.scim.definitions.catalog import ENTERPRISE_USER

Attributes = dict[str, Any]
Operation = dict[str, Any]


def read_plainly(before: Attributes, operations: list[Operation], *, strict: bool) -> Attributes | None:
    """Return a User's attributes after the operations of ``strategies.scim``; None when they are refused."""
    resource = copy.deepcopy(before)
    try:
        for operation in operations:
            Reading(resource, strict=strict).follow(operation)
    except RefusedError:
        return None
    return resource


PATH = re.compile(rf"(?:({re.escape(ENTERPRISE_USER)}):)?(\w+)(?:\[(.*)\])?(?:\.(\w+))?", re.DOTALL)
TERM = re.compile(r'(\w+) eq ("(?:[^"\\]|\\.)*"|true|false)')
REQUIRED = ("userName",)
LISTS = ("emails", "addresses")


class RefusedError(Exception):
    """The operation is not possible."""


class Reading:
    """One resource, and what operations do to it."""

    def __init__(self, resource: Attributes, *, strict: bool) -> None:
        self.resource = resource
        self.strict = strict

    def follow(self, operation: Operation) -> None:
        if "path" in operation:
            self.one(operation["op"], operation["path"], operation.get("value"))
            return
        for name, value in operation["value"].items():
            if name == ENTERPRISE_USER:
                for inner, each in value.items():
                    self.one(operation["op"], f"{name}:{inner}", each)
            else:
                self.one(operation["op"], name, value)

    def one(self, op: str, path: str, value: Any) -> None:
        match = PATH.fullmatch(path)
        assert match
        urn, name, chosen, sub = match.groups()
        place = self.resource.setdefault(urn, {}) if urn else self.resource
        clears = op == "remove" or self.empty(value)
        if clears and name in REQUIRED:
            raise RefusedError
        if chosen is not None or (name in LISTS and sub):
            self.elements(op, place.setdefault(name, []), chosen, sub, value)
        elif name in LISTS:
            self.whole_list(op, place.setdefault(name, []), value)
        elif sub:
            self.member(place.setdefault(name, {}), sub, None if clears else value)
        elif clears:
            place.pop(name, None)
        elif isinstance(value, dict):
            for key, each in value.items():
                self.member(place.setdefault(name, {}), key, None if self.empty(each) else each)
        else:
            if value == "" and name in {"userName", "active"}:
                raise RefusedError
            place[name] = value
        self.tidy()

    def empty(self, value: Any) -> bool:
        return value is None or value == [] or (value == "" and not self.strict)

    def member(self, element: Attributes, name: str, value: Any) -> None:
        if value == "" and name == "primary":
            raise RefusedError
        if value is None:
            element.pop(name, None)
        else:
            element[name] = value

    def whole_list(self, op: str, elements: list[Attributes], value: Any) -> None:
        if value == "" and self.strict and op != "remove":
            raise RefusedError
        given = value if isinstance(value, list) else [value] if value else []
        if sum(element.get("primary", False) for element in self.distinct(given)) > 1:
            raise RefusedError
        if op == "add":
            self.append(elements, given)
        else:
            elements[:] = given if op == "replace" else []

    def append(self, elements: list[Attributes], given: list[Attributes]) -> None:
        touched = []
        for one in given:
            same = [element for element in elements if self.same(element, one)]
            if same:
                same[0].update(one)
            else:
                elements.append(dict(one))
            touched.append(same[0] if same else elements[-1])
        self.make_primary(elements, touched)

    def same(self, element: Attributes, one: Attributes) -> bool:
        if "value" in one:
            return all(element.get(name) == one.get(name) for name in ("value", "type"))
        return element == one

    def elements(self, op: str, elements: list[Attributes], chosen: str | None, sub: str | None, value: Any) -> None:
        terms = [(name, json.loads(literal)) for name, literal in TERM.findall(chosen or "")]
        touched = [element for element in elements if all(self.agrees(element, *term) for term in terms)]
        clears = op == "remove" or self.empty(value)
        if sub == "primary" and value == "" and not clears:
            raise RefusedError
        if not touched:
            if op != "remove":
                self.make(elements, terms, sub, value, chosen=chosen is not None)
            return
        for element in touched:
            before = dict(element)
            if sub is None and (clears or op == "replace"):
                element.clear()
            if sub is not None:
                self.member(element, sub, None if clears else value)
                if clears and not self.strict and element.keys() <= {"type", "primary"}:
                    element.clear()
            elif not clears:
                described = {} if self.strict or op == "add" else dict(terms)
                element.update(described | value)
            assert before is not element
        self.make_primary(elements, touched)

    def make(self, elements: list[Attributes], terms: list[Any], sub: str | None, value: Any, *, chosen: bool) -> None:
        if self.strict and chosen:
            raise RefusedError
        if self.empty(value):
            return
        described = dict(terms)
        if not all(self.agrees(described, *term) for term in terms):
            raise RefusedError
        self.append(elements, [described | ({sub: value} if sub else value)])

    def agrees(self, element: Attributes, name: str, wanted: Any) -> bool:
        if name == "primary":
            return element.get("primary", False) is wanted
        return name in element and element[name].casefold() == wanted.casefold()

    def make_primary(self, elements: list[Attributes], touched: list[Attributes]) -> None:
        winners = [element for element in elements if element.get("primary") and any(element is one for one in touched)]
        for element in elements:
            if winners and element is not winners[0] and element.get("primary"):
                element["primary"] = False

    def tidy(self) -> None:
        for name in LISTS:
            if name in self.resource:
                self.resource[name][:] = self.distinct([element for element in self.resource[name] if element])
        for place in (self.resource.get(ENTERPRISE_USER, {}), self.resource):
            for name in [name for name, value in place.items() if value in ([], {})]:
                del place[name]

    def distinct(self, elements: list[Attributes]) -> list[Attributes]:
        return [element for place, element in enumerate(elements) if element not in elements[:place]]
