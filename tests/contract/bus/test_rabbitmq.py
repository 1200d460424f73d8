"""What RabbitMQ adds: connections break, brokers stop, queues vanish, foreign bytes come in."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import aio_pika
import pytest
from msgspec import structs

from schemas.ids import CommandId, TenantId
from schemas.messages.notices import TenantChanged
from schemas.messages.outcomes import Abandoned
from tenants.bus.port import CommandSender, LaneReader, ParkedDelivery, ParkedLane
from tenants.bus.rabbitmq import open_rabbitmq
from tenants.bus.rabbitmq.driver import channel_below
from tenants.bus.rabbitmq.lanes import RabbitLaneReader
from tenants.bus.rabbitmq.replying import Replies
from tenants.errors import PortUnavailableError
from tests.contract.bus.messages import ACME, GLOBEX, answered, command, commands, ids, outcomes, settle, soon, take
from tests.contract.bus.processes import RabbitProcesses
from tests.support.services import Service


@pytest.fixture
async def processes(amqp_url: str) -> AsyncIterator[RabbitProcesses]:
    async with RabbitProcesses(amqp_url, quorum=True) as processes:
        yield processes


@pytest.fixture
async def fragile(broker: Service) -> AsyncIterator[RabbitProcesses]:
    """Processes on a broker that the test may stop."""
    async with RabbitProcesses(broker.url, quorum=True) as processes:
        yield processes
        await asyncio.to_thread(broker.ensure_running)


@pytest.fixture(autouse=True)
def nothing_is_left_behind(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No task is forgotten, and no error of one is lost."""
    yield
    gc.collect()
    records = [*caplog.get_records("call"), *caplog.records]
    errors = [record for record in records if record.name == "asyncio" and record.levelname == "ERROR"]
    assert errors == []


async def until_reached(attempt: Callable[[], Awaitable[None]]) -> None:
    """Try again until the bus is there."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await attempt()
            except PortUnavailableError:
                await asyncio.sleep(0.05)


async def round_trip(gateway: CommandSender, worker: LaneReader, tenant: TenantId, id: str) -> None:
    """Send a command, and take and settle what comes, until it is answered."""
    await until_reached(lambda: gateway.send(tenant, commands(tenant, id)))
    deliveries = await take(worker)
    while id not in ids(deliveries):
        await settle(worker, deliveries)
        deliveries = await take(worker)
    await settle(worker, deliveries)
    while id not in await answered(gateway, 1):
        pass


async def test_one_sender_is_told_of_several_lanes_at_once_in_one_message(processes: RabbitProcesses) -> None:
    tenants = [TenantId(f"tenant-{number}") for number in range(5)]
    gateway, worker = await processes.gateway(), await processes.worker(*tenants)
    for number, tenant in enumerate(tenants):
        await gateway.send(tenant, commands(tenant, f"c{number}"))
    taken = [await take(worker) for _ in tenants]

    await asyncio.gather(*(settle(worker, deliveries) for deliveries in taken))

    assert sorted(outcome.command for outcome in await anext(gateway.outcomes())) == ["c0", "c1", "c2", "c3", "c4"]


async def test_what_is_told_at_once_is_no_larger_than_a_broker_takes(processes: RabbitProcesses) -> None:
    tenants = [TenantId(f"tenant-{number}") for number in range(3)]
    gateway, worker = await processes.gateway(), await processes.worker(*tenants)
    for number, tenant in enumerate(tenants):
        await gateway.send(tenant, commands(tenant, f"c{number}", f"d{number}"))
    taken = [await take(worker) for _ in tenants]
    megabytes = b" " * 3 * 1024 * 1024

    told = [[structs.replace(outcome, body=megabytes) for outcome in outcomes(deliveries)] for deliveries in taken]
    await asyncio.gather(*(worker.settle(deliveries, about) for deliveries, about in zip(taken, told, strict=True)))

    letters = [await soon(anext(gateway.outcomes())) for _ in range(6)]
    assert sorted(outcome.command for (outcome,) in letters) == ["c0", "c1", "c2", "d0", "d1", "d2"]


async def test_who_stops_waiting_for_a_reply_that_fails_leaves_no_error_behind(amqp_url: str) -> None:
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await channel_below(await connection.channel())
        await channel.close()
        replies = Replies(channel)
        before = asyncio.all_tasks()
        replying = asyncio.ensure_future(replies.reply("nobody", [Abandoned(CommandId("c0"), "too late")]))
        await asyncio.sleep(0)
        started = asyncio.all_tasks() - before
        replying.cancel()
        await asyncio.wait(started)

    assert [task.cancelled() for task in started].count(True) == 1


async def break_connection(processes: RabbitProcesses, process: object) -> None:
    """Let a process lose its connection."""
    await processes.buses[process]._connection.current.close()


async def test_a_bus_that_cannot_be_reached_is_not_opened() -> None:
    with pytest.raises(PortUnavailableError):
        async with open_rabbitmq("amqp://guest:guest@127.0.0.1:9/", name="nobody"):
            pass


@pytest.mark.faults
async def test_while_the_broker_is_away_calls_fail_at_once_and_afterwards_the_same_objects_work(
    broker: Service, fragile: RabbitProcesses
) -> None:
    gateway, worker = await fragile.gateway(), await fragile.worker(ACME, GLOBEX)
    parked_lane = await fragile.parked_lane()
    await round_trip(gateway, worker, ACME, "before")

    await asyncio.to_thread(broker.stop)
    with pytest.raises(PortUnavailableError):
        await soon(gateway.send(ACME, commands(ACME, "meanwhile")))
    with pytest.raises(PortUnavailableError):
        await soon(parked_lane.parked(ACME, limit=1))
    await asyncio.to_thread(broker.start)

    await soon(round_trip(gateway, worker, ACME, "after"))
    await soon(round_trip(gateway, worker, GLOBEX, "after-too"))


@pytest.mark.faults
async def test_notices_are_lost_in_silence_while_the_broker_is_away_and_heard_again_afterwards(
    broker: Service, fragile: RabbitProcesses
) -> None:
    here, elsewhere = await fragile.notices(), await fragile.notices()
    hearing = asyncio.ensure_future(anext(elsewhere.subscribe()))

    await asyncio.to_thread(broker.stop)
    await soon(here.publish(TenantChanged(ACME)))
    await asyncio.to_thread(broker.start)

    async with asyncio.timeout(60):
        while not hearing.done():
            await here.publish(TenantChanged(GLOBEX))
            await asyncio.sleep(0.05)
    assert hearing.result() == TenantChanged(GLOBEX)


@pytest.mark.faults
async def test_what_the_broker_confirmed_survives_its_death(broker: Service, fragile: RabbitProcesses) -> None:
    gateway = await fragile.gateway()
    await gateway.send(ACME, commands(ACME, "warm-up"))
    # RabbitMQ notes down within a second that a new quorum queue exists; killed before, it cannot use the queue again.
    await asyncio.sleep(2)
    sending = [asyncio.create_task(gateway.send(ACME, commands(ACME, str(number)))) for number in range(200)]
    await sending[20]

    await asyncio.to_thread(broker.kill)
    results = await soon(asyncio.gather(*sending, return_exceptions=True))
    await asyncio.to_thread(broker.start)

    confirmed = {str(number) for number, result in enumerate(results) if result is None}
    assert all(result is None or isinstance(result, PortUnavailableError) for result in results)
    arrived: set[str] = set()
    worker = await fragile.worker(ACME)
    while not confirmed <= arrived:
        deliveries = await take(worker)
        arrived.update(ids(deliveries))
        await settle(worker, deliveries)


@pytest.mark.faults
async def test_the_bus_closes_while_the_broker_is_away(broker: Service) -> None:
    async with open_rabbitmq(broker.url, name="closing") as bus:
        gateway, worker, notices = await bus.sender(), await bus.reader(), await bus.notices()
        await worker.subscribe(ACME)
        await asyncio.to_thread(broker.kill)

    assert [batch async for batch in gateway.outcomes()] == []
    assert [notice async for notice in notices.subscribe()] == []


async def test_deliveries_lost_with_the_connection_are_settled_in_silence_and_come_again(
    processes: RabbitProcesses,
) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME, GLOBEX)
    await gateway.send(ACME, commands(ACME, "a1"))
    taken = await take(worker)

    await break_connection(processes, worker)
    await gateway.send(GLOBEX, commands(GLOBEX, "g1"))
    # ACME's is here again, but a lane is not offered twice.
    assert ids(await take(worker)) == ["g1"]
    await settle(worker, taken)

    (delivery,) = await take(worker)
    assert (ids([delivery]), delivery.redelivered) == (["a1"], True)
    assert delivery.attempts >= 1


async def test_a_lane_whose_channel_was_lost_is_joined_again_and_its_deliveries_come_again(
    processes: RabbitProcesses,
) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME)
    for id in ("a1", "a2"):
        await gateway.send(ACME, commands(ACME, id))
    taken = await take(worker, limit=1)
    # The broker closes the channel of who acknowledges what it never delivered, or works too long on a delivery.
    assert isinstance(worker, RabbitLaneReader)
    lane_channel = worker._standing._lines[ACME].channel
    assert lane_channel is not None
    await lane_channel.basic_ack(4711)
    await asyncio.wait([lane_channel.closing])
    await settle(worker, taken)

    again = [await take(worker, limit=1)]
    await settle(worker, again[0])
    again.append(await take(worker, limit=1))

    assert [ids(deliveries) for deliveries in again] == [["a1"], ["a2"]]
    assert all(delivery.redelivered for deliveries in again for delivery in deliveries)


async def test_a_gateway_that_lost_its_connection_sends_and_hears_again(processes: RabbitProcesses) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME)
    await round_trip(gateway, worker, ACME, "before")

    await break_connection(processes, gateway)

    await soon(round_trip(gateway, worker, ACME, "after"))


async def test_a_lane_that_was_deleted_is_made_again_by_its_reader(processes: RabbitProcesses) -> None:
    gateway, worker = await processes.gateway(), await processes.worker(ACME, GLOBEX)
    await round_trip(gateway, worker, ACME, "before")

    await delete_lane(processes, ACME)

    await soon(round_trip(gateway, worker, ACME, "after"))
    await soon(round_trip(gateway, worker, GLOBEX, "elsewhere"))


async def test_a_lane_that_was_deleted_is_made_again_by_its_sender(processes: RabbitProcesses) -> None:
    gateway = await processes.gateway()
    await gateway.send(ACME, commands(ACME, "before"))
    await delete_lane(processes, ACME)

    await gateway.send(ACME, commands(ACME, "after"))

    assert ids(await take(await processes.worker(ACME))) == ["after"]


async def test_bytes_that_are_no_commands_are_parked_and_hold_up_nobody(processes: RabbitProcesses) -> None:
    gateway, worker, parked_lane = (
        await processes.gateway(),
        await processes.worker(ACME),
        await processes.parked_lane(),
    )
    await publish(processes, ACME, b"\x7fnonsense")

    await soon(round_trip(gateway, worker, ACME, "a1"))

    parked = await first_parked(parked_lane)
    assert (parked.tenant, parked.commands) == (ACME, ())
    assert parked.reason == "unreadable: message version 7f is not known"


async def test_what_was_delivered_too_often_is_parked_by_the_broker(processes: RabbitProcesses) -> None:
    gateway, worker, parked_lane = await processes.gateway(), await processes.worker(), await processes.parked_lane()
    await gateway.send(ACME, commands(ACME, "a1"))

    for attempt in range(21):
        await worker.subscribe(ACME)
        taken = await take(worker)
        assert taken[0].attempts == attempt
        await worker.unsubscribe(ACME)
        await worker.give_back(taken)

    parked = await first_parked(parked_lane)
    assert parked.commands == (command(ACME, "a1"),)
    assert parked.reason == "parked by the broker: delivery_limit"
    assert parked.parked.startswith("20")


async def test_a_lane_of_another_kind_is_used_as_it_is(processes: RabbitProcesses, amqp_url: str) -> None:
    worker = await processes.worker(ACME)
    async with open_rabbitmq(amqp_url, quorum=False, namespace=processes.namespace, name="classic") as bus:
        gateway = await bus.sender()

        await soon(round_trip(gateway, worker, ACME, "a1"))


async def first_parked(parked_lane: ParkedLane) -> ParkedDelivery:
    """Return what is parked once it is."""
    async with asyncio.timeout(60):
        while True:
            for parked in await parked_lane.parked(ACME, limit=10):
                return parked
            await asyncio.sleep(0.05)


async def delete_lane(processes: RabbitProcesses, tenant: TenantId) -> None:
    async with await aio_pika.connect(processes.url) as connection, connection.channel() as channel:
        await channel.queue_delete(f"{processes.namespace}.lane.{tenant}")


async def publish(processes: RabbitProcesses, tenant: TenantId, body: bytes) -> None:
    async with await aio_pika.connect(processes.url) as connection, connection.channel() as channel:
        await channel.default_exchange.publish(aio_pika.Message(body), f"{processes.namespace}.lane.{tenant}")
