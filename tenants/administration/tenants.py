"""Making, showing and changing tenants."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from schemas.ids import TenantId, tenant_id
from schemas.messages.notices import TenantChanged
from schemas.timestamps import timestamp
from tenants.administration.actor import Actor, RefusedError
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
from tenants.ports import AdministrationPorts
from tenants.tenant import Dialect, Tenant, TenantStatus


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """What is to be changed; None leaves a setting as it is."""

    display_name: str | None = None
    dialect: Dialect | None = None
    mode: OperationMode | None = None
    authentication: Authentication | None = None
    activation: Activation | None = None
    deprovisioning: Deprovisioning | None = None
    on_return: OnReturn | None = None
    token_limit: int | None = None
    erase_after_days: int | None = None
    erase_inactive_after_days: int | None = None
    link_by: tuple[LinkRule, ...] | None = None
    owned_domains: tuple[str, ...] | None = None


_MOST_DAYS = 3_650
_FEWEST_TOKENS, _MOST_TOKENS = 1, 5
_POLICIES = {field.name for field in fields(Policies)}


class TenantAdministration:
    """The operator's hand on tenants."""

    def __init__(self, ports: AdministrationPorts, *, clock: Callable[[], float]) -> None:
        """Keep the ports."""
        self._ports = ports
        self._clock = clock

    async def create(self, name: str, change: SettingsChange, *, actor: Actor) -> Tenant:
        """Make a tenant; what the change leaves open gets the defaults.

        Raises:
            RefusedError: The name is no tenant name, or taken, or a setting is out of bounds.
        """
        _check_bounds(change)
        try:
            id = tenant_id(name)
        except ValueError as error:
            raise RefusedError(str(error)) from error
        now = timestamp(self._clock())
        tenant = _changed(Tenant(id=id, display_name=name, created=now), change)
        try:
            await self._ports.registry.add_tenant(tenant)
        except DuplicateError as error:
            raise RefusedError(f"a tenant named {name} exists already") from error
        await self._note(tenant, "tenant.created", {"settings": settings_of(tenant)}, actor)
        return tenant

    async def tenants(self) -> Sequence[Tenant]:
        """Return all tenants by name."""
        return await self._ports.registry.tenants()

    async def tenant(self, name: str) -> Tenant:
        """Return the tenant.

        Raises:
            RefusedError: There is none of that name.
        """
        tenant = await self._ports.registry.tenant(TenantId(name))
        if tenant is None:
            raise RefusedError(f"there is no tenant named {name}")
        return tenant

    async def change(self, name: str, change: SettingsChange, *, actor: Actor) -> Tenant:
        """Change settings; from the return on no command is carried out under the old ones.

        Raises:
            RefusedError: There is no such tenant, the settings are at odds, or somebody else changed them meanwhile.
        """
        before = await self.tenant(name)
        _check(before, change)
        return await self._replace(before, _changed(before, change), "tenant.changed", actor)

    async def rehearse(self, name: str, change: SettingsChange) -> tuple[Tenant, Tenant]:
        """Return the tenant as it is, and as the change would leave it; nothing is changed.

        Raises:
            RefusedError: There is no such tenant, or the settings are at odds.
        """
        before = await self.tenant(name)
        _check(before, change)
        return before, _changed(before, change)

    async def suspend(self, name: str, *, actor: Actor) -> Tenant:
        """Stop serving the tenant's provisioning clients: they get 403 and nothing is stored."""
        before = await self.tenant(name)
        return await self._replace(before, replace(before, status=TenantStatus.SUSPENDED), "tenant.suspended", actor)

    async def resume(self, name: str, *, actor: Actor) -> Tenant:
        """Serve a suspended tenant's provisioning clients again."""
        before = await self.tenant(name)
        return await self._replace(before, replace(before, status=TenantStatus.ACTIVE), "tenant.resumed", actor)

    async def put(self, before: Tenant, after: Tenant, *, actor: Actor) -> Tenant:
        """Put a changed record in the place of the one that was read.

        Raises:
            RefusedError: Somebody else changed it meanwhile.
        """
        return await self._replace(before, after, "tenant.changed", actor)

    async def _replace(self, before: Tenant, after: Tenant, action: str, actor: Actor) -> Tenant:
        if after == before:
            return before
        after = replace(after, revision=before.revision + 1)
        try:
            await self._ports.registry.change_tenant(after)
        except RevisionConflictError as error:
            raise RefusedError("the tenant was changed by somebody else meanwhile; look again and repeat") from error
        old, new = settings_of(before), settings_of(after)
        changed = {key: [old[key], new[key]] for key in new if old[key] != new[key]}
        await self._note(after, action, {"changed": changed}, actor)
        return after

    async def _note(self, tenant: Tenant, action: str, details: dict[str, Any], actor: Actor) -> None:
        entry = actor.did(action, ("Tenant", tenant.id), details, at=timestamp(self._clock()))
        await self._ports.audit.append(tenant.id, [entry])
        if self._ports.notices is not None:
            await self._ports.notices.publish(TenantChanged(tenant.id))


def settings_of(tenant: Tenant) -> dict[str, Any]:
    """Return what an administrator sees of the record, as plain values."""
    policies = {name: _plain(getattr(tenant.policies, name)) for name in sorted(_POLICIES)}
    return {
        "display_name": tenant.display_name,
        "status": tenant.status.value,
        "dialect": tenant.dialect.value,
        "token_limit": tenant.token_limit,
        **policies,
    }


def _plain(value: object) -> Any:
    match value:
        case bool() | None:
            return value
        case StrEnum():
            return value.value
        case tuple():
            return ", ".join(map(str, value))
        case _:
            return value


def _changed(tenant: Tenant, change: SettingsChange) -> Tenant:
    asked = {field.name: getattr(change, field.name) for field in fields(change)}
    asked = {name: value for name, value in asked.items() if value is not None}
    policies = replace(tenant.policies, **{name: asked.pop(name) for name in list(asked) if name in _POLICIES})
    return replace(tenant, policies=policies, **asked)


def _check(tenant: Tenant, change: SettingsChange) -> None:
    _check_bounds(change)
    authentication = change.authentication or tenant.policies.authentication
    if authentication is Authentication.SSO and change.activation is Activation.MANUAL:
        raise RefusedError("with sso the activation is always automatic; set --authentication password first")


def _check_bounds(change: SettingsChange) -> None:
    if change.token_limit is not None and not _FEWEST_TOKENS <= change.token_limit <= _MOST_TOKENS:
        raise RefusedError(f"a tenant may have {_FEWEST_TOKENS} to {_MOST_TOKENS} live tokens at once")
    for days in (change.erase_after_days, change.erase_inactive_after_days):
        if days is not None and not 0 <= days <= _MOST_DAYS:
            raise RefusedError(f"accounts may be erased after 0 to {_MOST_DAYS:,} days")
