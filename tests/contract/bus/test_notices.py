"""What listeners may rely on."""

from schemas.ids import TokenId, WorkerId
from schemas.messages.notices import Notice, TenantChanged, TokenChanged, WorkerReported
from tests.contract.bus.messages import ACME, GLOBEX, soon
from tests.contract.bus.processes import Processes


async def test_a_notice_reaches_every_process_the_own_one_too(processes: Processes) -> None:
    here, elsewhere = await processes.notices(), await processes.notices()
    streams = [here.subscribe(), here.subscribe(), elsewhere.subscribe()]

    await here.publish(TenantChanged(ACME))

    assert [await soon(anext(stream)) for stream in streams] == [TenantChanged(ACME)] * 3


async def test_notices_of_all_kinds_arrive_as_they_were_sent(processes: Processes) -> None:
    here, elsewhere = await processes.notices(), await processes.notices()
    stream = elsewhere.subscribe()
    sent: list[Notice] = [
        TokenChanged(ACME, TokenId("t1")),
        TenantChanged(GLOBEX),
        WorkerReported(WorkerId("w1"), (ACME, GLOBEX), 7, leaving=True),
    ]

    for notice in sent:
        await here.publish(notice)

    assert [await soon(anext(stream)) for _ in sent] == sent


async def test_a_subscription_begins_where_it_was_made(processes: Processes) -> None:
    notices = await processes.notices()
    earlier = notices.subscribe()
    await notices.publish(TenantChanged(ACME))
    await soon(anext(earlier))

    later = notices.subscribe()
    await notices.publish(TenantChanged(GLOBEX))

    assert await soon(anext(later)) == TenantChanged(GLOBEX)


async def test_subscriptions_end_when_the_bus_closes(processes: Processes) -> None:
    notices = await processes.notices()
    earlier = notices.subscribe()
    await notices.publish(TenantChanged(ACME))
    received = await soon(anext(earlier))

    await processes.end(notices)

    assert received == TenantChanged(ACME)
    assert [notice async for notice in earlier] == []
    assert [notice async for notice in notices.subscribe()] == []
