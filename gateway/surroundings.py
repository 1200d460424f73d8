"""What the gateway takes from the world around it, passed in so that tests can set it."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Clocks and chance."""

    now: Callable[[], float] = time.time
    """Unix seconds."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds of a clock that only goes forward."""
    random_bits: Callable[[int], int] = secrets.randbits
    """An unpredictable number of so many bits."""

    def random_id(self) -> str:
        """Return 32 hexadecimal digits that nobody else has."""
        return f"{self.random_bits(128):032x}"
