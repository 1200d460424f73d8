"""The closed loop: so many clients at once, each asking again as soon as it was answered."""

import asyncio
import time
from collections.abc import Iterable, Iterator

from bench.load.connection import Connection
from bench.load.exchange import Script, Target
from bench.load.recording import Recording, open_connections


async def run_closed_loop(target: Target, scripts: Iterable[Script], *, at_once: int, seconds: float) -> Recording:
    """Carry out the scripts, so many at once, until they or the time run out; begun scripts are finished.

    Raises:
        OSError: the server does not accept connections.
    """
    recording = Recording()
    connections = await open_connections(target.host, target.port, at_once)
    started = time.perf_counter()
    waiting = _until(started + seconds, iter(scripts))
    try:
        async with asyncio.TaskGroup() as clients:
            for connection in connections:
                clients.create_task(_carry_out(waiting, connection, recording))
    finally:
        for connection in connections:
            connection.close()
    recording.seconds = time.perf_counter() - started
    return recording


def _until(deadline: float, scripts: Iterator[Script]) -> Iterator[Script]:
    while time.perf_counter() < deadline:
        script = next(scripts, None)
        if script is None:
            return
        yield script


async def _carry_out(scripts: Iterator[Script], connection: Connection, recording: Recording) -> None:
    for script in scripts:
        for exchange in script:
            if not await recording.perform(connection, exchange, since=time.perf_counter()):
                break
