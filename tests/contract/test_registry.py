"""The registry's promises."""

import asyncio
from dataclasses import replace

import pytest

from schemas.ids import TenantId, TokenId
from schemas.scim.definitions.extensions import ExtensionSchema
from tenants.errors import DuplicateError, RevisionConflictError
from tenants.policies.settings import (
    Activation,
    Authentication,
    Deprovisioning,
    LinkRule,
    OnReturn,
    OperationMode,
    Policies,
)
from tenants.registry.port import Registry, TokenUse
from tenants.tenant import Dialect, TenantStatus
from tests.support.builders import LATER, NOW, tenant, token

NOBODY = TenantId("nobody")
USE = TokenUse(at=LATER, address="192.0.2.7", agent="Entra")


async def test_a_tenant_is_found_by_its_id_with_all_its_fields(
    registry: Registry, acme: TenantId, globex: TenantId
) -> None:
    record = tenant(
        TenantId(f"{acme}-full"),
        display_name='Ünï "quoted" $x.y \'%_',
        status=TenantStatus.SUSPENDED,
        dialect=Dialect.STRICT,
        policies=Policies(
            mode=OperationMode.SYNC,
            authentication=Authentication.SSO,
            activation=Activation.MANUAL,
            deprovisioning=Deprovisioning.DELETE,
            on_return=OnReturn.CONFLICT,
            has_guard=False,
            guard_limit=7,
            link_by=(LinkRule.EMAIL, LinkRule.USER_NAME),
            owned_domains=("example.com",),
        ),
        extensions=(
            ExtensionSchema("urn:acme:params:badges:2.0:User", "User", '{"id":"urn:acme","$x.y":"\\u0000ü"}'),
            ExtensionSchema("urn:acme:params:rooms:2.0:Group", "Group", "{}", required=True),
        ),
    )

    await registry.add_tenant(record)

    assert await registry.tenant(record.id) == record
    assert await registry.tenant(globex) == tenant(globex)


async def test_an_unknown_tenant_is_none(registry: Registry) -> None:
    assert await registry.tenant(NOBODY) is None


async def test_tenants_come_in_the_order_of_their_ids(registry: Registry, acme: TenantId, globex: TenantId) -> None:
    listed = [record.id for record in await registry.tenants()]

    assert {acme, globex} <= set(listed)
    assert listed == sorted(listed)


async def test_a_tenant_is_added_once(registry: Registry, acme: TenantId) -> None:
    with pytest.raises(DuplicateError):
        await registry.add_tenant(tenant(acme, display_name="An impostor"))

    assert await registry.tenant(acme) == tenant(acme)


async def test_a_change_takes_the_place_of_the_revision_before(
    registry: Registry, acme: TenantId, globex: TenantId
) -> None:
    changed = tenant(acme, display_name="New name", status=TenantStatus.SUSPENDED, revision=2)

    await registry.change_tenant(changed)

    assert await registry.tenant(acme) == changed
    assert await registry.tenant(globex) == tenant(globex)


@pytest.mark.parametrize("revision", [1, 3])
async def test_a_change_of_another_revision_is_refused(registry: Registry, acme: TenantId, revision: int) -> None:
    with pytest.raises(RevisionConflictError):
        await registry.change_tenant(tenant(acme, display_name="Late", revision=revision))

    assert await registry.tenant(acme) == tenant(acme)


async def test_extensions_change_with_the_record(registry: Registry, acme: TenantId, globex: TenantId) -> None:
    extensions = (ExtensionSchema("urn:acme:badges", "User", '{"id":"urn:acme:badges"}'),)

    await registry.change_tenant(tenant(acme, extensions=extensions, revision=2))
    assert await registry.tenant(acme) == tenant(acme, extensions=extensions, revision=2)
    assert (await registry.tenant(globex) or tenant(acme)).extensions == ()

    await registry.change_tenant(tenant(acme, revision=3))
    assert await registry.tenant(acme) == tenant(acme, revision=3)


async def test_a_change_of_an_unknown_tenant_is_refused(registry: Registry) -> None:
    with pytest.raises(RevisionConflictError):
        await registry.change_tenant(tenant(NOBODY, revision=2))

    assert await registry.tenant(NOBODY) is None


async def test_of_changes_at_once_exactly_one_is_kept(registry: Registry, acme: TenantId) -> None:
    changes = [tenant(acme, display_name=f"Name {number}", revision=2) for number in range(5)]

    results = await asyncio.gather(*map(registry.change_tenant, changes), return_exceptions=True)

    assert [result is None for result in results].count(True) == 1
    assert all(result is None or isinstance(result, RevisionConflictError) for result in results)
    assert await registry.tenant(acme) == changes[results.index(None)]


async def test_a_token_is_found_by_its_tenant_alone(registry: Registry, acme: TenantId, globex: TenantId) -> None:
    record = token(acme, f"{acme}-t1")

    await registry.add_token(record)

    assert await registry.token(acme, record.id) == record
    assert await registry.token(globex, record.id) is None
    assert list(await registry.tokens(globex)) == []
    assert await registry.token(acme, TokenId("unknown")) is None


async def test_tokens_come_oldest_first(registry: Registry, acme: TenantId, globex: TenantId) -> None:
    new, old, other = token(acme, f"{acme}-a", created=LATER), token(acme, f"{acme}-b"), token(globex, f"{globex}-c")
    for record in (new, old, other):
        await registry.add_token(record)

    assert list(await registry.tokens(acme)) == [old, new]


async def test_a_token_is_added_once(registry: Registry, acme: TenantId) -> None:
    record = token(acme, f"{acme}-t1")
    await registry.add_token(record)

    with pytest.raises(DuplicateError):
        await registry.add_token(replace(record, name="An impostor"))

    assert await registry.token(acme, record.id) == record


async def test_a_revocation_is_kept(registry: Registry, acme: TenantId) -> None:
    record = token(acme, f"{acme}-t1")
    await registry.add_token(record)

    assert await registry.revoke_token(acme, record.id, at=LATER)

    assert await registry.token(acme, record.id) == replace(record, revoked=LATER)


async def test_an_earlier_revocation_stands(registry: Registry, acme: TenantId) -> None:
    record = token(acme, f"{acme}-t1")
    await registry.add_token(record)
    await registry.revoke_token(acme, record.id, at=NOW)

    assert await registry.revoke_token(acme, record.id, at=LATER)

    assert await registry.token(acme, record.id) == replace(record, revoked=NOW)


async def test_a_revocation_can_be_brought_forward(registry: Registry, acme: TenantId) -> None:
    record = token(acme, f"{acme}-t1", revoked=LATER)
    await registry.add_token(record)

    assert await registry.revoke_token(acme, record.id, at=NOW)

    assert await registry.token(acme, record.id) == replace(record, revoked=NOW)


async def test_another_tenant_cannot_revoke_a_token(registry: Registry, acme: TenantId, globex: TenantId) -> None:
    record = token(acme, f"{acme}-t1")
    await registry.add_token(record)

    assert not await registry.revoke_token(globex, record.id, at=NOW)

    assert await registry.token(acme, record.id) == record


async def test_the_last_use_of_each_token_is_kept(registry: Registry, acme: TenantId, globex: TenantId) -> None:
    mine, theirs = token(acme, f"{acme}-t1"), token(globex, f"{globex}-t1")
    await registry.add_token(mine)
    await registry.add_token(theirs)

    await registry.record_token_uses(
        [
            (acme, mine.id, USE),
            (acme, TokenId("unknown"), USE),
            (acme, theirs.id, replace(USE, agent="x")),
            (globex, theirs.id, USE),
        ]
    )

    assert await registry.token(acme, mine.id) == replace(mine, last_use=USE)
    assert await registry.token(globex, theirs.id) == replace(theirs, last_use=USE)
    assert await registry.token(acme, TokenId("unknown")) is None


async def test_a_use_that_is_told_late_does_not_hide_the_last_one(registry: Registry, acme: TenantId) -> None:
    record, earlier = token(acme, f"{acme}-t1"), replace(USE, at=NOW, agent="Okta")
    await registry.add_token(record)

    await registry.record_token_uses([(acme, record.id, USE), (acme, record.id, earlier)])
    await registry.record_token_uses([(acme, record.id, earlier)])

    assert await registry.token(acme, record.id) == replace(record, last_use=USE)


async def test_no_uses_are_no_work(registry: Registry, acme: TenantId) -> None:
    record = token(acme, f"{acme}-t1")
    await registry.add_token(record)

    await registry.record_token_uses([])

    assert await registry.token(acme, record.id) == record
