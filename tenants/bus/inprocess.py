"""The bus of the embedded shape: gateway and workers in one process and one event loop.

Its lanes live as long as the process. A command that is lost with it was never answered, so its sender asks again and
nothing acknowledged is lost. Parked deliveries lie on a shelf: a file, which other processes see as well and ask for
things back from, or the process's own memory.

Commands and outcomes are handed over as they are, not as copies: whoever receives them does not change them.
"""

import asyncio
import itertools
import time
from bisect import insort
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast
from weakref import WeakSet

import structlog

from schemas.ids import CommandId, TenantId
from schemas.messages.commands import Command
from schemas.messages.notices import Notice
from schemas.messages.outcomes import Outcome
from schemas.timestamps import timestamp
from tenants.bus.inbox import Inbox
from tenants.bus.parked import parked_id, with_deadline
from tenants.bus.port import CommandSender, Delivery, LaneReader, Notices, ParkedDelivery
from tenants.bus.replies import outcomes_by_sender
from tenants.bus.rotation import Rotation, again
from tenants.bus.shelf import MemoryShelf, Shelf, ShelfParkedLane
from tenants.errors import PortUnavailableError

log = structlog.get_logger(__name__)

_NOTICES_KEPT = 10_000
_SHELF_SECONDS = 1.0
"""How often is looked for what other processes want back."""


@dataclass(slots=True, eq=False)
class _Receipt:
    """Where a delivery came from, and where it stands in its lane."""

    place: int
    outcomes: Inbox[Sequence[Outcome]]
    unparked: set[CommandId]
    """Parking the last of these acknowledges the delivery."""
    shelved: str | None = None
    """The id that it has on the shelf, from which it came back."""


@dataclass(slots=True)
class _Lane:
    """One tenant's commands, and the readers in line for them."""

    waiting: list[Delivery] = field(default_factory=list)
    """What is with no reader, because none is in line; by place."""
    line: "list[InProcessReader]" = field(default_factory=list)
    """The first one is the active one."""

    def put(self, delivery: Delivery) -> None:
        """Hand the delivery to the active reader, or let it wait for one."""
        if self.line:
            self.line[0].receive(delivery)
        else:
            insort(self.waiting, delivery, key=_place)

    def join(self, reader: "InProcessReader") -> None:
        """Stand a reader in line."""
        if reader not in self.line:
            self.line.append(reader)
            waiting, self.waiting = self.waiting, []
            for delivery in waiting:
                self.put(delivery)

    def leave(self, reader: "InProcessReader", untaken: Sequence[Delivery]) -> None:
        """Take a reader out of the line; the next one gets what it did not take."""
        if reader in self.line:
            self.line.remove(reader)
            for delivery in untaken:
                self.put(delivery)


class _Lanes:
    """The lane of each tenant, when something happens there, and what was set aside."""

    def __init__(self, clock: Callable[[], float], shelf: Shelf) -> None:
        self.shelf = shelf
        self._back: set[tuple[TenantId, str]] = set()
        """What came back from the shelf and is not settled yet."""
        self._clock = clock
        self._places = itertools.count(1)
        self._lanes: dict[TenantId, _Lane] = {}

    def __getitem__(self, tenant: TenantId) -> _Lane:
        return self._lanes.setdefault(tenant, _Lane())

    def next_place(self) -> int:
        """Return the place behind all others."""
        return next(self._places)

    def now(self) -> str:
        """Return the moment, RFC 3339."""
        return timestamp(self._clock())

    async def bring_back(self) -> None:
        """Put what is wanted back on its lane, once, with new deadlines."""
        for wanted in await self.shelf.wanted():
            parked = wanted.delivery
            if (parked.tenant, parked.id) in self._back:
                continue
            self._back.add((parked.tenant, parked.id))
            commands = with_deadline(parked.commands, self._clock() + wanted.patience_seconds)
            unparked = {command.id for command in commands}
            receipt = _Receipt(self.next_place(), Inbox(keep=0), unparked, shelved=parked.id)
            self[parked.tenant].put(Delivery(parked.tenant, commands, redelivered=True, attempts=1, receipt=receipt))

    async def set_aside(self, delivery: Delivery, reason: str) -> None:
        """Put the delivery on the shelf; one that came from there lies there as before."""
        id = parked_id(delivery.commands)
        await self.shelf.put(ParkedDelivery(delivery.tenant, delivery.commands, reason, self.now(), id))
        if _receipt(delivery).shelved == id:
            # It may be wanted back once more by now, which this delivery's end must not undo.
            self._leave_to_the_shelf(delivery, id)

    async def has_returned(self, delivery: Delivery) -> None:
        """Take a delivery that came back from the shelf off it."""
        id = _receipt(delivery).shelved
        if id is not None:
            await self.shelf.returned(delivery.tenant, id)
            self._leave_to_the_shelf(delivery, id)

    def _leave_to_the_shelf(self, delivery: Delivery, id: str) -> None:
        _receipt(delivery).shelved = None
        self._back.discard((delivery.tenant, id))


class InProcessSender(CommandSender):
    """A gateway's side of the lanes."""

    def __init__(self, lanes: _Lanes) -> None:
        self._lanes = lanes
        self._outcomes = Inbox[Sequence[Outcome]]()
        self._is_closed = False

    async def send(self, tenant: TenantId, commands: Sequence[Command]) -> None:
        if self._is_closed:
            raise PortUnavailableError("The bus is closed")
        receipt = _Receipt(self._lanes.next_place(), self._outcomes, {command.id for command in commands})
        self._lanes[tenant].put(Delivery(tenant, tuple(commands), redelivered=False, attempts=0, receipt=receipt))

    def outcomes(self) -> AsyncIterator[Sequence[Outcome]]:
        return self._outcomes

    def close(self) -> None:
        """Refuse what is sent from now on, and end the outcomes."""
        self._is_closed = True
        self._outcomes.close()


class InProcessReader(LaneReader):
    """A worker's side of the lanes."""

    def __init__(self, lanes: _Lanes) -> None:
        self._lanes = lanes
        self._rotation = Rotation()
        self._subscribed: set[TenantId] = set()

    def receive(self, delivery: Delivery) -> None:
        """Let a delivery of a lane on which this reader is active wait to be taken."""
        self._rotation.add(delivery, place=_place(delivery))

    async def subscribe(self, tenant: TenantId) -> None:
        self._subscribed.add(tenant)
        self._lanes[tenant].join(self)

    async def unsubscribe(self, tenant: TenantId) -> None:
        self._subscribed.discard(tenant)
        self._lanes[tenant].leave(self, self._rotation.withdraw(tenant))

    async def take(self, *, limit: int) -> Sequence[Delivery]:
        return await self._rotation.take(limit=limit)

    async def settle(self, deliveries: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        answerable = [delivery for delivery in deliveries if self._is_answerable(delivery)]
        for delivery in answerable:
            await self._lanes.has_returned(delivery)
        for inbox, batch in outcomes_by_sender(answerable, outcomes, sender_of=_sender).items():
            inbox.put(batch)
        self._rotation.release(deliveries)

    async def give_back(self, deliveries: Sequence[Delivery]) -> None:
        held = [delivery for delivery in deliveries if self._rotation.is_out(delivery)]
        self._rotation.release(held)
        for delivery in held:
            self._lanes[delivery.tenant].put(again(delivery))

    async def park(self, delivery: Delivery, reason: str) -> None:
        if not self._rotation.is_out(delivery):
            return
        await self._lanes.set_aside(delivery, reason)
        unparked = _receipt(delivery).unparked
        unparked.difference_update(command.id for command in delivery.commands)
        if not unparked:
            await self._lanes.has_returned(delivery)
            self._rotation.release([delivery])

    async def aclose(self) -> None:
        """Leave every line without settling: what is in hand or waiting goes to the next reader in line."""
        held = self._rotation.out()
        self._rotation.release(held)
        for tenant in tuple(self._subscribed):
            await self.unsubscribe(tenant)
        for delivery in held:
            self._lanes[delivery.tenant].put(again(delivery))

    def _is_answerable(self, delivery: Delivery) -> bool:
        return self._rotation.is_out(delivery) or not _receipt(delivery).unparked


class InProcessNotices(Notices):
    """Notices to everybody in the process."""

    def __init__(self) -> None:
        self._inboxes: WeakSet[Inbox[Notice]] = WeakSet()
        self._is_closed = False

    async def publish(self, notice: Notice) -> None:
        for inbox in self._inboxes:
            inbox.put(notice)

    def subscribe(self) -> AsyncIterator[Notice]:
        inbox = Inbox[Notice](keep=_NOTICES_KEPT)
        if self._is_closed:
            inbox.close()
        self._inboxes.add(inbox)
        return inbox

    def close(self) -> None:
        """End every subscription."""
        self._is_closed = True
        for inbox in self._inboxes:
            inbox.close()


class InProcessParkedLane(ShelfParkedLane):
    """What was set aside in this process; it goes back on the lane at once."""

    def __init__(self, lanes: _Lanes) -> None:
        super().__init__(lanes.shelf)
        self._lanes = lanes

    async def replay(
        self, tenant: TenantId, ids: Collection[str] | None, *, patience_seconds: float
    ) -> Sequence[ParkedDelivery]:
        wanted = await super().replay(tenant, ids, patience_seconds=patience_seconds)
        await self._lanes.bring_back()
        return wanted


class InProcessBus:
    """Lanes, outcomes and notices inside one process."""

    def __init__(self, *, clock: Callable[[], float] = time.time, shelf: Shelf | None = None) -> None:
        self._lanes = _Lanes(clock, shelf or MemoryShelf())
        self._senders: list[InProcessSender] = []
        self._notices = InProcessNotices()

    def sender(self) -> InProcessSender:
        """Return a new gateway's side of the lanes."""
        sender = InProcessSender(self._lanes)
        self._senders.append(sender)
        return sender

    def reader(self) -> InProcessReader:
        """Return a new worker's side of the lanes."""
        return InProcessReader(self._lanes)

    def notices(self) -> InProcessNotices:
        """Return the notices, shared by all."""
        return self._notices

    def parked_lane(self) -> InProcessParkedLane:
        """Return what was set aside."""
        return InProcessParkedLane(self._lanes)

    async def watch_shelf(self) -> None:
        """Put back on the lanes what other processes want there, until cancelled."""
        while True:
            try:
                await self._lanes.bring_back()
            except PortUnavailableError as error:
                log.warning("What was parked could not be looked at", cause=str(error))
            await asyncio.sleep(_SHELF_SECONDS)

    def close(self) -> None:
        """Refuse what is sent from now on; end outcomes and notices."""
        for sender in self._senders:
            sender.close()
        self._notices.close()


@asynccontextmanager
async def open_inprocess(
    *, clock: Callable[[], float] = time.time, shelf: Shelf | None = None
) -> AsyncIterator[InProcessBus]:
    """Yield a bus for this process; closed afterwards.

    Args:
        clock: Unix seconds.
        shelf: Where parked deliveries are kept, and asked for by other processes too; None: in memory.
    """
    bus = InProcessBus(clock=clock, shelf=shelf)
    watching = asyncio.create_task(bus.watch_shelf()) if shelf is not None else None
    try:
        yield bus
    finally:
        if watching is not None:
            watching.cancel()
            await asyncio.wait([watching])
        bus.close()


def _receipt(delivery: Delivery) -> _Receipt:
    return cast("_Receipt", delivery.receipt)


def _place(delivery: Delivery) -> int:
    return _receipt(delivery).place


def _sender(delivery: Delivery) -> Inbox[Sequence[Outcome]]:
    return _receipt(delivery).outcomes
