"""Tenants that were made a moment ago."""

import asyncio

from tests.support.client import open_client
from tests.support.entra import Entra, people
from tests.support.load import Crew
from tests.support.shapes import Shape

_TENANTS = 40


async def test_the_first_requests_of_new_tenants_are_served_while_every_process_makes_their_lanes(
    distributed: Shape,
) -> None:
    statuses = await Crew(2).work(_admit_and_provision, [distributed] * _TENANTS)

    assert set().union(*statuses) == {200, 201}


async def _admit_and_provision(shape: Shape) -> set[int]:
    """Make a tenant and send its first requests at once, through all gateways; return what was answered."""
    (access,) = await shape.admit("acme")
    async with open_client(access) as client:
        entra = Entra(client)
        await asyncio.gather(*map(entra.ensure_user, people(4)))
    return set(client.statuses)
