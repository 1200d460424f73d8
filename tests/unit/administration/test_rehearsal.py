"""What a change of settings means for who is there already: foretold, and then exactly that."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from schemas.messages.administration import ActivateAccounts, FlagAccount
from tenants.administration.actor import RefusedError
from tenants.administration.rehearsal import Changed, Consequence, Rehearsal, When
from tenants.administration.tenants import SettingsChange
from tenants.directory.records import AccountStatus
from tenants.jobs.job import JobKind
from tenants.policies.settings import Activation, Authentication, Deprovisioning, OperationMode, Policies
from tests.support.administering import ADA, Office, open_office
from tests.support.lane import Lane

SYNC, DRY_RUN = OperationMode.SYNC, OperationMode.DRY_RUN
TO_SSO = SettingsChange(authentication=Authentication.SSO)
TO_AUTOMATIC = SettingsChange(activation=Activation.AUTOMATIC)
TO_DELETE = SettingsChange(deprovisioning=Deprovisioning.DELETE)
ERASED_LATER = "pending leavers are disabled, and erased for good after 30 days unless they return"


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    policies = Policies(mode=SYNC, activation=Activation.MANUAL)
    async with open_office("acme", "globex", policies=policies) as office:
        yield office


@pytest.fixture
def acme(office: Office) -> Lane:
    return office.lanes[0]


async def test_sso_lets_in_who_waits_and_leaves_how_the_others_sign_in(office: Office, acme: Lane) -> None:
    await populate(acme, waiting=2, active=3)

    told = await office.settings.rehearse("acme", TO_SSO)
    await change(office, TO_SSO)

    assert told.changed == {"authentication": ("password", "sso")}
    assert counts(told) == {("authentication", When.IF_CHOSEN): 5, ("authentication", When.AT_ONCE): 2}
    assert await standing(acme) == {("active", "password"): 5}


async def test_with_existing_everybody_signs_in_by_sso(office: Office, acme: Lane) -> None:
    await populate(acme, waiting=2, active=3)

    changed = await change(office, TO_SSO, existing=True)

    assert [(job.kind, job.done) for job in changed.jobs] == [(JobKind.ALIGN, 5)]
    assert await standing(acme) == {("active", "sso"): 5}


async def test_sso_back_to_password_counts_who_has_to_set_one(office: Office, acme: Lane) -> None:
    await acme.set_policies(authentication=Authentication.SSO)
    await populate(acme, active=3)
    back = SettingsChange(authentication=Authentication.PASSWORD)

    told = await office.settings.rehearse("acme", back)
    await change(office, back, existing=True)

    (consequence,) = told.consequences
    assert (consequence.count, "password" in consequence.what, consequence.when) == (3, True, When.IF_CHOSEN)
    assert await standing(acme) == {("active", "password"): 3}


async def test_automatic_activation_is_for_new_people_only_unless_chosen(office: Office, acme: Lane) -> None:
    await populate(acme, waiting=4)

    told = await office.settings.rehearse("acme", TO_AUTOMATIC)
    await change(office, TO_AUTOMATIC)
    by_itself = await standing(acme)
    later = await change(office, TO_AUTOMATIC, existing=True)

    assert counts(told) == {("activation", When.IF_CHOSEN): 4}
    assert by_itself == {("awaiting_activation", "password"): 4}
    assert [(job.kind, job.done) for job in later.jobs] == [(JobKind.ACTIVATE, 4)]
    assert await standing(acme) == {("active", "password"): 4}


async def test_manual_activation_is_for_new_people_only(office: Office, acme: Lane) -> None:
    await acme.set_policies(activation=Activation.AUTOMATIC)
    await populate(acme, active=2)
    to_manual = SettingsChange(activation=Activation.MANUAL)

    told = await office.settings.rehearse("acme", to_manual)
    changed = await change(office, to_manual, existing=True)

    assert (told.changed, list(told.consequences)) == ({"activation": ("automatic", "manual")}, [])
    assert list(changed.jobs) == []
    assert await standing(acme) == {("active", "password"): 2}


async def test_deleting_instead_of_disabling_names_the_pending_leavers(office: Office, acme: Lane) -> None:
    ids = await populate(acme, active=4)
    kept = next(account.id for account in await acme.accounts() if account.resource == ids[0])
    await acme.carried(acme.administer(FlagAccount, account=kept, has_legal_hold=True))
    await acme.set_policies(mode=DRY_RUN)
    for id in ids[:3]:
        await acme.made(acme.delete(id))

    told = await office.settings.rehearse("acme", TO_DELETE)

    assert list(told.consequences) == [
        Consequence("deprovisioning", 2, "pending leavers are erased for good", When.ON_RELEASE),
        Consequence("deprovisioning", 1, "pending leavers are kept by a legal hold", When.ON_RELEASE),
    ]


@pytest.mark.parametrize(
    ("before", "change_", "what"),
    [
        (Policies(erase_after_days=30), TO_DELETE, ERASED_LATER),
        (Policies(), SettingsChange(deprovisioning=Deprovisioning.DELETE, erase_after_days=30), ERASED_LATER),
        (Policies(deprovisioning=Deprovisioning.DELETE), SettingsChange(erase_after_days=30), ERASED_LATER),
        (
            Policies(deprovisioning=Deprovisioning.DELETE, erase_after_days=30),
            SettingsChange(erase_after_days=0),
            "pending leavers are erased for good",
        ),
    ],
)
async def test_who_is_erased_after_some_days_is_not_said_to_be_erased_at_once(
    office: Office, acme: Lane, before: Policies, change_: SettingsChange, what: str
) -> None:
    ids = await populate(acme, active=2)
    days = before.erase_after_days
    await acme.set_policies(mode=DRY_RUN, deprovisioning=before.deprovisioning, erase_after_days=days)
    for id in ids:
        await acme.made(acme.delete(id))

    told = await office.settings.rehearse("acme", change_)

    assert [(one.count, one.what, one.when) for one in told.consequences] == [(2, what, When.ON_RELEASE)]


async def test_days_that_nobody_is_erased_after_mean_nothing_to_leavers(office: Office, acme: Lane) -> None:
    ids = await populate(acme, active=1)
    await acme.set_policies(mode=DRY_RUN)
    await acme.made(acme.delete(ids[0]))

    told = await office.settings.rehearse("acme", SettingsChange(erase_after_days=30))

    assert list(told.consequences) == []


async def test_whoever_waits_is_let_in_when_a_tenant_with_sso_goes_to_sync(office: Office, acme: Lane) -> None:
    await populate(acme, waiting=2, active=1)
    await acme.set_policies(mode=DRY_RUN)
    await change(office, TO_SSO)
    waiting = await standing(acme)

    told = await office.settings.rehearse("acme", SettingsChange(mode=SYNC))
    changed = await change(office, SettingsChange(mode=SYNC))

    assert waiting == {("awaiting_activation", "password"): 2, ("active", "password"): 1}
    assert list(told.consequences) == [Consequence("mode", 2, "people who await activation are let in", When.AT_ONCE)]
    assert [(job.kind, job.done) for job in changed.jobs] == [(JobKind.ACTIVATE, 2)]
    assert await standing(acme) == {("active", "password"): 3}


async def test_whoever_waits_goes_on_waiting_when_a_tenant_with_passwords_goes_to_sync(
    office: Office, acme: Lane
) -> None:
    await populate(acme, waiting=1)
    await acme.set_policies(mode=DRY_RUN)

    told = await office.settings.rehearse("acme", SettingsChange(mode=SYNC))
    changed = await change(office, SettingsChange(mode=SYNC))

    assert (list(told.consequences), list(changed.jobs)) == ([], [])
    assert await standing(acme) == {("awaiting_activation", "password"): 1}


async def test_going_to_sync_counts_what_is_released(office: Office, acme: Lane) -> None:
    await acme.set_policies(mode=DRY_RUN)
    await populate(acme, active=2)

    told = await office.settings.rehearse("acme", SettingsChange(mode=SYNC))

    assert list(told.consequences) == [Consequence("mode", 2, "pending users are released", When.AT_ONCE)]


async def test_a_rehearsal_changes_nothing(office: Office, acme: Lane) -> None:
    await populate(acme, waiting=1, active=1)
    before = (await office.tenants.tenant("acme"), await standing(acme), await acme.audit())

    await office.settings.rehearse("acme", TO_SSO)

    assert (await office.tenants.tenant("acme"), await standing(acme), await acme.audit()) == before
    assert list(await office.jobs.jobs("acme", limit=10)) == []


async def test_in_dry_run_accounts_stay_as_they_are(office: Office, acme: Lane) -> None:
    await populate(acme, waiting=1, active=1)
    before = await standing(acme)
    await acme.set_policies(mode=DRY_RUN)

    told = await office.settings.rehearse("acme", TO_SSO)
    with pytest.raises(RefusedError, match="dry-run"):
        await office.settings.change("acme", TO_SSO, existing=True, actor=ADA)
    changed = await office.settings.change("acme", TO_SSO, existing=False, actor=ADA)

    assert {when for _, when in counts(told)} == {When.IN_SYNC}
    assert (list(changed.jobs), await standing(acme)) == ([], before)


async def test_no_job_is_started_where_it_would_find_nobody(office: Office, acme: Lane) -> None:
    await populate(acme, active=2)

    await change(office, TO_SSO, existing=True)
    again = await change(office, TO_SSO, existing=True)

    assert list(again.jobs) == []


async def test_settings_at_odds_are_refused_before_anything_is_told(office: Office) -> None:
    at_odds = SettingsChange(authentication=Authentication.SSO, activation=Activation.MANUAL)

    with pytest.raises(RefusedError, match="always automatic"):
        await office.settings.rehearse("acme", at_odds)


async def test_another_tenants_people_do_not_count(office: Office, acme: Lane) -> None:
    await populate(acme, waiting=2, active=2)

    told = await office.settings.rehearse("globex", TO_SSO)

    assert list(told.consequences) == []


async def populate(lane: Lane, *, waiting: int = 0, active: int = 0) -> list[str]:
    """Make people whose accounts are active, and others who wait; return the ids of all."""
    people = [await lane.made(lane.create(userName=f"user{number}")) for number in range(waiting + active)]
    for account in (await lane.accounts())[waiting:]:
        if account.status is AccountStatus.AWAITING_ACTIVATION:
            await lane.carried(lane.administer(ActivateAccounts, accounts=(account.id,)))
    return [one.resource_id for one in people]


async def change(office: Office, what: SettingsChange, *, existing: bool = False) -> Changed:
    """Change settings, and let the jobs come to their end."""
    async with office.working():
        changed = await office.settings.change("acme", what, existing=existing, actor=ADA)
        return Changed(changed.switched, [await office.ended(job) for job in changed.jobs])


def counts(told: Rehearsal) -> dict[tuple[str, When], int]:
    return {(one.setting, one.when): one.count for one in told.consequences}


async def standing(lane: Lane) -> Counter[tuple[str, str]]:
    """Count the accounts by status and sign-in."""
    return Counter((account.status.value, account.sign_in) for account in await lane.accounts())
