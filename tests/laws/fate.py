"""How a worker of these histories dies: at one of its calls of a port, after which no other call of its gets through.

All that a worker does to the world it does through its ports. So one whose ports fall silent is as dead as one that was
killed with -9 there, whatever its memory still holds.
"""

import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import Enum
from functools import partial
from typing import Any, TypeVar, cast

from tenants.errors import DuplicateError, LaneLostError

P = TypeVar("P")
Call = Callable[[], Awaitable[object]]


class Killed(BaseException):
    """The worker is dead; nothing that handles errors is to catch this."""


class Manner(Enum):
    """How far the fatal call got."""

    BEFORE = "before"
    """It was not carried out."""
    AFTER = "after"
    """It was carried out, and the worker never learned of it."""
    BELATED = "belated"
    """A write is carried out when the next worker has begun already; outcomes are told, but not acknowledged."""


COUNTED = frozenset(
    {"load", "commit", "settle", "park"}
    | {"claim", "advance", "send", "counts", "pending", "pending_memberships", "resources", "accounts"}
)
"""Calls that belong to a batch or to a step of a job. What is asked every now and then would make histories differ."""
_WRITES, _READS = frozenset({"commit", "advance"}), frozenset({"load", "claim"})


class Fate:
    """When and how the worker dies, and what the last one left on its way."""

    def __init__(self) -> None:
        """Let nobody die yet."""
        self.deaths = 0
        self.takes_bus = False
        """Whether the bus ends with the worker, as in a shape of one process."""
        self.tell_only: Callable[..., Awaitable[None]] | None = None
        """Tells outcomes without acknowledging."""
        self._countdown = 0
        self._manner = Manner.BEFORE
        self._is_dead = False
        self._belated: list[Call] = []

    def kill_at(self, call: int, manner: Manner, *, takes_bus: bool) -> None:
        """Have the worker die at this counted call from now on."""
        self._countdown, self._manner, self.takes_bus = call, manner, takes_bus

    def begin_life(self) -> None:
        """Let another worker live."""
        self._is_dead = False

    async def carry_out_belated(self) -> None:
        """Carry out what a dead worker left on its way; what that came to nobody learns."""
        belated, self._belated = self._belated, []
        for call in belated:
            with suppress(LaneLostError, DuplicateError):
                await call()

    async def call(self, name: str, method: Callable[..., Awaitable[Any]], *args: Any, **named: Any) -> object:
        """Carry out a worker's call, unless it is dead or dies of it."""
        self._require_life()
        if name not in COUNTED:
            return await method(*args, **named)
        self._countdown -= 1
        is_fatal = self._countdown == 0
        if is_fatal and self._manner is not Manner.AFTER:
            if self._manner is Manner.BELATED:
                await self._leave_on_its_way(name, partial(method, *args, **named))
            self._die()
        result = await method(*args, **named)
        if name in _READS:
            await self.carry_out_belated()
        self._require_life()
        if is_fatal:
            self._die()
        return result

    async def _leave_on_its_way(self, name: str, call: "partial[Awaitable[object]]") -> None:
        if name in _WRITES and not self.takes_bus:
            self._belated.append(call)
        elif name == "settle" and self.tell_only is not None:
            await self.tell_only(*call.args)

    def _require_life(self) -> None:
        if self._is_dead:
            raise Killed

    def _die(self) -> None:
        self._is_dead = True
        self.deaths += 1
        raise Killed


def mortal(port: P, fate: Fate) -> P:
    """Return the port as a worker has it that this may befall."""
    return cast("P", _Mortal(port, fate))


class _Mortal:
    def __init__(self, port: object, fate: Fate) -> None:
        self._port = port
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        return partial(self._fate.call, name, found) if inspect.iscoroutinefunction(found) else found
