"""One group, many hands."""

import asyncio

import pytest

from tests.support.applied import check_applied
from tests.support.client import ScimClient
from tests.support.entra import Entra, people
from tests.support.shapes import Shape


@pytest.fixture(params=["embedded", "distributed"])
def shape(request: pytest.FixtureRequest) -> Shape:
    """Each of the two shapes, the distributed one with several gateways and workers."""
    started: Shape = request.getfixturevalue(request.param)
    return started


async def test_parallel_additions_and_removals_of_members_end_in_exactly_the_expected_set(
    shape: Shape, client: ScimClient
) -> None:
    entra = Entra(client)
    users = await asyncio.gather(*map(entra.ensure_user, people(150)))
    group = await entra.ensure_group("Staff")
    leavers, stayers, joiners = users[:100], users[100:], users[50:]
    await asyncio.gather(*(entra.add_member(group, user) for user in leavers))

    # 100 leave and 100 come; the 50 in the middle do both, one after the other.
    await asyncio.gather(
        *(entra.remove_member(group, user) for user in leavers[:50]),
        *(_leave_and_return(entra, group, user) for user in leavers[50:]),
        *(entra.add_member(group, user) for user in stayers),
    )

    members = (await client.send("GET", f"/Groups/{group}")).json["members"]
    assert sorted(member["value"] for member in members) == sorted(joiners)
    async with shape.stores() as stores:
        await check_applied(stores, client)


async def _leave_and_return(entra: Entra, group: str, user: str) -> None:
    await entra.remove_member(group, user)
    await entra.add_member(group, user)
