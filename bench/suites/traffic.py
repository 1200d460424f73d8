"""The traffic of an identity provider on a tenant that begins empty: every subject, every round."""

import itertools

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


def run_traffic(stage: Stage, users: int) -> None:
    """Run all phases of traffic on the stage's subject."""
    client = Client(stage.target)
    warm_up(stage, client)
    if stage.wants(SYNC):
        for at_once in SYNC_LEVELS:
            persons = people(f"sync{at_once}", int(users * _USERS_SHARE.get(at_once, 1)))
            stage.closed(SYNC, client.initial_sync(persons), at_once=at_once)
    created = stored_users(_create(stage, client, users).bodies)
    if created:
        _look_up(stage, client, created)
        _change(stage, client, created)


def warm_up(stage: Stage, client: Client) -> None:
    """Bring connections, caches and compilers up, unrecorded."""
    stage.closed("(warm-up)", client.initial_sync(people("warm", _WARM_UP_USERS)), at_once=8)


def _create(stage: Stage, client: Client, users: int) -> Recording:
    scripts = ([client.create_user(person, keeps_body=True)] for person in people("user", users))
    return stage.closed(CREATE, scripts, at_once=8)


def _look_up(stage: Stage, client: Client, created: list[StoredUser]) -> None:
    strangers = people("nobody", len(created))
    loads = {
        MISS: [client.look_up("userName", stranger.user_name, finds=0) for stranger in strangers],
        HIT: [client.look_up("userName", user.user_name, finds=1) for user in created],
        READ: [client.read_user(user) for user in created],
    }
    if stage.subject.has_external_ids:
        loads[HIT_EXTERNAL] = [client.look_up("externalId", user.external_id, finds=1) for user in created]
    for phase, exchanges in loads.items():
        if stage.wants(phase):
            for at_once in READ_LEVELS:
                stage.closed(phase, ([exchange] for exchange in itertools.cycle(exchanges)), at_once=at_once)


def _change(stage: Stage, client: Client, created: list[StoredUser]) -> None:
    for at_once in WRITE_LEVELS:
        if stage.wants(PATCH):
            stage.closed(PATCH, client.toggling(created), at_once=at_once)
        if stage.wants(PUT) and stage.subject.has_put:
            stage.closed(PUT, client.replacing(created), at_once=at_once)
    if stage.wants(DELETE):
        stage.closed(DELETE, ([client.delete_user(user)] for user in created), at_once=8)
