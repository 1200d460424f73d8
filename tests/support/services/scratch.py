"""A private folder and the processes that work in it; neither outlives the process that made them.

An *undertaker* holds the reading end of a pipe whose writing end only we hold. When we end in whatever way (Ctrl-C,
SIGKILL, a crash), the pipe closes, and the undertaker kills the processes and removes the folder.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.services.service import ServiceUnavailableError

# Several rounds: a process that was just starting, or was still writing, when the first one passed.
_UNDERTAKER = """
trap '' HUP INT TERM
cat >/dev/null
for round in 1 2 3; do
    for pid_file in "$1"/*.pid; do
        if [ -e "$pid_file" ]; then kill -KILL -- "-$(cat "$pid_file")"; fi
    done
    rm -rf -- "$1"
    sleep 1
done
"""

# The program takes the shell's place, so the number in the file is its own, and its process group's.
_LAUNCHER = 'echo $$ >"$1"; shift; exec "$@"'


@dataclass(frozen=True, slots=True)
class LaunchedProcess:
    """A program running in a scratch folder, in a process group of its own."""

    name: str
    popen: subprocess.Popen[bytes]
    pid_file: Path
    output: Path

    @property
    def pid(self) -> int:
        """The process's number, which is also its group's."""
        return self.popen.pid

    @property
    def is_alive(self) -> bool:
        """Whether the program still runs."""
        return self.popen.poll() is None

    def check_alive(self) -> None:
        """Raise ServiceUnavailableError with the end of its output when the program has ended."""
        if not self.is_alive:
            raise ServiceUnavailableError(
                f"{self.name} ended with status {self.popen.returncode}:\n{self.last_words()}"
            )

    def last_words(self) -> str:
        """Return the end of what the program wrote."""
        return "\n".join(self.output.read_text(errors="replace").splitlines()[-30:])

    def stop(self, timeout_seconds: float) -> None:
        """Ask the program to end, wait for it, and kill it when it takes longer."""
        self.popen.terminate()
        try:
            self.popen.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._forget()

    def kill(self) -> None:
        """Kill the program and its process group at once, when it still runs."""
        # Once it has been waited for, its number may be another program's.
        if self.popen.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)
            self.popen.wait()
        self._forget()

    def _forget(self) -> None:
        self.pid_file.unlink(missing_ok=True)


class Scratch:
    """A private folder, and the programs launched in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._launched: list[LaunchedProcess] = []

    def launch(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> LaunchedProcess:
        """Start a program that ends with this scratch, or with us; what it writes goes to a file in the folder."""
        pid_file = self.folder / f"{name}.pid"
        output = self.folder / f"{name}.out"
        with output.open("ab") as stream:
            popen = subprocess.Popen(
                ["/bin/sh", "-c", _LAUNCHER, name, str(pid_file), *command],
                cwd=self.folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        process = LaunchedProcess(name, popen, pid_file, output)
        self._launched.append(process)
        return process

    def kill_all(self) -> None:
        """Kill what still runs."""
        for process in self._launched:
            process.kill()


@contextlib.contextmanager
def scratch(prefix: str) -> Iterator[Scratch]:
    """Yield a new scratch; at the end, or when we die, its programs are killed and its folder is removed."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    undertaker = subprocess.Popen(
        ["/bin/sh", "-c", _UNDERTAKER, "undertaker", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    opened = Scratch(folder)
    try:
        yield opened
    finally:
        opened.kill_all()
        shutil.rmtree(folder, ignore_errors=True)
        undertaker.kill()
        undertaker.communicate()
