"""One process of Rollcall's, or one run of its command line: how it is started, and what is to be seen of it."""

import http.client
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.services.local_service import child_environment
from tests.support.services.scratch import LaunchedProcess
from tests.support.services.waiting import wait_until

_REPOSITORY = Path(__file__).parents[2]
_START_TIMEOUT_SECONDS = 60.0
_STOP_TIMEOUT_SECONDS = 40.0
_COMMAND_TIMEOUT_SECONDS = 60.0
_LINES_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Ran:
    """A command line that ran to its end."""

    code: int
    output: str
    errors: str


def run_rollcall(*arguments: str, environment: Mapping[str, str], folder: Path) -> Ran:
    """Run ``rollcall`` in the folder, to its end."""
    done = subprocess.run(  # noqa: S603 - runs Python
        rollcall(*arguments),
        env=whole_environment(environment),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_COMMAND_TIMEOUT_SECONDS,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def rollcall(*arguments: str) -> list[str]:
    """Return the command that runs this tree's ``rollcall``."""
    return [sys.executable, "-m", "deploy", *arguments]


def whole_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with these settings and nothing of ours that could confuse."""
    return {**child_environment(), "PYTHONPATH": str(_REPOSITORY), **settings}


def exit_code(process: LaunchedProcess) -> int:
    """Return the exit code of a process that was asked to end; one that does not is killed, and fails the test."""
    try:
        return process.popen.wait(_STOP_TIMEOUT_SECONDS)
    finally:
        process.kill()


def log_of(process: LaunchedProcess) -> str:
    """Return what the process has written so far."""
    return process.output.read_text(errors="replace")


def last_words_of(process: LaunchedProcess) -> str:
    """Return the end of what it has written, without the requests that it answered."""
    lines = [line for line in log_of(process).splitlines() if "Request answered" not in line]
    return "\n".join(lines[-_LINES_SHOWN:])


def wait_until_ready(process: LaunchedProcess, port: int) -> None:
    """Return once the process's gateway can serve."""

    def is_ready() -> bool:
        process.check_alive()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    wait_until(is_ready, awaited=f"{process.name} to be ready", timeout_seconds=_START_TIMEOUT_SECONDS)


def wait_for_text(process: LaunchedProcess, text: str) -> None:
    """Return once the process has written the text."""

    def is_written() -> bool:
        process.check_alive()
        return text in log_of(process)

    wait_until(is_written, awaited=f"{process.name} to write {text!r}", timeout_seconds=_START_TIMEOUT_SECONDS)
