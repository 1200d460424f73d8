"""Waiting until a burst of arrivals is over, in turns of the event loop. No timer.

Clients that were answered together come again together, and their requests take some turns to be read. Whoever sends
what the first turn brought sends several small messages where one would do, and most of what a message, a look-up or
a transaction costs does not depend on its size (decision 0011).
"""

import asyncio
from collections.abc import Callable

_QUIET_TURNS = 2
"""A burst is over when so many turns in a row brought nothing. A turn without work takes microseconds."""
_TURNS_AT_MOST = 24
"""Where arrivals never pause, this many turns are waited for."""


def when_over(size: Callable[[], int], go: Callable[[], None], *, enough: int) -> None:
    """Call ``go`` once the burst is over, or ``size`` has become ``enough``.

    ``size`` tells how many have arrived.
    """
    asyncio.get_running_loop().call_soon(_turn, size, go, enough, size(), 0, _TURNS_AT_MOST)


def _turn(size: Callable[[], int], go: Callable[[], None], enough: int, seen: int, quiet: int, left: int) -> None:
    arrived = size()
    quiet = quiet + 1 if arrived == seen else 0
    if quiet >= _QUIET_TURNS or arrived >= enough or not left:
        go()
    else:
        asyncio.get_running_loop().call_soon(_turn, size, go, enough, arrived, quiet, left - 1)
