"""A fixed rate, as Entra keeps it, on one tenant, on eight, and beside a tenant that floods."""

import asyncio
import itertools
from collections.abc import Sequence
from functools import partial

import uvloop

from bench.load.closed_loop import run_closed_loop
from bench.load.exchange import Exchange, Target
from bench.load.open_loop import Pace, run_open_loop
from bench.load.recording import Recording
from bench.measuring import Stage
from bench.scim import Client, people
from bench.suites.traffic import warm_up

PER_SECOND = 25
ONE = "25/s on one tenant"
EIGHT = "25/s on each of 8 tenants"
FLOODED = "25/s beside a tenant that floods"
PHASES = (ONE, EIGHT, FLOODED)

TENANTS = 8
_FLOOD_AT_ONCE = 32
_FLOOD_USERS_PER_SECOND = 3_000
"""More than any subject takes."""


def run_pace(stage: Stage, seconds: float, rounds: int) -> None:
    """Run all phases at a fixed rate on the stage's subject."""
    warm_up(stage, Client(stage.target))
    loads = {ONE: (_paced, 1), EIGHT: (_paced, TENANTS), FLOODED: (_flooded, 1)}
    for number, (phase, (load, tenants)) in itertools.product(range(1, rounds + 1), loads.items()):
        if stage.wants(phase):
            targets = stage.subject.targets
            crowd = f"{phase.split()[-1]}{tenants}-{number}"
            run = load(targets[-tenants:], targets[0], crowd, seconds)
            stage.in_round(number).measure(phase, tenants, partial(uvloop.run, run), owns_cpu=phase != FLOODED)


async def _paced(targets: Sequence[Target], _: Target, crowd: str, seconds: float) -> Recording:
    """Keep the pace on each of the tenants."""
    gap = 1 / PER_SECOND / len(targets)
    paces = [Pace(PER_SECOND, offset_seconds=number * gap) for number in range(len(targets))]
    recordings = await asyncio.gather(
        *(
            run_open_loop(target, _sync_requests(target, crowd, seconds), pace)
            for target, pace in zip(targets, paces, strict=True)
        )
    )
    return Recording.of_all(recordings)


async def _flooded(targets: Sequence[Target], flooded: Target, crowd: str, seconds: float) -> Recording:
    """Keep the pace on one tenant while another is flooded; only the former is recorded."""
    flood = Client(flooded).initial_sync(people(f"flood{crowd}", round(seconds * _FLOOD_USERS_PER_SECOND)))
    recording, _ = await asyncio.gather(
        _paced(targets, flooded, crowd, seconds),
        run_closed_loop(flooded, flood, at_once=_FLOOD_AT_ONCE, seconds=seconds),
    )
    return recording


def _sync_requests(target: Target, crowd: str, seconds: float) -> list[Exchange]:
    """Return the requests of an initial sync, one after the other, for so long at the pace."""
    persons = people(crowd, round(seconds * PER_SECOND) // 2)
    return list(itertools.chain.from_iterable(Client(target).initial_sync(persons)))
