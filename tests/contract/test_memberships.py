"""Memberships as readers see them: Groups in Groups, however they are wired, and members in pages."""

from collections.abc import Collection, Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import ResourceId, TenantId
from schemas.scim.filters.nodes import AnyOf, InGroup, InGroups, Not, ResolvedFilter
from schemas.scim.membership import MAX_NESTING
from schemas.scim.query import Query
from tenants.directory.port import DirectoryReader
from tenants.directory.records import StoredResource
from tenants.directory.writer import DirectoryWriter, Need
from tests.support.builders import Content, changes, edge, group, resource_id, user
from tests.support.cases import cases
from tests.support.stores import Stores

USERS = [user(number) for number in range(1, 5)]
GROUPS = [group(number) for number in range(11, 17)]
ANN, BOB = USERS[:2]
Wires = Iterable[tuple[StoredResource, StoredResource]]


async def fill(writer: DirectoryWriter, tenant: TenantId, resources: list[StoredResource], wires: Wires) -> None:
    edges = [edge(outer, inner) for outer, inner in wires]
    snapshot = await writer.load(tenant, Need())
    await writer.commit(changes(snapshot, Content(inserted=resources, edges_put=edges)))


async def groups_of(directory: DirectoryReader, tenant: TenantId, one: StoredResource) -> list[tuple[str, bool]]:
    found = (await directory.groups_of(tenant, [one.id])).get(one.id, ())
    assert all(each.display == f"Group {int(each.id, 16)}" for each in found)
    return [(each.id, each.is_direct) for each in found]


async def found_by(directory: DirectoryReader, tenant: TenantId, filter: ResolvedFilter) -> set[ResourceId]:
    page = await directory.search(tenant, Query("User", filter))
    assert page.total == len(page.resources)
    return {one.id for one in page.resources}


async def test_a_user_is_in_the_groups_that_its_groups_are_in(
    directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    inner, middle, outer, other = GROUPS[:4]
    wires = [(inner, ANN), (middle, inner), (outer, middle), (outer, ANN), (other, BOB)]
    await fill(writer, acme, [*USERS, *GROUPS], wires)
    await fill(writer, globex, [*USERS, *GROUPS], [(other, ANN)])

    expected = [(inner.id, True), (middle.id, False), (outer.id, True)]
    assert await groups_of(directory, acme, ANN) == expected
    assert await groups_of(directory, globex, ANN) == [(other.id, True)]
    assert await found_by(directory, acme, InGroup(middle.id)) == {ANN.id}
    assert await found_by(directory, acme, Not(InGroup(outer.id))) == {one.id for one in USERS[1:]}
    assert await found_by(directory, acme, AnyOf((InGroup(middle.id), InGroup(other.id)))) == {ANN.id, BOB.id}
    assert await found_by(directory, acme, InGroups()) == {ANN.id, BOB.id}
    assert await found_by(directory, globex, InGroup(middle.id)) == set()


async def test_a_group_has_groups_as_well_and_is_no_user(
    directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId
) -> None:
    inner, outer = GROUPS[:2]
    await fill(writer, acme, [ANN, inner, outer], [(inner, ANN), (outer, inner)])
    assert await found_by(directory, acme, InGroup(outer.id)) == {ANN.id}
    assert await groups_of(directory, acme, inner) == [(outer.id, True)]


async def test_circles_of_groups_end(directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId) -> None:
    one, two, three = GROUPS[:3]
    await fill(writer, acme, [ANN, one, two, three], [(one, ANN), (two, one), (three, two), (one, three)])

    assert await groups_of(directory, acme, ANN) == [(one.id, True), (two.id, False), (three.id, False)]
    assert await groups_of(directory, acme, one) == [(two.id, True), (three.id, False)]
    for each in (one, two, three):
        assert await found_by(directory, acme, InGroup(each.id)) == {ANN.id}


async def test_memberships_are_followed_so_far_and_no_farther(
    directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId
) -> None:
    chain = [group(number) for number in range(100, 102 + MAX_NESTING)]
    await fill(writer, acme, [ANN, *chain], [(chain[0], ANN), *zip(chain[1:], chain, strict=False)])

    assert len(await groups_of(directory, acme, ANN)) == MAX_NESTING
    assert await found_by(directory, acme, InGroup(chain[MAX_NESTING - 1].id)) == {ANN.id}
    assert await found_by(directory, acme, InGroup(chain[MAX_NESTING].id)) == set()


def reached(start: ResourceId, wires: Mapping[ResourceId, Collection[ResourceId]]) -> set[ResourceId]:
    """Return the Groups that somebody is in, by the plainest of ways."""
    found: set[ResourceId] = set()
    waiting = [start]
    while waiting:
        for outer in wires.get(waiting.pop(), ()):
            if outer not in found:
                found.add(outer)
                waiting.append(outer)
    return found - {start}


_wires = st.sets(
    # Places in GROUPS, and in USERS and GROUPS; no Group is in itself.
    st.tuples(st.integers(0, 5), st.integers(0, 9)).filter(lambda wire: wire[0] + len(USERS) != wire[1]),
    max_size=14,
)


@cases(40)
@given(_wires)
async def test_stores_agree_with_the_plainest_of_ways(
    stores: Stores, acme: TenantId, wires: set[tuple[int, int]]
) -> None:
    everything = [*USERS, *GROUPS]
    edges = [(GROUPS[outer], everything[inner]) for outer, inner in wires]
    await _empty(stores, acme)
    await fill(stores.writer, acme, everything, edges)

    groups: dict[ResourceId, list[ResourceId]] = {}
    for outer, inner in edges:
        groups.setdefault(inner.id, []).append(outer.id)
    for one in everything:
        expected = [(id, id in groups.get(one.id, ())) for id in sorted(reached(one.id, groups))]
        assert await groups_of(stores.directory, acme, one) == expected
    for each in GROUPS:
        inside = {one.id for one in USERS if each.id in reached(one.id, groups)}
        assert await found_by(stores.directory, acme, InGroup(each.id)) == inside
    assert await found_by(stores.directory, acme, InGroups()) == {one.id for one in USERS if one.id in groups}


async def _empty(stores: Stores, tenant: TenantId) -> None:
    ids = frozenset(one.id for one in [*USERS, *GROUPS])
    snapshot = await stores.writer.load(tenant, Need(resources=ids))
    gone = Content(removed=list(snapshot.resources.values()), groups_cleared=[one.id for one in GROUPS])
    await stores.writer.commit(changes(snapshot, gone))


@pytest.mark.parametrize("size", [1, 2, 3, 100])
async def test_members_are_read_in_pages(
    directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId, size: int
) -> None:
    one, two, three = GROUPS[:3]
    wires = [(one, each) for each in [*USERS, two]] + [(two, ANN), (three, BOB)]
    await fill(writer, acme, [*USERS, *GROUPS], wires)

    walked: list[ResourceId] = []
    after: ResourceId | None = None
    while found := (await directory.members(acme, [one.id], after=after, limit=size)).get(one.id):
        assert len(found) <= size
        walked += [member.id for member in found]
        after = found[-1].id
    assert walked == [*(each.id for each in USERS), two.id]


async def test_the_first_members_of_several_groups_come_group_by_group(
    directory: DirectoryReader, writer: DirectoryWriter, acme: TenantId
) -> None:
    one, two, three = GROUPS[:3]
    wires = [(one, ANN), (one, BOB), (two, ANN), (two, BOB), (three, BOB)]
    await fill(writer, acme, [*USERS, *GROUPS], wires)

    asked = [three.id, one.id, two.id, resource_id(99)]
    for limit, expected in (
        (0, {}),
        (1, {one.id: 1}),
        (3, {one.id: 2, two.id: 1}),
        (6, {one.id: 2, two.id: 2, three.id: 1}),
    ):
        found = await directory.members(acme, asked, limit=limit)
        assert {id: len(members) for id, members in found.items()} == expected
