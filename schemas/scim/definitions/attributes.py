"""Attribute definitions as an administrator writes them: checked, with all characteristics spelt out (RFC 7643, 7)."""

from collections.abc import Iterator
from typing import Any

from schemas.scim.definitions.model import AttributeType, Mutability, Returned
from schemas.scim.definitions.names import NAME, shown

_TYPES = tuple(str(type_) for type_ in AttributeType)
_CASE_EXACT = ("reference", "binary")
_WITH_CASE = ("string", *_CASE_EXACT)
_MEMBERS = frozenset(
    {
        *("name", "type", "multiValued", "description", "required", "canonicalValues", "caseExact"),
        *("mutability", "returned", "uniqueness", "referenceTypes", "subAttributes"),
    }
)
_RESERVED = frozenset({"schemas", "members"})
"""Names that would be read as something else."""
_MAX_CANONICAL_VALUES = 200

Document = dict[str, Any]


class AttributeReader:
    """Reads the attributes of one schema; collects what is wrong with them."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.faults: list[str] = []
        self.count = 0

    def read(self, given: object) -> list[Document]:
        """Return the attributes in their one form; where there are faults, as far as they can be read."""
        return self._list(given, "attributes", is_sub=False)

    def _list(self, given: object, place: str, *, is_sub: bool) -> list[Document]:
        if not isinstance(given, list) or not given:
            self.faults.append(f"{place}: must be a list of one attribute at least")
            return []
        read = [self._attribute(each, place, is_sub=is_sub) for each in given]
        names = [str(attribute["name"]).lower() for attribute in read]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.faults.append(f"{place}: {shown(name)} comes more than once")
        return read

    def _attribute(self, given: object, place: str, *, is_sub: bool) -> Document:
        self.count += 1
        if not isinstance(given, dict):
            self.faults.append(f"{place}: each must be an object")
            return {"name": self.count}
        place = f"{place}[{shown(given.get('name'))}]"
        attribute = _canonical(given)
        self.faults += [f"{place}.{fault}" for fault in _faults(given, attribute, is_sub=is_sub)]
        if attribute["type"] == "complex" and not is_sub:
            attribute["subAttributes"] = self._list(given.get("subAttributes"), f"{place}.subAttributes", is_sub=True)
            names = [sub["name"] for sub in attribute["subAttributes"]]
            if "value" in names and "$ref" in names:
                self.faults.append(f"{place}.subAttributes: $ref beside value is the server's own and cannot be had")
        return attribute


def _canonical(given: Document) -> Document:
    """Return the definition with its defaults (RFC 7643, 2.2), each characteristic where its type has it."""
    type_ = given.get("type", "string")
    attribute: Document = {"name": given.get("name"), "type": type_, "multiValued": given.get("multiValued", False)}
    if given.get("description"):
        attribute["description"] = given["description"]
    attribute["required"] = given.get("required", False)
    if given.get("canonicalValues"):
        attribute["canonicalValues"] = given["canonicalValues"]
    if type_ in _WITH_CASE:
        attribute["caseExact"] = True if type_ in _CASE_EXACT else given.get("caseExact", False)
    attribute["mutability"] = given.get("mutability", "readWrite")
    attribute["returned"] = given.get("returned", "default")
    if type_ != "complex":
        attribute["uniqueness"] = given.get("uniqueness", "none")
    if given.get("referenceTypes"):
        attribute["referenceTypes"] = given["referenceTypes"]
    return attribute


def _faults(given: Document, attribute: Document, *, is_sub: bool) -> Iterator[str]:
    """Yield what is wrong with the definition, but for its sub-attributes."""
    yield from (f"{shown(name)}: not known in an attribute" for name in given if name not in _MEMBERS)
    yield from _name_faults(attribute["name"], is_sub=is_sub)
    if attribute["type"] not in _TYPES:
        yield f"type: must be one of {', '.join(_TYPES)}"
    for name in ("multiValued", "required", "caseExact"):
        if not isinstance(attribute.get(name, False), bool):
            yield f"{name}: must be true or false"
    if not isinstance(attribute.get("description", ""), str):
        yield "description: must be a text"
    yield from _list_faults(attribute)
    yield from _characteristic_faults(given, attribute, is_sub=is_sub)
    yield from _type_faults(given, attribute, is_sub=is_sub)


def _name_faults(name: object, *, is_sub: bool) -> Iterator[str]:
    if is_sub and name == "$ref":
        return
    if not isinstance(name, str) or not NAME.fullmatch(name):
        yield "name: must be a letter, followed by letters, digits, '-' and '_', 64 characters at most"
    elif not is_sub and name.lower() in _RESERVED:
        yield "name: has a meaning of its own and cannot be had"


def _list_faults(attribute: Document) -> Iterator[str]:
    for name in ("canonicalValues", "referenceTypes"):
        values = attribute.get(name, [])
        if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
            yield f"{name}: must be a list of texts"
        elif len(values) > _MAX_CANONICAL_VALUES:
            yield f"{name}: has more than {_MAX_CANONICAL_VALUES} values"


def _characteristic_faults(given: Document, attribute: Document, *, is_sub: bool) -> Iterator[str]:
    mutability, returned = attribute["mutability"], attribute["returned"]
    if mutability not in [str(each) for each in Mutability]:
        yield f"mutability: must be one of {', '.join(Mutability)}"
    if returned not in [str(each) for each in Returned]:
        yield f"returned: must be one of {', '.join(Returned)}"
    elif is_sub and returned in {"always", "request"}:
        yield "returned: must be default or never in a sub-attribute"
    if mutability == "writeOnly" and returned != "never":
        yield "returned: must be never where mutability is writeOnly"
    if attribute["required"] is True and (mutability == "readOnly" or returned == "never"):
        yield "required: cannot be had for what clients cannot set, or what is never kept"
    uniqueness = given.get("uniqueness", "none")
    if uniqueness in ("server", "global"):
        yield "uniqueness: is not enforced for attributes of extensions, so it has to be none"
    elif uniqueness != "none":
        yield "uniqueness: must be none"


def _type_faults(given: Document, attribute: Document, *, is_sub: bool) -> Iterator[str]:
    if attribute["type"] == "complex":
        if is_sub:
            yield "type: a sub-attribute cannot be complex (RFC 7643, 2.3.8)"
        return
    if "subAttributes" in given:
        yield "subAttributes: only a complex attribute has them"
    if attribute["type"] == "reference" and not attribute.get("referenceTypes"):
        yield "referenceTypes: a reference says what it refers to: external, uri, or resource types (RFC 7643, 7)"
