"""What the gateway takes from the world around it, passed in so that tests can set it."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_DRAWN_AT_ONCE = 4096


class RandomBits:
    """The system's random numbers, drawn many at a time: a call of the system for each costs more than the number."""

    def __init__(self) -> None:
        """Draw none before the first is asked for."""
        self._drawn = b""
        self._used = 0

    def __call__(self, bits: int) -> int:
        """Return an unpredictable number of so many bits; no part of it is given out again."""
        size = (bits + 7) // 8
        if self._used + size > len(self._drawn):
            self._drawn, self._used = os.urandom(max(_DRAWN_AT_ONCE, size)), 0
        taken = self._drawn[self._used : self._used + size]
        self._used += size
        return int.from_bytes(taken) >> (size * 8 - bits)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Clocks and chance."""

    now: Callable[[], float] = time.time
    """Unix seconds."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds of a clock that only goes forward."""
    random_bits: Callable[[int], int] = field(default_factory=RandomBits)
    """An unpredictable number of so many bits."""

    def random_id(self) -> str:
        """Return 32 hexadecimal digits that nobody else has."""
        return f"{self.random_bits(128):032x}"
