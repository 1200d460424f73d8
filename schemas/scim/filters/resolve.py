"""Filter tree → tree over search documents: names looked up in the schemas, values typed and folded.

What an attribute cannot answer is refused, in every dialect alike: a filter that is misunderstood must not find the
wrong people.
"""

from collections.abc import Callable
from dataclasses import dataclass

from schemas.scim.definitions.model import Attribute, AttributeType, Mutability, ResourceType, Returned
from schemas.scim.errors import InvalidFilterError, InvalidPathError
from schemas.scim.filters.nodes import (
    All,
    AnyOf,
    AttributePath,
    Compare,
    Conjunction,
    Disjunction,
    Exists,
    Field,
    Filter,
    Matches,
    Negation,
    Not,
    Operator,
    Present,
    ResolvedFilter,
    Scalar,
    SomeElement,
    ValuePath,
)
from schemas.scim.filters.resolve_members import Condition, is_of_edges, resolve_edges, resolve_null
from schemas.scim.search import comparable, search_key

_PARTS = frozenset({Operator.CO, Operator.SW, Operator.EW})
_ORDER = frozenset({Operator.GT, Operator.GE, Operator.LT, Operator.LE})
# RFC 7644, table 3: no order among booleans and binaries; parts are parts of text.
_REFUSED: dict[AttributeType, frozenset[Operator]] = {
    AttributeType.BOOLEAN: _PARTS | _ORDER,
    AttributeType.BINARY: _PARTS | _ORDER,
    AttributeType.INTEGER: _PARTS,
    AttributeType.DECIMAL: _PARTS,
    AttributeType.DATE_TIME: _PARTS,
}
_BOOLEANS = {"true": True, "false": False}


def resolve(filter: Filter, resource_type: ResourceType) -> ResolvedFilter:
    """Return the filter as a question to the type's search documents.

    Raises:
        InvalidFilterError: An attribute is not known, not filterable, or not to be compared in this way.
    """
    return _tree(filter, lambda condition: _about_resource(condition, resource_type))


def resolve_element(filter: Filter, attribute: Attribute) -> ResolvedFilter:
    """Return the filter of ``attribute[filter]`` as a question to one element of the attribute.

    Raises:
        InvalidFilterError: As for ``resolve``.
    """
    return _tree(filter, lambda condition: _about_element(condition, attribute))


def resolve_field(path: AttributePath, resource_type: ResourceType) -> Field:
    """Return where search documents hold what a sort by the attribute compares.

    Raises:
        InvalidPathError: The type has no such attribute, or resources cannot be sorted by it.
    """
    try:
        place = _place(path, resource_type)
        compared = _comparable_place(place)
    except InvalidFilterError as error:
        told = f"names no single value of {resource_type.name}"
        raise InvalidPathError(f"{path.name} {told}", kept=f"the attribute {told}") from error
    if place.field.steps == ("meta", "location"):
        # The URIs of one type differ in their ids alone.
        return Field(("id",), (False,))
    if _is_hidden(place.attribute) or is_of_edges(resource_type.name, place.field.steps[0]):
        raise InvalidPathError(f"resources cannot be sorted by {place.attribute.name}")
    return compared.field


def knows(path: AttributePath, resource_type: ResourceType) -> bool:
    """Tell whether resources of the type have such an attribute."""
    try:
        _place(path, resource_type)
    except InvalidFilterError:
        return False
    return True


def _tree(filter: Filter, leaf: Callable[[Condition], ResolvedFilter]) -> ResolvedFilter:
    match filter:
        case Conjunction(terms):
            return All(tuple(_tree(term, leaf) for term in terms))
        case Disjunction(terms):
            return AnyOf(tuple(_tree(term, leaf) for term in terms))
        case Negation(term):
            return Not(_tree(term, leaf))
        case _:
            return leaf(filter)


@dataclass(frozen=True, slots=True)
class _Place:
    """An attribute, and where it stands in the document."""

    attribute: Attribute
    field: Field

    def sub(self, name: str) -> "_Place | None":
        sub = self.attribute.sub(name)
        return None if sub is None else _Place(sub, _below(self.field, sub))


def _below(field: Field, attribute: Attribute) -> Field:
    return Field((*field.steps, search_key(attribute.name)), (*field.lists, attribute.multi_valued))


_ROOT = Field((), ())


def _about_resource(condition: Condition, resource_type: ResourceType) -> ResolvedFilter:
    path = condition.path
    place = _place(path, resource_type)
    if is_of_edges(resource_type.name, place.field.steps[0]):
        return resolve_edges(condition, resource_type.name, place.field.steps[0])
    if isinstance(condition, ValuePath):
        return _some_element(condition, place)
    return _condition(condition, place)


def _place(path: AttributePath, resource_type: ResourceType) -> _Place:
    urn = path.urn or _urn_meant(path.name, resource_type)
    attribute = resource_type.attribute(path.name, urn=urn)
    if attribute is None:
        told = f"is no attribute of {resource_type.name}"
        raise InvalidFilterError(f"{path.name} {told}", kept=f"what is asked for {told}")
    extension = None if urn is None else resource_type.extensions.get(urn.lower())
    base = _ROOT if extension is None else Field((search_key(extension.schema.id),), (False,))
    place: _Place | None = _Place(attribute, _below(base, attribute))
    if place is not None and path.sub is not None:
        place = place.sub(path.sub)
    if place is None:
        told = f"is no sub-attribute of {attribute.name}"
        raise InvalidFilterError(f"{path.sub} {told}", kept=f"what is asked for {told}")
    return place


def _urn_meant(name: str, resource_type: ResourceType) -> str | None:
    """Return the URI of the only extension with the attribute, where the core has none: clients ask ``manager eq``."""
    if resource_type.attribute(name) is not None:
        return None
    schemas = [one.schema for one in resource_type.extensions.values() if name.lower() in one.schema.attributes]
    return schemas[0].id if len(schemas) == 1 else None


def _some_element(condition: ValuePath, place: _Place) -> ResolvedFilter:
    attribute = place.attribute
    if not (attribute.multi_valued and attribute.type is AttributeType.COMPLEX):
        raise InvalidFilterError(f"{attribute.name} has no elements that a filter in brackets could choose from")
    return SomeElement(place.field, resolve_element(condition.filter, attribute))


def _about_element(condition: Condition, attribute: Attribute) -> ResolvedFilter:
    path = condition.path
    sub = attribute.sub(path.name)
    if isinstance(condition, ValuePath) or sub is None or path.sub is not None or path.urn is not None:
        told = f"in brackets is no sub-attribute of {attribute.name}"
        raise InvalidFilterError(f"{path.name} {told}", kept=f"what is asked for {told}")
    return _condition(condition, _Place(sub, _below(_ROOT, sub)))


def _condition(condition: Compare | Exists, place: _Place) -> ResolvedFilter:
    attribute = place.attribute
    if _is_hidden(attribute):
        raise InvalidFilterError(f"{attribute.name} cannot be filtered by")
    if place.field.steps == ("meta", "location"):
        raise InvalidFilterError("meta.location cannot be filtered by; ask for the id")
    if isinstance(condition, Exists):
        return Present(place.field)
    if condition.value is None:
        return resolve_null(condition.operator, Present(place.field), attribute.name)
    return _comparison(condition.operator, condition.value, _comparable_place(place))


def _is_hidden(attribute: Attribute) -> bool:
    return attribute.returned is Returned.NEVER or attribute.mutability is Mutability.WRITE_ONLY


def _comparable_place(place: _Place) -> _Place:
    if place.attribute.type is not AttributeType.COMPLEX:
        return place
    value = place.sub("value")
    if value is None:
        raise InvalidFilterError(f"{place.attribute.name} is complex: name a sub-attribute, or ask with pr")
    return value


def _comparison(operator: Operator, value: Scalar, place: _Place) -> ResolvedFilter:
    attribute = place.attribute
    if operator in _REFUSED.get(attribute.type, ()):
        raise InvalidFilterError(f"{attribute.name} is {attribute.type.value}, which {operator.value} cannot compare")
    typed = _typed(attribute, value)
    if operator is Operator.NE:
        return Not(Matches(place.field, Operator.EQ, typed))
    return Matches(place.field, operator, typed)


def _typed(attribute: Attribute, value: Scalar) -> Scalar:
    match attribute.type, value:
        case AttributeType.BOOLEAN, bool():
            return value
        case AttributeType.BOOLEAN, str() if value.lower() in _BOOLEANS:
            # Microsoft Entra ID asks for `primary eq "True"`.
            return _BOOLEANS[value.lower()]
        case ((AttributeType.INTEGER | AttributeType.DECIMAL), (int() | float())) if not isinstance(value, bool):
            return value
        case AttributeType.DATE_TIME, str():
            return _moment(attribute, value)
        case ((AttributeType.STRING | AttributeType.REFERENCE | AttributeType.BINARY), str()):
            return comparable(attribute)(value)
        case _:
            raise InvalidFilterError(f"{attribute.name} is {attribute.type.value}; the filter's value is not")


def _moment(attribute: Attribute, text: str) -> str:
    try:
        return comparable(attribute)(text)
    except ValueError as error:
        raise InvalidFilterError(f"{attribute.name} is dateTime; the filter's value is not") from error
