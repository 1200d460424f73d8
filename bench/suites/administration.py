"""What an administrator waits for with a big crowd: preview, release and drift, by the command line as it is used."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.measuring import Stage
from bench.scim import Client, people
from bench.subjects.command_line import CommandFailedError, CommandLine, Ran
from bench.subjects.subject import GATEWAY, WORKER
from bench.usage import Roles, peak_mib, resident_mib

FILL = "fill in dry-run"
PREVIEW = "preview"
RELEASE = "release"
DRIFT = "drift"
PHASES = (FILL, PREVIEW, RELEASE, DRIFT)

PREVIEW_SECONDS = "preview: seconds"
PREVIEW_MIB = "preview: MiB"
RELEASED_PER_SECOND = "release: accounts per second"
RELEASING_MIB = "release: peak MiB of the worker"
RELEASE_GROWTH = "release: MiB more at the end than after a quarter"
DRIFT_SECONDS = "drift: seconds"
DRIFT_MIB = "drift: MiB"
FIGURES = (
    *(PREVIEW_SECONDS, PREVIEW_MIB),
    *(RELEASED_PER_SECOND, RELEASING_MIB, RELEASE_GROWTH),
    *(DRIFT_SECONDS, DRIFT_MIB),
)

_PATIENCE_SECONDS = 1_800.0
_AT_ONCE = 64


def run_administration(stage: Stage, crowd: int, rounds: int) -> None:
    """Let a crowd in while the tenant is in dry-run; preview, release and compare it.

    Seconds are those of a command from its start to its end, Python's own start included.
    """
    command_line, tenant = CommandLine(stage.subject.environment), stage.subject.tenants[0]
    command_line.run("mode", tenant, "dry-run")
    _fill(stage, crowd)
    previews = [command_line.run("preview", tenant, "--limit", "0") for _ in range(rounds)]
    _require(
        holds=all(ran.answer["counts"]["create"] == crowd for ran in previews), otherwise="the preview counts others"
    )
    _note(stage, previews, PREVIEW_SECONDS, PREVIEW_MIB)
    _release(stage, command_line, tenant, crowd)
    drifts = [command_line.run("drift", "report", tenant, "--limit", "0") for _ in range(rounds)]
    _require(
        holds=not any(count for ran in drifts for count in ran.answer["counts"].values()),
        otherwise="the release left drift behind",
    )
    _note(stage, drifts, DRIFT_SECONDS, DRIFT_MIB)


def _fill(stage: Stage, crowd: int) -> None:
    client = Client(stage.target)
    scripts = ([client.create_user(person)] for person in people("crowd", crowd))
    recording = stage.closed(FILL, scripts, at_once=_AT_ONCE, seconds=_PATIENCE_SECONDS)
    _require(holds=recording.requests == crowd, otherwise=f"not everybody came in: {recording.first_error}")


def _release(stage: Stage, command_line: CommandLine, tenant: str, crowd: int) -> None:
    """Release everybody; the tenant's worker is watched meanwhile."""
    memory = _Memory({WORKER: stage.subject.roles.get(WORKER) or stage.subject.roles[GATEWAY]})
    job = command_line.run("mode", tenant, "sync", "--yes", look=memory.look).answer
    memory.look()
    _require(holds=(job["done"], job["failed"]) == (crowd, 0), otherwise="the release did not come to its end")
    stage.note(RELEASED_PER_SECOND, job["per_second"])
    stage.note(RELEASING_MIB, memory.peak)
    stage.note(RELEASE_GROWTH, growth_of(memory.seen))


def growth_of(seen: Sequence[float]) -> float:
    """Return what is held at the end beyond what was held after a quarter: a release goes on at an even pace."""
    return seen[-1] - seen[len(seen) // 4]


@dataclass(slots=True)
class _Memory:
    """A worker's memory over the time of a release."""

    roles: Roles
    seen: list[float] = field(default_factory=list)

    def look(self) -> None:
        """Take down how much it holds now."""
        self.seen.append(resident_mib(self.roles)[WORKER])

    @property
    def peak(self) -> float:
        """The most that it held by now."""
        return peak_mib(self.roles)[WORKER]


def _note(stage: Stage, rounds: Sequence[Ran], seconds: str, mib: str) -> None:
    stage.note(seconds, median(ran.seconds for ran in rounds))
    stage.note(mib, max(ran.peak_mib for ran in rounds))


def _require(*, holds: bool, otherwise: str) -> None:
    """Figures of something else than was meant are none."""
    if not holds:
        raise CommandFailedError(otherwise)
