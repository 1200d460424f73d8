"""Registering, showing, changing and removing the extension schemas of a tenant."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from schemas.ids import TenantId
from schemas.messages.notices import TenantChanged
from schemas.scim.definitions.catalog import compile_schema, core_catalog
from schemas.scim.definitions.extensions import ExtensionSchema, SchemaRefusedError, check_change, read_extension
from schemas.scim.definitions.model import ResourceType
from schemas.timestamps import timestamp
from tenants.administration.actor import Actor, RefusedError
from tenants.administration.extended import ExtendedResources
from tenants.errors import RevisionConflictError
from tenants.ports import AdministrationPorts
from tenants.tenant import Tenant

MAX_SCHEMAS = 20
"""Extension schemas of one tenant."""
_MISFITS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Registered:
    """What an act did."""

    schema: ExtensionSchema
    resources: int
    """Resources that hold values of it, and were looked through for it."""


class SchemaAdministration:
    """An administrator's hand on a tenant's schemas.

    A change of the tenant's record raises its revision, so that from then on no transaction commits under the old
    schemas. What was stored before is looked through afterwards, so that filters find it and readers get it in the
    schema's form.
    """

    def __init__(self, ports: AdministrationPorts, resources: ExtendedResources, *, clock: Callable[[], float]) -> None:
        """Keep the ports."""
        self._ports = ports
        self._resources = resources
        self._clock = clock

    async def schemas(self, tenant: str) -> Sequence[ExtensionSchema]:
        """Return the tenant's extension schemas, oldest first.

        Raises:
            RefusedError: No such tenant.
        """
        return (await self._tenant(tenant)).extensions

    async def schema(self, tenant: str, uri: str) -> ExtensionSchema:
        """Return one of them.

        Raises:
            RefusedError: No such tenant or schema.
        """
        return _found(await self._tenant(tenant), uri)

    async def add(
        self, tenant: str, document: object, resource_type: str, *, drop_misfits: bool, actor: Actor
    ) -> Registered:
        """Register a schema as an extension of a resource type.

        Args:
            tenant: Whose it is to be.
            document: A Schema resource (RFC 7643, 7).
            resource_type: ``User`` or ``Group``.
            drop_misfits: Go ahead though values were kept under its URI, while it had no schema, that do not fit.
            actor: Who asks.

        Raises:
            RefusedError: No such tenant, no usable schema, one too many, or values that do not fit.
        """
        before = await self._tenant(tenant)
        if len(before.extensions) >= MAX_SCHEMAS:
            raise RefusedError(f"{tenant} has {MAX_SCHEMAS} schemas, which is the most that a tenant may have")
        extension = _read(document, resource_type, before)
        after = replace(before, extensions=(*before.extensions, extension))
        if not drop_misfits:
            await self._check_fit(after, extension)
        return await self._put(after, extension, "schema.added", actor)

    async def change(self, tenant: str, document: object, *, actor: Actor) -> Registered:
        """Put the document in the place of the schema of its URI. Doing it again repeats the looking through.

        Raises:
            RefusedError: No such tenant or schema, or the change is one that stored values would not survive.
        """
        before = await self._tenant(tenant)
        old = _found(before, str(document.get("id")) if isinstance(document, dict) else "")
        others = tuple(each for each in before.extensions if each != old)
        new = _read(document, old.resource_type, replace(before, extensions=others))
        try:
            check_change(_compiled(old), _compiled(new))
        except SchemaRefusedError as error:
            raise RefusedError(str(error)) from error
        extensions = tuple(new if each == old else each for each in before.extensions)
        return await self._put(replace(before, extensions=extensions), new, "schema.changed", actor)

    async def remove(self, tenant: str, uri: str, *, keep_values: bool, actor: Actor) -> Registered:
        """Take the schema away.

        Args:
            tenant: Whose it is.
            uri: Which.
            keep_values: Go ahead though there are values: they stay as those of an extension without a schema.
            actor: Who asks.

        Raises:
            RefusedError: No such tenant or schema, or there are values of it.
        """
        before = await self._tenant(tenant)
        extension = _found(before, uri)
        count = await self._resources.count(before.id, extension)
        if count and not keep_values:
            raise RefusedError(
                f"{_counted(count, extension)} values of {extension.uri}; have them removed by the identity provider "
                "first, or keep them as values without a schema (--keep-values)"
            )
        after = replace(before, extensions=tuple(each for each in before.extensions if each != extension))
        await self._replace(after)
        done = Registered(extension, await self._resources.renew(after.id, extension) if count else 0)
        await self._note(after, "schema.removed", done, actor)
        return done

    async def _put(self, after: Tenant, extension: ExtensionSchema, action: str, actor: Actor) -> Registered:
        changed = await self._replace(after)
        count = await self._resources.renew(changed.id, extension)
        done = Registered(extension, count)
        await self._note(changed, action, done, actor)
        return done

    async def _check_fit(self, after: Tenant, extension: ExtensionSchema) -> None:
        found = await self._resources.misfits(after.id, extension, _type(after, extension), limit=_MISFITS_SHOWN)
        if found:
            raise RefusedError(
                "\n".join(
                    (
                        f"values were kept under {extension.uri} that do not fit; the first are:",
                        *(f"  {extension.resource_type} {id}: {reason}" for id, reason in found),
                        "Change the schema, or have those values left out from now on (--drop-misfits).",
                    )
                )
            )

    async def _replace(self, after: Tenant) -> Tenant:
        after = replace(after, revision=after.revision + 1)
        try:
            await self._ports.registry.change_tenant(after)
        except RevisionConflictError as error:
            raise RefusedError("the tenant was changed by somebody else meanwhile; look again and repeat") from error
        if self._ports.notices is not None:
            await self._ports.notices.publish(TenantChanged(after.id))
        return after

    async def _tenant(self, name: str) -> Tenant:
        tenant = await self._ports.registry.tenant(TenantId(name))
        if tenant is None:
            raise RefusedError(f"there is no tenant named {name}")
        return tenant

    async def _note(self, tenant: Tenant, action: str, done: Registered, actor: Actor) -> None:
        details = {"resource_type": done.schema.resource_type, "resources": done.resources}
        entry = actor.did(action, ("Schema", done.schema.uri), details, at=timestamp(self._clock()))
        await self._ports.audit.append(tenant.id, [entry])


def document_of(extension: ExtensionSchema) -> dict[str, Any]:
    """Return the Schema resource."""
    document: dict[str, Any] = json.loads(extension.document)
    return document


def _read(document: object, resource_type: str, others: Tenant) -> ExtensionSchema:
    catalog = core_catalog().with_extensions(others.extensions)
    if resource_type not in [type_.name for type_ in catalog.resource_types]:
        raise RefusedError(f"there is no resource type {resource_type}")
    try:
        return read_extension(document, resource_type, taken=[schema.id for schema in catalog.schemas])
    except SchemaRefusedError as error:
        raise RefusedError(str(error)) from error


def _compiled(extension: ExtensionSchema) -> Any:
    return compile_schema(document_of(extension))


def _type(tenant: Tenant, extension: ExtensionSchema) -> ResourceType:
    return core_catalog().with_extensions(tenant.extensions).resource_type(extension.resource_type)


def _found(tenant: Tenant, uri: str) -> ExtensionSchema:
    for extension in tenant.extensions:
        if extension.uri.lower() == uri.lower():
            return extension
    raise RefusedError(f"{tenant.id} has no extension schema {uri}")


def _counted(count: int, extension: ExtensionSchema) -> str:
    return f"1 {extension.resource_type} holds" if count == 1 else f"{count} {extension.resource_type}s hold"
