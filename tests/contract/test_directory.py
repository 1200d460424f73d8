"""The directory writer's promises: load what is needed, commit all of it or nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from msgspec import structs

from schemas.ids import CommandId, ResourceId, TenantId
from schemas.messages.outcomes import Abandoned, Outcome, Rejected
from schemas.scim.query import Query
from tenants.directory.pending import PendingReader
from tenants.directory.port import AccountReader, DirectoryReader
from tenants.directory.records import AccountStatus, Counters, Hold, Reference
from tenants.directory.writer import DirectoryWriter, Need, Snapshot
from tenants.errors import DuplicateError, LaneLostError, UnknownTenantError
from tenants.registry.port import Registry
from tests.support.builders import (
    LATER,
    Content,
    account,
    account_id,
    applied,
    changes,
    cohort,
    edge,
    entry,
    event,
    group,
    resource_id,
    tenant,
    tombstone,
    user,
)

ANN, BOB, CAT = user(1, "ann@example.com", external_id="E-1"), user(2, "bob@example.com"), user(3, "cat@example.com")
STAFF, TEAM = group(11, "Staff", external_id="G-1"), group(12, "Team")
EVERYTHING = Need(
    receipts=frozenset({CommandId("c1"), CommandId("c2"), CommandId("c3")}),
    resources=frozenset(map(resource_id, range(20))),
    logins=frozenset({"ann@example.com", "bob@example.com", "cat@example.com"}),
    all_members=frozenset({STAFF.id, TEAM.id}),
)


async def _commit(writer: DirectoryWriter, tenant: TenantId, content: Content) -> None:
    await writer.commit(changes(await writer.load(tenant, Need()), content))


async def _fill(writer: DirectoryWriter, *tenants: TenantId) -> None:
    """Give each tenant the same three Users, two Groups, their accounts and cohorts."""
    content = Content(
        inserted=[ANN, BOB, CAT, STAFF, TEAM],
        accounts_inserted=[account(101, ANN), account(102, BOB), account(103, None, external_id="E-9")],
        cohorts_put=[cohort(STAFF)],
        edges_put=[edge(STAFF, ANN), edge(TEAM, ANN, applied=False), edge(STAFF, BOB, desired=False)],
        receipts=[applied("c1", ANN)],
    )
    for each in tenants:
        await _commit(writer, each, content)


# what a load returns


async def test_an_empty_need_loads_the_record_and_the_counters(
    writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    await _fill(writer, acme)

    assert await writer.load(acme, Need()) == Snapshot(
        tenant=tenant(acme), counters=Counters(sequence=1, users=3, groups=2)
    )
    assert await writer.load(globex, Need()) == Snapshot(tenant=tenant(globex), counters=Counters())


async def test_an_unknown_tenant_cannot_be_loaded(writer: DirectoryWriter) -> None:
    with pytest.raises(UnknownTenantError):
        await writer.load(TenantId("nobody"), Need())


async def test_one_tenant_never_loads_what_another_has(
    writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    await _fill(writer, acme)
    need = replace(
        EVERYTHING,
        names=frozenset({("User", ANN.name)}),
        external_ids=frozenset({"E-9"}),
        memberships=frozenset({(STAFF.id, ANN.id)}),
        groups_of=frozenset({ANN.id}),
        references=frozenset({ANN.id}),
    )

    assert await writer.load(globex, need) == Snapshot(tenant=tenant(globex), counters=Counters())


async def test_receipts_of_every_kind_are_loaded(writer: DirectoryWriter, acme: TenantId) -> None:
    receipts: list[Outcome] = [
        applied("c1", ANN),
        Rejected(command=CommandId("c2"), status=409, detail="userName is taken", scim_type="uniqueness"),
        Abandoned(command=CommandId("c3"), reason="deadline"),
    ]
    await _commit(writer, acme, Content(receipts=receipts))

    snapshot = await writer.load(acme, Need(receipts=frozenset({CommandId("c1"), CommandId("c3"), CommandId("c9")})))

    assert snapshot.receipts == {"c1": receipts[0], "c3": receipts[2]}


async def test_resources_are_loaded_with_account_and_cohort(
    writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    await _fill(writer, acme, globex)

    snapshot = await writer.load(acme, Need(resources=frozenset({ANN.id, CAT.id, STAFF.id, TEAM.id, resource_id(9)})))

    assert snapshot.resources == {one.id: one for one in (ANN, CAT, STAFF, TEAM)}
    assert snapshot.accounts == {account_id(101): account(101, ANN)}
    assert snapshot.cohorts == {STAFF.id: cohort(STAFF)}


async def test_holders_of_names_are_loaded_with_their_resources(writer: DirectoryWriter, acme: TenantId) -> None:
    await _fill(writer, acme)
    asked = {("User", ANN.name), ("Group", "staff"), ("User", "staff"), ("Group", ANN.name), ("User", "free")}

    snapshot = await writer.load(acme, Need(names=frozenset(asked)))

    assert snapshot.holders == {("User", ANN.name): ANN.id, ("Group", "staff"): STAFF.id}
    assert snapshot.resources == {ANN.id: ANN, STAFF.id: STAFF}
    assert snapshot.accounts == {account_id(101): account(101, ANN)}
    assert snapshot.cohorts == {STAFF.id: cohort(STAFF)}


async def test_accounts_are_loaded_by_login(writer: DirectoryWriter, acme: TenantId) -> None:
    await _fill(writer, acme)

    snapshot = await writer.load(acme, Need(logins=frozenset({BOB.name, "leaver103@example.com", "free"})))

    assert snapshot.accounts == {
        account_id(102): account(102, BOB),
        account_id(103): account(103, None, external_id="E-9"),
    }
    assert snapshot.resources == {}


async def test_only_detached_accounts_are_loaded_by_external_id(writer: DirectoryWriter, acme: TenantId) -> None:
    await _fill(writer, acme)

    snapshot = await writer.load(acme, Need(external_ids=frozenset({"E-9", "E-1", "E-404"})))

    assert snapshot.accounts == {account_id(103): account(103, None, external_id="E-9")}


async def test_the_memberships_asked_for_are_loaded(writer: DirectoryWriter, acme: TenantId) -> None:
    await _fill(writer, acme)
    asked = {(STAFF.id, ANN.id), (STAFF.id, BOB.id), (TEAM.id, BOB.id), (ANN.id, STAFF.id)}

    snapshot = await writer.load(acme, Need(memberships=frozenset(asked)))

    assert snapshot.edges == {
        (STAFF.id, ANN.id): edge(STAFF, ANN),
        (STAFF.id, BOB.id): edge(STAFF, BOB, desired=False),
    }


async def test_all_edges_of_a_group_are_loaded(writer: DirectoryWriter, acme: TenantId) -> None:
    await _fill(writer, acme)

    snapshot = await writer.load(acme, Need(all_members=frozenset({STAFF.id})))

    assert snapshot.edges == {
        (STAFF.id, ANN.id): edge(STAFF, ANN),
        (STAFF.id, BOB.id): edge(STAFF, BOB, desired=False),
    }


async def test_all_edges_of_a_member_are_loaded_with_their_groups(writer: DirectoryWriter, acme: TenantId) -> None:
    await _fill(writer, acme)

    snapshot = await writer.load(acme, Need(groups_of=frozenset({ANN.id})))

    assert snapshot.edges == {
        (STAFF.id, ANN.id): edge(STAFF, ANN),
        (TEAM.id, ANN.id): edge(TEAM, ANN, applied=False),
    }
    assert snapshot.resources == {STAFF.id: STAFF, TEAM.id: TEAM}
    assert snapshot.cohorts == {STAFF.id: cohort(STAFF)}


async def test_references_tell_type_and_account(writer: DirectoryWriter, acme: TenantId) -> None:
    await _fill(writer, acme)

    snapshot = await writer.load(acme, Need(references=frozenset({ANN.id, CAT.id, STAFF.id, resource_id(9)})))

    assert snapshot.references == {
        ANN.id: Reference(type="User", account=account_id(101)),
        CAT.id: Reference(type="User", account=None),
        STAFF.id: Reference(type="Group", account=None),
    }
    assert snapshot.resources == {}


async def test_needs_that_overlap_are_loaded_together(writer: DirectoryWriter, acme: TenantId) -> None:
    await _fill(writer, acme)
    need = replace(
        EVERYTHING,
        names=frozenset({("User", ANN.name)}),
        memberships=frozenset({(STAFF.id, ANN.id)}),
        groups_of=frozenset({ANN.id}),
        references=frozenset({ANN.id}),
    )

    snapshot = await writer.load(acme, need)

    assert set(snapshot.resources) == {ANN.id, BOB.id, CAT.id, STAFF.id, TEAM.id}
    assert set(snapshot.edges) == {(STAFF.id, ANN.id), (STAFF.id, BOB.id), (TEAM.id, ANN.id)}
    assert set(snapshot.accounts) == {account_id(101), account_id(102)}
    assert set(snapshot.references) == {ANN.id}


async def test_a_need_of_many_keys_is_loaded(writer: DirectoryWriter, acme: TenantId) -> None:
    people = [user(number) for number in range(1000, 2500)]
    await _commit(
        writer,
        acme,
        Content(
            inserted=[STAFF, *people],
            accounts_inserted=[account(5000 + number, one) for number, one in enumerate(people)],
            edges_put=[edge(STAFF, one) for one in people],
        ),
    )
    ids = frozenset(one.id for one in people)

    snapshot = await writer.load(
        acme, Need(resources=ids, references=ids, memberships=frozenset((STAFF.id, id) for id in ids))
    )

    assert len(snapshot.resources) == len(snapshot.accounts) == len(snapshot.edges) == len(snapshot.references) == 1500


# what a commit keeps


async def test_every_field_of_a_resource_is_kept(writer: DirectoryWriter, acme: TenantId) -> None:
    odd = structs.replace(
        user(4, "Ünï'\"\\%_$@example.com", external_id=" E'\"$ne\\ "),
        version=7,
        modified=LATER,
        attributes={"userName": "x", "a.b": {"$ref": [1, 2.5, True, {"c": "\U0001f600"}]}, "big": 2**53 + 1},
        applied_version=6,
        hold=Hold.GUARD,
        rendered=b'{"x":"\x1f/Users\\u0000\xc3\xbc"}',
    )

    await _commit(writer, acme, Content(inserted=[odd]))

    assert (await writer.load(acme, Need(resources=frozenset({odd.id})))).resources == {odd.id: odd}


async def test_every_field_of_an_account_is_kept(writer: DirectoryWriter, acme: TenantId) -> None:
    odd = account(
        104,
        None,
        external_id="E'\"$",
        login="Ünï",
        login_key="ünï",
        status=AccountStatus.AWAITING_ACTIVATION,
        sign_in="sso",
        profile={"a.b": [{"$x": None}], "ü": True},
        activated=False,
    )

    await _commit(writer, acme, Content(accounts_inserted=[odd]))

    assert (await writer.load(acme, Need(logins=frozenset({"ünï"})))).accounts == {odd.id: odd}


async def test_updates_take_the_place_of_what_was(writer: DirectoryWriter, acme: TenantId, globex: TenantId) -> None:
    await _fill(writer, acme, globex)
    ann = user(1, "ann.new@example.com", version=2, modified=LATER, hold=Hold.DRY_RUN)
    disabled = account(101, ann, status=AccountStatus.DISABLED, login=ANN.name, login_key=ANN.name)

    await _commit(writer, acme, Content(updated=[ann], accounts_updated=[disabled]))

    loaded = await writer.load(acme, Need(resources=frozenset({ANN.id}), names=frozenset({("User", ANN.name)})))
    assert (loaded.resources, loaded.accounts, loaded.holders) == ({ann.id: ann}, {disabled.id: disabled}, {})
    untouched = await writer.load(globex, Need(resources=frozenset({ANN.id})))
    assert (untouched.resources, untouched.accounts) == ({ANN.id: ANN}, {account_id(101): account(101, ANN)})


async def test_what_is_removed_is_gone_for_this_tenant_alone(
    writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    await _fill(writer, acme, globex)

    await _commit(
        writer, acme, Content(removed=[ANN, STAFF], accounts_removed=[account_id(101)], cohorts_removed=[STAFF.id])
    )

    loaded = await writer.load(acme, EVERYTHING)
    assert set(loaded.resources) == {BOB.id, CAT.id, TEAM.id}
    assert set(loaded.accounts) == {account_id(102)}
    assert loaded.cohorts == {}
    assert loaded.counters == Counters(sequence=2, users=2, groups=1)
    untouched = await writer.load(globex, EVERYTHING)
    assert (len(untouched.resources), len(untouched.accounts), len(untouched.cohorts)) == (5, 2, 1)


async def test_edges_are_put_and_removed(writer: DirectoryWriter, acme: TenantId, globex: TenantId) -> None:
    await _fill(writer, acme, globex)
    put = [edge(STAFF, BOB), edge(TEAM, ANN), edge(TEAM, STAFF)]

    await _commit(writer, acme, Content(edges_put=put, edges_removed=[(STAFF.id, ANN.id), (TEAM.id, CAT.id)]))

    assert (await writer.load(acme, EVERYTHING)).edges == {(one.group, one.member): one for one in put}
    assert set((await writer.load(globex, EVERYTHING)).edges) == {
        (STAFF.id, ANN.id),
        (TEAM.id, ANN.id),
        (STAFF.id, BOB.id),
    }


async def test_whether_a_member_is_kept_is_part_of_an_edge(
    writer: DirectoryWriter, pending: PendingReader, acme: TenantId, globex: TenantId
) -> None:
    kept = edge(TEAM, ANN, desired=False, is_kept=True)
    for each in (acme, globex):
        await _commit(writer, each, Content(edges_put=[edge(TEAM, ANN)]))
        await _commit(writer, each, Content(edges_put=[kept]))
    need = Need(memberships=frozenset({(TEAM.id, ANN.id)}))
    await _commit(writer, globex, Content(edges_put=[edge(TEAM, ANN)]))

    assert (await writer.load(acme, need)).edges == {(TEAM.id, ANN.id): kept}
    assert await pending.pending_memberships(acme, after=(resource_id(0), resource_id(0)), limit=9) == [kept]
    assert (await writer.load(globex, need)).edges == {(TEAM.id, ANN.id): edge(TEAM, ANN)}


async def test_a_group_is_cleared_before_edges_are_put(
    writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    await _fill(writer, acme, globex)

    await _commit(writer, acme, Content(groups_cleared=[STAFF.id], edges_put=[edge(STAFF, CAT)]))

    assert set((await writer.load(acme, EVERYTHING)).edges) == {(STAFF.id, CAT.id), (TEAM.id, ANN.id)}
    assert len((await writer.load(globex, EVERYTHING)).edges) == 3


async def test_cohorts_are_put_again_under_another_name(writer: DirectoryWriter, acme: TenantId) -> None:
    await _fill(writer, acme)
    renamed = replace(cohort(STAFF), name="Everyone", external_id=None)

    await _commit(writer, acme, Content(cohorts_put=[renamed, cohort(TEAM)]))

    assert (await writer.load(acme, EVERYTHING)).cohorts == {STAFF.id: renamed, TEAM.id: cohort(TEAM)}


async def test_tombstones_come_and_go(writer: DirectoryWriter, acme: TenantId, globex: TenantId) -> None:
    await _fill(writer, acme, globex)

    await _commit(writer, acme, Content(removed=[ANN], tombstones_put=[tombstone(ANN)]))
    await _commit(writer, acme, Content(tombstones_put=[tombstone(ANN), tombstone(BOB)]))
    await _commit(writer, acme, Content(tombstones_removed=[("User", ANN.id), ("User", BOB.id), ("Group", CAT.id)]))

    assert (await writer.load(acme, Need())).counters == Counters(sequence=4, users=2, groups=2)


async def test_a_transaction_of_nothing_raises_the_sequence(writer: DirectoryWriter, acme: TenantId) -> None:
    await _commit(writer, acme, Content())

    assert (await writer.load(acme, Need())).counters == Counters(sequence=1)


async def test_transactions_follow_each_other_without_loading_between(
    writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    snapshot = await writer.load(acme, Need())
    for number in range(1, 6):
        content = Content(
            inserted=[user(number)], audit=[entry()], events=[event(acme)], receipts=[applied(f"c{number}")]
        )
        made = changes(snapshot, content)
        await writer.commit(made)
        snapshot = replace(snapshot, counters=made.counters)

    assert (await writer.load(acme, Need())).counters == Counters(sequence=5, events=5, audit=5, users=5)
    assert (await writer.load(globex, Need())).counters == Counters()


async def test_receipts_expire_after_a_day_at_the_earliest(writer: DirectoryWriter, acme: TenantId) -> None:
    await _commit(writer, acme, Content(receipts=[applied("old")]))
    snapshot = await writer.load(acme, Need())
    for number in range(1, 101):
        made = changes(snapshot, Content(receipts=[applied(f"c{number}")]), at="2026-11-26T14:49:00.000Z")
        await writer.commit(made)
        snapshot = replace(snapshot, counters=made.counters)

    asked = frozenset({CommandId("old"), CommandId("c1"), CommandId("c100")})
    assert set((await writer.load(acme, Need(receipts=asked))).receipts) == asked


async def test_a_commit_returns_the_counters_with_the_digest_that_a_load_reads(
    writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    for content in (Content(inserted=[ANN], audit=[entry()]), Content(inserted=[BOB], audit=[entry(), entry()])):
        returned = await writer.commit(changes(await writer.load(acme, Need()), content))

        read = (await writer.load(acme, Need())).counters
        assert (returned, returned.audit_digest) == (read, read.audit_digest)
        assert len(read.audit_digest) == 64
    assert (await writer.load(globex, Need())).counters.audit_digest == ""


# what a commit refuses, as a whole


async def test_a_stale_sequence_loses_the_lane(writer: DirectoryWriter, acme: TenantId, globex: TenantId) -> None:
    stale = await writer.load(acme, Need())
    await _commit(writer, globex, Content(inserted=[ANN]))
    await _commit(writer, acme, Content(inserted=[ANN]))

    with pytest.raises(LaneLostError):
        await writer.commit(changes(stale, Content(inserted=[BOB], receipts=[applied("c1")], audit=[entry()])))

    loaded = await writer.load(acme, EVERYTHING)
    assert (set(loaded.resources), loaded.receipts) == ({ANN.id}, {})
    assert loaded.counters == Counters(sequence=1, users=1)


async def test_a_changed_revision_loses_the_lane(
    writer: DirectoryWriter, registry: Registry, acme: TenantId, globex: TenantId
) -> None:
    before = await writer.load(acme, Need())
    beside = await writer.load(globex, Need())
    await registry.change_tenant(tenant(acme, revision=2))

    with pytest.raises(LaneLostError):
        await writer.commit(changes(before, Content(inserted=[ANN])))
    await writer.commit(changes(beside, Content(inserted=[ANN])))
    await _commit(writer, acme, Content(inserted=[BOB]))

    assert set((await writer.load(acme, EVERYTHING)).resources) == {BOB.id}
    assert set((await writer.load(globex, EVERYTHING)).resources) == {ANN.id}


async def test_a_change_of_the_record_keeps_the_counters(
    writer: DirectoryWriter, registry: Registry, acme: TenantId
) -> None:
    await _fill(writer, acme)
    changed = tenant(acme, display_name="New", revision=2)

    await registry.change_tenant(changed)

    snapshot = await writer.load(acme, Need())
    assert (snapshot.tenant, snapshot.counters) == (changed, Counters(sequence=1, users=3, groups=2))


async def test_an_unknown_tenant_has_no_lane(writer: DirectoryWriter, acme: TenantId) -> None:
    made = changes(await writer.load(acme, Need()), Content(inserted=[ANN]))

    with pytest.raises(LaneLostError):
        await writer.commit(replace(made, tenant=TenantId("nobody")))


@pytest.mark.parametrize(
    "duplicate",
    [
        Content(inserted=[user(4, "ANN@example.com")]),
        Content(inserted=[group(4, "STAFF")]),
        Content(inserted=[user(1, "other")]),
        Content(inserted=[user(4, "twice"), user(5, "twice")]),
        Content(updated=[user(2, "ann@example.com")]),
        Content(accounts_inserted=[account(104, CAT, login_key="ann@example.com")]),
        Content(accounts_inserted=[account(101, CAT)]),
        Content(accounts_updated=[account(102, BOB, login_key="ann@example.com")]),
        Content(receipts=[applied("c1")]),
    ],
    ids=[
        "userName",
        "displayName",
        "id",
        "userName twice",
        "renamed",
        "login",
        "account id",
        "login changed",
        "command id",
    ],
)
async def test_a_duplicate_keeps_nothing_of_the_transaction(
    writer: DirectoryWriter, acme: TenantId, duplicate: Content
) -> None:
    await _fill(writer, acme)
    before = await writer.load(acme, EVERYTHING)
    content = duplicate._replace(
        inserted=[user(6), *duplicate.inserted],
        removed=[CAT],
        accounts_inserted=[account(106, None), *duplicate.accounts_inserted],
        edges_put=[edge(TEAM, BOB)],
        receipts=[applied("c2"), *duplicate.receipts],
        audit=[entry()],
        events=[event(acme)],
    )

    with pytest.raises(DuplicateError):
        await writer.commit(changes(before, content))

    assert await writer.load(acme, EVERYTHING) == before


async def test_two_tenants_may_use_the_same_ids_names_and_commands(
    writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    await _fill(writer, acme, globex)

    assert (await writer.load(acme, EVERYTHING)).resources == (await writer.load(globex, EVERYTHING)).resources


async def test_a_user_and_a_group_may_have_the_same_name(writer: DirectoryWriter, acme: TenantId) -> None:
    await _commit(writer, acme, Content(inserted=[user(1, "same"), group(2, "same")]))

    snapshot = await writer.load(acme, Need(names=frozenset({("User", "same"), ("Group", "same")})))
    assert snapshot.holders == {("User", "same"): resource_id(1), ("Group", "same"): resource_id(2)}


# names and logins handed over in one commit


async def test_a_removed_resources_name_and_login_are_taken_in_the_same_transaction(
    writer: DirectoryWriter, acme: TenantId
) -> None:
    await _fill(writer, acme)
    heir, renamed = user(5, "ann@example.com"), user(3, "bob@example.com", version=2)

    await _commit(
        writer,
        acme,
        Content(
            removed=[ANN, BOB],
            inserted=[heir],
            updated=[renamed],
            accounts_removed=[account_id(101), account_id(102)],
            accounts_inserted=[account(105, heir), account(106, renamed)],
        ),
    )

    assert await _holders(writer, acme, "ann@example.com", "bob@example.com") == {
        "ann@example.com": heir.id,
        "bob@example.com": CAT.id,
    }


async def test_a_name_and_login_given_up_are_taken_in_the_same_transaction(
    writer: DirectoryWriter, acme: TenantId
) -> None:
    await _fill(writer, acme)
    ann, heir = user(1, "ann.old@example.com", version=2), user(5, "ann@example.com")
    content = Content(
        updated=[ann],
        inserted=[heir],
        accounts_updated=[account(101, ann)],
        accounts_inserted=[account(105, heir)],
    )

    await _commit(writer, acme, content)

    assert await _holders(writer, acme, "ann@example.com", "ann.old@example.com") == {
        "ann@example.com": heir.id,
        "ann.old@example.com": ANN.id,
    }


@pytest.mark.parametrize("order", [lambda pair: pair, lambda pair: pair[::-1]], ids=["as is", "reversed"])
async def test_names_and_logins_are_handed_on_along_a_chain(
    writer: DirectoryWriter, acme: TenantId, order: Callable[[list[object]], list[object]]
) -> None:
    await _fill(writer, acme)
    ann, bob = user(1, "bob@example.com", version=2), user(2, "dora@example.com", version=2)

    await _commit(
        writer,
        acme,
        Content(updated=order([ann, bob]), accounts_updated=order([account(101, ann), account(102, bob)])),  # type: ignore[arg-type]
    )

    assert await _holders(writer, acme, "ann@example.com", "bob@example.com", "dora@example.com") == {
        "bob@example.com": ANN.id,
        "dora@example.com": BOB.id,
    }


async def test_two_resources_swap_names_and_logins(writer: DirectoryWriter, acme: TenantId, globex: TenantId) -> None:
    await _fill(writer, acme, globex)
    ann, bob = user(1, "bob@example.com", version=2), user(2, "ann@example.com", version=2)
    accounts = [account(101, ann), account(102, bob)]

    await _commit(writer, acme, Content(updated=[ann, bob], accounts_updated=accounts))

    loaded = await writer.load(acme, Need(resources=frozenset({ANN.id, BOB.id})))
    assert loaded.resources == {ANN.id: ann, BOB.id: bob}
    assert loaded.accounts == {one.id: one for one in accounts}
    assert await _holders(writer, acme, "ann@example.com", "bob@example.com") == {
        "ann@example.com": BOB.id,
        "bob@example.com": ANN.id,
    }
    assert await _holders(writer, globex, "ann@example.com") == {"ann@example.com": ANN.id}


# commits at once


async def test_of_two_transactions_at_once_exactly_one_commits(writer: DirectoryWriter, acme: TenantId) -> None:
    snapshot = await writer.load(acme, Need())
    rivals = [changes(snapshot, Content(inserted=[user(number)])) for number in range(1, 6)]

    results = await asyncio.gather(*map(writer.commit, rivals), return_exceptions=True)

    won = [number for number, result in enumerate(results) if isinstance(result, Counters)]
    assert len(won) == 1
    assert all(isinstance(result, Counters | LaneLostError) for result in results)
    winner = rivals[won[0]]
    assert set((await writer.load(acme, EVERYTHING)).resources) == {one.id for one in winner.inserted}


async def test_tenants_commit_at_once_without_meeting(
    writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    async def write(tenant: TenantId) -> None:
        for number in range(1, 6):
            await _commit(writer, tenant, Content(inserted=[user(number)], edges_put=[edge(STAFF, user(number))]))

    await asyncio.gather(write(acme), write(globex))

    for tenant_id in (acme, globex):
        assert (await writer.load(tenant_id, Need())).counters == Counters(sequence=5, users=5)


async def test_a_settings_change_and_a_transaction_at_once_leave_both_or_refuse_one(
    writer: DirectoryWriter, registry: Registry, acme: TenantId
) -> None:
    snapshot = await writer.load(acme, Need())

    results = await asyncio.gather(
        registry.change_tenant(tenant(acme, revision=2)),
        writer.commit(changes(snapshot, Content(inserted=[ANN]))),
        return_exceptions=True,
    )

    assert results[0] is None
    assert isinstance(results[1], Counters | LaneLostError)
    loaded = await writer.load(acme, EVERYTHING)
    assert loaded.tenant.revision == 2
    assert loaded.counters.users == len(loaded.resources) == (1 if isinstance(results[1], Counters) else 0)


# reads that follow


async def test_a_reader_sees_what_was_just_committed(
    writer: DirectoryWriter, directory: DirectoryReader, acme: TenantId, globex: TenantId
) -> None:
    for number in range(1, 21):
        await _commit(writer, acme, Content(inserted=[user(number)]))
        page = await directory.search(acme, Query("User"))
        assert (page.total, page.resources[-1].id) == (number, resource_id(number))

    assert (await directory.search(globex, Query("User"))).total == 0


async def test_members_are_those_of_the_directory_by_id(
    writer: DirectoryWriter, directory: DirectoryReader, acme: TenantId, globex: TenantId
) -> None:
    await _fill(writer, acme)
    await _commit(writer, acme, Content(edges_put=[edge(STAFF, TEAM, applied=False), edge(STAFF, CAT)]))

    members = await directory.members(acme, [STAFF.id, TEAM.id, resource_id(9)])

    listed = {group: [(one.id, one.type) for one in of_group] for group, of_group in members.items() if of_group}
    assert listed == {
        STAFF.id: [(ANN.id, "User"), (CAT.id, "User"), (TEAM.id, "Group")],
        TEAM.id: [(ANN.id, "User")],
    }
    assert not any((await directory.members(globex, [STAFF.id])).values())


async def test_groups_of_a_member_are_those_of_the_directory_by_id(
    writer: DirectoryWriter, directory: DirectoryReader, acme: TenantId, globex: TenantId
) -> None:
    await _fill(writer, acme)

    groups = await directory.groups_of(acme, [ANN.id, BOB.id, CAT.id])

    listed = {member: [(one.id, one.display) for one in of_member] for member, of_member in groups.items() if of_member}
    assert listed == {ANN.id: [(STAFF.id, "Staff"), (TEAM.id, "Team")]}
    assert not any((await directory.groups_of(globex, [ANN.id])).values())


async def test_a_renamed_group_shows_its_new_name_to_members(
    writer: DirectoryWriter, directory: DirectoryReader, acme: TenantId
) -> None:
    await _fill(writer, acme)
    await _commit(writer, acme, Content(updated=[group(11, "Everyone", version=2)]))

    groups = await directory.groups_of(acme, [ANN.id])

    assert [one.display for one in groups[ANN.id]] == ["Everyone", "Team"]


async def test_questions_about_nobody_are_answered(directory: DirectoryReader, acme: TenantId) -> None:
    assert dict(await directory.members(acme, [])) == {}
    assert dict(await directory.groups_of(acme, [])) == {}


async def test_accounts_are_listed_by_id_in_parts(
    writer: DirectoryWriter, accounts: AccountReader, acme: TenantId, globex: TenantId
) -> None:
    await _fill(writer, acme)
    everyone = [account(101, ANN), account(102, BOB), account(103, None, external_id="E-9")]

    assert list(await accounts.accounts(acme, after="", limit=2)) == everyone[:2]
    assert list(await accounts.accounts(acme, after=account_id(102), limit=2)) == everyone[2:]
    assert list(await accounts.accounts(globex, after="", limit=2)) == []


async def test_cohorts_are_listed_by_id_with_the_members_that_the_lms_has(
    writer: DirectoryWriter, accounts: AccountReader, acme: TenantId, globex: TenantId
) -> None:
    await _fill(writer, acme)
    await _commit(writer, acme, Content(cohorts_put=[cohort(TEAM)]))

    assert list(await accounts.cohorts(acme, after="", limit=1)) == [cohort(STAFF)]
    assert list(await accounts.cohorts(acme, after=STAFF.id, limit=5)) == [cohort(TEAM)]
    assert list(await accounts.cohorts(globex, after="", limit=5)) == []
    assert list(await accounts.cohort_members(acme, STAFF.id)) == [ANN.id, BOB.id]
    assert list(await accounts.cohort_members(acme, TEAM.id)) == []
    assert list(await accounts.cohort_members(globex, STAFF.id)) == []


async def _holders(writer: DirectoryWriter, tenant: TenantId, *names: str) -> dict[str, ResourceId]:
    """Return who has these userNames; checks that the accounts' logins agree."""
    need = Need(names=frozenset(("User", name) for name in names), logins=frozenset(names))
    snapshot = await writer.load(tenant, need)
    logins = {one.login_key: one.resource for one in snapshot.accounts.values()}
    holders = {name: id for (_, name), id in snapshot.holders.items()}
    assert logins.items() <= holders.items()
    return holders
