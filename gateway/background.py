"""Work that goes on beside the requests, owned by the application."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger()


class Background:
    """Tasks that live as long as the gateway."""

    def __init__(self) -> None:
        """Begin with none."""
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_whole(self) -> bool:
        """Whether everything that was started still runs."""
        return not any(task.done() for task in self._tasks)

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Let the work go on beside the requests; its end before ``stop`` makes the gateway unready."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(_tell_failure)
        self._tasks.append(task)

    async def stop(self) -> None:
        """Cancel all of it and wait until it has ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _tell_failure(task: "asyncio.Task[None]") -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("Background work failed", work=task.get_name(), exc_info=error)
