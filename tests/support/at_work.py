"""A worker at work beside the commands of a test, on the settings that they read."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from structlog.testing import capture_logs

from deploy.commands.session import settings_or_exit
from deploy.processes import working
from deploy.wiring import open_bus, open_stores

PATIENCE_SECONDS = 60.0


@contextmanager
def at_work() -> Iterator[None]:
    """Let a worker work on the folder, in a thread of its own, as it does in a process of its own."""
    ready, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_work(ready, stop)))
    # A process of its own would not write its log to where the commands print.
    with capture_logs():
        thread.start()
        try:
            assert ready.wait(PATIENCE_SECONDS)
            yield
        finally:
            stop.set()
            thread.join(PATIENCE_SECONDS)


async def _work(ready: threading.Event, stop: threading.Event) -> None:
    settings = settings_or_exit()
    async with (
        open_stores(settings.store_url) as stores,
        open_bus(settings.bus_url, name="test") as bus,
        working(settings, stores, bus),
    ):
        ready.set()
        await asyncio.to_thread(stop.wait)
