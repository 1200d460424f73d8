"""Whoever is in a group is known as somebody who may be, whatever was done before: else nobody would ask for more."""

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import ResourceId, TenantId
from schemas.scim.query import Query
from tenants.directory.records import Page
from tenants.policies.settings import Deprovisioning
from tests.support import builders
from tests.support.cases import cases
from tests.support.histories import Step, commands_of, deprovisioning, steps, unguarded
from tests.support.lane import Lane
from tests.support.stores import Stores

_tenants = count(1)


@cases(15)
@given(steps, deprovisioning, st.integers(1, 9))
async def test_nobody_in_a_group_is_taken_for_one_who_never_was(
    stores: Stores, history: list[Step], leaving: Deprovisioning, size: int
) -> None:
    tenant = TenantId(f"known-{next(_tenants)}")
    await stores.registry.add_tenant(builders.tenant(tenant, policies=unguarded(leaving)))
    lane = Lane(stores, tenant)
    commands = commands_of(lane, history)

    for start in range(0, len(commands), size):
        await lane.run(*commands[start : start + size])

        members = await _members(lane)
        known = [found.may_be_member for id in members if (found := await lane.cached(id)) is not None]
        assert known == [True] * len(members)
        listed = (await stores.directory.search(tenant, Query("User"))).resources
        assert members <= {one.id for one in listed if one.may_be_member}


async def _members(lane: Lane) -> set[ResourceId]:
    """Return the Users who are in any group."""
    groups: Page = await lane.stores.directory.search(lane.tenant, Query("Group"))
    found = await lane.stores.directory.members(lane.tenant, [group.id for group in groups.resources])
    return {member.id for members in found.values() for member in members if member.type == "User"}
