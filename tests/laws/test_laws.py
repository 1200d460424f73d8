"""Laws of a tenant over random histories of requests, settings, releases and dying workers, on both shapes."""

from hypothesis import given

from tests.laws.conftest import Ground
from tests.laws.playing import Play
from tests.laws.racing import Race
from tests.laws.turns import Turn, histories
from tests.laws.world import open_world
from tests.support.cases import cases


async def play(ground: Ground, history: list[Turn]) -> None:
    """See turn by turn that the tenant is what the reference model says."""
    tenant = ground.new_name()
    async with ground.open_buses(tenant) as buses, open_world(ground.stores, buses, tenant) as world:
        game = Play(world, may_lose_bus=ground.may_lose_bus)
        for turn in history:
            await game.turn(turn)
        await game.look()


async def race(ground: Ground, history: list[Turn]) -> None:
    """See that everything at once ends as it should."""
    tenant = ground.new_name()
    async with ground.open_buses(tenant) as buses, open_world(ground.stores, buses, tenant) as world:
        game = Race(world)
        for turn in history:
            await game.turn(turn)
        await game.finish()


@cases(40)
@given(histories)
async def test_an_embedded_tenant_is_what_the_model_says(embedded: Ground, history: list[Turn]) -> None:
    await play(embedded, history)


@cases(20)
@given(histories)
async def test_a_tenant_in_mongodb_is_what_the_model_says(mongo: Ground, history: list[Turn]) -> None:
    await play(mongo, history)


@cases(6)
@given(histories)
async def test_a_distributed_tenant_is_what_the_model_says(distributed: Ground, history: list[Turn]) -> None:
    await play(distributed, history)


@cases(40)
@given(histories)
async def test_both_sides_of_an_embedded_tenant_end_equal(embedded: Ground, history: list[Turn]) -> None:
    await race(embedded, history)


@cases(20)
@given(histories)
async def test_both_sides_of_a_tenant_in_mongodb_end_equal(mongo: Ground, history: list[Turn]) -> None:
    await race(mongo, history)


@cases(6)
@given(histories)
async def test_both_sides_of_a_distributed_tenant_end_equal(distributed: Ground, history: list[Turn]) -> None:
    await race(distributed, history)
