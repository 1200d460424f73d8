"""Rollcall's own command line: by it tenants are made ready, and an administrator's work is measured."""

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.subjects.subject import ROOT, python

_LOOK_SECONDS = 0.2


class CommandFailedError(Exception):
    """Rollcall's command line ended with an error."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that went well."""

    answer: Any
    """What it printed."""
    seconds: float
    """From its start to its end."""
    peak_mib: float
    """The most memory that it held."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The command line over a subject's store and bus."""

    environment: Mapping[str, str]

    def run(self, *arguments: str, look: Callable[[], None] = lambda: None) -> Ran:
        """Run a command to its end, and look at something else every now and then meanwhile.

        Raises:
            CommandFailedError: It ended with an error.
        """
        with TemporaryDirectory(prefix="rollcall-bench-") as folder:
            peak, output = Path(folder) / "peak", Path(folder) / "output"
            began = time.perf_counter()
            with output.open("w+") as written:
                process = subprocess.Popen(
                    python("-m", "bench.subjects.watched", str(peak), *arguments, "--json"),
                    env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), **self.environment},
                    stdout=written,
                    stderr=subprocess.PIPE,
                    text=True,
                )
                complaints = _wait(process, look)
                seconds = time.perf_counter() - began
            if process.returncode != 0:
                raise CommandFailedError(f"rollcall {' '.join(arguments)} failed:\n{output.read_text()}{complaints}")
            return Ran(json.loads(output.read_text()), seconds, float(peak.read_text()))


def _wait(process: "subprocess.Popen[str]", look: Callable[[], None]) -> str:
    """Return what the process said of its troubles when it has ended."""
    while True:
        try:
            _, complaints = process.communicate(timeout=_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            look()
        else:
            return complaints
