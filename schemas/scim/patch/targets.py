"""Targets: what the path of an operation leads to in a resource type's schemas."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from schemas.scim.checks import Check, compile_check, ignored
from schemas.scim.definitions.model import Attribute, AttributeType, Mutability, ResourceType, Returned
from schemas.scim.errors import InvalidPathError
from schemas.scim.filters.nodes import Filter, ResolvedFilter
from schemas.scim.filters.resolve import resolve_element
from schemas.scim.path import parse_path
from schemas.scim.search import comparable, search_key

_NAME_SHOWN = 128
"""So many characters of an unknown name are told back."""
_AS_THEY_ARE = frozenset({AttributeType.BOOLEAN, AttributeType.INTEGER, AttributeType.DECIMAL, AttributeType.COMPLEX})


@dataclass(frozen=True, slots=True)
class Target:
    """An attribute, or a part of it, with what a value for it must be."""

    text: str
    """The path in the schemas' spelling."""
    resource_type: str
    extension: str | None
    """The extension's URI; None for the core and the common attributes."""
    attribute: Attribute
    sub: Attribute | None
    check: Check
    """For a value given for the target: the sub-attribute, an element where there is a filter, or the whole."""
    check_whole: Check
    """For the attribute as it is in the end."""
    check_element: Check
    """For one element of the attribute, which may lack what it requires."""
    document: Callable[[Any], Mapping[str, Any]]
    """An element → what filters compare."""
    filter: Filter | None = None
    """Chooses elements."""
    question: ResolvedFilter | None = None
    """The filter, to be asked of an element's document."""

    @property
    def name(self) -> str:
        """What refusals call it: the path without values."""
        return f"{_prefix(self.extension)}{self.attribute.name}{_suffix(self.sub)}"

    @property
    def part(self) -> Attribute:
        """What is to be changed: the sub-attribute or the attribute."""
        return self.sub or self.attribute

    @property
    def is_complex(self) -> bool:
        """Whether the attribute has sub-attributes."""
        return self.attribute.type is AttributeType.COMPLEX

    @property
    def is_in_elements(self) -> bool:
        """Whether elements are changed, one by one, not the list."""
        return self.filter is not None or (self.sub is not None and self.attribute.multi_valued)

    @property
    def takes_list(self) -> bool:
        """Whether a value given for it is a list."""
        return self.part.multi_valued and (self.sub is not None or self.filter is None)

    @property
    def is_members(self) -> bool:
        """Whether it leads to a Group's members or into them."""
        return self.resource_type == "Group" and self.extension is None and self.attribute.name == "members"

    @property
    def is_read_only(self) -> bool:
        """Whether clients cannot change it."""
        return Mutability.READ_ONLY in (self.attribute.mutability, self.part.mutability)

    @property
    def is_never_kept(self) -> bool:
        """Whether it is accepted and dropped: passwords."""
        return Returned.NEVER in (self.attribute.returned, self.part.returned)

    @property
    def is_derived(self) -> bool:
        """Whether it follows from the rest: ``schemas`` (RFC 7644, 3.5.2: implicit)."""
        return self.extension is None and self.attribute.name == "schemas"

    @property
    def must_stay(self) -> bool:
        """Whether it cannot be without a value.

        ``active`` is not among those: without it an account stays as it is (``tenants.policies.effects``).
        """
        if self.sub is not None:
            return self.sub.required
        return self.filter is None and self.attribute.required


def find_target(text: str, resource_type: ResourceType, *, strict: bool) -> Target:
    """Return what the path leads to.

    Raises:
        InvalidPathError: The text is no path, or the schemas do not know it.
        InvalidFilterError: The filter in it asks what an element cannot answer.
    """
    if "[" not in text:
        return _plain(resource_type, text, strict)
    path = parse_path(text)
    head, _, rest = text.partition("[")
    target = _plain(resource_type, f"{head}.{path.sub}" if path.sub else head, strict)
    attribute = target.attribute
    if path.filter is None or not attribute.multi_valued:
        raise InvalidPathError(f"{attribute.name} has no elements to choose from")
    chosen = rest[: rest.rindex("]")]
    return replace(
        target,
        text=f"{_prefix(target.extension)}{attribute.name}[{chosen}]{_suffix(target.sub)}",
        check=target.check if target.sub else target.check_element,
        filter=path.filter,
        question=resolve_element(path.filter, _with_sub_attributes(attribute)),
    )


@lru_cache(maxsize=4096)
def _plain(resource_type: ResourceType, text: str, strict: bool) -> Target:  # noqa: FBT001 - by position for lru_cache
    path = parse_path(text).attribute
    attribute = resource_type.attribute(path.name, urn=path.urn)
    if attribute is None:
        told = f"is no attribute of {resource_type.name}"
        raise InvalidPathError(f"{text[:_NAME_SHOWN]} {told}", kept=f"the path {told}")
    sub = attribute.sub(path.sub) if path.sub else None
    if path.sub and sub is None:
        told = f"is no sub-attribute of {attribute.name}"
        raise InvalidPathError(f"{path.sub[:_NAME_SHOWN]} {told}", kept=f"the path {told}")
    extension = resource_type.extensions.get((path.urn or "").lower())
    uri = extension.schema.id if extension else None
    name = f"{_prefix(uri)}{attribute.name}"
    whole = compile_check(attribute, name, strict=strict)
    element = compile_check(_element(attribute), name, strict=strict)
    return Target(
        text=f"{name}{_suffix(sub)}",
        resource_type=resource_type.name,
        extension=uri,
        attribute=attribute,
        sub=sub,
        check=_check(attribute, sub, name, strict=strict) or (whole if attribute.multi_valued else element),
        check_whole=whole,
        check_element=element,
        document=_documents(_with_sub_attributes(attribute)),
    )


def _prefix(uri: str | None) -> str:
    return f"{uri}:" if uri else ""


def _suffix(sub: Attribute | None) -> str:
    return f".{sub.name}" if sub else ""


def _check(attribute: Attribute, sub: Attribute | None, name: str, *, strict: bool) -> Check | None:
    if sub is None:
        return None
    if sub.name == "$ref" and attribute.sub("value"):
        # Derived from the id in `value`, as for a whole value.
        return ignored
    return compile_check(sub, f"{name}.{sub.name}", strict=strict)


def _element(attribute: Attribute) -> Attribute:
    """Return the attribute with one value, which may still lack what it requires."""
    subs = {key: replace(sub, required=False) for key, sub in attribute.sub_attributes.items()}
    return replace(attribute, multi_valued=False, sub_attributes=subs)


def _with_sub_attributes(attribute: Attribute) -> Attribute:
    """Return the attribute as filters see it: plain values are the ``value`` of elements."""
    if attribute.type is AttributeType.COMPLEX:
        return attribute
    value = replace(attribute, name="value", multi_valued=False)
    return Attribute(attribute.name, AttributeType.COMPLEX, multi_valued=True, sub_attributes={"value": value})


def _documents(element: Attribute) -> Callable[[Any], Mapping[str, Any]]:
    table = {sub.name: (search_key(sub.name), _convert(sub)) for sub in element.sub_attributes.values()}
    # RFC 7643, 2.4: an element that does not say it is primary is not.
    defaults = {"primary": False} if "primary" in element.sub_attributes else {}

    def document(given: Any) -> Mapping[str, Any]:
        values = given if isinstance(given, dict) else {"value": given}
        return defaults | {table[name][0]: table[name][1](value) for name, value in values.items() if name in table}

    return document


def _convert(sub: Attribute) -> Callable[[Any], Any]:
    if sub.type in _AS_THEY_ARE:
        return lambda value: value
    one = comparable(sub)
    return (lambda values: [one(value) for value in values]) if sub.multi_valued else one
