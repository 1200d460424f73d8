"""Whose turn it is: the deliveries that wait at one reader, served lane by lane."""

import asyncio
import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from schemas.ids import TenantId
from tenants.bus.port import Delivery


def again(delivery: Delivery) -> Delivery:
    """Return the delivery as it looks when it is delivered once more."""
    return replace(delivery, redelivered=True, attempts=delivery.attempts + 1)


@dataclass(slots=True)
class _Lane:
    """One tenant's deliveries at this reader."""

    waiting: list[tuple[int, Delivery]] = field(default_factory=list)
    """A heap by place."""
    out: dict[object, Delivery] = field(default_factory=dict)
    """What is in the worker's hands, by receipt."""


class Rotation:
    """Deliveries waiting to be taken: lanes in turn, each lane in order, none twice at once.

    Deliveries are told apart by their receipts.
    """

    def __init__(self) -> None:
        self._lanes: dict[TenantId, _Lane] = {}
        self._offered: set[TenantId] = set()
        # In the order of their turns; lanes that were withdrawn since are in it too. Each wakes one who waits.
        self._turns: asyncio.Queue[TenantId] = asyncio.Queue()

    def add(self, delivery: Delivery, *, place: int) -> None:
        """Let a delivery wait; the lower its place, which nobody shares, the sooner it is taken in its lane."""
        lane = self._lanes.setdefault(delivery.tenant, _Lane())
        heapq.heappush(lane.waiting, (place, delivery))
        self._reconsider(delivery.tenant, lane)

    async def take(self, *, limit: int) -> Sequence[Delivery]:
        """Wait for work; take one lane's next deliveries, together about ``limit`` commands, at least one delivery."""
        tenant = await self._turns.get()
        while tenant not in self._offered:
            tenant = await self._turns.get()
        lane = self._lanes[tenant]
        taken = _pop_up_to(limit, lane)
        lane.out.update((delivery.receipt, delivery) for delivery in taken)
        self._reconsider(tenant, lane)
        return taken

    def is_out(self, delivery: Delivery) -> bool:
        """Say whether the delivery was taken and not released since."""
        lane = self._lanes.get(delivery.tenant)
        return lane is not None and delivery.receipt in lane.out

    def out(self) -> Sequence[Delivery]:
        """Return all deliveries that were taken and not released since."""
        return [delivery for lane in self._lanes.values() for delivery in lane.out.values()]

    def release(self, deliveries: Iterable[Delivery]) -> None:
        """Forget deliveries that were taken; a lane with none left out is offered again."""
        for delivery in deliveries:
            lane = self._lanes.get(delivery.tenant)
            if lane is not None and lane.out.pop(delivery.receipt, None) is not None:
                self._reconsider(delivery.tenant, lane)

    def withdraw(self, tenant: TenantId) -> Sequence[Delivery]:
        """Return a lane's waiting deliveries in order; they wait here no longer."""
        lane = self._lanes.get(tenant)
        if lane is None:
            return ()
        withdrawn = [heapq.heappop(lane.waiting)[1] for _ in range(len(lane.waiting))]
        self._reconsider(tenant, lane)
        return withdrawn

    def withdraw_all(self) -> Sequence[Delivery]:
        """Return every lane's waiting deliveries; they wait here no longer."""
        return [delivery for tenant in tuple(self._lanes) for delivery in self.withdraw(tenant)]

    def _reconsider(self, tenant: TenantId, lane: _Lane) -> None:
        if lane.out or not lane.waiting:
            self._offered.discard(tenant)
        elif tenant not in self._offered:
            self._offered.add(tenant)
            self._turns.put_nowait(tenant)
        if not lane.out and not lane.waiting:
            self._lanes.pop(tenant, None)


def _pop_up_to(limit: int, lane: _Lane) -> Sequence[Delivery]:
    taken: list[Delivery] = []
    commands = 0
    while lane.waiting and (not taken or commands + len(lane.waiting[0][1].commands) <= limit):
        _, delivery = heapq.heappop(lane.waiting)
        taken.append(delivery)
        commands += len(delivery.commands)
    return taken
