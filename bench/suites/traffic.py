"""The traffic of an identity provider on a tenant that begins empty: every subject, every round.

After each phase it is the other subjects' turn: a shared machine is faster in one minute than in the next, and what is
compared should meet the same minute.
"""

import itertools
from collections.abc import Iterator

from bench.load.recording import Recording
from bench.measuring import Stage
from bench.scim import Client, StoredUser, people, stored_users

SYNC = "initial sync"
CREATE = "create"
MISS = "look-up miss"
HIT = "look-up hit"
HIT_EXTERNAL = "look-up hit by externalId"
READ = "read by id"
PATCH = "PATCH active"
PUT = "PUT"
DELETE = "delete"

PHASES = (SYNC, CREATE, MISS, HIT, HIT_EXTERNAL, READ, PATCH, PUT, DELETE)

SYNC_LEVELS = (1, 8, 32, 64)
READ_LEVELS = (8, 64)
WRITE_LEVELS = (8, 64)

_WARM_UP_USERS = 200
# Fewer at once do less in the same time; a phase is not to be left waiting for its share of users.
_USERS_SHARE = {1: 0.25, 8: 0.75}


def traffic(stage: Stage, users: int) -> Iterator[None]:
    """Run all phases of traffic on the stage's subject; after each of them it is the others' turn."""
    client = Client(stage.target)
    warm_up(stage, client)
    yield
    if stage.wants(SYNC):
        for at_once in SYNC_LEVELS:
            persons = people(f"sync{at_once}", int(users * _USERS_SHARE.get(at_once, 1)))
            stage.closed(SYNC, client.initial_sync(persons), at_once=at_once)
            yield
    if not stage.wants(CREATE, MISS, HIT, HIT_EXTERNAL, READ, PATCH, PUT, DELETE):
        return
    created = stored_users(_create(stage, client, users).bodies)
    yield
    if created:
        yield from _look_up(stage, client, created)
        yield from _change(stage, client, created)


def warm_up(stage: Stage, client: Client) -> None:
    """Bring connections, caches and compilers up, unrecorded."""
    stage.closed("(warm-up)", client.initial_sync(people("warm", _WARM_UP_USERS)), at_once=8)


def _create(stage: Stage, client: Client, users: int) -> Recording:
    scripts = [[client.create_user(person, keeps_body=True)] for person in people("user", users)]
    return stage.closed(CREATE, scripts, at_once=8)


def _look_up(stage: Stage, client: Client, created: list[StoredUser]) -> Iterator[None]:
    strangers = people("nobody", len(created))
    loads = {
        MISS: [client.look_up("userName", stranger.user_name, finds=0) for stranger in strangers],
        HIT: [client.look_up("userName", user.user_name, finds=1) for user in created],
        READ: [client.read_user(user) for user in created],
        HIT_EXTERNAL: [client.look_up("externalId", user.external_id, finds=1) for user in created],
    }
    for phase, exchanges in loads.items():
        is_possible = phase != HIT_EXTERNAL or stage.subject.has_external_ids
        if stage.wants(phase):
            for at_once in READ_LEVELS:
                if is_possible:
                    stage.closed(phase, itertools.cycle([[exchange] for exchange in exchanges]), at_once=at_once)
                yield


def _change(stage: Stage, client: Client, created: list[StoredUser]) -> Iterator[None]:
    for at_once in WRITE_LEVELS:
        if stage.wants(PATCH):
            stage.closed(PATCH, client.toggling(created), at_once=at_once)
            yield
        if stage.wants(PUT):
            if stage.subject.has_put:
                stage.closed(PUT, client.replacing(created), at_once=at_once)
            yield
    if stage.wants(DELETE):
        stage.closed(DELETE, [[client.delete_user(user)] for user in created], at_once=8)
        yield
