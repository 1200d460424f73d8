"""What must not grow with the tenant: a big crowd, its pages, and groups small and large. One start, several rounds."""

import itertools
from collections.abc import Iterator, Sequence

from bench.load.exchange import Script
from bench.measuring import Stage
from bench.scim import PAGE, Client, growing, ids_of, people, stored_users
from bench.suites.traffic import warm_up
from bench.usage import resident_mib

SYNC_EMPTY = "initial sync into an empty tenant"
SYNC_FULL = "initial sync into a full tenant"
POPULATE = "populate"
PAGE_FIRST = "first page of 100"
PAGE_DEEP = "deepest page of 100"
GROW = "grow a group to 10,000"

_GROUP_SIZES = (10, 1_000)
_GROWN = 10_000
_FLOATERS = 200
_MOST_USERS = 20_000
_PATIENCE_SECONDS = 600.0
_GROWTH_UNIT = 10_000


def one_member(size: int) -> str:
    """Return the phase in which single members come and go in a group of the size."""
    return f"one member in a group of {size:,}"


def group_look_up(size: int) -> str:
    """Return the phase in which a group of the size is looked up."""
    return f"look-up of a group of {size:,}"


def growth_of(role: str) -> str:
    """Return the name of the figure: a role's growth in MiB per 10,000 requests."""
    return f"{role}: MiB more per 10,000 requests"


def phases(crowd: int) -> list[str]:
    """Return the names of all phases."""
    sizes = (*_GROUP_SIZES, crowd)
    return [
        *(SYNC_EMPTY, POPULATE, SYNC_FULL, PAGE_FIRST, PAGE_DEEP, GROW),
        *map(one_member, sizes),
        *map(group_look_up, sizes),
    ]


def run_scale(stage: Stage, crowd: int, rounds: int) -> None:
    """Run all phases of scale on the stage's subject."""
    client = Client(stage.target)
    warm_up(stage, client)
    _sync(stage, client, SYNC_EMPTY, rounds)
    ids = _populate(stage, client, crowd + _FLOATERS)
    _sync(stage, client, SYNC_FULL, rounds)
    _pages(stage, client, crowd, rounds)
    _groups(stage, client, ids, rounds)


def _sync(stage: Stage, client: Client, phase: str, rounds: int) -> None:
    if not stage.wants(phase):
        return
    for number in range(1, rounds + 1):
        persons = people(f"{phase.split()[-2]}{number}", _MOST_USERS)
        stage.in_round(number).closed(phase, client.initial_sync(persons), at_once=32)


def _populate(stage: Stage, client: Client, count: int) -> list[str]:
    """Create the crowd in two halves; memory that still grows in the second is growth, not warming up."""
    persons = people("crowd", count)
    halves = (persons[: count // 2], persons[count // 2 :])
    bodies: list[bytes] = []
    before = resident_mib(stage.subject.roles)
    for number, half in enumerate(halves, 1):
        before = resident_mib(stage.subject.roles)
        scripts = [[client.create_user(person, keeps_body=True)] for person in half]
        bodies += stage.in_round(number).closed(POPULATE, scripts, at_once=64, seconds=_PATIENCE_SECONDS).bodies
    after = resident_mib(stage.subject.roles)
    for role, mib in after.items():
        stage.note(growth_of(role), (mib - before[role]) * _GROWTH_UNIT / len(halves[1]))
    return [user.id for user in stored_users(bodies)]


def _pages(stage: Stage, client: Client, crowd: int, rounds: int) -> None:
    exchanges = {PAGE_FIRST: client.list_users(1), PAGE_DEEP: client.list_users(crowd - PAGE + 1)}
    for number, (phase, exchange) in itertools.product(range(1, rounds + 1), exchanges.items()):
        if stage.wants(phase):
            stage.in_round(number).closed(phase, itertools.repeat([exchange]), at_once=8)


def _groups(stage: Stage, client: Client, ids: Sequence[str], rounds: int) -> None:
    members, floaters = ids[:-_FLOATERS], ids[-_FLOATERS:]
    if stage.wants(GROW) and len(members) >= _GROWN:
        _grow(stage, client, GROW, members[:_GROWN])
    sizes = [size for size in (*_GROUP_SIZES, len(members)) if stage.wants(one_member(size), group_look_up(size))]
    groups = {size: _grow(stage, client, f"(grow a group to {size:,})", members[:size]) for size in sizes}
    for number, (size, group_id) in itertools.product(range(1, rounds + 1), groups.items()):
        on_stage = stage.in_round(number)
        on_stage.closed(one_member(size), _coming_and_going(client, group_id, floaters), at_once=8)
        look_up = client.look_up_group(_group_name(size))
        on_stage.closed(group_look_up(size), itertools.repeat([look_up]), at_once=8)


def _grow(stage: Stage, client: Client, phase: str, members: Sequence[str]) -> str:
    name = _group_name(len(members)) if phase != GROW else "Grown"
    creation = stage.closed("(create a group)", [[client.create_group(name)]], at_once=1)
    (group_id,) = ids_of(creation.bodies)
    stage.closed(phase, growing(client, group_id, members), at_once=1, seconds=_PATIENCE_SECONDS)
    return group_id


def _group_name(size: int) -> str:
    return f"Group of {size}"


def _coming_and_going(client: Client, group_id: str, floaters: Sequence[str]) -> Iterator[Script]:
    return itertools.cycle(
        [[client.add_members(group_id, [floater]), client.remove_member(group_id, floater)] for floater in floaters]
    )
