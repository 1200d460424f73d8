"""Extension schemas that a tenant adds to a resource type (RFC 7643, 3.3 and 7): read, checked, brought to one form.

A tenant's record keeps the document as text in that one form, so that equal schemas are equal values, and a catalog
that was compiled for one of them serves all (``Catalog.with_extensions``).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.scim.definitions.attributes import AttributeReader
from schemas.scim.definitions.model import Attribute, Mutability, Returned, Schema
from schemas.scim.definitions.names import URI, shown

SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"
MAX_URI_LENGTH = 255
MAX_ATTRIBUTES = 200
"""Attributes and sub-attributes of one schema."""
MAX_DOCUMENT_LENGTH = 65_536
"""Characters of one schema's text."""
_MEMBERS = frozenset({"schemas", "id", "name", "description", "attributes", "meta"})

Document = dict[str, Any]


class SchemaRefusedError(ValueError):
    """The schema cannot be had; each line of the message names a place in the document and what is wrong there."""


@dataclass(frozen=True, slots=True)
class ExtensionSchema:
    """A schema that a tenant has added to one of its resource types."""

    uri: str
    resource_type: str
    """``User`` or ``Group``."""
    document: str
    """The Schema resource as JSON text, with all characteristics of its attributes."""
    required: bool = False
    """Whether each resource has to have it."""


def read_extension(document: object, resource_type: str, *, taken: Iterable[str]) -> ExtensionSchema:
    """Return the extension that the document, a Schema resource of RFC 7643, 7, describes.

    Args:
        document: As the administrator wrote it.
        resource_type: The name of the type that it extends.
        taken: URIs of the other schemas that there are.

    Raises:
        SchemaRefusedError: It is no schema, or one that this service could not keep its promises for.
    """
    if not isinstance(document, dict):
        raise SchemaRefusedError("the document must be a JSON object: a Schema resource of RFC 7643, 7")
    reader = AttributeReader()
    faults = [*_head_faults(document), *_uri_faults(document.get("id"), taken)]
    attributes = reader.read(document.get("attributes"))
    faults += reader.faults
    if reader.count > MAX_ATTRIBUTES:
        faults.append(f"attributes: more than {MAX_ATTRIBUTES}, sub-attributes included")
    if faults:
        raise SchemaRefusedError("\n".join(faults))
    text = json.dumps(_canonical(document, attributes), ensure_ascii=False, separators=(",", ":"))
    if len(text) > MAX_DOCUMENT_LENGTH:
        raise SchemaRefusedError(f"the document has more than {MAX_DOCUMENT_LENGTH} characters")
    return ExtensionSchema(document["id"], resource_type, text)


def check_change(before: Schema, after: Schema) -> None:
    """See that what is stored under the schema stays valid under the other one, and filters keep their meaning.

    Raises:
        SchemaRefusedError: Something is gone, is of another kind, or is demanded that was not.
    """
    faults = list(_change_faults(before.attributes, after.attributes, ""))
    if faults:
        raise SchemaRefusedError("\n".join(faults))


def _head_faults(document: Document) -> Iterator[str]:
    for name in document:
        if name not in _MEMBERS:
            yield f"{shown(name)}: not known in a schema"
    schemas = document.get("schemas", [SCHEMA])
    if schemas != [SCHEMA]:
        yield f"schemas: must be [{SCHEMA}]"
    if not isinstance(document.get("name"), str) or not document["name"].strip():
        yield "name: must be a text for people to read"
    if not isinstance(document.get("description", ""), str):
        yield "description: must be a text"


def _uri_faults(uri: object, taken: Iterable[str]) -> Iterator[str]:
    if not isinstance(uri, str) or len(uri) > MAX_URI_LENGTH or not URI.fullmatch(uri):
        yield (
            "id: must be a URN like urn:example:params:scim:schemas:extension:acme:2.0:User, of letters, digits, '.', "
            f"'_', '-' and ':', {MAX_URI_LENGTH} characters at most"
        )
        return
    for other in taken:
        one, two = f"{uri}:".lower(), f"{other}:".lower()
        if one == two:
            yield f"id: there is a schema {other} already"
        elif one.startswith(two) or two.startswith(one):
            # Which of the two would `urn:a:b:c` speak of?
            yield f"id: paths could not be told from those of {other}, which begins in the same way"


def _canonical(document: Document, attributes: list[Document]) -> Document:
    description = {"description": document["description"]} if document.get("description") else {}
    return {
        "schemas": [SCHEMA],
        "id": document["id"],
        "name": document["name"],
        **description,
        "attributes": attributes,
        "meta": {"resourceType": "Schema"},
    }


def _change_faults(before: Mapping[str, Attribute], after: Mapping[str, Attribute], prefix: str) -> Iterator[str]:
    for key, old in before.items():
        new = after.get(key)
        name = f"{prefix}{old.name}"
        if new is None:
            yield f"{name}: an attribute that exists cannot be left out"
        else:
            yield from _attribute_faults(old, new, name)
    for key in after.keys() - before.keys():
        if after[key].required:
            yield f"{prefix}{after[key].name}: a new attribute cannot be required; resources exist without it"


def _attribute_faults(old: Attribute, new: Attribute, name: str) -> Iterator[str]:
    for aspect, is_same in (
        ("name's spelling", old.name == new.name),
        ("type", old.type is new.type),
        ("multiValued", old.multi_valued is new.multi_valued),
        ("caseExact", old.case_exact is new.case_exact),
    ):
        if not is_same:
            yield f"{name}: {aspect} cannot change"
    if new.required and not old.required:
        yield f"{name}: cannot become required"
    if new.mutability not in (old.mutability, Mutability.READ_WRITE):
        yield f"{name}: mutability can only be relaxed, to readWrite"
    if Returned.NEVER is new.returned is not old.returned:
        yield f"{name}: returned cannot become never; values exist"
    yield from _change_faults(old.sub_attributes, new.sub_attributes, f"{name}.")
