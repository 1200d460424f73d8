"""Carrying out a bulk message: many commands at once on the tenant's lane, each after what it refers to."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

import structlog
from aiohttp import web

from gateway.answers import RefusalAnswer, bare_answer
from gateway.middlewares.errors import Errors
from gateway.middlewares.refused_writes import RefusedWrites, operation_attempt
from gateway.refusals import PUT_OFF, RejectedError
from gateway.scim.bulk_commands import BulkCommands, Sizable
from gateway.scim.request import ScimRequest
from gateway.scim.submission import Submission
from schemas.ids import ResourceId
from schemas.messages.outcomes import Applied
from schemas.scim.bulk import BulkOperation, Part, Step
from schemas.scim.errors import ScimError
from tenants.errors import PortUnavailableError

_STEPS_A_TURN = 16
"""So many steps begin before other requests have their turn."""
_SUCCESS = {"POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 204}
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an operation."""

    answer: web.Response
    """What the same request would have been answered alone; only a refusal has a body."""
    id: ResourceId | None = None
    """None: it failed."""
    version: int | None = None

    @property
    def refusal(self) -> bytes:
        """The SCIM error, as JSON."""
        body = self.answer.body
        return body if isinstance(body, bytes) else b"{}"


@dataclass(slots=True)
class Pace:
    """How many steps may be under way: never so many that one more would begin after too many have failed."""

    at_once: int
    failures_left: int | None
    """None: any number may fail."""
    _under_way: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_over(self) -> bool:
        """Whether too many have failed."""
        return self.failures_left == 0

    async def wait_for_room(self) -> None:
        """Return when another step may begin, or none may any more. Each step under way has a deadline."""
        while not self._has_room():
            self._changed.clear()
            await self._changed.wait()

    def begin(self) -> None:
        """Count a step that is under way."""
        self._under_way += 1

    def end(self, *, failed: bool) -> None:
        """Count it no more."""
        self._under_way -= 1
        if failed and self.failures_left:
            self.failures_left -= 1
        self._changed.set()

    def _has_room(self) -> bool:
        # As many as may still fail can be under way: should all of them fail, none has begun that should not have.
        return self.is_over or self._under_way < min(self.at_once, self.failures_left or self.at_once)


class BulkRun:
    """One message while it is carried out."""

    def __init__(
        self,
        request: ScimRequest,
        operations: Sequence[BulkOperation],
        pace: Pace,
        *,
        commands: BulkCommands,
        submission: Submission,
        errors: Errors,
        refused_writes: RefusedWrites,
    ) -> None:
        """Begin with no results."""
        self.results: dict[int, Result] = {}
        """By an operation's place in the message; what was not carried out is missing."""
        self._request = request
        self._operations = operations
        self._pace = pace
        self._commands = commands
        self._submission = submission
        self._errors = errors
        self._refused_writes = refused_writes
        self._begun: dict[tuple[int, Part], asyncio.Task[None]] = {}
        self._ids: dict[str, str] = {}
        """Of the resources that were made, by bulkId."""
        self._put_off: Result | None = None

    async def carry_out(self, steps: Sequence[Step]) -> None:
        """Carry out the steps until too many have failed; the lane has them in their order."""
        async with asyncio.TaskGroup() as tasks:
            for number, step in enumerate(steps):
                await self._wait_for(step)
                if self._pace.is_over and step.part is not Part.REST:
                    continue
                self._pace.begin()
                # A task runs up to its submission before one that was made later begins.
                self._begun[step.operation, step.part] = tasks.create_task(self._carry_out(step))
                if number % _STEPS_A_TURN == 0:
                    await asyncio.sleep(0)

    async def _wait_for(self, step: Step) -> None:
        known = [self._begun[other] for other in step.after if other in self._begun]
        if not all(task.done() for task in known):
            await asyncio.wait(known)
        await self._pace.wait_for_room()

    async def _carry_out(self, step: Step) -> None:
        made = self.results.get(step.operation)
        if step.part is not Part.REST:
            result = self._put_off or await self._result(step, self._attempt(step))
        elif made is not None and made.id is not None:
            result = await self._result(step, self._complete(step, made.id))
        else:
            # The first part has failed, and was counted.
            self._pace.end(failed=False)
            return
        self.results[step.operation] = result
        self._note(step, result)
        if result.answer.status in PUT_OFF:
            # What cannot be done now could not be done a moment later; nobody is to wait for deadline after deadline.
            self._put_off = result
        self._pace.end(failed=result.id is None)

    def _note(self, step: Step, result: Result) -> None:
        """See that the audit log is told where this gateway has refused the operation."""
        if result.id is None and isinstance(result.answer, RefusalAnswer):
            attempt = operation_attempt(self._operations[step.operation], self._request.catalog)
            self._refused_writes.note(attempt, result.answer, self._request.visit)

    async def _result(self, step: Step, attempt: Awaitable[Applied]) -> Result:
        """Return what became of an attempt; a failure as the same request alone would have been told it."""
        method = self._operations[step.operation].method
        applied: list[Applied] = []

        async def answer() -> web.Response:
            applied.append(await attempt)
            return bare_answer(_SUCCESS[method])

        answered = await self._errors.answered(answer(), self._request.visit)
        return Result(answered, applied[0].resource_id, applied[0].version) if applied else Result(answered)

    async def _attempt(self, step: Step) -> Applied:
        operation = self._operations[step.operation]
        applied = await self._submit(self._commands.of(operation, step, self._ids))
        if operation.method == "POST" and operation.bulk_id:
            self._ids[operation.bulk_id] = applied.resource_id
        return applied

    async def _complete(self, step: Step, made: ResourceId) -> Applied:
        """Add what was postponed; a resource that cannot have it is taken back, since its operation has failed."""
        operation = self._operations[step.operation]
        try:
            return await self._submit(self._commands.rest(operation, step, self._ids, made))
        except (ScimError, RejectedError, PortUnavailableError):
            self._ids.pop(operation.bulk_id or "", None)
            await self._take_back(operation, made)
            raise

    async def _take_back(self, operation: BulkOperation, made: ResourceId) -> None:
        try:
            await self._submit(self._commands.removal(operation, made))
        except (RejectedError, PortUnavailableError) as error:
            log.warning(
                "Resource without its references was not taken back",
                tenant=self._request.tenant.id,
                request_id=self._request.visit.request_id,
                reason=str(error),
            )

    async def _submit(self, sizable: Sizable) -> Applied:
        return await self._submission.submit(sizable.command, size=sizable.size)
