"""What every command says, whoever asks for it."""

import msgspec

from schemas.ids import CommandId, TenantId
from schemas.messages.callers import Caller


class Addressed(msgspec.Struct, frozen=True):
    """A command on its way: under which id, to whose lane, by whose word, until when."""

    id: CommandId
    tenant: TenantId
    caller: Caller
    deadline: float
    """Unix seconds; a worker that meets the command later abandons it."""
