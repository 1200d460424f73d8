"""How much a test takes on: enough to see its promise in ``make test``, or all of it with ``ROLLCALL_TEST_FULL=1``."""

import os

VARIABLE = "ROLLCALL_TEST_FULL"


def size(usual: int, *, full: int) -> int:
    """Return the size that is wanted of a test."""
    return full if os.environ.get(VARIABLE) else usual
