"""Items in portions: as few as may be, where what they are written into has a largest size."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
Encoded = TypeVar("Encoded", bytes, str)


def portions(
    items: Sequence[T], encode: Callable[[Sequence[T]], Encoded], *, largest: int
) -> list[tuple[Sequence[T], Encoded]]:
    """Return the items in order, each portion with its encoded form; mostly that is one.

    Args:
        items: Nothing of them is left out: one that is too large by itself is a portion alone.
        encode: Gives the form of a portion that is written.
        largest: The length of such a form at most.
    """
    if not items:
        return []
    encoded = encode(items)
    if len(encoded) <= largest or len(items) == 1:
        return [(items, encoded)]
    middle = len(items) // 2
    return portions(items[:middle], encode, largest=largest) + portions(items[middle:], encode, largest=largest)
