"""Search documents: the form of a resource that filters, uniqueness and sorting compare.

Keys are spelt as the schema spells them, safe for every store; text is folded where case does not matter, so that all
comparisons are plain comparisons. The primary element of a multi-valued attribute comes first.
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from precis_i18n import get_profile
from precis_i18n.profile import Profile

from schemas.scim.date_time import normal_date_time
from schemas.scim.definitions.model import Attribute, AttributeType, ResourceType, Returned
from schemas.scim.rendering import entity_tag

Convert = Callable[[Any], Any]
"""A value → what is compared in its place; empty when there is nothing to compare."""
Table = dict[str, tuple[str, Convert]]
"""An attribute's name as in the schema → its key and how its value is converted."""

_NOT_SEARCHED = frozenset({"schemas", "id", "meta", "members", "groups"})
"""The server's own, which are added, and the edges, which are kept apart."""
_KEY = str.maketrans({".": "·", "$": "＄"})


def search_key(name: str) -> str:
    """Return the key of an attribute, sub-attribute or extension URN: without ``.`` and ``$``, which stores reserve."""
    return name.translate(_KEY)


fold = str.casefold
"""How text is compared where case does not matter."""


def prepared_user_name(text: str) -> str:
    """Return a userName as it is compared (RFC 7644, 5: PRECIS UsernameCaseMapped of RFC 8265).

    What PRECIS forbids, such as blanks, real names nevertheless hold: those are folded after NFKC.
    """
    if text.isascii():
        return text.lower()
    try:
        return _user_name_profile().enforce(text)
    except UnicodeEncodeError:
        return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def prepared_name(resource_type_name: str, text: str) -> str:
    """Return the resource's unique name (``userName``, ``displayName``) as uniqueness compares it."""
    return prepared_user_name(text) if resource_type_name == "User" else fold(text)


def comparable(attribute: Attribute) -> Callable[[str], str]:
    """Return what turns a text given for the attribute (in a filter, say) into the text that search documents hold.

    What it returns for a dateTime raises ``ValueError`` on a text that is none.
    """
    if attribute.type is AttributeType.DATE_TIME:
        return normal_date_time
    if attribute.case_exact:
        return str
    return prepared_user_name if attribute.name == "userName" else fold


def search_document(
    resource_type: ResourceType, id: str, attributes: Mapping[str, Any], *, created: str, modified: str, version: int
) -> dict[str, Any]:
    """Return the search document of a resource with these canonical attributes."""
    plan = _plan(resource_type)
    document: dict[str, Any] = {"id": id}
    document |= _converted(plan.table, attributes)
    document["schemas"] = [plan.schema, *(fold(name) for name, value in attributes.items() if ":" in name and value)]
    document["meta"] = {
        "resourceType": resource_type.name,
        # Our own timestamps: UTC with three fraction digits.
        "created": f"{created[:-1]}000Z",
        "lastModified": f"{modified[:-1]}000Z",
        "version": entity_tag(version),
    }
    return document


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a resource type's documents are made by."""

    table: Table
    schema: str
    """The base schema's URI, folded."""


@lru_cache(maxsize=1024)
def _plan(resource_type: ResourceType) -> _Plan:
    schemas = [extension.schema for extension in resource_type.extensions.values()]
    attributes = _table(resource_type.common) | _table(resource_type.schema.attributes)
    table = {name: entry for name, entry in attributes.items() if name not in _NOT_SEARCHED}
    for schema in schemas:
        table[schema.id] = (search_key(schema.id), _complex(_table(schema.attributes)))
    return _Plan(table, fold(resource_type.schema.id))


def _table(attributes: Mapping[str, Attribute]) -> Table:
    return {
        attribute.name: (search_key(attribute.name), _convert(attribute))
        for attribute in attributes.values()
        if attribute.returned is not Returned.NEVER
    }


def _convert(attribute: Attribute) -> Convert:
    match attribute.type:
        case AttributeType.COMPLEX:
            has_primary = attribute.multi_valued and "primary" in attribute.sub_attributes
            one = _complex(_table(attribute.sub_attributes), primary=has_primary)
            if has_primary:
                return _primary_first(_each(one))
        case AttributeType.BOOLEAN | AttributeType.INTEGER | AttributeType.DECIMAL:
            one = _as_it_is
        case _:
            one = comparable(attribute)
    return _each(one) if attribute.multi_valued else one


def _as_it_is(value: Any) -> Any:
    return value


def _each(one: Convert) -> Convert:
    def convert(values: list[Any]) -> list[Any]:
        return [converted for value in values if (converted := one(value)) or _is_number(converted)]

    return convert


def _primary_first(all_of_them: Convert) -> Convert:
    def convert(values: list[Any]) -> list[Any]:
        converted: list[Any] = all_of_them(values)
        # RFC 7644, 3.4.2.3: a sort compares the primary element, else the first.
        return sorted(converted, key=_is_not_primary) if len(converted) > 1 else converted

    return convert


def _is_not_primary(element: Mapping[str, Any]) -> bool:
    return element["primary"] is not True


def _complex(table: Table, *, primary: bool = False) -> Convert:
    def convert(value: Mapping[str, Any]) -> dict[str, Any]:
        return _converted(table, value)

    def convert_element(value: Mapping[str, Any]) -> dict[str, Any]:
        converted = _converted(table, value)
        if converted:
            # RFC 7643, 2.4: an element that does not say it is primary is not.
            converted.setdefault("primary", False)
        return converted

    return convert_element if primary else convert


def _converted(table: Table, attributes: Mapping[str, Any]) -> dict[str, Any]:
    document = {}
    for name, value in attributes.items():
        entry = table.get(name)
        if value is not None and entry is not None:
            key, convert = entry
            converted = convert(value)
            if converted or _is_number(converted):
                document[key] = converted
    return document


def _is_number(value: Any) -> bool:
    """Tell whether something to compare is left though it is false: 0, or ``false`` itself."""
    return isinstance(value, int | float)


@cache
def _user_name_profile() -> Profile:
    return get_profile("UsernameCaseMapped")
