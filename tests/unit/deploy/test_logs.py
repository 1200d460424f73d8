"""Lines of the log: all of them, in order, few calls of the system."""

import asyncio
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.logs import Lines, _stamp


class CountingStream(io.StringIO):
    """A stream that counts how often it was written to."""

    writes = 0

    def write(self, text: str, /) -> int:
        self.writes += 1
        return super().write(text)


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
