"""The page: goals, then ratios and CPU, then rates and latencies."""

from collections.abc import Iterable, Iterator, Mapping

from bench.measuring import Ledger
from bench.options import Options
from bench.report.goals import Goal, all_cpu_ms, beside, goals, p50_ms, p99_ms, peak_memory, per_second
from bench.report.machine import Machine
from bench.report.tables import NOTHING, figure, table
from bench.run import CEILING
from bench.subjects.jackson import JACKSON
from bench.subjects.rollcall import DISTRIBUTED, EMBEDDED
from bench.subjects.skeleton import SKELETON
from bench.subjects.subject import BROKER, DATABASE, GATEWAY, WORKER
from bench.suites import administration, pace

_SUBJECTS = (DISTRIBUTED, EMBEDDED, SKELETON, JACKSON)
_ROLES = (GATEWAY, WORKER, DATABASE, BROKER)

_INTRODUCTION = """\
# Performance

Written by `python -m bench`; do not edit. Read the ratios: all processes, the load generator too, share one small
machine, so absolute figures say little about another one.

*J* is `@boxyhq/saml-jackson` behind a minimal express app on the same MongoDB, without webhooks. *S* is a bare skeleton
of Rollcall's own stack (aiohttp, one coalesced AMQP message, one bulk write, one reply; grouped reads) with no SCIM
work in it: the most the stack has to give. One gateway, one worker, quorum lanes, a replica set of one, majority and
journal. Every figure is the median of {rounds}; ratios are taken inside a round, in which the subjects run side by side
and take turns phase by phase. Errors are answers that were not what the request is to get. An *initial sync* is what a
provider does per user: look up by userName, find nobody, create. A goal whose *floor is met* is not reached, but what a
release needs at the least is.
"""

_CEILING = (
    "Requests per second against a server that only answers the same bytes: rates far below are the subject's, not the "
    "generator's."
)


_COMMANDS = (
    "Everybody came in while the tenant was in dry-run. Seconds and MiB of preview and drift are those of the command, "
    "its start included; the release is carried out by the worker."
)


def render_page(ledger: Ledger, machine: Machine, options: Options) -> str:
    """Return the whole page as Markdown."""
    return "\n".join(
        [
            _INTRODUCTION.format(rounds="one round" if options.rounds == 1 else f"{options.rounds} rounds"),
            _conditions(ledger, machine, options),
            *_section("Goals", _goals(goals(ledger, options.crowd, options.pending))),
            *_section("Ratios of rates", _ratios(ledger)),
            *_section("CPU milliseconds per request", _cpu(ledger)),
            *_section("Rates and latencies", _latencies(ledger)),
            *_section("Peak memory, MiB", _memory(ledger)),
            *_section(f"An administrator's work on {options.pending:,} people", _administration(ledger)),
            *_section("The generator's own ceiling", _ceiling(ledger)),
            *_section("Errors", _errors(ledger)),
        ]
    )


def _section(title: str, body: str) -> Iterator[str]:
    if body:
        yield f"## {title}\n\n{body}"


def _conditions(ledger: Ledger, machine: Machine, options: Options) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    services = "; ".join(f"{name}: {how}" for name, how in machine.services.items())
    size = f"{options.users:,} users per phase, {options.crowd:,} in the big tenant, phases of {options.seconds:g} s"
    lines = [
        f"* {machine.date}; {machine.hardware}; load average before the run {machine.load:.1f}",
        f"* {versions}",
        f"* {services}",
        f"* {'a quick run: ' if options.is_quick else ''}{size}",
        *(f"* not measured: {what} ({why.strip().splitlines()[-1]})" for what, why in ledger.missing.items()),
    ]
    return "\n".join(lines) + "\n"


def _goals(all_goals: Iterable[Goal]) -> str:
    return table(
        ("What", "Goal", "Verdict", "Measured"),
        ((goal.what, goal.bound_text, goal.verdict, figure(goal.measured)) for goal in all_goals),
        texts=3,
    )


def _phases(ledger: Ledger) -> list[tuple[str, int]]:
    return list(dict.fromkeys((row.phase, row.at_once) for row in ledger.measurements))


def _ratios(ledger: Ledger) -> str:
    columns = ((DISTRIBUTED, JACKSON), (DISTRIBUTED, SKELETON), (EMBEDDED, DISTRIBUTED), (SKELETON, JACKSON))
    rows = [
        (
            phase,
            str(at_once),
            *(figure(beside(ledger, per_second, phase, under, at_once, subject=over)) for over, under in columns),
        )
        for phase, at_once in _phases(ledger)
        if phase not in pace.PHASES
    ]
    heads = ("Phase", "At once", "distributed / J", "distributed / S", "embedded / distributed", "S / J")
    compared = [row for row in rows if set(row[2:]) != {NOTHING}]
    return table(heads, compared) if compared else ""


def _cpu(ledger: Ledger) -> str:
    rows = [
        (
            phase,
            str(at_once),
            subject,
            figure(ledger.median(all_cpu_ms, subject, phase, at_once)),
            *(figure(_cpu_of(ledger, role, subject, phase, at_once)) for role in _ROLES),
        )
        for phase, at_once in _phases(ledger)
        for subject in _SUBJECTS
        if any(row.cpu_ms for row in ledger.rows(subject, phase, at_once))
    ]
    return table(("Phase", "At once", "Subject", "all", *_ROLES), rows, texts=3) if rows else ""


def _cpu_of(ledger: Ledger, role: str, subject: str, phase: str, at_once: int) -> float | None:
    if not any(role in row.cpu_ms for row in ledger.rows(subject, phase, at_once)):
        return None
    return ledger.median(lambda row: row.cpu_ms[role], subject, phase, at_once)


def _latencies(ledger: Ledger) -> str:
    rows = [
        (
            phase,
            str(at_once),
            subject,
            figure(ledger.median(per_second, subject, phase, at_once)),
            figure(ledger.median(p50_ms, subject, phase, at_once)),
            figure(ledger.median(lambda row: row.p95_ms, subject, phase, at_once)),
            figure(ledger.median(p99_ms, subject, phase, at_once)),
            str(sum(row.errors for row in ledger.rows(subject, phase, at_once))),
        )
        for phase, at_once in _phases(ledger)
        for subject in _SUBJECTS
        if ledger.rows(subject, phase, at_once)
    ]
    heads = ("Phase", "At once", "Subject", "requests/s", "p50 ms", "p95 ms", "p99 ms", "errors")
    return table(heads, rows, texts=3) if rows else ""


def _memory(ledger: Ledger) -> str:
    peaks = {subject: [peak_memory(ledger, subject, role) for role in _ROLES] for subject in _SUBJECTS}
    rows = [(subject, *map(figure, peaks[subject])) for subject in _SUBJECTS if any(peaks[subject])]
    return table(("Subject", *_ROLES), rows) if rows else ""


def _administration(ledger: Ledger) -> str:
    shapes = [
        subject for subject in (DISTRIBUTED, EMBEDDED) if administration.RELEASED_PER_SECOND in _notes(ledger, subject)
    ]
    rows = [
        (name, *(figure(_notes(ledger, subject).get(name)) for subject in shapes)) for name in administration.FIGURES
    ]
    return f"{_COMMANDS}\n\n{table(('What', *shapes), rows)}" if shapes else ""


def _notes(ledger: Ledger, subject: str) -> Mapping[str, float]:
    return ledger.notes.get(subject, {})


def _ceiling(ledger: Ledger) -> str:
    rates = ledger.notes.get(CEILING, {})
    heads = [f"{at_once} at once" for at_once in rates]
    return f"{_CEILING}\n\n{table(heads, [[figure(rate) for rate in rates.values()]], texts=0)}"


def _errors(ledger: Ledger) -> str:
    rows = [
        f"* {row.subject}, {row.phase}, {row.at_once} at once, round {row.round}: "
        f"{row.errors}; the first: `{row.first_error}`"
        for row in ledger.measurements
        if row.errors
    ]
    return "\n".join(rows) + "\n" if rows else ""
