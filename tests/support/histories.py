"""Random histories of a tenant, and what can be seen and has to hold after them."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from schemas.ids import ResourceId
from schemas.messages.commands import Command
from schemas.messages.events import Event, EventType
from schemas.messages.outcomes import Applied, Outcome, Rejected
from tenants.directory.records import AccountStatus, Hold
from tenants.directory.writer import Need
from tenants.policies.settings import Deprovisioning, OperationMode, Policies
from tests.support import builders
from tests.support.lane import Lane

USERS, GROUPS = range(1, 5), range(5, 8)
"""Places in which resources are made; a step names a place, and acts on whatever was made there last."""
Step = tuple[str, int, int, bool]
user_steps = st.tuples(
    st.sampled_from(["create", "rename", "active", "active", "put", "delete"]),
    st.sampled_from(USERS),
    st.sampled_from(USERS),
    st.booleans(),
)
group_steps = st.tuples(
    st.sampled_from(["create", "rename", "put", "delete", "add", "add", "add", "remove", "remove", "members", "clear"]),
    st.sampled_from(GROUPS),
    st.integers(1, 7),
    st.booleans(),
)
PEOPLED: list[Step] = [("create", place, place, True) for place in (*USERS, *GROUPS)]
PEOPLED += [("add", group, user, True) for group, user in ((5, 1), (5, 2), (6, 1), (6, 5))]
steps = st.lists(user_steps | group_steps, min_size=4, max_size=20).map(lambda history: PEOPLED + history)
deprovisioning = st.sampled_from(Deprovisioning)


def command(lane: Lane, step: Step, made: dict[int, str]) -> Command | None:
    """Return the step as a command; resources get the ids that ``made`` remembers."""
    what, place, other, flag = step
    kind = "User" if place in USERS else "Group"
    unique: dict[str, Any] = {"userName" if kind == "User" else "displayName": f"n{other}"}
    if what == "create":
        extra = {"externalId": f"e{other}", "active": flag} if kind == "User" else {}
        created = lane.create(kind, **unique, **extra)
        made[place] = created.resource_id
        return created
    id = made.get(place)
    if id is None:
        return None
    members = [{"value": made[other]}] if other in made else []
    path = f'members[value eq "{made.get(other, "nobody")}"]'
    operations: dict[str, dict[str, Any]] = {
        "rename": {"op": "replace", "path": next(iter(unique)), "value": f"n{other}"},
        "active": {"op": "replace", "path": "active", "value": flag},
        "add": {"op": "add", "path": "members", "value": members},
        "remove": {"op": "remove", "path": path},
        "members": {"op": "replace", "path": "members", "value": members},
        "clear": {"op": "remove", "path": "members"},
    }
    if what == "delete":
        return lane.delete(id, kind)
    if what == "put":
        rest: dict[str, Any] = {"members": members} if kind == "Group" else {"active": flag}
        return lane.replace(id, kind, **unique | rest)
    if (what in {"add", "remove", "members", "clear"}) != (kind == "Group") and what != "rename":
        return None
    return lane.patch(id, operations[what], resource_type=kind)


def commands_of(lane: Lane, history: Sequence[Step]) -> list[Command]:
    made: dict[int, str] = {}
    return [found for step in history if (found := command(lane, step, made)) is not None]


async def state_of(lane: Lane) -> dict[str, Any]:
    """Return everything that can be seen of a tenant."""
    ids = [builders.resource_id(number) for number in range(1, 80)]
    users = {id: found for id in ids if (found := await lane.read(id)) is not None}
    groups = {id: found for id in ids if (found := await lane.read(id, "Group")) is not None}
    return {
        "users": users,
        "groups": groups,
        "members": {id: await lane.members(id) for id in groups},
        "accounts": {account.id: account for account in await lane.accounts()},
        "cohorts": {id: await lane.cohort_members(id) for id in ids},
    }


def said(outcomes: Sequence[Outcome]) -> list[object]:
    """Return what the clients are told, without what differs between tenants and transactions."""
    return [
        (outcome.body, outcome.version, outcome.changed)
        if isinstance(outcome, Applied)
        else (outcome.status, outcome.scim_type)
        for outcome in outcomes
        if isinstance(outcome, Applied | Rejected)
    ]


def unguarded(leaving: Deprovisioning) -> Policies:
    """Return policies in sync mode under which histories may let go of anybody."""
    return Policies(mode=OperationMode.SYNC, deprovisioning=leaving, has_guard=False)


async def assert_equal_sides(lane: Lane) -> None:
    """See that the LMS side is what the directory says, but for who waits for a name that a kept account has."""
    state = await state_of(lane)
    held = await _held(lane, list(state["users"]))
    linked = {account.resource: account for account in state["accounts"].values() if account.resource is not None}
    for id, user in state["users"].items():
        account = linked.pop(id, None)
        if account is not None and id not in held:
            attributes = {k: v for k, v in user.items() if k not in {"schemas", "id", "meta", "active"}}
            assert account.profile == attributes
            assert (account.status is AccountStatus.DISABLED) == (user["active"] is False)
    assert not linked, "accounts of nobody"
    with_accounts = {account.resource for account in state["accounts"].values()} | state["groups"].keys()
    for id, members in state["members"].items():
        assert state["cohorts"][id] == [member for member in members if member in with_accounts]


async def _held(lane: Lane, users: list[ResourceId]) -> set[ResourceId]:
    """Return the Users that wait for a login which a leaver's kept account still has."""
    snapshot = await lane.stores.writer.load(lane.tenant, Need(resources=frozenset(users)))
    held = {id for id, user in snapshot.resources.items() if user.hold is Hold.CONFLICT}
    assert not held or any(account.resource is None for account in await lane.accounts())
    return held


def told(events: Sequence[Event]) -> tuple[dict[str, object], dict[str, set[str]]]:
    """Return accounts and cohort members as an LMS knows them that heard the events and nothing else."""
    accounts: dict[str, object] = {}
    cohorts: dict[str, set[str]] = {}
    for event in events:
        payload = event.payload
        match event.type:
            case EventType.ACCOUNT_ERASED:
                del accounts[event.subject]
            case EventType.COHORT_REMOVED:
                del cohorts[event.subject]
            case EventType.COHORT_CREATED:
                cohorts[event.subject] = set()
            case EventType.COHORT_UPDATED:
                assert event.subject in cohorts
            case EventType.MEMBER_ADDED:
                cohorts[event.subject].add(payload["user"])
            case EventType.MEMBER_REMOVED:
                cohorts[event.subject].remove(payload["user"])
            case _:
                accounts[event.subject] = (payload["login"], payload["status"], payload["profile"], payload["user"])
    return accounts, cohorts
