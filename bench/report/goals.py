"""The goals in numbers, and what was measured against each."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.measuring import Figure, Ledger, Measurement
from bench.subjects.jackson import JACKSON
from bench.subjects.rollcall import DISTRIBUTED, EMBEDDED
from bench.subjects.skeleton import SKELETON
from bench.subjects.subject import GATEWAY, WORKER
from bench.suites import administration, pace, scale, tenants, traffic


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal: a bound, and what was measured."""

    what: str
    measured: float | None
    """None when the run did not measure it."""
    bound: float
    unit: str
    is_upper: bool = False
    """Whether the bound is one not to exceed, instead of one to reach."""
    floor: float | None = None
    """What is needed at the least, where that is less than the goal."""

    @property
    def bound_text(self) -> str:
        """Return the bound as it is read."""
        return f"{'≤' if self.is_upper else '≥'} {self.bound:g} {self.unit}"

    @property
    def verdict(self) -> str:
        """Return whether the goal is met, in a word or two."""
        if self.measured is None:
            return "not measured"
        if self._allows(self.measured, self.bound):
            return "met"
        if self.floor is not None and self._allows(self.measured, self.floor):
            return "floor met"
        return "**missed**"

    def _allows(self, measured: float, bound: float) -> bool:
        return measured <= bound if self.is_upper else measured >= bound


def per_second(row: Measurement) -> float:
    """Return the rate."""
    return row.per_second


def seconds_each(row: Measurement) -> float:
    """Return the time per request, all connections together."""
    return row.seconds / row.requests


def all_cpu_ms(row: Measurement) -> float:
    """Return the CPU per request of all processes."""
    return row.all_cpu_ms


def p50_ms(row: Measurement) -> float:
    """Return the median latency."""
    return row.p50_ms


def p99_ms(row: Measurement) -> float:
    """Return the latency that one in a hundred exceeds."""
    return row.p99_ms


def beside(
    ledger: Ledger, figure: Figure, phase: str, other: str, at_once: int | None = None, *, subject: str = DISTRIBUTED
) -> float | None:
    """Return a subject's figure divided by another's in the same phase."""
    return ledger.ratio(figure, ledger.rows(subject, phase, at_once), ledger.rows(other, phase, at_once))


def against(ledger: Ledger, figure: Figure, phase: str, other_phase: str) -> float | None:
    """Return a figure of one phase divided by that of another, both of the distributed shape."""
    return ledger.ratio(figure, ledger.rows(DISTRIBUTED, phase), ledger.rows(DISTRIBUTED, other_phase))


def goals(ledger: Ledger, crowd: int, pending: int) -> list[Goal]:
    """Return all goals with their measured figures."""
    return [
        *_beside_peers(ledger),
        *_paced(ledger),
        *_scale(ledger, crowd),
        *_shapes_and_tenants(ledger),
        *_memory(ledger),
        *_administration(ledger, pending),
    ]


def _beside_peers(ledger: Ledger) -> Iterator[Goal]:
    for at_once, bound, floor in ((8, 1.5, None), (32, 4.0, 3.0), (64, 5.0, 3.0)):
        measured = beside(ledger, per_second, traffic.SYNC, JACKSON, at_once)
        yield Goal(f"initial sync, {at_once} at once", measured, bound, "× J", floor=floor)
    for at_once, floor in ((8, None), (32, 0.5), (64, 0.5)):
        measured = beside(ledger, per_second, traffic.SYNC, SKELETON, at_once)
        yield Goal(f"initial sync, {at_once} at once", measured, 0.6, "× S", floor=floor)
    for phase in (traffic.MISS, traffic.HIT, traffic.READ):
        measured = beside(ledger, per_second, phase, JACKSON, 8)
        yield Goal(f"{phase}, 8 at once", measured, 4.0, "× J", floor=3.0)
    for phase in (traffic.PATCH, traffic.PUT):
        for at_once, bound in ((8, 1.5), (64, 4.0)):
            measured = beside(ledger, per_second, phase, JACKSON, at_once)
            yield Goal(f"{phase}, {at_once} at once", measured, bound, "× J")
    cpu = beside(ledger, all_cpu_ms, traffic.SYNC, JACKSON, 32)
    yield Goal("CPU of all processes per request, initial sync, 32 at once", cpu, 0.35, "× J", is_upper=True)


def _paced(ledger: Ledger) -> Iterator[Goal]:
    for phase in (pace.ONE, pace.EIGHT):
        yield Goal(f"p50, {phase}", ledger.median(p50_ms, DISTRIBUTED, phase), 6.0, "ms", is_upper=True)
        yield Goal(f"p99, {phase}", ledger.median(p99_ms, DISTRIBUTED, phase), 25.0, "ms", is_upper=True)
    neighbour = against(ledger, p99_ms, pace.FLOODED, pace.ONE)
    yield Goal(f"p99, {pace.FLOODED}, against alone", neighbour, 3.0, "×", is_upper=True)


def _scale(ledger: Ledger, crowd: int) -> Iterator[Goal]:
    for phase_of, what in ((scale.one_member, "one member added or removed"), (scale.group_look_up, "group look-up")):
        measured = against(ledger, seconds_each, phase_of(crowd), phase_of(10))
        yield Goal(f"{what}, group of {crowd:,} against 10", measured, 1.2, "× the time", is_upper=True)
    grown = ledger.median(lambda row: row.seconds, DISTRIBUTED, scale.GROW)
    yield Goal(f"{scale.GROW}, 1,000 per PATCH", grown, 2.0, "s", is_upper=True)
    beside_j = beside(ledger, seconds_each, scale.GROW, JACKSON)
    yield Goal(f"{scale.GROW}, 1,000 per PATCH", beside_j, 0.1, "× the time of J", is_upper=True)
    deep = against(ledger, seconds_each, scale.PAGE_DEEP, scale.PAGE_FIRST)
    yield Goal(f"page of 100, {crowd:,} deep against first", deep, 2.0, "× the time", is_upper=True)
    page_cpu = beside(ledger, all_cpu_ms, scale.PAGE_FIRST, JACKSON)
    yield Goal(scale.PAGE_FIRST, page_cpu, 0.2, "× the CPU of J", is_upper=True)
    full = against(ledger, per_second, scale.SYNC_FULL, scale.SYNC_EMPTY)
    yield Goal(f"initial sync with {crowd:,} users there, against none", full, 0.9, "×")


def _shapes_and_tenants(ledger: Ledger) -> Iterator[Goal]:
    many = against(ledger, per_second, tenants.MANY, tenants.ONE)
    yield Goal("initial sync of many tenants against one, 64 at once in all", many, 0.5, "×")
    embedded = beside(ledger, per_second, traffic.SYNC, DISTRIBUTED, 32, subject=EMBEDDED)
    yield Goal("initial sync, 32 at once: embedded against distributed", embedded, 1.0, "×")


def _memory(ledger: Ledger) -> Iterator[Goal]:
    for role in (GATEWAY, WORKER):
        yield Goal(f"peak memory, {role}", peak_memory(ledger, DISTRIBUTED, role), 120.0, "MiB", is_upper=True)
    for role in (GATEWAY, WORKER):
        growth = ledger.notes.get(DISTRIBUTED, {}).get(scale.growth_of(role))
        yield Goal(f"growth per 10,000 requests, {role}", growth, 1.0, "MiB", is_upper=True)


def _administration(ledger: Ledger, pending: int) -> Iterator[Goal]:
    for subject in (DISTRIBUTED, EMBEDDED):
        figures = ledger.notes.get(subject, {})
        for name, (bound, unit, is_upper) in _ADMINISTRATION.items():
            what = f"{name}, {pending:,} people, {subject.removeprefix('Rollcall ')}"
            yield Goal(what, figures.get(name), bound, unit, is_upper)


_ADMINISTRATION = {
    administration.PREVIEW_SECONDS: (5.0, "s", True),
    administration.PREVIEW_MIB: (200.0, "MiB", True),
    administration.RELEASED_PER_SECOND: (1_500.0, "accounts/s", False),
    administration.RELEASE_GROWTH: (20.0, "MiB", True),
    administration.DRIFT_SECONDS: (5.0, "s", True),
    administration.DRIFT_MIB: (200.0, "MiB", True),
}
"""What is wanted of an administrator's work, by the name of the figure: bound, unit, and whether it is an upper one."""


def peak_memory(ledger: Ledger, subject: str, role: str) -> float | None:
    """Return the most memory that a subject's role held in any suite."""
    rows = [row for row in ledger.measurements if row.subject == subject]
    return max((row.peak_mib[role] for row in rows if role in row.peak_mib), default=None)
