"""Laws of the worker over random histories: batching changes nothing, the LMS side follows, events tell all of it."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.policies.settings import Deprovisioning, OperationMode
from tests.support.histories import (
    Step,
    assert_equal_sides,
    commands_of,
    deprovisioning,
    said,
    state_of,
    steps,
    told,
    unguarded,
)
from tests.support.lane import Lane, open_lanes


@settings(max_examples=30, deadline=None)
@given(steps, deprovisioning)
def test_one_batch_does_what_one_by_one_does(history: list[Step], leaving: Deprovisioning) -> None:
    async def compare() -> None:
        policies = unguarded(leaving)
        async with open_lanes("batch", "single", policies=policies) as (batch, single):
            together = await batch.run(*commands_of(batch, history))
            one_by_one = [(await single.run(each))[0] for each in commands_of(single, history)]
            assert said(together) == said(one_by_one)
            assert await state_of(batch) == await state_of(single)

    asyncio.run(compare())


@settings(max_examples=30, deadline=None)
@given(steps, deprovisioning, st.integers(1, 6))
def test_in_sync_mode_the_lms_side_equals_the_directory(
    history: list[Step], leaving: Deprovisioning, size: int
) -> None:
    async def check() -> None:
        policies = unguarded(leaving)
        async with open_lanes("acme", policies=policies) as (lane,):
            commands = commands_of(lane, history)
            for start in range(0, len(commands), size):
                await lane.run(*commands[start : start + size])
            await assert_equal_sides(lane)

    asyncio.run(check())


@settings(max_examples=30, deadline=None)
@given(steps, deprovisioning)
def test_the_events_alone_tell_the_whole_lms_side(history: list[Step], leaving: Deprovisioning) -> None:
    async def check() -> None:
        policies = unguarded(leaving)
        async with open_lanes("acme", policies=policies) as (lane,):
            await lane.run(*commands_of(lane, history))
            events, accounts = await lane.events(), await lane.accounts()
            assert [event.number for event in events] == list(range(1, len(events) + 1))
            lms, cohorts = told(events)
            assert lms == {a.id: (a.login, a.status.value, a.profile, a.resource) for a in accounts}
            for id, members in cohorts.items():
                assert sorted(members) == await lane.cohort_members(id)

    asyncio.run(check())


@settings(max_examples=20, deadline=None)
@given(steps, steps, deprovisioning)
def test_dry_run_answers_what_sync_answers_and_touches_nothing(
    before: list[Step], history: list[Step], leaving: Deprovisioning
) -> None:
    async def compare() -> None:
        policies = unguarded(leaving)
        async with open_lanes("dry", "wet", policies=policies) as (dry, wet):
            plans = [commands_of(lane, [*before, *history]) for lane in (dry, wet)]
            first = len(commands_of(Lane(dry.stores, dry.tenant), before))
            for lane, plan in zip((dry, wet), plans, strict=True):
                await lane.run(*plan[:first])
            await dry.set_policies(mode=OperationMode.DRY_RUN)
            frozen = await state_of(dry), await dry.events()
            assert said(await dry.run(*plans[0][first:])) == said(await wet.run(*plans[1][first:]))
            after = await state_of(dry)
            assert (after["accounts"], after["cohorts"]) == (frozen[0]["accounts"], frozen[0]["cohorts"])
            assert await dry.events() == frozen[1]
            seen = await state_of(wet)
            assert [after[key] for key in ("users", "groups", "members")] == [
                seen[key] for key in ("users", "groups", "members")
            ]

    asyncio.run(compare())
