"""Submission: group commit, deadlines, and what is said when no outcome comes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

import pytest
from prometheus_client import CollectorRegistry

from gateway.metrics import GatewayMetrics
from gateway.refusals import RejectedError, TooManyRequestsError
from gateway.scim.submission import NoOutcomeError, Submission
from schemas.ids import CommandId, ResourceId, TenantId
from schemas.messages.callers import Caller
from schemas.messages.commands import Command, DeleteResource
from schemas.messages.outcomes import Abandoned, Applied, Outcome, Rejected
from tenants.bus.inbox import Inbox
from tenants.bus.port import CommandSender
from tenants.errors import PortUnavailableError, UncertainDeliveryError
from tests.support.scim import ACME, GLOBEX, SETTINGS, START, Clock

CALLER = Caller("token:t1", "Entra ID", "192.0.2.1", "test", "r1")
IMPATIENT = replace(SETTINGS, deadline_seconds=0.03, grace_seconds=0.02)


class Bus(CommandSender):
    """A bus that takes messages when it is told to."""

    def __init__(self) -> None:
        self.messages: list[tuple[TenantId, tuple[str, ...]]] = []
        self.taken: list[asyncio.Future[None]] = []
        self.inbox = Inbox[Sequence[Outcome]]()

    async def send(self, tenant: TenantId, commands: Sequence[Command]) -> None:
        self.messages.append((tenant, tuple(command.id for command in commands)))
        taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.taken.append(taken)
        await taken

    def outcomes(self) -> AsyncIterator[Sequence[Outcome]]:
        return self.inbox


@dataclass(slots=True)
class Bench:
    """A submission over such a bus."""

    submission: Submission
    bus: Bus
    clock: Clock
    waiting: dict[str, "asyncio.Task[Applied]"] = field(default_factory=dict)

    async def submit(self, *ids: str, tenant: TenantId = ACME, size: int = 100) -> None:
        """Submit commands, and let everything go on that can."""
        for id in ids:
            self.begin(id, tenant, size)
        await self.settle()

    async def submit_turn_by_turn(self, *ids: str) -> None:
        """Submit a command in every turn of the loop; those that can be sent by then are."""
        for id in ids:
            self.begin(id)
            await asyncio.sleep(0)

    def begin(self, id: str, tenant: TenantId = ACME, size: int = 100) -> None:
        sent = self.submission.submit(self.command(id, tenant), size=size)
        self.waiting[id] = asyncio.get_running_loop().create_task(sent)

    def command(self, id: str, tenant: TenantId = ACME) -> Command:
        return DeleteResource(
            id=CommandId(id),
            tenant=tenant,
            caller=CALLER,
            deadline=self.submission.deadline(),
            resource_type="User",
            resource_id=ResourceId("r"),
        )

    async def report(self, *outcomes: Outcome) -> None:
        self.bus.inbox.put(outcomes)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(8):
            await asyncio.sleep(0)


@pytest.fixture
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    settings = getattr(request, "param", SETTINGS)
    bus, clock = Bus(), Clock()
    submission = Submission(bus, settings, GatewayMetrics(CollectorRegistry()), clock)
    receiving = asyncio.get_running_loop().create_task(submission.receive())
    made = Bench(submission, bus, clock)
    yield made
    receiving.cancel()
    for task in made.waiting.values():
        task.cancel()
    await asyncio.gather(receiving, *made.waiting.values(), return_exceptions=True)
    await submission.close()


def applied(id: str) -> Applied:
    return Applied(CommandId(id), 1, ResourceId("r"), 1, b"{}", changed=True)


async def test_commands_that_come_in_one_burst_over_several_turns_travel_together(bench: Bench) -> None:
    await bench.submit_turn_by_turn(*"0123456789")
    await bench.settle()
    assert bench.bus.messages == [(ACME, tuple("0123456789"))]


@pytest.mark.parametrize("bench", [replace(SETTINGS, batch_enough=4)], indirect=True)
async def test_with_enough_commands_the_end_of_a_burst_is_not_waited_for(bench: Bench) -> None:
    await bench.submit_turn_by_turn(*"0123456789")
    assert [len(commands) for _, commands in bench.bus.messages] == [4]


@pytest.mark.parametrize("bench", [replace(SETTINGS, batch_limit=4)], indirect=True)
async def test_with_a_full_message_the_end_of_a_burst_is_not_waited_for(bench: Bench) -> None:
    await bench.submit_turn_by_turn(*"0123456789")
    assert [len(commands) for _, commands in bench.bus.messages] == [4]


async def test_commands_that_arrive_in_one_turn_of_the_loop_travel_together(bench: Bench) -> None:
    await bench.submit("a", "b", "c")
    assert bench.bus.messages == [(ACME, ("a", "b", "c"))]


async def test_commands_that_arrive_while_a_message_is_on_its_way_travel_together_in_the_next(bench: Bench) -> None:
    await bench.submit("a")
    await bench.submit("b")
    await bench.submit("c")
    assert bench.bus.messages == [(ACME, ("a",))]
    bench.bus.taken[0].set_result(None)
    await bench.settle()
    assert bench.bus.messages == [(ACME, ("a",)), (ACME, ("b", "c"))]


async def test_a_burst_that_begins_while_a_message_is_on_its_way_goes_as_a_whole(bench: Bench) -> None:
    await bench.submit("a")
    await bench.submit("b")
    bench.bus.taken[0].set_result(None)
    await bench.submit_turn_by_turn("c", "d", "e", "f")
    await bench.settle()
    assert bench.bus.messages == [(ACME, ("a",)), (ACME, ("b", "c", "d", "e", "f"))]


async def test_a_lane_on_which_all_was_sent_and_taken_sends_what_comes_next(bench: Bench) -> None:
    await bench.submit("a")
    bench.bus.taken[0].set_result(None)
    await bench.settle()
    await bench.submit("b")
    assert bench.bus.messages == [(ACME, ("a",)), (ACME, ("b",))]


async def test_a_message_waits_for_the_one_before_also_when_that_is_answered_already(bench: Bench) -> None:
    await bench.submit("a")
    await bench.report(applied("a"))
    await bench.submit("b")
    assert bench.bus.messages == [(ACME, ("a",))]
    bench.bus.taken[0].set_result(None)
    await bench.settle()
    assert bench.bus.messages == [(ACME, ("a",)), (ACME, ("b",))]


async def test_tenants_do_not_wait_for_each_other_and_share_no_message(bench: Bench) -> None:
    await bench.submit("a")
    await bench.submit("b", tenant=GLOBEX)
    assert bench.bus.messages == [(ACME, ("a",)), (GLOBEX, ("b",))]


@pytest.mark.parametrize("bench", [replace(SETTINGS, batch_limit=2)], indirect=True)
async def test_no_message_has_more_commands_than_allowed(bench: Bench) -> None:
    await bench.submit("a", "b", "c")
    bench.bus.taken[0].set_result(None)
    await bench.settle()
    assert [ids for _, ids in bench.bus.messages] == [("a", "b"), ("c",)]


@pytest.mark.parametrize("bench", [replace(SETTINGS, batch_bytes=250)], indirect=True)
async def test_no_message_is_larger_than_allowed_unless_one_command_is(bench: Bench) -> None:
    await bench.submit("large", size=1000)
    await bench.submit("a", "b", "c", size=100)
    for number in range(2):
        bench.bus.taken[number].set_result(None)
        await bench.settle()
    assert [ids for _, ids in bench.bus.messages] == [("large",), ("a", "b"), ("c",)]


async def test_each_gets_its_own_outcome_whatever_the_order(bench: Bench) -> None:
    await bench.submit("a", "b")
    await bench.report(applied("b"), applied("a"))
    assert (await bench.waiting["a"]).command == "a"
    assert (await bench.waiting["b"]).command == "b"


async def test_the_answer_does_not_wait_for_the_publisher_confirm(bench: Bench) -> None:
    await bench.submit("a")
    await bench.report(applied("a"))
    assert bench.waiting["a"].done()
    assert not bench.bus.taken[0].done()


async def test_outcomes_of_unknown_commands_are_ignored(bench: Bench) -> None:
    await bench.submit("a")
    await bench.report(applied("somebody else's"), applied("a"), applied("a"))
    assert await bench.waiting["a"] == applied("a")


async def test_a_rejection_is_told_as_the_worker_put_it(bench: Bench) -> None:
    await bench.submit("a")
    rejected = Rejected(CommandId("a"), 409, "userName is taken", "uniqueness")
    await bench.report(rejected)
    with pytest.raises(RejectedError) as refused:
        await bench.waiting["a"]
    assert refused.value.rejected == rejected


async def test_an_abandoned_command_is_to_be_tried_again(bench: Bench) -> None:
    await bench.submit("a")
    await bench.report(Abandoned(CommandId("a"), "too late"))
    with pytest.raises(NoOutcomeError):
        await bench.waiting["a"]


async def test_a_bus_that_cannot_be_reached_is_told_at_once_and_the_next_message_is_tried(bench: Bench) -> None:
    await bench.submit("a")
    await bench.submit("b")
    bench.bus.taken[0].set_exception(PortUnavailableError("no broker"))
    with pytest.raises(PortUnavailableError):
        await bench.waiting["a"]
    await bench.settle()
    await bench.report(applied("b"))
    assert await bench.waiting["b"] == applied("b")


async def test_after_an_uncertain_delivery_the_outcome_is_waited_for(bench: Bench) -> None:
    await bench.submit("a")
    bench.bus.taken[0].set_exception(UncertainDeliveryError("the connection broke"))
    await bench.settle()
    assert not bench.waiting["a"].done()
    await bench.report(applied("a"))
    assert await bench.waiting["a"] == applied("a")


@pytest.mark.parametrize("bench", [IMPATIENT], indirect=True)
async def test_after_an_uncertain_delivery_nobody_is_refused_before_the_worker_would_abandon(bench: Bench) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await bench.submit("a")
    bench.bus.taken[0].set_exception(UncertainDeliveryError("the connection broke"))
    with pytest.raises(NoOutcomeError):
        await bench.waiting["a"]
    assert loop.time() - begun >= IMPATIENT.deadline_seconds


@pytest.mark.parametrize("bench", [IMPATIENT], indirect=True)
async def test_without_an_outcome_the_deadline_ends_the_wait_and_a_late_outcome_is_ignored(bench: Bench) -> None:
    await bench.submit("a")
    bench.bus.taken[0].set_result(None)
    with pytest.raises(NoOutcomeError):
        await bench.waiting["a"]
    await bench.submit("b")
    await bench.report(applied("a"), applied("b"))
    assert await bench.waiting["b"] == applied("b")


async def test_a_command_that_is_too_late_to_be_sent_is_never_sent(bench: Bench) -> None:
    await bench.submit("a")
    await bench.submit("b")
    bench.clock.now = START + SETTINGS.deadline_seconds
    bench.bus.taken[0].set_result(None)
    with pytest.raises(NoOutcomeError):
        await bench.waiting["b"]
    assert bench.bus.messages == [(ACME, ("a",))]


async def test_a_command_goes_on_when_its_client_is_gone(bench: Bench) -> None:
    await bench.submit("a")
    await bench.submit("b")
    bench.waiting["b"].cancel()
    bench.bus.taken[0].set_result(None)
    await bench.settle()
    assert bench.bus.messages == [(ACME, ("a",)), (ACME, ("b",))]
    await bench.report(applied("b"))


async def test_a_command_whose_client_goes_during_its_burst_keeps_its_place_in_it(bench: Bench) -> None:
    bench.begin("a")
    await asyncio.sleep(0)
    bench.waiting["a"].cancel()
    await bench.submit("b")
    assert bench.bus.messages == [(ACME, ("a", "b"))]


async def test_after_commands_that_were_too_late_to_be_sent_the_next_is_sent(bench: Bench) -> None:
    await bench.submit("a")
    await bench.submit("b")
    bench.clock.now = START + SETTINGS.deadline_seconds
    bench.bus.taken[0].set_result(None)
    await bench.settle()
    await bench.submit("c")
    assert bench.bus.messages == [(ACME, ("a",)), (ACME, ("c",))]
    with pytest.raises(NoOutcomeError):
        await bench.waiting["b"]


async def test_closing_drops_what_is_on_its_way_and_sends_nothing_more(bench: Bench) -> None:
    await bench.submit("a")
    await bench.submit("b")
    bench.begin("c", GLOBEX)
    await asyncio.sleep(0)
    await bench.submission.close()
    await bench.settle()
    assert bench.bus.taken[0].cancelled()
    assert bench.bus.messages == [(ACME, ("a",))]
    for id in ("b", "c"):
        with pytest.raises(PortUnavailableError):
            await bench.waiting[id]


@pytest.mark.parametrize("bench", [replace(SETTINGS, backlog_limit=2)], indirect=True)
async def test_a_tenant_with_too_much_waiting_is_refused_and_the_others_are_not(bench: Bench) -> None:
    await bench.submit("a", "b", "c")
    with pytest.raises(TooManyRequestsError) as refused:
        await bench.waiting["c"]
    assert "Retry-After" in refused.value.headers
    await bench.submit("d", tenant=GLOBEX)
    assert bench.bus.messages == [(ACME, ("a", "b")), (GLOBEX, ("d",))]


@pytest.mark.parametrize("bench", [replace(SETTINGS, backlog_limit=1)], indirect=True)
async def test_what_is_answered_makes_room(bench: Bench) -> None:
    await bench.submit("a")
    await bench.report(applied("a"))
    bench.bus.taken[0].set_result(None)
    await bench.submit("b")
    await bench.report(applied("b"))
    assert await bench.waiting["b"] == applied("b")
