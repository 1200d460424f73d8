"""Lines of the log: all of them, in order, few calls of the system."""

import asyncio
import io
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import structlog

from deploy.logs import Lines, _stamp, set_up_logs


class CountingStream(io.StringIO):
    """A stream that counts how often it was written to."""

    writes = 0

    def write(self, text: str, /) -> int:
        self.writes += 1
        return super().write(text)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is written by logs that are set up as JSON, at one moment."""
    stream, root, before = io.StringIO(), logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr("time.time", lambda: 1_795_000_000.25)
    set_up_logs(level="info", format="json")
    yield stream
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_has_its_facts_in_order_then_the_event_its_level_and_the_moment(written: io.StringIO) -> None:
    log = structlog.get_logger()
    log.debug("Not said at this level")
    log.info("Request answered", request_id="r-1", tenant="acme", status=200, duration_ms=1.5)
    log.warning("Élan lost", by=ValueError("x"), counts={1: "one"})
    answered, lost = written.getvalue().splitlines()
    moment = '"timestamp":"2026-11-18T11:06:40.250+00:00"'
    facts = '"request_id":"r-1","tenant":"acme","status":200,"duration_ms":1.5'
    assert answered == f'{{{facts},"event":"Request answered","level":"info",{moment}}}'
    assert lost == f'{{"by":"x","counts":{{"1":"one"}},"event":"Élan lost","level":"warning",{moment}}}'


def test_a_failure_is_written_with_its_traceback_at_the_end_of_its_line(written: io.StringIO) -> None:
    log = structlog.get_logger()
    try:
        raise ZeroDivisionError("on purpose")
    except ZeroDivisionError:
        log.exception("Request failed", request_id="r-1")
    log.error("No failure", exc_info=False)
    failed, none = map(orjson.loads, written.getvalue().splitlines())
    assert [*failed] == ["request_id", "event", "level", "timestamp", "exception"]
    assert (failed["level"], failed["exception"].splitlines()[-1]) == ("error", "ZeroDivisionError: on purpose")
    assert [*none] == ["event", "level", "timestamp"]


def test_libraries_lines_have_the_same_form(written: io.StringIO) -> None:
    logging.getLogger("somebody").warning("said %s", "so")
    moment = "2026-11-18T11:06:40.250+00:00"
    assert written.getvalue() == f'{{"event":"said so","level":"warning","timestamp":"{moment}"}}\n'


def test_outside_of_a_loop_a_line_is_written_at_once() -> None:
    stream = CountingStream()
    Lines(stream).msg("alone")
    assert stream.getvalue() == "alone\n"


async def test_lines_of_one_turn_are_written_together_and_in_order() -> None:
    stream = CountingStream()
    lines = Lines(stream)
    for number in range(3):
        lines.msg(f"line {number}")
    await asyncio.sleep(0)
    assert (stream.getvalue(), stream.writes) == ("line 0\nline 1\nline 2\n", 1)


async def test_a_thread_does_not_wait_for_the_loop() -> None:
    stream = CountingStream()
    await asyncio.to_thread(Lines(stream).msg, "from a thread")
    assert stream.getvalue() == "from a thread\n"


@pytest.mark.parametrize("seconds", [0.0, 1_795_000_000.25, 1_795_000_000.9996])
def test_timestamps_are_utc_with_milliseconds(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr("time.time", lambda: seconds)
    event: dict[str, Any] = {}
    _stamp(None, "info", event)
    expected = datetime.fromtimestamp(seconds, UTC)
    said = datetime.fromisoformat(event["timestamp"])
    assert (said.utcoffset(), (expected - said).total_seconds() < 0.001, len(event["timestamp"])) == (
        expected.utcoffset(),
        True,
        29,
    )
