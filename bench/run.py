"""A whole run: services up, each suite on its subjects, everything down again."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import uvloop

from bench.load.ceiling import measure_ceiling
from bench.load.exchange import Target
from bench.measuring import Ledger, Stage
from bench.options import Options
from bench.subjects.command_line import CommandFailedError
from bench.subjects.jackson import JACKSON, PeerUnavailableError, install_jackson, open_jackson
from bench.subjects.rollcall import DISTRIBUTED, EMBEDDED, open_distributed, open_embedded
from bench.subjects.skeleton import SKELETON, open_skeleton
from bench.subjects.subject import Opener, Stand, Subject, python, wait_for_port
from bench.suites import administration, pace, scale, tenants, traffic
from bench.turns import take_turns
from tests.support.services import ServiceUnavailableError
from tests.support.services.waiting import free_port

# A group of more members, or more users, takes the peer minutes and changes nothing in what it needs per request.
_JACKSON_CROWD = 10_000
_CEILING_LEVELS = (1, 8, 32, 64)

CEILING = "ceiling"
_OPENERS: dict[str, Opener] = {
    JACKSON: open_jackson,
    SKELETON: open_skeleton,
    DISTRIBUTED: open_distributed,
    EMBEDDED: open_embedded,
}


def run(options: Options, stand: Stand) -> Ledger:
    """Run what is chosen and return everything measured."""
    ledger = Ledger()
    _note_ceiling(stand, ledger)
    subjects = _chosen_subjects(options, ledger)
    own = [name for name in subjects if name in {DISTRIBUTED, EMBEDDED}]
    bench = Bench(options, stand, ledger, _OPENERS)
    if options.wants("traffic", traffic.PHASES):
        for number in range(1, options.rounds + 1):
            bench.play_in_turns("traffic", subjects, lambda stage: traffic.traffic(stage, options.users), number)
    if options.wants("scale", scale.phases(options.crowd)):
        with_groups = [name for name in subjects if name != SKELETON]
        bench.play("scale", with_groups, 1, lambda stage: scale.run_scale(stage, bench.crowd(stage), options.rounds))
    if options.wants("pace", pace.PHASES):
        bench.play(
            "pace", subjects, pace.TENANTS, lambda stage: pace.run_pace(stage, options.pace_seconds, options.rounds)
        )
    if options.wants("tenants", tenants.PHASES):
        bench.play("tenants", own, options.tenants, lambda stage: tenants.run_tenants(stage, options.rounds))
    if options.wants("administration", administration.PHASES):
        bench.play(
            "administration",
            own,
            1,
            lambda stage: administration.run_administration(stage, options.pending, options.rounds),
        )
    return ledger


class Bench:
    """Opens subjects and plays suites on them."""

    def __init__(self, options: Options, stand: Stand, ledger: Ledger, openers: Mapping[str, Opener]) -> None:
        self._options = options
        self._stand = stand
        self._ledger = ledger
        self._openers = openers

    def play(self, suite: str, subjects: Iterable[str], tenant_count: int, play: Callable[[Stage], None]) -> None:
        """Play a suite on each subject, one after the other, freshly started."""
        for name in subjects:
            with self._noting(name, suite), self._openers[name](self._stand, tenant_count) as subject:
                play(self._stage(subject, suite, 1))

    def play_in_turns(
        self, suite: str, subjects: Iterable[str], play: Callable[[Stage], Iterator[None]], round_number: int
    ) -> None:
        """Play a suite on all subjects, freshly started and running side by side, step by step."""
        playing = {name: self._playing(name, suite, play, round_number) for name in subjects}
        take_turns(playing, lambda name: self._noting(name, suite))

    def _playing(
        self, name: str, suite: str, play: Callable[[Stage], Iterator[None]], round_number: int
    ) -> Iterator[None]:
        """Open a subject, play on it step by step, close it; the first step is its opening."""
        with self._openers[name](self._stand, 1) as subject:
            yield
            yield from play(self._stage(subject, suite, round_number))

    def _stage(self, subject: Subject, suite: str, round_number: int) -> Stage:
        options = self._options
        return Stage(subject, suite, round_number, self._ledger, options.seconds, options.chosen_of(suite))

    @contextmanager
    def _noting(self, name: str, suite: str) -> Iterator[None]:
        """A subject that cannot be opened or closed, or breaks down, is noted as missing."""
        try:
            yield
        except (CommandFailedError, ServiceUnavailableError, OSError) as error:
            self._ledger.missing[f"{name}, {suite}"] = str(error)
            sys.stderr.write(f"{name} could not be measured: {error}\n")

    def crowd(self, stage: Stage) -> int:
        """Return how many users the scale suite gives the subject."""
        return min(self._options.crowd, _JACKSON_CROWD) if stage.subject.name == JACKSON else self._options.crowd


def _chosen_subjects(options: Options, ledger: Ledger) -> list[str]:
    subjects: list[str] = []
    if options.has_peers:
        try:
            install_jackson()
            subjects.append(JACKSON)
        except (PeerUnavailableError, subprocess.SubprocessError) as error:
            ledger.missing[JACKSON] = str(error)
            sys.stderr.write(f"{JACKSON} is left out: {error}\n")
        subjects.append(SKELETON)
    shapes = {"distributed": DISTRIBUTED, "embedded": EMBEDDED}
    return [*subjects, *(name for shape, name in shapes.items() if shape in options.shapes)]


def _note_ceiling(stand: Stand, ledger: Ledger) -> None:
    port = free_port()
    target = Target.at(f"http://127.0.0.1:{port}/scim", "none")
    with stand.running("ceiling", python("-m", "bench.load.ceiling", str(port))) as process:
        wait_for_port(process, port)
        ledger.notes[CEILING] = {str(at_once): _ceiling_per_second(target, at_once) for at_once in _CEILING_LEVELS}


def _ceiling_per_second(target: Target, at_once: int) -> float:
    recording = uvloop.run(measure_ceiling(target, at_once=at_once, seconds=1.0))
    return recording.requests / recording.seconds
