"""Everything that can be seen of a tenant, as plain values: in the product, and in the model."""

from collections import Counter
from typing import Any

import orjson

from schemas.ids import ResourceId
from schemas.messages.events import OPERATIONAL
from schemas.scim.rendering import BASE
from tenants.directory.pending import PendingKind
from tenants.read_cache.port import KeyKind, LookupKey
from tests.laws.model import Directory
from tests.laws.world import World
from tests.support.applied import Follower
from tests.support.histories import told

_NOT_ATTRIBUTES = {"schemas", "id", "meta"}
_MANY = 1_000


async def seen(world: World, ids: list[str]) -> dict[str, Any]:
    """Return what the product has; of the directory what reads by these ids return."""
    users, groups = await _read(world, "User", ids), await _read(world, "Group", ids)
    members = await world.lane.stores.directory.members(world.lane.tenant, [ResourceId(id) for id in groups])
    accounts = await world.lane.accounts()
    cohorts = await world.lane.stores.accounts.cohorts(world.lane.tenant, after="", limit=_MANY)
    return {
        "users": users,
        "groups": groups,
        "members": {id: sorted(member.id for member in members.get(ResourceId(id), ())) for id in groups},
        "accounts": {
            one.id: (
                one.resource,
                one.login_key,
                one.login,
                one.external_id,
                one.profile,
                one.status.value,
                one.sign_in,
                one.activated,
            )
            for one in accounts
        },
        "cohorts": {one.resource: (one.name, sorted(await world.lane.cohort_members(one.resource))) for one in cohorts},
        "waiting": await _waiting(world),
        "leavers": await _leavers(world),
    }


def expected(model: Directory) -> dict[str, Any]:
    """Return what the model has."""
    lms = model.lms
    return {
        "users": model.users,
        "groups": model.groups,
        "members": {id: sorted(members) for id, members in model.members.items()},
        "accounts": {
            one.id: (
                one.user,
                one.login,
                one.profile["userName"],
                one.external_id,
                one.profile,
                one.status,
                one.sign_in,
                one.was_active,
            )
            for one in lms.accounts.values()
        },
        "cohorts": {id: (one.name, sorted(one.members)) for id, one in lms.cohorts.items()},
        "waiting": lms.waiting,
        "leavers": lms.leavers,
    }


async def check_records(world: World) -> None:
    """See that events and audit log tell the same story, each thing once and in order."""
    events = await world.lane.events()
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert [event.sequence for event in events] == sorted(event.sequence for event in events)
    follower = Follower()
    for event in events:
        follower.follow(event)
    lms, cohorts = told([event for event in events if event.type not in OPERATIONAL])
    accounts = await world.lane.accounts()
    assert lms == {one.id: (one.login, one.status.value, one.profile, one.resource) for one in accounts}
    there = await world.lane.stores.accounts.cohorts(world.lane.tenant, after="", limit=_MANY)
    assert cohorts == {one.resource: set(await world.lane.cohort_members(one.resource)) for one in there}
    assert (follower.members, follower.cohorts) == (cohorts, {one.resource: one.name for one in there})
    entries = await world.lane.audit()
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    assert not (await world.verified()).fault
    noted = Counter(entry.request_id for entry in entries if entry.action.startswith("scim."))
    assert set(noted.values()) <= {1}, "a request was carried out twice"
    assert set(world.sent) - world.lost <= noted.keys() <= set(world.sent), "a request was not carried out"


async def _read(world: World, type: str, ids: list[str]) -> dict[str, Any]:
    keys = {id: LookupKey(world.lane.tenant, type, KeyKind.ID, id) for id in ids}
    found = await world.lane.stores.read_cache.find(list(keys.values()))
    bodies = {
        id: orjson.loads(found[key][0].rendered.replace(BASE, b"/scim")) for id, key in keys.items() if found.get(key)
    }
    return {
        id: {name: value for name, value in body.items() if name not in _NOT_ATTRIBUTES} for id, body in bodies.items()
    }


async def _waiting(world: World) -> dict[str, str]:
    found: dict[str, str] = {}
    for kind in (PendingKind.USER, PendingKind.GROUP):
        for one in await world.lane.stores.pending.pending(world.lane.tenant, kind, after=ResourceId(""), limit=_MANY):
            assert one.resource is not None
            found[one.id] = one.resource.hold.value if one.resource.hold is not None else ""
    return found


async def _leavers(world: World) -> set[str]:
    leavers = await world.lane.stores.pending.pending(
        world.lane.tenant, PendingKind.LEAVER, after=ResourceId(""), limit=_MANY
    )
    return {one.id for one in leavers}
