"""A history played in the world and in the model, turn by turn."""

from copy import deepcopy
from itertools import accumulate

from schemas.messages.commands import Command
from tenants.administration.actor import RefusedError
from tenants.jobs.job import JobKind, JobState
from tests.laws.model import Directory, Request
from tests.laws.seeing import check_records, expected, seen
from tests.laws.turns import Burst, Cast, Kill, Look, Setting, Turn, Work, answer_of, change_of
from tests.laws.world import World


class Play:
    """Both sides, and who plays in them."""

    def __init__(self, world: World, *, may_lose_bus: bool) -> None:
        """Begin with an empty tenant."""
        self.world = world
        self.model = Directory()
        self.cast = Cast()
        self._may_lose_bus = may_lose_bus
        self._ids: list[str] = []

    async def turn(self, turn: Turn) -> None:
        """Let it happen on both sides, and see that the answers are the same."""
        match turn:
            case Burst(steps):
                await self._burst([found for step in steps if (found := self.cast.next(self.world.lane, step))])
            case Setting():
                await self._set(turn)
            case Work():
                await self._work(turn)
            case Kill(call, manner, takes_bus):
                self.world.fate.kill_at(call, manner, takes_bus=takes_bus and self._may_lose_bus)
            case Look():
                await self.look()

    async def look(self) -> None:
        """See that both sides look alike, and that the records hold."""
        assert await seen(self.world, self._ids) == expected(self.model)
        await check_records(self.world)

    async def _burst(self, asked: list[tuple[Request, Command]]) -> None:
        self._ids += [request.id for request, _ in asked if request.method == "POST"]
        outcomes = await self.world.ask([command for _, command in asked])
        told = [(*one, outcome) for one, outcome in zip(asked, outcomes, strict=True)]
        lost = next((place for place, outcome in enumerate(outcomes) if outcome is None), len(told))
        for request, command, outcome in told[:lost]:
            assert outcome is not None
            assert self.model.answer(request) == answer_of(command, outcome), request
        if lost < len(told):
            assert not any(outcomes[lost:]), "answered, though what came before it was lost"
            await self._find_out([request for request, _, _ in told[lost:]])

    async def _find_out(self, lost: list[Request]) -> None:
        """Look what became of requests that nobody answered: the first so many of them were carried out, whole."""
        possible = accumulate(lost, _answered, initial=self.model)
        now = await seen(self.world, self._ids)
        fitting = [model for model in possible if expected(model) == now]
        assert fitting, "only a part of a request was carried out, or what was done before is gone"
        self.model = fitting[0]

    async def _set(self, setting: Setting) -> None:
        try:
            release = await self.world.change(change_of(setting))
        except RefusedError:
            assert not self.model.lms.change_setting(*setting)
            return
        if release is not None:
            assert (await self.world.ended(release)).state is JobState.DONE
        assert self.model.lms.change_setting(*setting)

    async def _work(self, work: Work) -> None:
        ids = self.cast.at(work.places)
        lms = self.model.lms
        match work.kind:
            case "release":
                parameters = {"resources": ids} if work.places else {}
                if work.places:
                    lms.release(ids)
                else:
                    lms.release_all()
            case "activate":
                parameters = {"accounts": ids} if work.places else {}
                lms.activate(ids if work.places else list(lms.accounts))
            case _:
                parameters = {}
                lms.align()
        job = await self.world.ended(await self.world.start(JobKind(work.kind), parameters))
        # All that waits is not released in dry-run; where nothing waits there is nothing to refuse.
        may_stop = work == Work("release", ()) and lms.mode == "dry_run"
        assert job.state is JobState.DONE or (may_stop and job.state is JobState.STOPPED)


def _answered(model: Directory, request: Request) -> Directory:
    after = deepcopy(model)
    after.answer(request)
    return after
