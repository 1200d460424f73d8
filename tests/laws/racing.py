"""A history in which nobody waits: requests, settings, jobs and deaths go side by side.

What the LMS has then depends on who was faster, but not what the identity provider is told; and once all that waits is
released, both sides are equal whatever came before.
"""

import asyncio
from typing import Any

from schemas.messages.commands import Command
from schemas.messages.outcomes import Outcome
from tenants.administration.actor import RefusedError
from tenants.jobs.job import JobKind, JobState
from tests.laws.model import Directory, Request
from tests.laws.seeing import check_records, expected, seen
from tests.laws.turns import GO_LIVE, Burst, Cast, Kill, Setting, Turn, Work, answer_of, change_of
from tests.laws.world import World


class Race:
    """A tenant in which all goes on at once."""

    def __init__(self, world: World) -> None:
        """Begin with an empty tenant."""
        self._world = world
        self._cast = Cast()
        self._asked: list[tuple[Request, Command, asyncio.Future[Outcome | None]]] = []

    async def turn(self, turn: Turn) -> None:
        """Set it going."""
        match turn:
            case Burst(steps):
                for step in steps:
                    found = self._cast.next(self._world.lane, step)
                    if found is not None:
                        self._asked.append((*found, await self._world.send(found[1])))
            case Setting():
                await self._set(turn)
            case Work(kind, places):
                name = "accounts" if kind == "activate" else "resources"
                parameters = {name: self._cast.at(places)} if places and kind != "align" else {}
                await self._world.start(JobKind(kind), parameters)
            case Kill(call, manner):
                self._world.fate.kill_at(call, manner, takes_bus=False)
            case _:
                # Nothing can be said yet, but others get their turn.
                await asyncio.sleep(0)

    async def finish(self) -> None:
        """Wait for everything, release all that is left, and see that both sides are equal."""
        model = Directory()
        for request, command, told in self._asked:
            outcome = await told
            assert outcome is not None
            assert model.answer(request) == answer_of(command, outcome), request
        await self._all_ended()
        await self._set(GO_LIVE)
        await self._all_ended()
        now = await seen(self._world, [request.id for request, _, _ in self._asked if request.method == "POST"])
        assert [now[part] for part in ("users", "groups", "members")] == [
            expected(model)[part] for part in ("users", "groups", "members")
        ]
        check_sides(now)
        await check_records(self._world)

    async def _set(self, setting: Setting) -> None:
        try:
            await self._world.change(change_of(setting))
        except RefusedError:
            assert setting == Setting("activation", "manual")

    async def _all_ended(self) -> None:
        states = {job.state for job in await self._world.all_ended()}
        assert states <= {JobState.DONE, JobState.STOPPED}


def check_sides(now: dict[str, Any]) -> None:
    """See that the LMS side is what the directory says, but for who waits for a name that a kept account has."""
    assert not now["leavers"]
    assert set(now["waiting"].values()) <= {"conflict"}
    assert now["waiting"].keys() <= now["users"].keys()
    linked = {one[0]: one for one in now["accounts"].values() if one[0] is not None}
    assert linked.keys() <= now["users"].keys(), "accounts of nobody"
    kept = [one for one in now["accounts"].values() if one[0] is None]
    assert kept or not now["waiting"], "somebody waits for nobody"
    for id, user in now["users"].items():
        if id in now["waiting"]:
            continue
        account = linked.get(id)
        assert account is not None or not user["active"], "somebody active has no account"
        if account is not None:
            (_, _, login, _, profile, status, _, _) = account
            assert (login, profile) == (user["userName"], {k: v for k, v in user.items() if k != "active"})
            assert (status == "disabled") is not user["active"]
    assert {id: name for id, (name, _) in now["cohorts"].items()} == {
        id: group["displayName"] for id, group in now["groups"].items()
    }
    for id, (_, members) in now["cohorts"].items():
        assert members == [one for one in now["members"][id] if one in linked or one in now["groups"]]
