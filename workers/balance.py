"""Sharing lanes among workers: who carries more busy lanes than its share hands some over."""

import math
from collections.abc import Mapping, Sequence

from schemas.ids import TenantId, WorkerId
from schemas.messages.notices import WorkerReported


class WorkerReports:
    """The newest report of each other worker that is still heard of."""

    def __init__(self, own: WorkerId, *, lifetime_seconds: float) -> None:
        """Forget workers that were silent for longer than the lifetime."""
        self._own = own
        self._lifetime = lifetime_seconds
        self._heard: dict[WorkerId, tuple[float, WorkerReported]] = {}

    def hear(self, report: WorkerReported, *, now: float) -> None:
        """Keep a report; one's own is passed over."""
        if report.worker == self._own:
            return
        if report.leaving:
            self._heard.pop(report.worker, None)
        else:
            self._heard[report.worker] = (now, report)

    def current(self, *, now: float) -> Mapping[WorkerId, WorkerReported]:
        """Return the reports of those that still live."""
        self._heard = {id: heard for id, heard in self._heard.items() if now - heard[0] <= self._lifetime}
        return {id: report for id, (_, report) in self._heard.items()}


def excess_lanes(own_busy: Sequence[TenantId], others: Mapping[WorkerId, WorkerReported]) -> tuple[TenantId, ...]:
    """Return the lanes to hand over: those above an even share of all busy lanes.

    A lane goes to whoever stands next in its line; repeated rounds spread the rest.
    """
    busy = set(own_busy).union(*(report.busy_lanes for report in others.values()))
    share = math.ceil(len(busy) / (len(others) + 1))
    return tuple(own_busy[share:])
