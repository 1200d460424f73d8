"""The audit log's promises."""

import asyncio

import pytest
from msgspec import structs

from schemas.ids import TenantId
from tenants.audit.port import AuditLog, numbered
from tenants.directory.writer import DirectoryWriter, Need
from tenants.errors import LaneLostError, UnknownTenantError
from tests.support.builders import Content, changes, entry


async def test_entries_are_numbered_in_the_order_of_their_coming(
    audit: AuditLog, acme: TenantId, globex: TenantId
) -> None:
    first, second, third = entry("token.refused"), entry("tenant.changed"), entry("token.made", details={})

    await audit.append(acme, [first, second])
    await audit.append(acme, [third])

    assert list(await audit.entries(acme, after=0, limit=10)) == list(numbered([first, second, third], after=0))
    assert list(await audit.entries(globex, after=0, limit=10)) == []


async def test_entries_are_read_in_parts(audit: AuditLog, acme: TenantId) -> None:
    await audit.append(acme, [entry(request_id=str(number)) for number in range(1, 8)])

    part = await audit.entries(acme, after=2, limit=3)

    assert [(one.number, one.request_id) for one in part] == [(3, "3"), (4, "4"), (5, "5")]
    assert list(await audit.entries(acme, after=7, limit=3)) == []


async def test_nothing_to_append_is_no_work(audit: AuditLog, acme: TenantId) -> None:
    await audit.append(acme, [])

    assert list(await audit.entries(acme, after=0, limit=10)) == []


async def test_an_unknown_tenant_has_no_log(audit: AuditLog) -> None:
    with pytest.raises(UnknownTenantError):
        await audit.append(TenantId("nobody"), [entry()])

    assert list(await audit.entries(TenantId("nobody"), after=0, limit=10)) == []


async def test_appends_and_transactions_share_one_order(
    audit: AuditLog, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    await audit.append(acme, [entry("token.refused")])
    await audit.append(globex, [entry("other")])
    written = Content(audit=[entry("scim.create"), entry("scim.patch")])
    await writer.commit(changes(await writer.load(acme, Need()), written))
    await audit.append(acme, [entry("token.refused")])

    entries = await audit.entries(acme, after=0, limit=10)

    assert [(one.number, one.action, one.sequence) for one in entries] == [
        (1, "token.refused", 0),
        (2, "scim.create", 1),
        (3, "scim.patch", 1),
        (4, "token.refused", 0),
    ]


async def test_a_transaction_that_an_append_overtook_is_decided_again(
    audit: AuditLog, writer: DirectoryWriter, acme: TenantId
) -> None:
    written = Content(audit=[entry("scim.create")])
    outdated = changes(await writer.load(acme, Need()), written)
    await audit.append(acme, [entry("token.refused")])

    with pytest.raises(LaneLostError):
        await writer.commit(outdated)
    await writer.commit(changes(await writer.load(acme, Need()), written))

    entries = await audit.entries(acme, after=0, limit=10)
    assert [(one.number, one.action) for one in entries] == [(1, "token.refused"), (2, "scim.create")]


async def test_appends_at_once_leave_no_gap_and_lose_nothing(audit: AuditLog, acme: TenantId, globex: TenantId) -> None:
    pairs = [[entry(request_id=f"{number}a"), entry(request_id=f"{number}b")] for number in range(10)]

    await asyncio.gather(*(audit.append(tenant, pair) for pair in pairs for tenant in (acme, globex)))

    for tenant in (acme, globex):
        entries = await audit.entries(tenant, after=0, limit=100)
        assert [one.number for one in entries] == list(range(1, 21))
        assert {one.request_id for one in entries} == {one.request_id for pair in pairs for one in pair}


async def test_all_fields_are_kept(audit: AuditLog, acme: TenantId) -> None:
    details = {"emails.value": [1, None, {"$set": "x.y", "'": True}], "ünï": "\U0001f600"}
    full = entry("scim.patch", outcome="rejected", target_type="Group", details=details)

    await audit.append(acme, [full])

    assert list(await audit.entries(acme, after=0, limit=1)) == [structs.replace(full, number=1)]
