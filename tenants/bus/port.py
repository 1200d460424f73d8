"""The bus: a lane of commands per tenant, outcomes back to the gateway that asked, notices to all."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.ids import TenantId
from schemas.messages.commands import Command
from schemas.messages.notices import Notice
from schemas.messages.outcomes import Outcome


class CommandSender(Protocol):
    """The gateway's side of the lanes."""

    async def send(self, tenant: TenantId, commands: Sequence[Command]) -> None:
        """Put commands on the tenant's lane as one message; return when the bus has taken it.

        The outcomes may come in before this returns.

        Raises:
            UncertainDeliveryError: The connection broke while the message was on its way; it may still arrive.
            PortUnavailableError: The bus cannot be reached, nothing was sent.
        """
        ...

    def outcomes(self) -> AsyncIterator[Sequence[Outcome]]:
        """Yield the outcomes of this sender's commands as they come in, until the bus closes; one reader at a time."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """A message of commands in a worker's hands, to be settled or parked."""

    tenant: TenantId
    commands: tuple[Command, ...]
    redelivered: bool
    """Whether it may have been in a worker's hands before."""
    attempts: int
    """How often it was delivered before, as far as the bus knows."""
    receipt: object
    """The adapter's own handle."""


class LaneReader(Protocol):
    """The worker's side of the lanes. One reader at a time is active on a lane; others stand by."""

    async def subscribe(self, tenant: TenantId) -> None:
        """Stand in line for the tenant's lane (idempotent); survives lost connections."""
        ...

    async def unsubscribe(self, tenant: TenantId) -> None:
        """Leave the line: nothing new is delivered after the return.

        What was taken before stays with this reader to be settled; deliveries that were not taken yet go back.
        """
        ...

    async def take(self, *, limit: int) -> Sequence[Delivery]:
        """Wait until a lane has work; return up to about ``limit`` commands' deliveries of one lane, in order.

        Lanes with work are served round robin. A lane is not offered again before all its deliveries are settled,
        parked or given back.
        """
        ...

    async def settle(self, deliveries: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        """Report the outcomes to the senders (in few messages), then acknowledge the deliveries.

        Outcomes are matched by command id. Deliveries that the bus has taken back meanwhile are passed over in silence.

        Raises:
            PortUnavailableError: The bus cannot be reached; the deliveries will come again.
        """
        ...

    async def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Return deliveries unsettled, to be delivered again (here or elsewhere)."""
        ...

    async def park(self, delivery: Delivery, reason: str) -> None:
        """Set the delivery aside, durable and visible to administrators, and acknowledge it.

        A delivery whose value has only some of its commands is set aside for those; settling acknowledges the rest.

        Raises:
            PortUnavailableError: The bus cannot be reached; the delivery stays in hand.
        """
        ...


class Notices(Protocol):
    """Small facts to every process; at most once."""

    async def publish(self, notice: Notice) -> None:
        """Broadcast the notice; lost in silence while the bus is down (polling finds what it told)."""
        ...

    def subscribe(self) -> AsyncIterator[Notice]:
        """Yield notices from now on, this process's own ones too; ends when the bus closes."""
        ...


@dataclass(frozen=True, slots=True)
class ParkedDelivery:
    """A message that was set aside."""

    tenant: TenantId
    commands: tuple[Command, ...]
    """Empty where the message cannot be read."""
    reason: str
    parked: str
    """When, RFC 3339."""
    id: str
    """Tells it from the tenant's others; the same message twice has the same id, and is one for administrators."""


class ParkedLane(Protocol):
    """What was set aside, for administrators.

    Raises:
        PortUnavailableError: The bus cannot be reached (all methods). What was done before stands.
    """

    async def parked(self, tenant: TenantId, *, limit: int) -> Sequence[ParkedDelivery]:
        """Return the oldest parked deliveries; they stay parked."""
        ...

    async def replay(
        self, tenant: TenantId, ids: Collection[str] | None, *, patience_seconds: float
    ) -> Sequence[ParkedDelivery]:
        """Put these deliveries, or all, back on the lane behind what is there, and return them as they were parked.

        Each command gets a new deadline, so many seconds after it is back on the lane: with its old one it would be
        abandoned at once. Nobody waits for its outcome any more, so no sender is told of it. A delivery may come back
        more than once when something breaks on the way, and never gets lost; receipts see to the rest. What cannot be
        read stays parked, and so does what is parked while this goes on.
        """
        ...

    async def discard(self, tenant: TenantId, ids: Collection[str] | None) -> Sequence[ParkedDelivery]:
        """Remove these deliveries, or all, for good, and return them."""
        ...

    async def forget_people(self, tenant: TenantId, ids: Collection[str]) -> int:
        """Take from what is parked all that commands say of these Users and accounts, for good; return from how many.

        The rest stays parked, under ids of its own where commands are gone; what nothing is left of goes. What cannot
        be read is left as it is.
        """
        ...
