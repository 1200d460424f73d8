"""Changes of multi-valued attributes: of the list, and of the elements that a path chooses."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from schemas.scim.definitions.model import AttributeType
from schemas.scim.errors import NoTargetError
from schemas.scim.filters.evaluate import holds
from schemas.scim.filters.nodes import Compare, Conjunction, Filter, Operator
from schemas.scim.patch.objects import check_immutable, merged, with_sub
from schemas.scim.patch.steps import Change
from schemas.scim.patch.targets import Target

_SAYS_NOTHING = frozenset({"type", "primary"})
"""An element that has no more than these says nothing."""


def change_list(change: Change, before: list[Any]) -> list[Any]:
    """Return the list with values added, replaced or removed."""
    given = change.value or []
    if change.op == "add":
        return _joined(change.target, before, given)
    if change.op == "replace":
        return list(given)
    if change.value is None:
        return []
    return [element for element in before if not any(_is_meant(element, value) for value in given)]


def change_elements(change: Change, before: list[Any], *, strict: bool) -> list[Any]:
    """Return the list with the elements changed that the path chooses.

    Where it chooses none, a tolerant change makes the element that its filter describes: Microsoft Entra ID means that.

    Raises:
        NoTargetError: The path chooses no element, and none is made.
        MutabilityError: An immutable sub-attribute would have another value.
    """
    target = change.target
    chosen = [place for place, element in enumerate(before) if _is_chosen(target, element)]
    if not chosen:
        return before if change.op == "remove" else _with_new_element(change, before, strict=strict)
    after = list(before)
    for place in chosen:
        after[place] = _changed_element(change, before[place], strict=strict)
    return _distinct(element for element in _with_one_primary(after, chosen) if element not in (None, {}))


def _is_chosen(target: Target, element: Any) -> bool:
    return target.question is None or holds(target.question, target.document(element))


def _changed_element(change: Change, before: Any, *, strict: bool) -> Any:
    """Return the element after the change; None when it goes."""
    target = change.target
    if target.sub is not None:
        after: Any = with_sub(change, target.sub, before)
        return None if change.value is None and not strict and after.keys() <= _SAYS_NOTHING else after
    if change.op == "remove" or (change.value is None and not change.cleared):
        return None
    if not target.is_complex:
        return change.value
    # RFC 7644, 3.5.2.3: replace means the whole element. Tolerant: it remains of the kind by which it was chosen.
    kept = before if change.op == "add" else ({} if strict else _described(target))
    after = merged(kept, change.value or {}, change.cleared)
    check_immutable(target, before, after)
    return after


def _with_new_element(change: Change, before: list[Any], *, strict: bool) -> list[Any]:
    target = change.target
    if target.filter is not None and strict:
        raise NoTargetError(f"{target.name} leads to no value")
    if change.value is None:
        return before
    described = _described(target)
    if target.question is not None and not (
        _is_equalities(target.filter) and holds(target.question, target.document(described))
    ):
        raise NoTargetError(f"{target.name} leads to no value, and does not say what a new one would be")
    element: Any = change.value
    if target.sub is not None:
        element = with_sub(change, target.sub, described)
    elif target.is_complex:
        element = merged(described, change.value, change.cleared)
    return _joined(target, before, [element])


def _described(target: Target) -> Any:
    """Return the sub-attributes that the filter's ``eq`` terms say; of a plain value all there is."""
    said = {}
    for term in _terms(target.filter):
        if isinstance(term, Compare) and term.operator is Operator.EQ and term.value is not None:
            said[term.path.name] = _literal(target, term)
    return target.check_element(said) or {} if target.is_complex else {"value": next(iter(said.values()), None)}


def _literal(target: Target, term: Compare) -> Any:
    sub = target.attribute.sub(term.path.name)
    if sub is not None and sub.type is AttributeType.BOOLEAN and isinstance(term.value, str):
        return term.value.lower() == "true"
    return term.value


def _is_equalities(filter: Filter | None) -> bool:
    return all(
        isinstance(term, Compare) and term.operator is Operator.EQ and term.value is not None for term in _terms(filter)
    )


def _terms(filter: Filter | None) -> Iterator[Filter]:
    if isinstance(filter, Conjunction):
        for term in filter.terms:
            yield from _terms(term)
    elif filter is not None:
        yield filter


def _joined(target: Target, before: list[Any], given: list[Any]) -> list[Any]:
    """Return the list with what is given at its end; what is there already stays in its place and takes in the rest."""
    after = list(before)
    places = {_key(element): place for place, element in reversed(list(enumerate(before)))}
    touched = []
    for value in given:
        place = places.setdefault(_key(value), len(after))
        if place == len(after):
            after.append(value)
        elif isinstance(value, dict):
            element = merged(after[place], value, ())
            check_immutable(target, after[place], element)
            after[place] = element
        touched.append(place)
    return _with_one_primary(after, touched)


def _key(element: Any) -> str:
    """Return what tells elements apart: RFC 7643, 2.4, the value and the type; where there is no value, everything."""
    if isinstance(element, dict) and "value" in element:
        return repr((element["value"], element.get("type")))
    return _content(element)


def _content(element: Any) -> str:
    return repr(sorted(element.items())) if isinstance(element, dict) else repr(element)


def _with_one_primary(elements: list[Any], touched: Collection[int]) -> list[Any]:
    """Return the elements with primary true on the first of the touched ones alone that has it (RFC 7644, 3.5.2)."""
    first = next((place for place in sorted(touched) if _is_primary(elements[place])), None)
    if first is None:
        return elements
    return [
        {**element, "primary": False} if place != first and _is_primary(element) else element
        for place, element in enumerate(elements)
    ]


def _distinct(elements: Iterable[Any]) -> list[Any]:
    kept: dict[str, Any] = {}
    for element in elements:
        kept.setdefault(_content(element), element)
    return list(kept.values())


def _is_primary(element: Any) -> bool:
    return isinstance(element, dict) and element.get("primary") is True


def _is_meant(element: Any, value: Any) -> bool:
    """Tell whether a value given for a removal means the element."""
    if not (isinstance(element, Mapping) and isinstance(value, Mapping)):
        return bool(element == value)
    if "value" in value:
        return element.get("value") == value["value"] and value.get("type") in (None, element.get("type"))
    return value.items() <= element.items()
