"""The audit archive's promises: asked, followed, redacted, forgotten; each tenant for itself."""

import pytest
from msgspec import structs

from schemas.ids import TenantId
from tenants.audit.chain import Walk, begin, end, follow
from tenants.audit.port import AuditArchive, AuditEntry, AuditQuery
from tenants.directory.writer import DirectoryWriter, Need
from tenants.errors import UnknownTenantError
from tests.support.builders import Content, changes, entry

ANN, BOB = "a" * 32, "b" * 32


def _at(day: int) -> str:
    return f"2026-11-{day:02}T08:00:00.000Z"


ENTRIES = [
    entry("tenant.created", at=_at(1), principal="operator:ada", target="acme", request_id=""),
    entry("scim.create", at=_at(2), target=ANN, request_id="r2", details={"name": "ann"}),
    entry("scim.create", at=_at(2), target=BOB, request_id="r3", details={"name": "bob"}),
    entry("scim.patch", at=_at(3), target=ANN, request_id='r"4.*', outcome="rejected", details={"name": "anna"}),
    entry("scim.delete", at=_at(4), target=BOB, request_id="r5"),
    entry("token.refused", at=_at(5), principal="", target="", outcome="refused", request_id="r6"),
]


@pytest.fixture
async def log(audit: AuditArchive, writer: DirectoryWriter, acme: TenantId, globex: TenantId) -> AuditArchive:
    """The log with the same entries for two tenants, partly by transactions."""
    for tenant in (acme, globex):
        await audit.append(tenant, ENTRIES[:1])
        for part in (ENTRIES[1:4], ENTRIES[4:5]):
            await writer.commit(changes(await writer.load(tenant, Need()), Content(audit=part)))
        await audit.append(tenant, ENTRIES[5:])
    return audit


async def _numbers(log: AuditArchive, tenant: TenantId, query: AuditQuery) -> list[int]:
    return [one.number for one in await log.find(tenant, query)]


async def _walk(log: AuditArchive, tenant: TenantId) -> Walk:
    ends = await log.ends(tenant)
    walk = begin(ends)
    for link in await log.links(tenant, after=ends.start, limit=1000):
        walk = follow(tenant, walk, link)
    end(walk, ends)
    return walk


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        (AuditQuery(), [1, 2, 3, 4, 5, 6]),
        (AuditQuery(newest_first=True), [6, 5, 4, 3, 2, 1]),
        (AuditQuery(since=_at(2)), [2, 3, 4, 5, 6]),
        (AuditQuery(until=_at(3)), [1, 2, 3]),
        (AuditQuery(since=_at(3), until=_at(4)), [4]),
        (AuditQuery(actor="operator:ada"), [1]),
        (AuditQuery(actor="operator"), []),
        (AuditQuery(target=ANN), [2, 4]),
        (AuditQuery(target=ANN, newest_first=True), [4, 2]),
        (AuditQuery(target="nobody"), []),
        (AuditQuery(request_id="r3"), [3]),
        (AuditQuery(request_id='r"4.*'), [4]),
        (AuditQuery(request_id="r.3"), []),
        (AuditQuery(action="scim.create"), [2, 3]),
        (AuditQuery(action="scim"), [2, 3, 4, 5]),
        (AuditQuery(action="sci"), []),
        (AuditQuery(outcome="rejected"), [4]),
        (AuditQuery(action="scim", outcome="applied", target=BOB), [3, 5]),
        (AuditQuery(limit=2), [1, 2]),
        (AuditQuery(after=2, limit=2), [3, 4]),
        (AuditQuery(newest_first=True, limit=2), [6, 5]),
        (AuditQuery(newest_first=True, after=4, limit=2), [3, 2]),
        (AuditQuery(action="scim", after=2, limit=2), [3, 4]),
        (AuditQuery(limit=0), []),
    ],
)
async def test_entries_are_found_by_what_is_asked(
    log: AuditArchive, acme: TenantId, query: AuditQuery, numbers: list[int]
) -> None:
    assert await _numbers(log, acme, query) == numbers


async def test_the_chain_holds_across_appends_and_transactions(
    log: AuditArchive, acme: TenantId, globex: TenantId
) -> None:
    for tenant in (acme, globex):
        assert (await _walk(log, tenant)).entries == 6
    assert (await log.ends(acme)).last_digest != (await log.ends(globex)).last_digest


async def test_redaction_takes_the_details_of_one_person_of_one_tenant(
    log: AuditArchive, acme: TenantId, globex: TenantId
) -> None:
    assert await log.redact(acme, ANN) == 2
    assert await log.redact(acme, ANN) == 0

    def kept(entries: list[AuditEntry]) -> list[AuditEntry]:
        return [structs.replace(one, sequence=0, number=0) for one in entries]

    found = list(await log.entries(acme, after=0, limit=10))
    taken = [structs.replace(one, details={}, redacted=True) if one.target == ANN else one for one in ENTRIES]
    assert kept(found) == taken
    assert kept(list(await log.entries(globex, after=0, limit=10))) == ENTRIES
    assert ((await _walk(log, acme)).redacted, (await _walk(log, globex)).redacted) == (2, 0)


async def test_the_chain_grows_on_after_a_redaction(log: AuditArchive, writer: DirectoryWriter, acme: TenantId) -> None:
    await log.redact(acme, BOB)

    await writer.commit(changes(await writer.load(acme, Need()), Content(audit=[entry()])))

    walk = await _walk(log, acme)
    assert (walk.entries, walk.redacted) == (7, 2)


async def test_what_is_forgotten_is_gone_and_the_rest_still_holds(
    log: AuditArchive, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    # The transaction of entries 2 to 4 goes whole or not at all.
    assert await log.forget(acme, before=_at(3), limit=10) == 1
    assert await _numbers(log, acme, AuditQuery()) == [2, 3, 4, 5, 6]
    assert await log.forget(acme, before=_at(5), limit=1) == 1
    assert await log.forget(acme, before=_at(5), limit=10) == 1
    assert await log.forget(acme, before=_at(5), limit=10) == 0

    await writer.commit(changes(await writer.load(acme, Need()), Content(audit=[entry()])))

    assert await _numbers(log, acme, AuditQuery()) == [6, 7]
    assert await _numbers(log, acme, AuditQuery(target=BOB)) == []
    assert (await _walk(log, acme)).entries == 2
    assert (await _walk(log, globex)).entries == 6


async def test_all_may_be_forgotten_and_numbers_go_on(log: AuditArchive, acme: TenantId) -> None:
    await log.forget(acme, before=_at(30), limit=100)

    await log.append(acme, [entry()])

    assert await _numbers(log, acme, AuditQuery()) == [7]
    assert (await _walk(log, acme)).entries == 1


async def test_nothing_is_known_of_an_unknown_tenant(audit: AuditArchive) -> None:
    nobody = TenantId("nobody")
    with pytest.raises(UnknownTenantError):
        await audit.ends(nobody)
    assert list(await audit.find(nobody, AuditQuery())) == []
    assert list(await audit.links(nobody, after=0, limit=10)) == []
    assert await audit.redact(nobody, ANN) == 0
    assert await audit.forget(nobody, before=_at(30), limit=10) == 0


async def test_a_new_tenants_chain_is_empty_and_holds(audit: AuditArchive, acme: TenantId) -> None:
    assert await _walk(audit, acme) == Walk(0, "")
