"""Erasing after a number of days: who is away that long is erased, and whoever comes back before stays."""

from itertools import count

from schemas.ids import AccountId
from schemas.messages.administration import FlagAccount
from tenants.directory.records import Account, AccountStatus
from tenants.policies.settings import Deprovisioning, OperationMode
from tests.support.lane import CATALOG, Lane
from workers.execution import Execution
from workers.ripe_round import RipeRound

DAY = 86_400.0
PERSON = {"userName": "ann@example.com", "externalId": "E-1"}


async def pass_days(lane: Lane, days: float) -> None:
    """Let time pass, and go the round."""
    lane.now += days * DAY
    numbers = count(1)
    execution = Execution(lane.stores.writer, catalog=CATALOG, clock=lambda: lane.now)
    stores = lane.stores
    await RipeRound(
        stores.registry,
        stores.erasures,
        execution,
        clock=lambda: lane.now,
        new_id=lambda: f"{lane.tenant}-{lane.now}-{next(numbers)}",
    ).go()


async def delayed(lane: Lane, days: int = 30) -> None:
    await lane.set_policies(deprovisioning=Deprovisioning.DELETE, erase_after_days=days)


async def only_account(lane: Lane) -> Account:
    (account,) = await lane.accounts()
    return account


async def told(lane: Lane) -> list[str]:
    return [event.type.value for event in await lane.events()]


async def test_a_deleted_person_is_disabled_at_once_and_erased_days_later(acme: Lane, globex: Lane) -> None:
    for lane in (acme, globex):
        await delayed(lane, 30 if lane is acme else 60)
        made = await lane.made(lane.create(**PERSON))
        await lane.made(lane.delete(made.resource_id))
    await pass_days(acme, 29)
    account = await only_account(acme)
    assert (account.status, account.resource) == (AccountStatus.DISABLED, None)
    await pass_days(acme, 2)
    assert await acme.accounts() == []
    assert await told(acme) == ["account.created", "account.disabled", "account.erased"]
    assert [(one.tenant, one.id) for one in await acme.stores.erasures.due(after=None, limit=10)] == [
        (acme.tenant, account.id)
    ]
    assert len(await globex.accounts()) == 1


async def test_whoever_returns_before_keeps_the_account(acme: Lane) -> None:
    await delayed(acme)
    made = await acme.made(acme.create(**PERSON))
    await acme.made(acme.delete(made.resource_id))
    await pass_days(acme, 20)
    returned = await acme.made(acme.create(**PERSON))
    await pass_days(acme, 20)
    account = await only_account(acme)
    assert [str(account.id), account.resource] == [made.resource_id, returned.resource_id]
    assert (account.status, account.erase_at) == (AccountStatus.ACTIVE, None)


async def test_a_leave_that_was_held_counts_its_days_from_its_release(acme: Lane) -> None:
    await delayed(acme)
    made = await acme.made(acme.create(**PERSON))
    await acme.set_policies(mode=OperationMode.DRY_RUN)
    await acme.made(acme.delete(made.resource_id))
    await pass_days(acme, 40)
    await acme.set_policies(mode=OperationMode.SYNC)
    await acme.release_all()
    await pass_days(acme, 20)
    assert len(await acme.accounts()) == 1
    await pass_days(acme, 11)
    assert await acme.accounts() == []


async def test_a_legal_hold_keeps_an_account_whose_time_has_come_until_it_is_lifted(acme: Lane) -> None:
    await delayed(acme)
    made = await acme.made(acme.create(**PERSON))
    id = AccountId(made.resource_id)
    await acme.made(acme.delete(made.resource_id))
    await acme.carried(acme.administer(FlagAccount, account=id, has_legal_hold=True))
    await pass_days(acme, 40)
    assert len(await acme.accounts()) == 1
    await acme.carried(acme.administer(FlagAccount, account=id, has_legal_hold=False))
    await pass_days(acme, 0)
    assert await acme.accounts() == []


async def test_nothing_is_erased_in_dry_run(acme: Lane) -> None:
    await delayed(acme)
    made = await acme.made(acme.create(**PERSON))
    await acme.made(acme.delete(made.resource_id))
    await acme.set_policies(mode=OperationMode.DRY_RUN)
    await pass_days(acme, 40)
    assert len(await acme.accounts()) == 1


async def _deactivated_for(lane: Lane, days: float) -> tuple[str, str]:
    """Deactivate a member of a Group for so many days; return the ids of both."""
    made = await lane.made(lane.create(**PERSON))
    group = await lane.made(lane.create("Group", displayName="staff", members=[{"value": made.resource_id}]))
    await lane.made(lane.patch(made.resource_id, {"op": "replace", "path": "active", "value": False}))
    await pass_days(lane, days)
    return made.resource_id, group.resource_id


async def test_only_deactivated_accounts_are_erased_where_that_was_chosen(acme: Lane, globex: Lane) -> None:
    await acme.set_policies(erase_inactive_after_days=90)
    await _deactivated_for(globex, 91)
    person, group = await _deactivated_for(acme, 89)
    assert len(await acme.accounts()) == 1
    await pass_days(acme, 2)
    assert await acme.accounts() == []
    assert await acme.cohort_members(group) == []
    assert (await told(acme))[-2:] == ["cohort.member_removed", "account.erased"]
    user = await acme.read(person)
    assert user is not None
    assert user["active"] is False
    assert len(await globex.accounts()) == 1


async def test_whoever_is_let_in_again_in_time_is_not_erased(acme: Lane) -> None:
    await acme.set_policies(erase_inactive_after_days=90)
    made = await acme.made(acme.create(**PERSON))
    for days, active in ((0, False), (60, True), (60, False), (60, False)):
        await pass_days(acme, days)
        await acme.made(acme.patch(made.resource_id, {"op": "replace", "path": "active", "value": active}))
    assert (await only_account(acme)).status is AccountStatus.DISABLED
    await pass_days(acme, 31)
    assert await acme.accounts() == []


async def test_whoever_comes_back_after_it_gets_a_new_account_without_the_old_data(acme: Lane) -> None:
    await acme.set_policies(erase_inactive_after_days=90)
    made = await acme.made(acme.create(**PERSON))
    id = made.resource_id
    await acme.made(acme.patch(id, {"op": "replace", "path": "active", "value": False}))
    await pass_days(acme, 91)
    await pass_days(acme, 1)
    await acme.made(acme.patch(id, {"op": "replace", "path": "active", "value": True}))
    account = await only_account(acme)
    assert (account.status, account.erase_at) == (AccountStatus.ACTIVE, None)
    ends = {erasure.id: erasure.at for erasure in await acme.stores.erasures.due(after=None, limit=10)}
    await acme.stores.outbox.redact(acme.tenant, ends)
    payloads = [event.payload for event in await acme.events()]
    assert [payload.get("login") for payload in payloads] == [None, None, None, "ann@example.com"]


async def test_accounts_that_stay_do_not_keep_others_from_being_erased(acme: Lane) -> None:
    await acme.set_policies(erase_inactive_after_days=1, has_guard=False)
    people = [await acme.made(acme.create(userName=f"user{number}")) for number in range(130)]
    for person in people:
        await acme.made(acme.patch(person.resource_id, {"op": "replace", "path": "active", "value": False}))
    # Whether they may come back waits for a decision: they stay.
    await acme.set_policies(mode=OperationMode.DRY_RUN)
    for person in people[:60]:
        await acme.made(acme.patch(person.resource_id, {"op": "replace", "path": "active", "value": True}))
    await acme.set_policies(mode=OperationMode.SYNC)
    await pass_days(acme, 2)
    assert [str(one.id) for one in await acme.accounts()] == [person.resource_id for person in people[:60]]
