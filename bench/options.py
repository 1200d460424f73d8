"""What a run is to measure, from the command line."""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SUITES = ("traffic", "scale", "pace", "tenants", "administration")
_ONLY = f"suites ({', '.join(SUITES)}) or parts of phases' names (sync, look-up), separated by commas"
_SHAPES = ("distributed", "embedded", "both")


@dataclass(frozen=True, slots=True)
class Options:
    """The size and the choice of a run."""

    rounds: int
    seconds: float
    """The longest a phase goes on beginning requests."""
    users: int
    """Users created per phase of the traffic suite."""
    crowd: int
    """Users of the scale suite, all of them members of its largest group."""
    pending: int
    """Users who wait in the administration suite; as many as the crowd where one is asked for."""
    pace_seconds: float
    """How long each run at a fixed rate takes."""
    tenants: int
    """How many tenants the tenants suite compares with one."""
    shapes: frozenset[str]
    has_peers: bool
    only: frozenset[str]
    """Suites, and parts of phases' names; everything when empty."""
    is_quick: bool

    @property
    def is_complete(self) -> bool:
        """Whether the run measures everything at full size: only then it may replace the page."""
        return not self.is_quick and not self.only and self.has_peers and len(self.shapes) == len(_SHAPES) - 1

    def wants(self, suite: str, phases: Iterable[str]) -> bool:
        """Say whether a suite is to run: it, or one of its phases, is chosen."""
        if not self.only or suite in self.only:
            return True
        return any(part in phase.lower() for part in self.chosen_of(suite) for phase in phases)

    def chosen_of(self, suite: str) -> frozenset[str]:
        """Return what is chosen of a suite, as parts of phases' names; nothing means all of it."""
        return frozenset() if suite in self.only else self.only.difference(SUITES)


def parse_options(arguments: Sequence[str]) -> Options:
    """Return the options of a command line; exits with its usage when it is wrong."""
    given = _parser().parse_args(arguments)
    quick = bool(given.quick)
    return Options(
        rounds=given.rounds or (1 if quick else 3),
        seconds=given.seconds or (1.0 if quick else 3.0),
        users=given.users or (500 if quick else 2_000),
        crowd=given.crowd or (5_000 if quick else 50_000),
        pending=given.crowd or (10_000 if quick else 100_000),
        pace_seconds=5.0 if quick else 10.0,
        tenants=given.tenants or (10 if quick else 100),
        shapes=frozenset(_SHAPES[:2] if given.shape == "both" else [given.shape]),
        has_peers=given.peers,
        only=frozenset(part.strip().lower() for part in given.only.split(",") if part.strip()),
        is_quick=quick,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure Rollcall beside a bare skeleton of its stack (S) and a public peer (J). "
        "A complete run writes docs/performance.md; every run writes build/bench/.",
    )
    parser.add_argument("--quick", action="store_true", help="one short round at a tenth of the size")
    parser.add_argument("--only", default="", help=_ONLY)
    parser.add_argument("--shape", choices=_SHAPES, default="both", help="which of Rollcall's shapes")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True, help="S and J too")
    parser.add_argument("--users", type=int, default=0, help="users created per phase")
    parser.add_argument(
        "--crowd", type=int, default=0, help="users of the scale suite, and of the administration suite"
    )
    parser.add_argument("--tenants", type=int, default=0, help="tenants that the tenants suite compares with one")
    parser.add_argument("--rounds", type=int, default=0, help="rounds; figures are their medians")
    parser.add_argument("--seconds", type=float, default=0.0, help="the longest a phase goes on beginning requests")
    return parser
