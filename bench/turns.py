"""Turns: several subjects play the same suite side by side, a step each."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager


def take_turns(playing: Mapping[str, Iterator[None]], guarded: Callable[[str], AbstractContextManager[None]]) -> None:
    """Let each player do a step, then, in the opposite order, each the next one, until all have ended.

    A machine that gets faster or slower while they play so favours nobody.

    Args:
        playing: Who plays; each iteration is a step.
        guarded: Surrounds each step of a player; when it holds back what a step raises, that player is out.
    """
    left = list(playing)
    while left:
        going_on: list[str] = []
        for name in left:
            with guarded(name):
                for _ in playing[name]:
                    going_on.append(name)
                    break
        left = going_on[::-1]
