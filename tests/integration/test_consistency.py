"""What was acknowledged by one gateway is seen through the other at once."""

import asyncio
from itertools import count

from tests.support.client import ScimClient, open_client
from tests.support.entra import PATCH_OP, Entra, Person
from tests.support.load import Crew, background
from tests.support.shapes import Shape
from tests.support.sizes import size

# Each cycle looks three times: after a creation, a renaming and a deletion.
_CYCLES = size(334, full=1_667)
_AT_ONCE = 16


async def test_a_write_through_one_gateway_is_seen_by_id_and_by_filter_through_the_other_under_load(
    distributed: Shape,
) -> None:
    access, other = await distributed.admit("acme", "globex")
    async with (
        open_client(access) as client,
        open_client(other) as load,
        background(_load(Entra(load))),
        background(_load(Entra(client))),
    ):
        seen = await Crew(_AT_ONCE).work(lambda number: _cycle(client, number), range(_CYCLES))
    missed = [what for cycle in seen for what in cycle if what is not None]
    assert missed == []
    assert len([what for cycle in seen for what in cycle]) == 3 * _CYCLES


async def _cycle(client: ScimClient, number: int) -> list[str | None]:
    """Create, rename and delete a User through one gateway; return what was not seen through the other."""
    here, there = number % 2, (number + 1) % 2
    person = Person(number, "brief")
    before, after = person.user_name, f"renamed.{person.user_name}"
    created = await client.send("POST", "/Users", person.payload, gateway=here)
    assert created.status == 201, created
    id = created.id
    seen = [await _missing(client, there, id, name=before, gone=())]
    operation = {"op": "Replace", "path": "userName", "value": after}
    change = {"schemas": [PATCH_OP], "Operations": [operation]}
    renamed = await client.send("PATCH", f"/Users/{id}", change, gateway=here)
    assert renamed.status == 200, renamed
    seen.append(await _missing(client, there, id, name=after, gone=(before,)))
    deleted = await client.send("DELETE", f"/Users/{id}", gateway=here)
    assert deleted.status == 204, deleted
    seen.append(await _missing(client, there, id, name=None, gone=(before, after)))
    return seen


async def _missing(client: ScimClient, gateway: int, id: str, *, name: str | None, gone: tuple[str, ...]) -> str | None:
    """Return what the gateway gets wrong about a User that has this name (or none any more), and had others before."""
    read, found, *stale = await asyncio.gather(
        client.send("GET", f"/Users/{id}", gateway=gateway),
        client.look_up("/Users", "userName", name or gone[0], gateway=gateway),
        *(client.look_up("/Users", "userName", old, gateway=gateway) for old in gone),
    )
    if any(stale):
        return f"{id} is still found as {gone}"
    if name is None:
        return None if read.status == 404 else f"{id} is still there: {read}"
    if read.status != 200 or read.json["userName"] != name:
        return f"{id} is not {name} by id: {read}"
    if [user["id"] for user in found] != [id]:
        return f"{id} is not found as {name}: {found}"
    return None


async def _load(entra: Entra) -> None:
    for number in count():
        await entra.ensure_user(Person(number, "load"))
