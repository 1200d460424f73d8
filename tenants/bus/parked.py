"""Parked deliveries as values: how they are told apart, and how they are made ready for another try."""

from collections.abc import Collection, Sequence
from hashlib import sha256

import msgspec

from schemas.messages.administration import ImportAccounts, SetAside
from schemas.messages.commands import Command, CreateResource, PatchResource, ReplaceResource

_DIGITS = 12


def parked_id(commands: Sequence[Command], message: bytes = b"") -> str:
    """Return the id of what is parked: by its commands, so that it keeps it when it is parked once more.

    Args:
        commands: Those of the message; none where it cannot be read.
        message: The message, by which it is told from others then.
    """
    named = "\n".join(command.id for command in commands).encode() or message
    return sha256(named).hexdigest()[:_DIGITS]


def with_deadline(commands: Sequence[Command], deadline: float) -> tuple[Command, ...]:
    """Return the commands with another deadline (Unix seconds); their ids stand, so that receipts are met."""
    return tuple(msgspec.structs.replace(command, deadline=deadline) for command in commands)


def without_people(commands: Sequence[Command], ids: Collection[str]) -> tuple[Command, ...]:
    """Return the commands without what they say of these Users and accounts; those about nothing else are left out."""
    return tuple(kept for command in commands if (kept := _without_people(command, ids)) is not None)


def _without_people(command: Command, ids: Collection[str]) -> Command | None:
    match command:
        case CreateResource() | ReplaceResource() | PatchResource():
            return None if command.resource_id in ids else command
        case ImportAccounts():
            others = tuple(account for account in command.accounts if account.lms_id not in ids)
            return msgspec.structs.replace(command, accounts=others) if others != command.accounts else command
        case SetAside() if command.reason and not set(command.resources).isdisjoint(ids):
            return msgspec.structs.replace(command, reason="")
        case _:
            return command
