"""Many tenants instead of one, under the same load in all."""

import itertools
from collections.abc import Sequence

from bench.load.exchange import Script, Target
from bench.measuring import Stage
from bench.scim import Client, people
from bench.suites.traffic import warm_up

ONE = "initial sync of one tenant"
MANY = "initial sync of many tenants"
PHASES = (ONE, MANY)
_AT_ONCE = 64
_MOST_USERS = 20_000


def run_tenants(stage: Stage, rounds: int) -> None:
    """Load one tenant, then all of them in turn, with as many requests at once."""
    warm_up(stage, Client(stage.target))
    loads = {ONE: stage.subject.targets[:1], MANY: stage.subject.targets}
    for number, (phase, targets) in itertools.product(range(1, rounds + 1), loads.items()):
        if stage.wants(phase):
            crowd = f"{phase.split()[-2]}{number}"
            stage.in_round(number).closed(phase, _in_turn(targets, crowd), at_once=_AT_ONCE)


def _in_turn(targets: Sequence[Target], crowd: str) -> list[Script]:
    clients = [Client(target) for target in targets]
    persons = people(crowd, _MOST_USERS // len(clients))
    return list(itertools.chain.from_iterable(zip(*(client.initial_sync(persons) for client in clients), strict=True)))
