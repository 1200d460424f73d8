"""How much work one PATCH may ask for, so that no message occupies a worker for long."""

from collections.abc import Iterable

from schemas.scim.errors import TooManyError
from schemas.scim.filters.nodes import Conjunction, Disjunction, Filter, Negation
from schemas.scim.patch.opaque import OpaqueChange
from schemas.scim.patch.steps import Change, Step

MAX_WORK = 1_500
"""Operations, comparisons in their paths and values in their lists, together; members are not counted."""
MAX_ELEMENT_WORK = 100_000
"""Elements met by the operations and by the comparisons in their paths: less than a second's work."""


def check_work(steps: Iterable[Step]) -> None:
    """Refuse a message with too many steps, comparisons and values.

    Raises:
        TooManyError: It has more than ``MAX_WORK``.
    """
    if sum(map(_work, steps)) > MAX_WORK:
        raise _too_many()


class ElementWork:
    """Counts the elements that the operations of one message meet."""

    def __init__(self) -> None:
        self._done = 0

    def count(self, change: Change, elements: int) -> None:
        """Count a change of an attribute that has so many elements.

        Raises:
            TooManyError: It is more than ``MAX_ELEMENT_WORK`` now.
        """
        # Only a removal compares each element with each value.
        values = _values(change) if change.op == "remove" else 0
        self._done += elements * (1 + values + _comparisons(change.target.filter))
        if self._done > MAX_ELEMENT_WORK:
            raise _too_many()


def _work(step: Step) -> int:
    if isinstance(step, Change):
        return 1 + _values(step) + _comparisons(step.target.filter)
    return int(isinstance(step, OpaqueChange))


def _too_many() -> TooManyError:
    return TooManyError("the message asks for too many changes at once; send it in parts")


def _values(change: Change) -> int:
    return len(change.value) if isinstance(change.value, list) else 0


def _comparisons(filter: Filter | None) -> int:
    match filter:
        case None:
            return 0
        case Conjunction(terms) | Disjunction(terms):
            return sum(map(_comparisons, terms))
        case Negation(term):
            return _comparisons(term)
        case _:
            return 1
