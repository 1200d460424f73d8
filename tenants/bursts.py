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


class Burst:
    """Whatever arrives together, and what is done once all of it is there."""

    __slots__ = ("_enough", "_go", "_is_awaited", "_size")

    def __init__(self, size: Callable[[], int], go: Callable[[], None], *, enough: int) -> None:
        """Nothing happens before ``await_end``. ``size`` tells how many have arrived."""
        self._size = size
        self._go = go
        self._enough = enough
        self._is_awaited = False

    def await_end(self) -> None:
        """Call ``go`` once the burst is over, or ``size`` has become ``enough``; nothing more while that is awaited."""
        if not self._is_awaited:
            self._is_awaited = True
            asyncio.get_running_loop().call_soon(self._turn, self._size(), 0, _TURNS_AT_MOST)

    def _turn(self, seen: int, quiet: int, left: int) -> None:
        arrived = self._size()
        quiet = quiet + 1 if arrived == seen else 0
        if quiet >= _QUIET_TURNS or arrived >= self._enough or not left:
            self._is_awaited = False
            self._go()
        else:
            asyncio.get_running_loop().call_soon(self._turn, arrived, quiet, left - 1)
