"""What private RabbitMQ and MongoDB processes have in common: one program, stopped and started again."""

import os
from abc import ABC, abstractmethod

from tests.support.services.scratch import LaunchedProcess
from tests.support.services.service import ServiceUnavailableError

_STOP_TIMEOUT_SECONDS = 30.0


class LocalService(ABC):
    """A private process; its subclass knows how to launch it and when it is ready."""

    is_restartable = True

    def __init__(self, name: str) -> None:
        self._name = name
        self._process: LaunchedProcess | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients connect."""

    @property
    @abstractmethod
    def how(self) -> str:
        """Which program it is."""

    @abstractmethod
    def _launch(self) -> LaunchedProcess:
        """Start the program."""

    @abstractmethod
    def _await_ready(self, process: LaunchedProcess) -> None:
        """Return once the program takes work; raise ServiceUnavailableError when it ends or takes too long."""

    @property
    def pids(self) -> tuple[int, ...]:
        """The program's process, when it runs."""
        return (self._process.pid,) if self._process else ()

    def start(self) -> None:
        """Start the program and wait until it takes work."""
        if self._process is not None:
            raise ServiceUnavailableError(f"{self._name} was started already")
        self._process = self._launch()
        self._await_ready(self._process)

    def stop(self) -> None:
        """Stop the program in good order."""
        self._take_process().stop(_STOP_TIMEOUT_SECONDS)

    def kill(self) -> None:
        """Kill the program."""
        self._take_process().kill()

    def ensure_running(self) -> None:
        """Start the program when it does not run, whether it was stopped or died."""
        if self._process is not None and not self._process.is_alive:
            self.kill()
        if self._process is None:
            self.start()

    def _take_process(self) -> LaunchedProcess:
        process, self._process = self._process, None
        if process is None:
            raise ServiceUnavailableError(f"{self._name} is not running")
        return process


def child_environment() -> dict[str, str]:
    """Return the little of our environment that a private service needs; the rest could only confuse it."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
