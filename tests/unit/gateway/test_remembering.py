"""The short memory of what a store says."""

import asyncio

import pytest

from gateway.remembering import Remembered
from tenants.errors import PortUnavailableError


class Store:
    """Counts how often it is asked; answers with that number once it may."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.is_down = False

    async def load(self, key: str) -> int:
        self.asked.append(key)
        number = len(self.asked)
        await self.may_answer.wait()
        if self.is_down:
            raise PortUnavailableError("down")
        return number


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def remembered(store: Store, clock: Clock, *, size: int = 10) -> Remembered[str, int]:
    return Remembered(store.load, seconds=2.0, size=size, monotonic=clock)


async def test_an_answer_is_remembered_for_its_time_and_no_longer() -> None:
    store, clock = Store(), Clock()
    memory = remembered(store, clock)
    first = await memory.get("a")
    clock.now = 1.9
    assert await memory.get("a") == first
    clock.now = 2.0
    assert await memory.get("a") == first + 1


async def test_what_was_forgotten_is_asked_for_again() -> None:
    store, clock = Store(), Clock()
    memory = remembered(store, clock)
    first = await memory.get("a")
    memory.forget("a")
    assert await memory.get("a") == first + 1


async def test_an_answer_that_was_on_its_way_when_it_was_forgotten_is_not_remembered() -> None:
    store, clock = Store(), Clock()
    memory = remembered(store, clock)
    store.may_answer.clear()
    old = asyncio.ensure_future(memory.get("a"))
    await asyncio.sleep(0)
    memory.forget("a")
    new = asyncio.ensure_future(memory.get("a"))
    await asyncio.sleep(0)
    store.may_answer.set()
    assert (await old, await new, await memory.get("a")) == (1, 2, 2)


async def test_who_asks_at_the_same_time_shares_the_answer() -> None:
    store, clock = Store(), Clock()
    memory = remembered(store, clock)
    answers = await asyncio.gather(memory.get("a"), memory.get("a"), memory.get("b"))
    assert list(answers) == [1, 1, 2]


async def test_one_who_gives_up_does_not_disturb_the_others() -> None:
    store, clock = Store(), Clock()
    memory = remembered(store, clock)
    store.may_answer.clear()
    impatient, patient = asyncio.ensure_future(memory.get("a")), asyncio.ensure_future(memory.get("a"))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.sleep(0)
    store.may_answer.set()
    assert await patient == 1


async def test_a_failure_is_not_remembered() -> None:
    store, clock = Store(), Clock()
    memory = remembered(store, clock)
    store.is_down = True
    with pytest.raises(PortUnavailableError):
        await memory.get("a")
    store.is_down = False
    assert await memory.get("a") == 2


async def test_the_memory_is_bounded_and_drops_the_oldest() -> None:
    store, clock = Store(), Clock()
    memory = remembered(store, clock, size=2)
    for key in "abc":
        await memory.get(key)
    await memory.get("c")
    await memory.get("b")
    assert store.asked == ["a", "b", "c"]
    await memory.get("a")
    assert store.asked == ["a", "b", "c", "a"]
