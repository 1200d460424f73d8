from collections.abc import Iterator
from contextlib import contextmanager

from bench.turns import take_turns


def test_turns_go_back_and_forth_until_everybody_has_ended() -> None:
    done: list[str] = []

    def steps(name: str, count: int) -> Iterator[None]:
        for number in range(1, count + 1):
            done.append(f"{name}{number}")
            yield

    @contextmanager
    def unguarded(_: str) -> Iterator[None]:
        yield

    take_turns({"a": steps("a", 3), "b": steps("b", 2), "c": steps("c", 3)}, unguarded)

    assert done == ["a1", "b1", "c1", "c2", "b2", "a2", "a3", "c3"]


def test_who_breaks_down_is_out_and_the_others_go_on() -> None:
    done: list[str] = []
    told: list[str] = []

    def sound() -> Iterator[None]:
        for number in range(3):
            done.append(f"sound{number}")
            yield

    def broken() -> Iterator[None]:
        done.append("broken")
        yield
        raise OSError("gone")

    @contextmanager
    def noting(name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            told.append(f"{name}: {error}")

    take_turns({"sound": sound(), "broken": broken()}, noting)

    assert done == ["sound0", "broken", "sound1", "sound2"]
    assert told == ["broken: gone"]
