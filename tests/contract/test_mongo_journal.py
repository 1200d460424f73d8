"""What is particular to MongoDB's journal: documents have a largest size, and appends get in a transaction's way."""

import asyncio
from itertools import count

import msgspec
import pytest

from schemas.ids import TenantId
from tenants.directory.writer import DirectoryWriter, Need
from tenants.errors import LaneLostError
from tests.support import builders
from tests.support.builders import Content
from tests.support.stores import Stores

MEGABYTE = 1024 * 1024
_names = count(1)


@pytest.fixture
async def tenant(mongo_stores: Stores) -> TenantId:
    name = TenantId(f"journal-{next(_names)}")
    await mongo_stores.registry.add_tenant(builders.tenant(name))
    return name


async def test_outcomes_may_be_larger_than_a_document(mongo_stores: Stores, tenant: TenantId) -> None:
    bodies = [bytes([number]) * 3 * MEGABYTE for number in range(6)]
    receipts = [
        msgspec.structs.replace(builders.applied(f"{tenant}-{number}"), body=body) for number, body in enumerate(bodies)
    ]
    snapshot = await mongo_stores.writer.load(tenant, Need())

    await mongo_stores.writer.commit(builders.changes(snapshot, Content(receipts=receipts)))

    need = Need(receipts=frozenset(one.command for one in receipts))
    assert (await mongo_stores.writer.load(tenant, need)).receipts == {one.command: one for one in receipts}


async def test_events_and_entries_are_read_across_the_documents_of_a_batch(
    mongo_stores: Stores, tenant: TenantId
) -> None:
    large = {"photo": "x" * MEGABYTE}
    events = [msgspec.structs.replace(builders.event(tenant, f"a{number}"), payload=large) for number in range(1, 6)]
    audit = [builders.entry(request_id=f"r{number}", details=large) for number in range(1, 6)]
    snapshot = await mongo_stores.writer.load(tenant, Need())

    await mongo_stores.writer.commit(builders.changes(snapshot, Content(events=events, audit=audit)))

    found = await mongo_stores.outbox.events(tenant, after=1, limit=3)
    assert [(one.number, one.subject) for one in found] == [(2, "a2"), (3, "a3"), (4, "a4")]
    entries = await mongo_stores.audit.entries(tenant, after=1, limit=3)
    assert [(one.number, one.request_id) for one in entries] == [(2, "r2"), (3, "r3"), (4, "r4")]


async def test_a_flood_of_refusals_leaves_room_for_the_lane(mongo_stores: Stores, tenant: TenantId) -> None:
    flood = [
        asyncio.create_task(mongo_stores.audit.append(tenant, [builders.entry("token.refused")])) for _ in range(60)
    ]

    for _ in range(10):
        await _commit_until_it_is_kept(mongo_stores.writer, tenant)
    await asyncio.gather(*flood)

    entries = await mongo_stores.audit.entries(tenant, after=0, limit=100)
    assert [one.number for one in entries] == list(range(1, 71))
    assert [one.sequence for one in entries if one.sequence] == list(range(1, 11))


async def _commit_until_it_is_kept(writer: DirectoryWriter, tenant: TenantId) -> None:
    while True:
        snapshot = await writer.load(tenant, Need())
        try:
            await writer.commit(builders.changes(snapshot, Content(audit=[builders.entry("scim.create")])))
        except LaneLostError:
            continue
        return
