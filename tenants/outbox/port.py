"""The outbox: events in order, written in the transaction that made them true."""

from collections.abc import Mapping, Sequence
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

    async def redact(self, tenant: TenantId, accounts: Mapping[str, str]) -> frozenset[str]:
        """Take all but ids from the events about these accounts, for good.

        Numbers, types and subjects stand: whoever reads the feed later learns that there was somebody, not who.

        Args:
            tenant: Whose events they are.
            accounts: With each the moment of its end: what is told later is about another account with its id.

        Returns:
            The ids of the Users that they were linked to, also where the events were emptied before.

        Raises:
            PortUnavailableError: The store cannot be reached.
        """
        ...
