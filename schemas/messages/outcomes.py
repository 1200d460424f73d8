"""Outcomes: what became of a command."""

import msgspec

from schemas.ids import CommandId, ResourceId


class Applied(msgspec.Struct, frozen=True, tag="applied"):
    """The command is carried out and durable (or found to change nothing)."""

    command: CommandId
    sequence: int
    """The tenant's sequence number of the transaction that applied it."""
    resource_id: ResourceId
    version: int
    body: bytes
    """The resource as JSON (``schemas.scim.rendering``); a Group's without ``members``; empty after a delete."""
    changed: bool
    """False: the resource already was as asked; version and lastModified stand."""
    created: bool = False


class Rejected(msgspec.Struct, frozen=True, tag="rejected"):
    """The command is refused and changed nothing; the fields are those of a SCIM error (RFC 7644, 3.12)."""

    command: CommandId
    status: int
    detail: str
    scim_type: str | None = None


class Abandoned(msgspec.Struct, frozen=True, tag="abandoned"):
    """The command was met after its deadline, or set aside after failing; it changed nothing."""

    command: CommandId
    reason: str
    is_parked: bool = False
    """It failed by a fault of ours and was set aside: sent again it would fail again."""


class Item(msgspec.Struct, frozen=True):
    """What an administrator's command came to for one resource, account or membership."""

    id: str
    effects: tuple[str, ...] = ()
    """What was done; nothing where it was as it should be already."""
    failure: str | None = None
    """Why it was not done, in words for an administrator."""


class Carried(msgspec.Struct, frozen=True, tag="carried"):
    """An administrator's command is carried out and durable."""

    command: CommandId
    sequence: int
    items: tuple[Item, ...] = ()


Outcome = Applied | Rejected | Abandoned | Carried
