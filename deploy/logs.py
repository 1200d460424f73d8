"""Logs: one line an event, to standard error; JSON for machines, or coloured text for people."""

import logging
import sys
import time
from datetime import UTC, datetime

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
    for_people = format == "console"
    shared: list[Processor] = [structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, _stamp]
    renderer: Processor = structlog.dev.ConsoleRenderer() if for_people else structlog.processors.JSONRenderer(_json)
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
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


def _stamp(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["timestamp"] = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
    return event


def _json(event: EventDict, **_: object) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
