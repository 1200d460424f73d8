"""A running server under test, and the stand that it is started on."""

import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.load.exchange import Target
from bench.usage import Roles
from tests.support.services import Services
from tests.support.services.scratch import LaunchedProcess, Scratch
from tests.support.services.waiting import wait_until

ROOT = Path(__file__).parents[2]
_START_TIMEOUT_SECONDS = 60.0
_STOP_TIMEOUT_SECONDS = 15.0

GATEWAY = "gateway"
WORKER = "worker"
DATABASE = "database"
BROKER = "broker"


@dataclass(frozen=True, slots=True)
class Subject:
    """A running server: a tenant's target each, and its processes."""

    name: str
    targets: Sequence[Target]
    roles: Roles
    has_external_ids: bool = True
    """Whether it looks users up by externalId."""
    has_put: bool = True
    has_groups_and_pages: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)
    """What Rollcall's own command line has to know."""
    tenants: Sequence[str] = ()
    """The targets' tenants, as that command line names them."""


@dataclass(slots=True)
class Stand:
    """Where subjects are started: the services they share, and a scratch that ends everything started in it."""

    services: Services
    scratch: Scratch
    _started: int = field(default=0)

    def new_name(self, prefix: str) -> str:
        """Return a name that nothing on this stand has had: every subject starts empty."""
        self._started += 1
        return f"{prefix}-{os.getpid()}-{self._started}"

    def mongodb_url(self, database: str) -> str:
        """Return the URL of a database of its own."""
        head, _, options = self.services.mongodb_url.partition("?")
        return f"{head.rstrip('/')}/{database}?{options}"

    def service_roles(self) -> dict[str, Sequence[int]]:
        """Return the processes of the services."""
        return {DATABASE: self.services.mongo.pids, BROKER: self.services.broker.pids}

    @contextmanager
    def running(
        self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> Iterator[LaunchedProcess]:
        """Yield a started program, which is stopped afterwards."""
        inherited = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}
        process = self.scratch.launch(self.new_name(name), command, {**inherited, **(environment or {})})
        try:
            yield process
        finally:
            process.stop(_STOP_TIMEOUT_SECONDS)


Opener = Callable[[Stand, int], AbstractContextManager[Subject]]
"""Opens a subject with so many tenants."""


def python(*arguments: str) -> list[str]:
    """Return the command that runs this interpreter."""
    return [sys.executable, *arguments]


def wait_for_port(process: LaunchedProcess, port: int) -> None:
    """Return once the program accepts connections."""

    def accepts() -> bool:
        process.check_alive()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    wait_until(accepts, awaited=f"{process.name} to listen", timeout_seconds=_START_TIMEOUT_SECONDS)


def wait_for_line(process: LaunchedProcess, start: str) -> str:
    """Return the first line of the program's output with the given start, once it is there."""

    def lines() -> list[str]:
        process.check_alive()
        whole = process.output.read_text(errors="replace").rpartition("\n")[0]
        return [line for line in whole.splitlines() if line.startswith(start)]

    wait_until(lambda: bool(lines()), awaited=f"{process.name} to be ready", timeout_seconds=_START_TIMEOUT_SECONDS)
    return lines()[0]
