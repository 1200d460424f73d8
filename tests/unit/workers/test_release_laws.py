"""Laws of dry-run and release over random histories with switches of the mode and releases in between."""

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.messages.administration import ReleaseResources
from tenants.directory.pending import PendingKind
from tenants.policies.settings import Activation, Authentication, Deprovisioning, OperationMode
from tests.support.cases import cases
from tests.support.histories import (
    GROUPS,
    USERS,
    Step,
    assert_equal_sides,
    command,
    deprovisioning,
    group_steps,
    said,
    state_of,
    told,
    unguarded,
    user_steps,
)
from tests.support.lane import Lane, open_lanes

Turn = Step | tuple[str, int]
"""A step of the identity provider's; or an administrator's: ``("release", place)``, or a setting and 0 or 1."""
SETTINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "mode": ({"mode": OperationMode.DRY_RUN}, {"mode": OperationMode.SYNC}),
    "activation": ({"activation": Activation.AUTOMATIC}, {"activation": Activation.MANUAL}),
    "authentication": ({"authentication": Authentication.PASSWORD}, {"authentication": Authentication.SSO}),
    "deprovisioning": ({"deprovisioning": Deprovisioning.DISABLE}, {"deprovisioning": Deprovisioning.DELETE}),
}
administrators = st.tuples(st.sampled_from(["mode", *SETTINGS]), st.integers(0, 1)) | st.tuples(
    st.just("release"), st.sampled_from([*USERS, *GROUPS])
)
turns: st.SearchStrategy[list[Turn]] = st.lists(user_steps | group_steps | administrators, min_size=6, max_size=30)
PEOPLED: list[Turn] = [("create", place, place, True) for place in (*USERS, *GROUPS)]
PEOPLED += [("add", group, user, True) for group, user in ((5, 1), (5, 2), (6, 1), (6, 5))]


async def play(lane: Lane, history: list[Turn], *, with_administrators: bool = True) -> list[object]:
    """Play the history and return what the identity provider was told."""
    made: dict[int, str] = {}
    answers: list[object] = []
    for turn in [*PEOPLED, *history]:
        if len(turn) == 4:
            asked = command(lane, turn, made)
            answers += said(await lane.run(asked)) if asked is not None else []
        elif with_administrators:
            await _administer(lane, turn, made)
    return answers


async def _administer(lane: Lane, turn: tuple[str, int], made: dict[int, str]) -> None:
    what, number = turn
    if what == "release":
        if number in made:
            await lane.carried(lane.administer(ReleaseResources, resources=(made[number],)))
    elif turn == ("mode", 1):
        await go_live(lane)
    else:
        await lane.set_policies(**SETTINGS[what][number])


async def go_live(lane: Lane) -> None:
    await lane.set_policies(mode=OperationMode.SYNC)
    await lane.release_all()


@cases(40)
@given(turns, deprovisioning)
def test_after_the_last_release_the_lms_side_equals_the_directory(history: list[Turn], leaving: Deprovisioning) -> None:
    async def check() -> None:
        async with open_lanes("acme", policies=unguarded(leaving)) as (lane,):
            await play(lane, history)
            await go_live(lane)
            await assert_equal_sides(lane)
            counts = await lane.stores.pending.counts(lane.tenant)
            assert (counts[PendingKind.GROUP], counts[PendingKind.LEAVER]) == (0, 0)
            events = await lane.events()
            lms, cohorts = told(events)
            assert lms == {a.id: (a.login, a.status.value, a.profile, a.resource) for a in await lane.accounts()}
            await lane.release_all()
            assert await lane.events() == events, "a second release did something"
            for id, members in cohorts.items():
                assert sorted(members) == await lane.cohort_members(id)

    asyncio.run(check())


@cases(40)
@given(turns, deprovisioning)
def test_the_identity_provider_cannot_tell_the_modes_apart(history: list[Turn], leaving: Deprovisioning) -> None:
    async def compare() -> None:
        async with open_lanes("switched", "sync", policies=unguarded(leaving)) as (switched, sync):
            assert await play(switched, history) == await play(sync, history, with_administrators=False)
            ours, theirs = await state_of(switched), await state_of(sync)
            assert [ours[key] for key in ("users", "groups", "members")] == [
                theirs[key] for key in ("users", "groups", "members")
            ]

    asyncio.run(compare())


@cases(40)
@given(st.lists(user_steps | group_steps, min_size=4, max_size=20), st.permutations(range(1, 8)), deprovisioning)
def test_the_order_of_releases_does_not_change_the_end(
    history: list[Step], order: list[int], leaving: Deprovisioning
) -> None:
    async def compare() -> None:
        async with open_lanes("ordered", "at-once", policies=unguarded(leaving)) as (ordered, at_once):
            turns: list[Turn] = [("mode", 0), *history]
            await play(ordered, [*turns, *(("release", place) for place in order)])
            await play(at_once, turns)
            for lane in (ordered, at_once):
                await go_live(lane)
            assert await _lms_side(ordered) == await _lms_side(at_once)

    asyncio.run(compare())


async def _lms_side(lane: Lane) -> object:
    accounts = [account for account in await lane.accounts() if account.resource is not None]
    cohorts = (await state_of(lane))["cohorts"]
    return {a.resource: (a.login, a.status, a.profile, a.external_id) for a in accounts}, cohorts
