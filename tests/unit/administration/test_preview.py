"""The preview of a release: what it says of single people, how it is searched, and how it is written to files."""

import csv
import io
import json
from collections.abc import AsyncIterator

import pytest

from schemas.messages.administration import ImportAccounts, LmsAccount, SetAside
from tenants.administration.actor import RefusedError
from tenants.administration.preview import Preview, PreviewItem, PreviewQuery
from tenants.administration.preview_files import COLUMNS, csv_head, csv_line, json_line
from tenants.administration.preview_pages import PAGE
from tenants.directory.pending import PendingKind
from tenants.directory.records import Hold
from tenants.policies.preview import Foreseen
from tenants.policies.settings import Deprovisioning, LinkRule, OperationMode, Policies
from tests.support.lane import Lane, open_lanes

DISABLE = {"op": "replace", "path": "active", "value": False}


@pytest.fixture
async def lanes() -> AsyncIterator[list[Lane]]:
    async with open_lanes("acme", "globex", policies=Policies()) as lanes:
        yield lanes


@pytest.fixture
def acme(lanes: list[Lane]) -> Lane:
    return lanes[0]


@pytest.fixture
def globex(lanes: list[Lane]) -> Lane:
    return lanes[1]


def preview_of(lane: Lane) -> Preview:
    return Preview(lane.stores.pending, lane.stores.writer, clock=lambda: lane.now)


async def counts(lane: Lane) -> dict[Foreseen, int]:
    """Return what occurs in the preview."""
    summary = await preview_of(lane).summary(lane.tenant)
    return {kind: count for kind, count in summary.counts.items() if count}


async def listed(lane: Lane, query: PreviewQuery | None = None) -> list[PreviewItem]:
    return await preview_of(lane).page(lane.tenant, query or PreviewQuery(), limit=10_000)


async def applied(lane: Lane) -> None:
    """Let everything pending reach the LMS, and go back to dry-run."""
    await lane.set_policies(mode=OperationMode.SYNC)
    await lane.release_all()
    await lane.set_policies(mode=OperationMode.DRY_RUN)


async def test_what_was_made_is_counted_for_its_tenant_alone(acme: Lane, globex: Lane) -> None:
    ann = await acme.made(acme.create(userName="ann"))
    gone = await acme.made(acme.create(userName="bob", active=False))
    members = [{"value": ann.resource_id}, {"value": gone.resource_id}]
    await acme.made(acme.create("Group", displayName="staff", members=members))
    assert await counts(acme) == {
        Foreseen.CREATE: 1,
        Foreseen.CREATE_COHORT: 1,
        Foreseen.JOIN: 1,
        # Bob has no account to join with.
        Foreseen.NOTHING: 1,
    }
    assert await counts(globex) == {}


async def test_an_update_shows_each_attribute_before_and_after(acme: Lane) -> None:
    ann = await acme.made(acme.create(userName="ann", title="Ms"))
    await applied(acme)
    await acme.made(acme.patch(ann.resource_id, {"op": "replace", "path": "title", "value": "Dr"}, DISABLE))
    (item,) = await listed(acme)
    assert (item.name, item.hold, item.effects) == ("ann", Hold.DRY_RUN, (Foreseen.DISABLE, Foreseen.UPDATE))
    assert item.changes == {"title": ("Ms", "Dr"), "status": ("active", "disabled")}
    assert item.reason == "active is false; attributes differ"


async def test_somebody_who_came_and_went_has_no_effect(acme: Lane) -> None:
    ann = await acme.made(acme.create(userName="ann"))
    await acme.made(acme.delete(ann.resource_id))
    assert await counts(acme) == {}


@pytest.mark.parametrize(
    ("deprovisioning", "effects"),
    [
        (Deprovisioning.DISABLE, {Foreseen.DISABLE: 1, Foreseen.DETACH: 1}),
        (Deprovisioning.DELETE, {Foreseen.ERASE: 1}),
    ],
)
async def test_a_leaver_counts_as_the_settings_in_force_say(
    acme: Lane, deprovisioning: Deprovisioning, effects: dict[Foreseen, int]
) -> None:
    ann = await acme.made(acme.create(userName="ann"))
    await applied(acme)
    await acme.made(acme.delete(ann.resource_id))
    await acme.set_policies(deprovisioning=deprovisioning)
    assert await counts(acme) == effects


async def test_a_ring_of_renames_is_no_conflict_and_a_name_that_is_kept_is(acme: Lane) -> None:
    ids = [(await acme.made(acme.create(userName=name))).resource_id for name in ("ann", "bob", "cid")]
    await applied(acme)
    for id, name in ((ids[0], "x"), (ids[1], "ann"), (ids[0], "bob")):
        await acme.made(acme.patch(id, {"op": "replace", "path": "userName", "value": name}))
    assert await counts(acme) == {Foreseen.UPDATE: 2}
    await acme.made(acme.delete(ids[2]))
    await acme.made(acme.create(userName="cid"))
    assert await counts(acme) == {
        Foreseen.UPDATE: 2,
        Foreseen.CONFLICT: 1,
        Foreseen.DISABLE: 1,
        Foreseen.DETACH: 1,
    }


async def test_who_is_deactivated_is_disabled_though_a_login_name_is_in_conflict(acme: Lane) -> None:
    leaver = await acme.made(acme.create(userName="kim", externalId="e1"))
    await applied(acme)
    await acme.made(acme.delete(leaver.resource_id))
    ann = (await acme.made(acme.create(userName="ann", externalId="e2"))).resource_id
    await applied(acme)
    rename = {"op": "replace", "path": "userName", "value": "kim"}
    await acme.made(acme.patch(ann, rename, {"op": "replace", "path": "active", "value": False}))
    assert await counts(acme) == {Foreseen.CONFLICT: 1, Foreseen.DISABLE: 1}


async def test_who_waits_for_somebody_set_aside_is_in_conflict(acme: Lane) -> None:
    ann = await acme.made(acme.create(userName="ann"))
    await applied(acme)
    await acme.made(acme.patch(ann.resource_id, {"op": "replace", "path": "userName", "value": "anna"}))
    await acme.made(acme.create(userName="ann"))
    assert await counts(acme) == {Foreseen.UPDATE: 1, Foreseen.CREATE: 1}
    await acme.carried(acme.administer(SetAside, resources=(ann.resource_id,)))
    assert await counts(acme) == {Foreseen.EXCLUDED: 1, Foreseen.CONFLICT: 1}


async def test_a_line_of_names_that_ends_with_somebody_who_goes_is_served_across_pages(acme: Lane) -> None:
    size = PAGE + 5
    made = [await acme.made(acme.create(userName=f"n{number}")) for number in range(size)]
    await applied(acme)
    for number in reversed(range(size)):
        rename = {"op": "replace", "path": "userName", "value": f"n{number + 1}"}
        await acme.made(acme.patch(made[number].resource_id, rename))
    assert await counts(acme) == {Foreseen.UPDATE: size}


async def test_a_returning_person_gets_the_account_back_and_the_leave_has_no_effect(acme: Lane) -> None:
    ann = await acme.made(acme.create(userName="ann", externalId="e1"))
    await applied(acme)
    await acme.made(acme.delete(ann.resource_id))
    await acme.made(acme.create(userName="ann", externalId="e1"))
    assert await counts(acme) == {Foreseen.LINK: 1, Foreseen.NOTHING: 1}


async def test_an_account_goes_to_the_first_whom_it_fits_and_who_can_have_it(acme: Lane) -> None:
    """Of two with the same externalId the first waits in vain for a login name: the second gets the account."""
    ann = await acme.made(acme.create(userName="ann", externalId="e1"))
    bob = await acme.made(acme.create(userName="bob", externalId="e2"))
    await applied(acme)
    await acme.made(acme.delete(ann.resource_id))
    await acme.made(acme.patch(bob.resource_id, {"op": "replace", "path": "userName", "value": "robert"}))
    await acme.carried(acme.administer(SetAside, resources=(bob.resource_id,)))
    for name in ("bob", "ann"):
        await acme.made(acme.create(userName=name, externalId="e1"))
    assert await counts(acme) == {
        Foreseen.EXCLUDED: 1,
        Foreseen.CONFLICT: 1,
        Foreseen.LINK: 1,
        Foreseen.NOTHING: 1,
    }
    told = [(item.name, item.counts_as) for item in await listed(acme) if item.kind is PendingKind.USER]
    assert told == [("robert", (Foreseen.EXCLUDED,)), ("bob", (Foreseen.CONFLICT,)), ("ann", (Foreseen.LINK,))]
    await applied(acme)
    assert str(ann.resource_id) in [account.id for account in await acme.accounts() if account.login == "ann"]


async def test_people_who_come_back_under_each_others_names_are_in_conflict(acme: Lane) -> None:
    """Who gets a kept account makes room once they have it: two who both wait for that, in a ring, wait in vain."""
    people = [(name, f"e-{name}") for name in ("ann", "bob")]
    made = [(await acme.made(acme.create(userName=name, externalId=id))).resource_id for name, id in people]
    await applied(acme)
    await acme.run(*(acme.delete(id) for id in made))
    await acme.run(*(acme.create(userName=name, externalId=id) for name, id in (("bob", "e-ann"), ("ann", "e-bob"))))
    assert await counts(acme) == {Foreseen.CONFLICT: 2, Foreseen.DISABLE: 2, Foreseen.DETACH: 2}
    await applied(acme)
    left = [item for item in await listed(acme) if item.kind is PendingKind.USER]
    assert [(item.hold, item.counts_as) for item in left] == [(Hold.CONFLICT, (Foreseen.CONFLICT,))] * 2


async def test_a_link_by_a_verified_address_shows_the_login_name_that_it_changes(acme: Lane) -> None:
    await acme.set_policies(link_by=(LinkRule.EMAIL,), owned_domains=("example.com",))
    had = LmsAccount("lms-1", "ann.old", None, "Ann@example.com", is_verified=True)
    await acme.carried(acme.administer(ImportAccounts, accounts=(had,)))
    await acme.made(acme.create(userName="ann", emails=[{"value": "ann@example.com"}]))
    (item,) = await listed(acme)
    assert item.counts_as[0] is Foreseen.LINK
    assert item.changes["login"] == ("ann.old", "ann")


async def test_items_are_found_by_effect_hold_and_text(acme: Lane) -> None:
    ann, bob = [await acme.made(acme.create(userName=name, externalId=f"E-{name}")) for name in ("Ann.Lee", "bob")]
    group = await acme.made(acme.create("Group", displayName="staff", members=[{"value": ann.resource_id}]))
    await acme.carried(acme.administer(SetAside, resources=(bob.resource_id,)))

    async def found(query: PreviewQuery) -> list[str]:
        return [item.id for item in await listed(acme, query)]

    membership = f"{group.resource_id}/{ann.resource_id}"
    assert await found(PreviewQuery(effects=frozenset({Foreseen.CREATE, Foreseen.JOIN}))) == [
        ann.resource_id,
        membership,
    ]
    assert await found(PreviewQuery(holds=frozenset({Hold.EXCLUDED}))) == [bob.resource_id]
    assert await found(PreviewQuery(search="ann.lee")) == [ann.resource_id, membership]
    assert await found(PreviewQuery(search="e-BOB")) == [bob.resource_id]
    assert await found(PreviewQuery(search=group.resource_id, effects=frozenset({Foreseen.CREATE_COHORT}))) == [
        group.resource_id
    ]


async def test_the_forecast_is_made_anew_when_anything_changes(acme: Lane) -> None:
    preview = preview_of(acme)
    await acme.made(acme.create(userName="ann"))
    assert (await preview.summary(acme.tenant)).counts[Foreseen.CREATE] == 1
    await acme.made(acme.create(userName="bob"))
    assert (await preview.summary(acme.tenant)).counts[Foreseen.CREATE] == 2


async def test_an_unknown_tenant_or_place_is_refused(acme: Lane) -> None:
    with pytest.raises(RefusedError, match="no tenant named nobody"):
        await preview_of(acme).summary("nobody")
    with pytest.raises(RefusedError, match="no place"):
        await listed(acme, PreviewQuery(after="somewhere"))


async def test_files_hold_every_item_and_no_formula(acme: Lane) -> None:
    for name in ("=1+1", "+2", "-3", "@4", "plain"):
        await acme.made(acme.create(userName=name, externalId=f"={name}"))
    items = await listed(acme)
    rows = list(csv.DictReader(io.StringIO(csv_head() + "".join(map(csv_line, items)))))
    assert tuple(rows[0]) == COLUMNS
    assert [row["name"] for row in rows] == ["'=1+1", "'+2", "'-3", "'@4", "plain"]
    assert {row["externalId"][0] for row in rows} == {"'"}
    lines = [json.loads(json_line(item)) for item in items]
    assert [line["name"] for line in lines] == ["=1+1", "+2", "-3", "@4", "plain"]
    assert lines[4]["changes"]["login"] == [None, "plain"]
    assert {item.kind for item in items} == {PendingKind.USER}
