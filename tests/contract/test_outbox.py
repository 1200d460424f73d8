"""The outbox's promises."""

from schemas.ids import TenantId
from schemas.messages.events import EventType
from tenants.directory.writer import DirectoryWriter, Need
from tenants.outbox.port import Outbox
from tests.support.builders import Content, changes, event


async def test_events_come_in_the_order_of_their_numbers(
    outbox: Outbox, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    await _commit(writer, acme, "a1", "a2")
    await _commit(writer, globex, "g1")
    await _commit(writer, acme, "a3")

    events = await outbox.events(acme, after=0, limit=10)

    assert [(one.number, one.sequence, one.subject) for one in events] == [(1, 1, "a1"), (2, 1, "a2"), (3, 2, "a3")]
    assert {one.tenant for one in events} == {acme}
    assert [one.subject for one in await outbox.events(globex, after=0, limit=10)] == ["g1"]


async def test_events_are_read_in_parts(outbox: Outbox, writer: DirectoryWriter, acme: TenantId) -> None:
    await _commit(writer, acme, *(f"a{number}" for number in range(1, 8)))

    part = await outbox.events(acme, after=2, limit=3)

    assert [one.subject for one in part] == ["a3", "a4", "a5"]
    assert list(await outbox.events(acme, after=7, limit=3)) == []


async def test_all_fields_of_an_event_are_kept(outbox: Outbox, writer: DirectoryWriter, acme: TenantId) -> None:
    made = changes(
        await writer.load(acme, Need()),
        Content(events=[event(acme, "c1", EventType.COHORT_REMOVED), event(acme, "a1")]),
    )

    await writer.commit(made)

    assert list(await outbox.events(acme, after=0, limit=10)) == list(made.events)


async def _commit(writer: DirectoryWriter, tenant: TenantId, *subjects: str) -> None:
    content = Content(events=[event(tenant, subject) for subject in subjects])
    await writer.commit(changes(await writer.load(tenant, Need()), content))
