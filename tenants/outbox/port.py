"""The outbox: events in order, written in the transaction that made them true."""

from collections.abc import Sequence
from typing import Protocol

from schemas.ids import TenantId
from schemas.messages.events import Event


class Outbox(Protocol):
    """The feed of a tenant's events."""

    async def events(self, tenant: TenantId, *, after: int, limit: int) -> Sequence[Event]:
        """Return events with numbers greater than ``after``, in order, without gaps.

        Raises:
            PortUnavailableError: The store cannot be reached.
        """
        ...
