"""What waits is found by place, with all that is applied of it, and nothing else is."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from msgspec import structs

from schemas.ids import ResourceId, TenantId
from tenants.directory.pending import PendingKind, PendingReader, PendingResource
from tenants.directory.records import Hold, StoredResource
from tenants.directory.writer import DirectoryWriter, Need
from tests.support.builders import (
    Content,
    account,
    account_id,
    changes,
    cohort,
    edge,
    group,
    resource_id,
    tombstone,
    user,
)

NONE = ResourceId("")
NEW = user(1, "new@example.com", external_id="E-1", applied_version=0, hold=Hold.DRY_RUN)
CHANGED = user(2, "changed@example.com", version=3, applied_version=2, hold=Hold.GUARD)
SETTLED = user(3, "settled@example.com", version=3, applied_version=3)
BEHIND = user(4, "behind@example.com", version=2, applied_version=1)
EXCLUDED = user(5, "excluded@example.com", version=2, applied_version=2, hold=Hold.EXCLUDED)
GONE = user(6, "gone@example.com", external_id="E-6")
NEW_GROUP = group(11, "New", applied_version=0, hold=Hold.DRY_RUN)
SETTLED_GROUP = group(12, "Settled", external_id="G-12")
RENAMED = group(13, "Renamed", version=2, hold=Hold.CONFLICT)
GONE_GROUP = group(14, "Gone")
GONE_ACCOUNT = account(106, GONE, is_leaving=True)
KEPT = account(107, None, external_id="E-7")
SETTLED_ACCOUNT = account(103, SETTLED, external_id="E-3")

EDGES = [
    edge(NEW_GROUP, NEW, applied=False),
    edge(NEW_GROUP, SETTLED, applied=False),
    edge(SETTLED_GROUP, CHANGED),
    edge(SETTLED_GROUP, SETTLED, desired=False),
    edge(RENAMED, CHANGED, applied=False),
]


async def _commit(writer: DirectoryWriter, tenant: TenantId, content: Content) -> None:
    await writer.commit(changes(await writer.load(tenant, Need()), content))


@pytest.fixture
async def filled(writer: DirectoryWriter, acme: TenantId, globex: TenantId) -> TenantId:
    """A tenant with something of everything; the other one has a settled User and a new one."""
    everything = Content(
        inserted=[NEW, CHANGED, SETTLED, BEHIND, EXCLUDED, NEW_GROUP, SETTLED_GROUP, RENAMED],
        accounts_inserted=[account(102, CHANGED), SETTLED_ACCOUNT, account(105, EXCLUDED), GONE_ACCOUNT, KEPT],
        cohorts_put=[cohort(SETTLED_GROUP), cohort(RENAMED), cohort(GONE_GROUP)],
        tombstones_put=[tombstone(GONE), replace(tombstone(GONE_GROUP), hold=Hold.EXCLUDED)],
        edges_put=EDGES,
    )
    await _commit(writer, acme, everything)
    await _commit(writer, globex, Content(inserted=[SETTLED, NEW], accounts_inserted=[account(103, SETTLED)]))
    return acme


def _ids(found: Sequence[PendingResource]) -> list[ResourceId]:
    return [one.id for one in found]


def _bare(resource: StoredResource | None) -> StoredResource | None:
    """Return the resource without what need not be read."""
    return structs.replace(resource, search={}, rendered=b"") if resource is not None else None


def _same(found: Sequence[PendingResource], expected: Sequence[PendingResource]) -> bool:
    bare = [[replace(one, resource=_bare(one.resource)) for one in side] for side in (found, expected)]
    return bare[0] == bare[1]


# Users and Groups


async def test_pending_users_come_with_their_accounts(
    pending: PendingReader, filled: TenantId, globex: TenantId
) -> None:
    found = await pending.pending(filled, PendingKind.USER, after=NONE, limit=10)

    expected = [
        PendingResource(NEW),
        PendingResource(CHANGED, account=account(102, CHANGED)),
        PendingResource(BEHIND),
        PendingResource(EXCLUDED, account=account(105, EXCLUDED)),
    ]
    assert _same(found, expected)
    assert _same(await pending.pending(globex, PendingKind.USER, after=NONE, limit=10), [PendingResource(NEW)])


async def test_pending_groups_come_with_their_cohorts(
    pending: PendingReader, filled: TenantId, globex: TenantId
) -> None:
    found = await pending.pending(filled, PendingKind.GROUP, after=NONE, limit=10)

    assert _same(found, [PendingResource(NEW_GROUP), PendingResource(RENAMED, cohort=cohort(RENAMED))])
    assert not await pending.pending(globex, PendingKind.GROUP, after=NONE, limit=10)


async def test_leavers_come_with_what_they_leave_behind(
    pending: PendingReader, filled: TenantId, globex: TenantId
) -> None:
    found = await pending.pending(filled, PendingKind.LEAVER, after=NONE, limit=10)

    assert found == [
        PendingResource(None, tombstone(GONE), account=GONE_ACCOUNT),
        PendingResource(None, replace(tombstone(GONE_GROUP), hold=Hold.EXCLUDED), cohort=cohort(GONE_GROUP)),
    ]
    assert not await pending.pending(globex, PendingKind.LEAVER, after=NONE, limit=10)


async def test_leavers_of_both_types_come_in_the_order_of_their_ids(
    pending: PendingReader, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    gone = [user(1), group(2), user(3), group(4), user(5)]
    for tenant in (acme, globex):
        await _commit(writer, tenant, Content(tombstones_put=[tombstone(one) for one in reversed(gone)]))

    found = await pending.pending(acme, PendingKind.LEAVER, after=resource_id(1), limit=3)

    assert _ids(found) == [resource_id(2), resource_id(3), resource_id(4)]


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        (PendingKind.USER, [NEW.id, CHANGED.id, BEHIND.id, EXCLUDED.id]),
        (PendingKind.GROUP, [NEW_GROUP.id, RENAMED.id]),
        (PendingKind.LEAVER, [GONE.id, GONE_GROUP.id]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_pages_by_place_show_everything_once(
    pending: PendingReader, filled: TenantId, kind: PendingKind, ids: list[ResourceId], limit: int
) -> None:
    found: list[ResourceId] = []
    while page := _ids(await pending.pending(filled, kind, after=found[-1] if found else NONE, limit=limit)):
        assert len(page) <= limit
        found += page

    assert found == ids


async def test_what_was_released_is_pending_no_more(
    pending: PendingReader, writer: DirectoryWriter, filled: TenantId, globex: TenantId
) -> None:
    released = [structs.replace(one, hold=None, applied_version=one.version) for one in (NEW, CHANGED, BEHIND, RENAMED)]

    await _commit(writer, filled, Content(updated=released, tombstones_removed=[("User", GONE.id)]))

    for kind, ids in (
        (PendingKind.USER, [EXCLUDED.id]),
        (PendingKind.GROUP, [NEW_GROUP.id]),
        (PendingKind.LEAVER, [GONE_GROUP.id]),
    ):
        assert _ids(await pending.pending(filled, kind, after=NONE, limit=10)) == ids
    assert _ids(await pending.pending(globex, PendingKind.USER, after=NONE, limit=10)) == [NEW.id]


async def test_what_was_settled_may_be_pending_again(
    pending: PendingReader, writer: DirectoryWriter, filled: TenantId, globex: TenantId
) -> None:
    await _commit(writer, filled, Content(updated=[structs.replace(SETTLED, version=4, hold=Hold.DRY_RUN)]))

    found = await pending.pending(filled, PendingKind.USER, after=CHANGED.id, limit=1)

    expected = PendingResource(structs.replace(SETTLED, version=4, hold=Hold.DRY_RUN), account=SETTLED_ACCOUNT)
    assert _same(found, [expected])
    assert _ids(await pending.pending(globex, PendingKind.USER, after=NONE, limit=10)) == [NEW.id]


async def test_what_was_removed_is_pending_no_more(
    pending: PendingReader, writer: DirectoryWriter, filled: TenantId, globex: TenantId
) -> None:
    await _commit(writer, filled, Content(removed=[NEW, NEW_GROUP]))

    assert _ids(await pending.pending(filled, PendingKind.USER, after=NONE, limit=1)) == [CHANGED.id]
    assert _ids(await pending.pending(filled, PendingKind.GROUP, after=NONE, limit=10)) == [RENAMED.id]
    assert _ids(await pending.pending(globex, PendingKind.USER, after=NONE, limit=10)) == [NEW.id]


async def test_memberships_are_no_resources(pending: PendingReader, acme: TenantId) -> None:
    with pytest.raises(ValueError, match="pending_memberships"):
        await pending.pending(acme, PendingKind.MEMBERSHIP, after=NONE, limit=10)


# all of them


async def test_all_resources_of_a_type_are_read_with_both_sides(
    pending: PendingReader, filled: TenantId, globex: TenantId
) -> None:
    users = await pending.resources(filled, "User", after=CHANGED.id, limit=2)
    groups = await pending.resources(filled, "Group", after=NONE, limit=10)
    others = await pending.resources(globex, "User", after=NONE, limit=10)

    assert _same(users, [PendingResource(SETTLED, account=SETTLED_ACCOUNT), PendingResource(BEHIND)])
    assert _same(
        groups,
        [
            PendingResource(NEW_GROUP),
            PendingResource(SETTLED_GROUP, cohort=cohort(SETTLED_GROUP)),
            PendingResource(RENAMED, cohort=cohort(RENAMED)),
        ],
    )
    assert _same(others, [PendingResource(NEW), PendingResource(SETTLED, account=account(103, SETTLED))])


# memberships


async def test_memberships_that_differ_from_the_lms_are_found(
    pending: PendingReader, filled: TenantId, globex: TenantId
) -> None:
    found = await pending.pending_memberships(filled, after=(NONE, NONE), limit=10)

    assert found == [one for one in EDGES if one.desired != one.applied]
    assert not await pending.pending_memberships(globex, after=(NONE, NONE), limit=10)


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_pages_of_memberships_show_everything_once(
    pending: PendingReader, writer: DirectoryWriter, acme: TenantId, globex: TenantId, limit: int
) -> None:
    edges = [edge(group(one), user(other), applied=False) for one in (1, 2, 3) for other in (11, 12)]
    for tenant in (acme, globex):
        await _commit(writer, tenant, Content(edges_put=edges))
    found = list(await pending.pending_memberships(acme, after=(NONE, NONE), limit=limit))
    while page := await pending.pending_memberships(acme, after=(found[-1].group, found[-1].member), limit=limit):
        assert len(page) <= limit
        found += page

    assert found == edges


async def test_memberships_that_agree_again_are_pending_no_more(
    pending: PendingReader, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    for tenant in (acme, globex):
        await _commit(writer, tenant, Content(edges_put=EDGES))

    await _commit(
        writer,
        acme,
        Content(
            edges_put=[edge(NEW_GROUP, NEW), edge(SETTLED_GROUP, CHANGED, desired=False)],
            edges_removed=[(SETTLED_GROUP.id, SETTLED.id)],
            groups_cleared=[RENAMED.id],
        ),
    )

    assert await pending.pending_memberships(acme, after=(NONE, NONE), limit=10) == [
        edge(NEW_GROUP, SETTLED, applied=False),
        edge(SETTLED_GROUP, CHANGED, desired=False),
    ]
    assert len(await pending.pending_memberships(globex, after=(NONE, NONE), limit=10)) == 4


# accounts


async def test_accounts_of_nobody_and_of_leavers_are_found_by_external_id(
    pending: PendingReader, filled: TenantId, globex: TenantId
) -> None:
    asked = ["E-7", "E-6", "E-3", "E-404", "E-7"]

    found = await pending.detached(filled, asked)

    assert sorted(found, key=lambda one: one.id) == [GONE_ACCOUNT, KEPT]
    assert not await pending.detached(globex, asked)
    assert not await pending.detached(filled, [])


async def test_all_accounts_of_one_external_id_are_found(
    pending: PendingReader, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    kept = [account(number, None, external_id="E-1") for number in (201, 202)]
    for tenant in (acme, globex):
        await _commit(writer, tenant, Content(accounts_inserted=kept))

    assert sorted(await pending.detached(acme, ["E-1"]), key=lambda one: one.id) == kept


async def test_accounts_are_found_by_login(pending: PendingReader, filled: TenantId, globex: TenantId) -> None:
    asked = [CHANGED.name, KEPT.login_key, "free@example.com", CHANGED.name]

    found = await pending.with_logins(filled, asked)

    assert sorted(found, key=lambda one: one.id) == [account(102, CHANGED), KEPT]
    assert not await pending.with_logins(globex, asked)
    assert not await pending.with_logins(filled, [])


async def test_a_thousand_accounts_are_found_together(
    pending: PendingReader, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    kept = [account(number, None, external_id=f"E-{number}") for number in range(1000, 2000)]
    for tenant in (acme, globex):
        await _commit(writer, tenant, Content(accounts_inserted=kept))

    by_id = await pending.detached(acme, [f"E-{number}" for number in range(1000, 2000)])
    by_login = await pending.with_logins(acme, [one.login_key for one in kept])

    assert {one.id for one in by_id} == {one.id for one in by_login} == {account_id(one) for one in range(1000, 2000)}
    assert len(by_id) == len(by_login) == 1000


# counts


async def test_what_waits_is_counted_by_kind(pending: PendingReader, filled: TenantId, globex: TenantId) -> None:
    assert await pending.counts(filled) == {
        PendingKind.USER: 4,
        PendingKind.GROUP: 2,
        PendingKind.MEMBERSHIP: 4,
        PendingKind.LEAVER: 2,
    }
    assert await pending.counts(globex) == {
        PendingKind.USER: 1,
        PendingKind.GROUP: 0,
        PendingKind.MEMBERSHIP: 0,
        PendingKind.LEAVER: 0,
    }
