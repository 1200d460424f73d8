"""Logs: one line an event, to standard error; JSON for machines, or coloured text for people."""

import asyncio
import atexit
import logging
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_LIBRARIES_SAY_AT_LEAST = logging.WARNING
_SILENT = ("aiohttp.server", "aiormq", "aiormq.connection")
"""They tell in full, once more and with what clients sent, what our own lines tell."""


def set_up_logs(*, level: str, format: str) -> None:
    """Send all logs, the libraries' too, to standard error in one form.

    A gateway writes a line per request, so the JSON form is made by as little code as will do.
    """
    number = getattr(logging, level.upper())
    shared: list[Processor] = [structlog.processors.add_log_level, _stamp]
    if format == "console":
        renderer: Processor = structlog.dev.ConsoleRenderer()
        ours: list[Processor] = [*shared, structlog.processors.format_exc_info, renderer]
    else:
        renderer = structlog.processors.JSONRenderer(_json)
        ours = [_line]
    structlog.configure(
        processors=ours,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=_same(Lines(sys.stderr)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.basicConfig(handlers=[handler], level=max(number, _LIBRARIES_SAY_AT_LEAST), force=True)


class Lines:
    """Writes what is said within one turn of the event loop with one call of the system; outside of a loop, at once."""

    def __init__(self, stream: TextIO) -> None:
        """Write to this stream, and what is left when the process ends."""
        self._stream = stream
        self._waiting: list[str] = []
        self._is_due = False
        self._lock = threading.Lock()
        atexit.register(self._write)

    def msg(self, line: str) -> None:
        """Take a line, without its end."""
        with self._lock:
            self._waiting.append(line)
        if self._is_due:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write()
        else:
            self._is_due = True
            loop.call_soon(self._write)

    log = debug = info = warning = warn = error = err = critical = fatal = failure = exception = msg

    def _write(self) -> None:
        self._is_due = False
        with self._lock:
            lines, self._waiting = self._waiting, []
            if lines:
                self._stream.write("\n".join((*lines, "")))
                self._stream.flush()


def _same(lines: Lines) -> Callable[..., Lines]:
    return lambda *_: lines


def _line(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """Return the event as JSON: the work of four processors in one, which costs less."""
    event = _stamp(logger, method, structlog.processors.add_log_level(logger, method, event))
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(logger, method, event)
    return _json(event)


def _stamp(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    seconds, milliseconds = divmod(int(time.time() * 1000), 1000)
    event["timestamp"] = f"{_second(seconds)}.{milliseconds:03}+00:00"
    return event


@lru_cache(maxsize=2)
def _second(unix_seconds: int) -> str:
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _json(event: EventDict, **_: object) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
