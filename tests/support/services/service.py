"""What every service promises, whichever way it was had."""

from dataclasses import dataclass
from typing import Protocol


class ServiceUnavailableError(Exception):
    """A service cannot be had; the message says everything that was tried."""


class Service(Protocol):
    """A running RabbitMQ or MongoDB."""

    @property
    def url(self) -> str:
        """Where clients connect; the same before and after a stop and start."""
        ...

    @property
    def how(self) -> str:
        """How the service was had, as a phrase for a person."""
        ...

    @property
    def is_restartable(self) -> bool:
        """Whether the service is ours to stop, kill and start."""
        ...

    @property
    def pids(self) -> tuple[int, ...]:
        """The service's processes on this machine, for reading their CPU time; none when they cannot be seen."""
        ...

    def start(self) -> None:
        """Start the stopped service at its old port with its old data, and return once it takes work."""
        ...

    def stop(self) -> None:
        """Stop the service in good order and return once it is gone; its data stay."""
        ...

    def kill(self) -> None:
        """End the service at once, as a crash would (SIGKILL); its data stay as they are."""
        ...

    def ensure_running(self) -> None:
        """Start the service when it does not run, whether it was stopped or died."""
        ...


@dataclass(frozen=True, slots=True)
class ExternalService:
    """A service that someone else runs and that the environment names."""

    url: str
    how: str

    @property
    def is_restartable(self) -> bool:
        """Say that it is not ours to stop."""
        return False

    @property
    def pids(self) -> tuple[int, ...]:
        """Return nothing: its processes are not ours to look at."""
        return ()

    def start(self) -> None:
        """Refuse."""
        raise self._refusal()

    def stop(self) -> None:
        """Refuse."""
        raise self._refusal()

    def kill(self) -> None:
        """Refuse."""
        raise self._refusal()

    def ensure_running(self) -> None:
        """Leave it as it is: it is not ours to start."""

    def _refusal(self) -> ServiceUnavailableError:
        return ServiceUnavailableError(f"The service {self.how} is not ours to start or stop")
