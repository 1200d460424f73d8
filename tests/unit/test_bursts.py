"""Bursts: what arrives turn after turn is waited for, without a timer, and not for ever."""

import asyncio
from dataclasses import dataclass, field

from tenants.bursts import Burst


@dataclass(slots=True)
class Arrivals:
    """What arrived, and how much of it was there each time that it was sent."""

    count: int = 1
    sent: list[int] = field(default_factory=list)

    def watch(self, *, enough: int = 100) -> None:
        Burst(lambda: self.count, lambda: self.sent.append(self.count), enough=enough).await_end()

    async def arrive(self, *, turns: int, pause: int = 0) -> None:
        """Arrive one by one, in every turn or with a pause of some turns behind each."""
        for _ in range(turns):
            self.count += 1
            await rest(turns=pause + 1)


async def rest(turns: int = 5) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


async def test_one_that_comes_alone_goes_after_two_quiet_turns() -> None:
    arrivals = Arrivals()
    arrivals.watch()
    await rest(turns=1)
    assert arrivals.sent == []
    await rest(turns=1)
    assert arrivals.sent == [1]


async def test_what_comes_turn_after_turn_goes_together() -> None:
    arrivals = Arrivals()
    arrivals.watch()
    await arrivals.arrive(turns=9)
    await rest()
    assert arrivals.sent == [10]


async def test_one_turn_without_an_arrival_does_not_end_a_burst() -> None:
    arrivals = Arrivals()
    arrivals.watch()
    await arrivals.arrive(turns=5, pause=1)
    await rest()
    assert arrivals.sent == [6]


async def test_with_enough_the_end_is_not_waited_for() -> None:
    arrivals = Arrivals()
    arrivals.watch(enough=4)
    await arrivals.arrive(turns=9)
    assert arrivals.sent == [4]


async def test_a_stream_that_never_pauses_is_not_waited_for_for_ever() -> None:
    arrivals = Arrivals()
    arrivals.watch(enough=1_000)
    await arrivals.arrive(turns=100)
    assert len(arrivals.sent) == 1
    assert 20 <= arrivals.sent[0] <= 30


async def test_an_end_that_is_awaited_is_not_awaited_once_more() -> None:
    ends: list[str] = []
    burst = Burst(lambda: 1, lambda: ends.append("over"), enough=100)
    burst.await_end()
    burst.await_end()
    await rest()
    assert ends == ["over"]
    burst.await_end()
    await rest()
    assert ends == ["over", "over"]
