"""What may happen in a history, generated; and made happen, in the world and in the model alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hypothesis import strategies as st

from schemas.messages.commands import Command, CreateResource, DeleteResource
from schemas.messages.outcomes import Applied, Outcome, Rejected
from tenants.administration.tenants import SettingsChange
from tenants.policies.settings import Activation, Authentication, Deprovisioning, OperationMode
from tests.laws.fate import Manner
from tests.laws.model import CREATED, GONE, OK, Answer, Request
from tests.support.lane import Lane

USERS, GROUPS = range(1, 4), range(4, 6)
"""Places in which resources are made; a step names a place, and acts on whatever was made there last. Few, so that they
get into each other's way."""
_PASSING = 5
"""The number of the name under which people come of whom nothing lasting is known: they have no externalId."""


class Step(NamedTuple):
    """Something that the identity provider does."""

    what: str
    place: int
    other: int
    """The number of a name, or the place of a member."""
    flag: bool


class Burst(NamedTuple):
    """Steps of which none waits for the answer to the one before."""

    steps: tuple[Step, ...]


class Setting(NamedTuple):
    """A choice of the administrator's."""

    name: str
    value: str


class Work(NamedTuple):
    """A job that the administrator starts."""

    kind: str
    """``release``, ``activate`` or ``align``."""
    places: tuple[int, ...]
    """Nobody: all."""


class Kill(NamedTuple):
    """The end of a worker, at one of the next calls of its ports."""

    call: int
    manner: Manner
    takes_bus: bool


class Look(NamedTuple):
    """A moment at which everything that can be seen is compared."""


Turn = Burst | Setting | Work | Kill | Look
_CHANGES: dict[Setting, SettingsChange] = {
    **{Setting("mode", mode.value): SettingsChange(mode=mode) for mode in OperationMode},
    **{Setting("activation", one.value): SettingsChange(activation=one) for one in Activation},
    **{Setting("authentication", one.value): SettingsChange(authentication=one) for one in Authentication},
    **{Setting("deprovisioning", one.value): SettingsChange(deprovisioning=one) for one in Deprovisioning},
}
GO_LIVE, _DRY_RUN = Setting("mode", "sync"), Setting("mode", "dry_run")


def _weighed(weights: dict[str, int]) -> list[str]:
    return [name for name, weight in weights.items() for _ in range(weight)]


_NAMES = st.integers(1, _PASSING)
_user_steps = st.builds(
    Step,
    st.sampled_from(_weighed({"create": 3, "rename": 2, "active": 2, "put": 2, "title": 1, "delete": 2})),
    st.sampled_from(USERS),
    _NAMES,
    st.booleans(),
)
_group_steps = st.builds(
    Step,
    st.sampled_from(
        _weighed({"add": 3, "create": 1, "rename": 1, "put": 1, "remove": 1, "members": 1, "clear": 1, "delete": 1})
    ),
    st.sampled_from(GROUPS),
    st.sampled_from([*USERS, *GROUPS]),
    st.booleans(),
)
_steps = st.sampled_from([_user_steps, _user_steps, _group_steps]).flatmap(lambda steps: steps)
_bursts = st.lists(_steps, min_size=1, max_size=4).map(tuple).map(Burst)


def _feud(leaver: int, heir: int, name: int) -> Burst:
    """Return a leave, another person with the leaver's name, and the leaver's return under a new one."""
    return Burst(
        (
            Step("delete", leaver, name, flag=True),
            Step("rename", heir, leaver, flag=True),
            Step("create", leaver, name, flag=True),
        )
    )


_feuds = st.builds(_feud, st.sampled_from(USERS), st.sampled_from(USERS), _NAMES)
_settings = st.sampled_from([GO_LIVE, GO_LIVE, GO_LIVE, _DRY_RUN, *_CHANGES])
_places = st.lists(st.sampled_from([*USERS, *GROUPS]), max_size=3, unique=True).map(tuple)
_work = st.builds(Work, st.sampled_from(["release", "release", "activate", "align"]), _places)
_kills = st.builds(Kill, st.integers(1, 9), st.sampled_from(Manner), st.booleans())
_KINDS: dict[str, st.SearchStrategy[Turn]] = {
    "burst": _bursts,
    "feud": _feuds,
    "setting": _settings,
    "work": _work,
    "kill": _kills,
    "look": st.just(Look()),
}
_turns = st.sampled_from(_weighed({"burst": 7, "feud": 1, "setting": 2, "work": 2, "kill": 2, "look": 1})).flatmap(
    _KINDS.__getitem__
)
PEOPLED = Burst(
    (
        *(Step("create", place, place, flag=True) for place in (*USERS, *GROUPS)),
        *(Step("add", group, member, flag=True) for group, member in ((4, 1), (4, 2), (5, 1), (5, 4))),
    )
)
_beginnings = st.tuples(
    st.sampled_from([Setting("activation", one.value) for one in Activation]),
    st.sampled_from([Setting("deprovisioning", one.value) for one in Deprovisioning]),
    st.sampled_from([GO_LIVE, GO_LIVE, _DRY_RUN]),
)
histories: st.SearchStrategy[list[Turn]] = st.tuples(_beginnings, st.lists(_turns, min_size=12, max_size=40)).map(
    lambda parts: [*parts[0], PEOPLED, *parts[1]]
)
"""How a tenant is set up, who is there at first, and what happens then."""


@dataclass
class Cast:
    """Which resource was made last in each place."""

    made: dict[int, str] = field(default_factory=dict)
    _deleted: set[str] = field(default_factory=set)

    def at(self, places: Sequence[int]) -> list[str]:
        """Return the resources that were made there."""
        return [self.made[place] for place in places if place in self.made]

    def next(self, lane: Lane, step: Step) -> tuple[Request, Command] | None:
        """Return the step for the model and for the world; None where it is about nobody."""
        kind = "User" if step.place in USERS else "Group"
        id = self.made.get(step.place)
        # Clients that look before they write make whoever is not there any more.
        if step.what == "create" or (step.what in {"put", "rename"} and id in self._deleted):
            attributes = _new(kind, step)
            made = lane.create(kind, **attributes)
            self.made[step.place] = made.resource_id
            return Request("POST", kind, made.resource_id, attributes), made
        if id is None:
            return None
        if step.what == "delete":
            self._deleted.add(id)
            return Request("DELETE", kind, id, {}), lane.delete(id, kind)
        if step.what == "put":
            whole = _new(kind, step) | ({"members": self._members(step)} if kind == "Group" else {})
            return Request("PUT", kind, id, whole), lane.replace(id, kind, **whole)
        operation = self._operation(step, kind)
        return Request("PATCH", kind, id, operation), lane.patch(id, operation, resource_type=kind)

    def _operation(self, step: Step, kind: str) -> dict[str, Any]:
        name = "userName" if kind == "User" else "displayName"
        member = self.made.get(step.other, "nobody")
        operations: dict[str, dict[str, Any]] = {
            "rename": {"op": "replace", "path": name, "value": _name(step)},
            "active": {"op": "replace", "path": "active", "value": step.flag},
            "title": {"op": "replace", "path": "title", "value": f"t{step.other}"},
            "add": {"op": "add", "path": "members", "value": self._members(step)},
            "members": {"op": "replace", "path": "members", "value": self._members(step)},
            "remove": {"op": "remove", "path": f'members[value eq "{member}"]'},
            "clear": {"op": "remove", "path": "members"},
        }
        return operations[step.what]

    def _members(self, step: Step) -> list[dict[str, Any]]:
        return [{"value": self.made[step.other]}] if step.other in self.made else []


def _name(step: Step) -> str:
    """Return the name of that number, in either case: no difference to whether it is taken."""
    return f"{'n' if step.flag else 'N'}{step.other}"


def _new(kind: str, step: Step) -> dict[str, Any]:
    if kind == "Group":
        return {"displayName": _name(step)}
    lasting = {"externalId": f"e{step.place}"} if step.other != _PASSING else {}
    return {"userName": _name(step), **lasting, "active": step.flag}


def change_of(setting: Setting) -> SettingsChange:
    """Return the setting as an administrator changes it."""
    return _CHANGES[setting]


def answer_of(command: Command, outcome: Outcome) -> Answer:
    """Return what the identity provider is told."""
    match outcome:
        case Applied(created=True):
            assert isinstance(command, CreateResource)
            return Answer(CREATED, outcome.resource_id)
        case Applied():
            return Answer(GONE if isinstance(command, DeleteResource) else OK, outcome.resource_id)
        case Rejected():
            return Answer(outcome.status)
        case _:
            raise AssertionError(outcome)
