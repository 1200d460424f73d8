import asyncio
from collections.abc import Sequence

from schemas.ids import TenantId
from tenants.bus.port import Delivery
from tenants.bus.rotation import Rotation
from tests.contract.bus.messages import commands

ACME, GLOBEX, INITECH = TenantId("acme"), TenantId("globex"), TenantId("initech")


def delivery(tenant: TenantId) -> Delivery:
    return Delivery(tenant, tuple(commands(tenant, "c1")), redelivered=False, attempts=0, receipt=object())


async def waiter(rotation: Rotation) -> "asyncio.Task[Sequence[Delivery]]":
    """Return a take that has begun to wait."""
    task = asyncio.ensure_future(rotation.take(limit=1))
    await asyncio.sleep(0)
    return task


async def test_lanes_are_taken_in_turn() -> None:
    rotation = Rotation()
    for place, tenant in enumerate((ACME, ACME, GLOBEX, INITECH, GLOBEX)):
        rotation.add(delivery(tenant), place=place)

    order = []
    for _ in range(5):
        taken = await rotation.take(limit=1)
        order.append(taken[0].tenant)
        rotation.release(taken)

    assert order == [ACME, GLOBEX, INITECH, ACME, GLOBEX]


async def test_who_is_woken_and_gives_up_leaves_the_turn_to_another() -> None:
    rotation = Rotation()
    first, second = await waiter(rotation), await waiter(rotation)
    given = delivery(ACME)

    rotation.add(given, place=1)
    first.cancel()

    assert await second == [given]


async def test_a_lane_that_was_withdrawn_and_came_again_is_taken_once() -> None:
    rotation = Rotation()
    withdrawn: list[Delivery] = []
    for place in range(3):
        rotation.add(delivery(ACME), place=place)
        withdrawn += rotation.withdraw(ACME)
    last = delivery(ACME)
    rotation.add(last, place=9)

    taken = await rotation.take(limit=1)
    idle = await waiter(rotation)
    rotation.add(delivery(GLOBEX), place=10)

    assert (len(withdrawn), taken) == (3, [last])
    assert [each.tenant for each in await idle] == [GLOBEX]


async def test_what_is_withdrawn_from_who_waits_is_not_missed() -> None:
    rotation = Rotation()
    waiting = await waiter(rotation)

    rotation.add(delivery(ACME), place=1)
    rotation.withdraw(ACME)
    await asyncio.sleep(0)
    rotation.add(delivery(GLOBEX), place=2)

    assert [each.tenant for each in await waiting] == [GLOBEX]
