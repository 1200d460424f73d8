"""Free ports, and waiting for what takes a while."""

import random
import socket
import time
from collections.abc import Callable

from tests.support.services.service import ServiceUnavailableError

_PAUSE_SECONDS = 0.05
# Below the range from which systems take ports for outgoing connections: a client that keeps trying to reach a stopped
# service could otherwise be given the service's own port.
_PORTS = range(20_000, 32_000)


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    for port in random.sample(_PORTS, 100):
        if _is_free(port):
            return port
    raise ServiceUnavailableError("None of 100 ports tried is free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_until(is_true: Callable[[], bool], *, awaited: str, timeout_seconds: float) -> None:
    """Return once the condition holds; raise ServiceUnavailableError when it does not in time."""
    deadline = time.monotonic() + timeout_seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise ServiceUnavailableError(f"Waited {timeout_seconds:g} s in vain for {awaited}")
        time.sleep(_PAUSE_SECONDS)


def speaks_amqp(host: str, port: int) -> bool:
    """Say whether an AMQP 0-9-1 server answers a client's greeting at the address."""
    try:
        with socket.create_connection((host, port), timeout=5) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"
    except OSError:
        return False
