"""The preview's law: what it foretells is what the release then really does, over random histories."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import ResourceId
from schemas.messages.administration import FlagAccount, ImportAccounts, LmsAccount, SetAside
from tenants.administration.preview import Preview, PreviewItem, PreviewQuery
from tenants.directory.pending import PendingKind
from tenants.directory.records import Account, AccountStatus, Cohort, Hold
from tenants.policies.preview import DESTRUCTIVE, Foreseen
from tenants.policies.settings import Deprovisioning, LinkRule, OperationMode, Policies
from tests.support.cases import cases
from tests.support.histories import GROUPS, PEOPLED, USERS, Step, command, group_steps, user_steps
from tests.support.lane import Lane, open_lanes

Turn = Step | tuple[str, int]
administrators = st.tuples(st.sampled_from(["aside", "flag", "keep"]), st.sampled_from([*USERS, *GROUPS]))
returns = st.tuples(st.sampled_from(["return", "twin", "blocked", "crossed", "swap"]), st.sampled_from(USERS))
"""Somebody is deleted and made anew with the same externalId; or two are, of whom one gets the account back, the second
where the name that the first wants is an account's that stays; or somebody is turned off who wants such a name; or two
people come back under each other's names."""
earlier = st.lists(user_steps | group_steps, max_size=12)
later: st.SearchStrategy[list[Turn]] = st.lists(
    user_steps | group_steps | administrators | returns, min_size=1, max_size=25
)
policies = st.builds(
    Policies,
    mode=st.just(OperationMode.SYNC),
    deprovisioning=st.sampled_from(Deprovisioning),
    guard_limit=st.sampled_from([1, 1_000]),
    link_by=st.sampled_from([(LinkRule.USER_NAME,), (LinkRule.EXTERNAL_ID, LinkRule.USER_NAME), ()]),
)
_KEPT_BACK = frozenset({Foreseen.CONFLICT, Foreseen.EXCLUDED, Foreseen.GUARD})


@dataclass(frozen=True, slots=True)
class LmsSide:
    """The LMS side as it is at one moment."""

    accounts: Mapping[str, Account]
    cohorts: Mapping[ResourceId, Cohort]
    members: Mapping[ResourceId, Collection[ResourceId]]


async def lms_side(lane: Lane) -> LmsSide:
    found = await lane.stores.accounts.cohorts(lane.tenant, after="", limit=99)
    cohorts = {cohort.resource: cohort for cohort in found}
    return LmsSide(
        accounts={account.id: account for account in await lane.accounts()},
        cohorts=cohorts,
        members={id: set(await lane.stores.accounts.cohort_members(lane.tenant, id)) for id in cohorts},
    )


def done(before: LmsSide, after: LmsSide) -> Counter[Foreseen]:
    """Return what happened between two moments, told from nothing but how things stood."""
    seen: Counter[Foreseen] = Counter()
    for id in before.accounts.keys() | after.accounts.keys():
        seen.update(_done_to(before.accounts.get(id), after.accounts.get(id)))
    for group in before.cohorts.keys() | after.cohorts.keys():
        was, is_now = before.cohorts.get(group), after.cohorts.get(group)
        if is_now is None:
            seen[Foreseen.REMOVE_COHORT] += 1
            continue
        seen[Foreseen.CREATE_COHORT] += was is None
        seen[Foreseen.UPDATE_COHORT] += was is not None and was != is_now
        old, new = set(before.members.get(group, ())), set(after.members[group])
        seen[Foreseen.JOIN] += len(new - old)
        seen[Foreseen.LEAVE] += len(old - new)
    return +seen


def _done_to(was: Account | None, is_now: Account | None) -> list[Foreseen]:
    if was is None:
        return [Foreseen.CREATE]
    if is_now is None:
        return [Foreseen.ERASE]
    disabled = AccountStatus.DISABLED
    happened = {
        Foreseen.LINK: is_now.resource not in {None, was.resource},
        Foreseen.DETACH: is_now.resource is None and was.resource is not None,
        Foreseen.UPDATE: (was.profile, was.external_id) != (is_now.profile, is_now.external_id),
        Foreseen.DISABLE: was.status is not disabled and is_now.status is disabled,
        Foreseen.ENABLE: was.status is disabled and is_now.status is not disabled,
    }
    return [kind for kind, holds in happened.items() if holds]


async def play(lane: Lane, before: list[Step], after: list[Turn]) -> None:
    """Play one history in sync mode and another in dry-run."""
    made: dict[int, str] = {}
    had = (LmsAccount("lms-1", "n1", "e2"), LmsAccount("lms-2", "n6", "e3"), LmsAccount("lms-3", "n7", "e3"))
    await lane.carried(lane.administer(ImportAccounts, accounts=had))
    for step in [*PEOPLED[:2], *PEOPLED[4:6], *before]:
        await _step(lane, step, made)
    await lane.set_policies(mode=OperationMode.DRY_RUN)
    for turn in after:
        await (_step(lane, turn, made) if len(turn) == 4 else _administer(lane, turn, made))


async def _step(lane: Lane, step: Step, made: dict[int, str]) -> None:
    asked = command(lane, step, made)
    if asked is not None:
        await lane.run(asked)


async def _administer(lane: Lane, turn: tuple[str, int], made: dict[int, str]) -> None:
    what, place = turn
    if place not in made:
        return
    if what in _NAMES_OF_RETURN:
        await _return(lane, place, made, names=_NAMES_OF_RETURN[what])
    elif what == "crossed":
        await _cross(lane, made[place])
    elif what == "swap":
        await _swap(lane, place, made)
    elif what == "keep":
        await _keep(lane, made[place])
    elif what == "aside":
        await lane.carried(lane.administer(SetAside, resources=(made[place],)))
    else:
        await lane.carried(lane.administer(FlagAccount, account=made[place], has_legal_hold=True))


async def _keep(lane: Lane, group: str) -> None:
    """Keep whom the Group has lost in its cohort."""
    edges = await lane.stores.pending.pending_memberships(lane.tenant, after=(ResourceId(""), ResourceId("")), limit=99)
    pairs = tuple((edge.group, edge.member) for edge in edges if edge.group == group and not edge.desired)
    await lane.carried(lane.administer(SetAside, memberships=pairs))


async def _cross(lane: Lane, id: str) -> None:
    """Turn somebody off who wants a name that an account of the LMS's has."""
    rename = {"op": "replace", "path": "userName", "value": "n6"}
    await lane.run(lane.patch(id, rename, {"op": "replace", "path": "active", "value": False}))


_NAMES_OF_RETURN = {"return": ("n{}",), "twin": ("n{}", "t{}"), "blocked": ("n6", "t{}")}


async def _return(lane: Lane, place: int, made: dict[int, str], *, names: Sequence[str]) -> None:
    await lane.run(lane.delete(made[place]))
    for name in names:
        again = lane.create(userName=name.format(place), externalId=f"e{place}", active=True)
        made[place] = again.resource_id
        await lane.run(again)


async def _swap(lane: Lane, place: int, made: dict[int, str]) -> None:
    names = {place: f"n{place % len(USERS) + 1}", place % len(USERS) + 1: f"n{place}"}
    for one in names.keys() & made.keys():
        await lane.run(lane.delete(made[one]))
    for one, name in names.items():
        again = lane.create(userName=name, externalId=f"e{one}", active=True)
        made[one] = again.resource_id
        await lane.run(again)


def preview_of(lane: Lane) -> Preview:
    return Preview(lane.stores.pending, lane.stores.writer, clock=lambda: lane.now)


async def listed(preview: Preview, lane: Lane, query: PreviewQuery | None = None) -> list[PreviewItem]:
    return [item async for item in preview.items(lane.tenant, query)]


async def release(lane: Lane) -> None:
    await lane.set_policies(mode=OperationMode.SYNC)
    for _ in range(4):
        await lane.release_all()


@cases(60)
@given(earlier, later, policies)
def test_the_counts_are_what_the_release_really_does(before: list[Step], after: list[Turn], under: Policies) -> None:
    async def check() -> None:
        async with open_lanes("acme", policies=under) as (lane,):
            await play(lane, before, after)
            foretold = await preview_of(lane).summary(lane.tenant)
            side = await lms_side(lane)
            await release(lane)
            effects = {kind: n for kind, n in foretold.counts.items() if kind not in {*_KEPT_BACK, Foreseen.NOTHING}}
            assert +Counter(effects) == done(side, await lms_side(lane))
            kept = [item for item in await listed(preview_of(lane), lane) if item.kind is PendingKind.USER]
            in_conflict = [item for item in kept if item.hold is Hold.CONFLICT]
            assert len(in_conflict) == foretold.counts[Foreseen.CONFLICT]

    asyncio.run(check())


@cases(30)
@given(earlier, later, policies)
def test_the_list_adds_up_to_the_counts_and_is_the_same_in_pages(
    before: list[Step], after: list[Turn], under: Policies
) -> None:
    async def check() -> None:
        async with open_lanes("acme", policies=under) as (lane,):
            await play(lane, before, after)
            preview = preview_of(lane)
            items = await listed(preview, lane)
            counted = Counter(kind for item in items for kind in item.counts_as)
            summary = await preview.summary(lane.tenant)
            assert counted == +Counter(summary.counts)
            assert Counter(item.kind for item in items) == +Counter(summary.pending)
            destructive = {item.id for item in items if DESTRUCTIVE.intersection(item.counts_as)}
            assert destructive == (await preview.destructive(lane.tenant)).keys()
            paged: list[PreviewItem] = []
            while page := await preview_of(lane).page(
                lane.tenant, PreviewQuery(after=paged[-1].place if paged else ""), limit=3
            ):
                paged += page
            assert paged == items

    asyncio.run(check())


@cases(30)
@given(earlier, later, policies)
def test_what_is_shown_before_and_after_is_what_the_account_was_and_is(
    before: list[Step], after: list[Turn], under: Policies
) -> None:
    async def check() -> None:
        async with open_lanes("acme", policies=under) as (lane,):
            await play(lane, before, after)
            items = {
                item.id: item
                for item in await listed(preview_of(lane), lane)
                if item.kind is PendingKind.USER and item.effects and not _KEPT_BACK.intersection(item.counts_as)
            }
            side = await lms_side(lane)
            await release(lane)
            for account in (await lms_side(lane)).accounts.values():
                item = items.get(account.resource or "")
                was = side.accounts.get(account.id)
                if item is not None:
                    for name, pair in item.changes.items():
                        assert pair == (_shown(was, name), _shown(account, name)), (name, item)

    asyncio.run(check())


def _shown(account: Account | None, name: str) -> object:
    if account is None:
        return None
    facts = {
        "login": account.login,
        "externalId": account.external_id,
        "status": account.status.value,
        "user": account.resource,
    }
    return facts[name] if name in facts else account.profile.get(name)
