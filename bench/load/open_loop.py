"""The open loop: requests start at a fixed rate, however slowly the answers come."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.load.connection import Connection
from bench.load.exchange import Exchange, Target
from bench.load.recording import Recording, open_connections


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast an open loop goes."""

    per_second: float
    offset_seconds: float = 0.0
    """When the first request starts: tenants that would all start at the same instant are set apart."""
    connections: int = 8


_Due = asyncio.Queue[tuple[float, Exchange] | None]


async def run_open_loop(target: Target, exchanges: Sequence[Exchange], pace: Pace) -> Recording:
    """Start one exchange after the other at the pace and return once all are answered.

    A latency counts from the moment its request was due, so waiting for a free connection is part of it.

    Raises:
        OSError: the server does not accept connections.
    """
    recording = Recording()
    connections = await open_connections(target.host, target.port, pace.connections)
    due: _Due = asyncio.Queue()
    started = time.perf_counter()
    try:
        async with asyncio.TaskGroup() as tasks:
            for connection in connections:
                tasks.create_task(_serve(due, connection, recording))
            await _keep_pace(exchanges, pace, due)
            for _ in connections:
                due.put_nowait(None)
    finally:
        for connection in connections:
            connection.close()
    recording.seconds = time.perf_counter() - started
    return recording


async def _keep_pace(exchanges: Sequence[Exchange], pace: Pace, due: _Due) -> None:
    start = time.perf_counter() + pace.offset_seconds
    for position, exchange in enumerate(exchanges):
        await asyncio.sleep(max(0.0, start + position / pace.per_second - time.perf_counter()))
        # Now, not the planned instant: the event loop's timers are a millisecond coarse, which is not the server's.
        due.put_nowait((time.perf_counter(), exchange))


async def _serve(due: _Due, connection: Connection, recording: Recording) -> None:
    while (turn := await due.get()) is not None:
        since, exchange = turn
        await recording.perform(connection, exchange, since=since)
