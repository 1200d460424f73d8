"""Commands: what the gateway asks a tenant's worker to do.

A command is complete and validated: nothing in it needs the HTTP request any more, and it holds no secret
(passwords are dropped before a command is made). Everything that depends on state is decided where it is applied.
"""

from typing import Any

import msgspec

from schemas.ids import ResourceId
from schemas.messages.addressed import Addressed
from schemas.messages.administration import AdministrationCommand


class PatchOperation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One operation of a PATCH, after dialect and syntax check (RFC 7644, 3.5.2)."""

    op: str
    """``add``, ``remove`` or ``replace``."""
    path: str | None = None
    value: Any = None
    has_value: bool = False
    """Whether the client sent ``value`` at all; tells ``null`` from nothing."""


class CreateResource(Addressed, frozen=True, tag="create"):
    """Ask for a new resource under the given id."""

    resource_type: str
    resource_id: ResourceId
    attributes: dict[str, Any]
    """Canonical attributes, without ``id``, ``meta`` and ``schemas``; of a Group with ``members``."""


class ReplaceResource(Addressed, frozen=True, tag="replace"):
    """Ask to put the given attributes in the place of the resource's."""

    resource_type: str
    resource_id: ResourceId
    attributes: dict[str, Any]
    if_match: tuple[str, ...] = ()
    """Entity tags of ``If-Match``, one of which must be the resource's; ``*`` stands for any; empty: no condition."""
    if_none_match: tuple[str, ...] = ()
    """Entity tags of ``If-None-Match``, none of which may be the resource's."""


class PatchResource(Addressed, frozen=True, tag="patch"):
    """Ask to apply operations to the resource as it then is."""

    resource_type: str
    resource_id: ResourceId
    operations: tuple[PatchOperation, ...]
    if_match: tuple[str, ...] = ()
    if_none_match: tuple[str, ...] = ()


class DeleteResource(Addressed, frozen=True, tag="delete"):
    """Ask to remove the resource."""

    resource_type: str
    resource_id: ResourceId
    if_match: tuple[str, ...] = ()
    if_none_match: tuple[str, ...] = ()


ResourceCommand = CreateResource | ReplaceResource | PatchResource | DeleteResource
"""What a provisioning client asks for."""
Command = ResourceCommand | AdministrationCommand
