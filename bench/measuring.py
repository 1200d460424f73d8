"""One phase under load, measured: rate, latencies, errors, CPU and memory; and the ledger of all of them."""

import gc
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import uvloop

from bench.load.closed_loop import run_closed_loop
from bench.load.exchange import Script, Target
from bench.load.recording import Recording
from bench.load.statistics import Summary, median_or_none
from bench.subjects.subject import Subject
from bench.usage import cpu_seconds, peak_mib


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one phase of one round came to."""

    subject: str
    suite: str
    phase: str
    at_once: int
    round: int
    requests: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: int
    first_error: str
    cpu_ms: Mapping[str, float]
    """CPU milliseconds per request, by role."""
    peak_mib: Mapping[str, float]
    """The most memory held by then, by role."""
    parts: Mapping[str, Summary]
    """The kinds of exchanges of a mixed phase."""

    @property
    def per_second(self) -> float:
        """Requests answered as expected, per second."""
        return self.requests / self.seconds if self.seconds else 0.0

    @property
    def all_cpu_ms(self) -> float:
        """CPU milliseconds per request of all processes together."""
        return sum(self.cpu_ms.values())


UNRECORDED = "("
"""Phases named in parentheses only prepare others."""

Figure = Callable[[Measurement], float]


@dataclass(slots=True)
class Ledger:
    """All measurements of a run."""

    measurements: list[Measurement] = field(default_factory=list)
    notes: dict[str, dict[str, float]] = field(default_factory=dict)
    """Single figures, by subject and name."""
    missing: dict[str, str] = field(default_factory=dict)
    """What could not be measured, and why."""

    def rows(self, subject: str, phase: str, at_once: int | None = None) -> list[Measurement]:
        """Return the measurements of a phase, in the order of their rounds."""
        return [
            row
            for row in self.measurements
            if row.subject == subject and row.phase == phase and at_once in (None, row.at_once)
        ]

    def median(self, figure: Figure, subject: str, phase: str, at_once: int | None = None) -> float | None:
        """Return a figure's median over the rounds; None where nothing was measured."""
        return median_or_none([figure(row) for row in self.rows(subject, phase, at_once) if row.requests])

    def ratio(self, figure: Figure, over: list[Measurement], under: list[Measurement]) -> float | None:
        """Return the median, over the rounds, of one figure divided by the other's of the same round."""
        other = {row.round: figure(row) for row in under if row.requests}
        return median_or_none([figure(row) / other[row.round] for row in over if row.requests and other.get(row.round)])


@dataclass(frozen=True, slots=True)
class Stage:
    """A subject in one suite and round: where phases run."""

    subject: Subject
    suite: str
    round: int
    ledger: Ledger
    seconds: float
    """The longest a phase goes on beginning requests."""
    chosen: frozenset[str] = frozenset()
    """Parts of the names of the phases to record; all when empty. Others run where later ones need what they make."""

    @property
    def target(self) -> Target:
        """The first tenant."""
        return self.subject.targets[0]

    def wants(self, *phases: str) -> bool:
        """Say whether one of the phases is to be recorded."""
        return not self.chosen or any(part in phase.lower() for part in self.chosen for phase in phases)

    def in_round(self, number: int) -> "Stage":
        """Return this stage in another round."""
        return replace(self, round=number)

    def note(self, name: str, figure: float) -> None:
        """Enter a single figure."""
        self.ledger.notes.setdefault(self.subject.name, {})[name] = figure

    def closed(self, phase: str, scripts: Iterable[Script], *, at_once: int, seconds: float | None = None) -> Recording:
        """Run a closed loop against the first tenant and record it as the phase."""
        bound = self.seconds if seconds is None else seconds
        return self.measure(
            phase,
            at_once,
            lambda: uvloop.run(run_closed_loop(self.target, scripts, at_once=at_once, seconds=bound)),
        )

    def measure(self, phase: str, at_once: int, load: Callable[[], Recording], *, owns_cpu: bool = True) -> Recording:
        """Run the load and record it as the phase; its CPU time too, unless other load shares it."""
        with _spared_collector():
            before = cpu_seconds(self.subject.roles)
            recording = load()
            after = cpu_seconds(self.subject.roles)
        used = {role: after[role] - before[role] for role in before} if owns_cpu else {}
        measurement = self._measurement(phase, at_once, recording, used)
        if self.wants(phase) and not phase.startswith(UNRECORDED):
            self.ledger.measurements.append(measurement)
        _tell(measurement)
        return recording

    def _measurement(self, phase: str, at_once: int, recording: Recording, used: Mapping[str, float]) -> Measurement:
        whole = recording.summary()
        return Measurement(
            subject=self.subject.name,
            suite=self.suite,
            phase=phase,
            at_once=at_once,
            round=self.round,
            requests=whole.requests,
            seconds=recording.seconds,
            p50_ms=whole.p50_ms,
            p95_ms=whole.p95_ms,
            p99_ms=whole.p99_ms,
            errors=recording.errors.total(),
            first_error=recording.first_error,
            cpu_ms={role: seconds * 1000 / max(1, whole.requests) for role, seconds in used.items()},
            peak_mib=peak_mib(self.subject.roles),
            parts={name: recording.summary(name) for name in recording.names},
        )


@contextmanager
def _spared_collector() -> Iterator[None]:
    """Keep the many requests that were rendered before out of garbage collections: they would stop the generator."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _tell(row: Measurement) -> None:
    cpu = " ".join(f"{role} {milliseconds:.2f}" for role, milliseconds in row.cpu_ms.items())
    trouble = f"  {row.errors} errors, first: {row.first_error}" if row.errors else ""
    sys.stderr.write(
        f"{row.subject:<21} round {row.round}  {row.phase:<34} {row.at_once:>3} at once {row.per_second:>8.0f}/s "
        f"p50 {row.p50_ms:>7.2f} p99 {row.p99_ms:>7.2f} ms  CPU ms: {cpu}{trouble}\n"
    )
