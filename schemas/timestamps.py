"""Timestamps as they are kept everywhere: RFC 3339, UTC, milliseconds, so that they sort as text."""

from datetime import UTC, datetime


def timestamp(unix_seconds: float) -> str:
    """Return the moment as text, like ``2026-11-25T14:49:10.123Z``."""
    return datetime.fromtimestamp(unix_seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unix_seconds(timestamp: str) -> float:
    """Return a moment's text as Unix seconds."""
    return datetime.fromisoformat(timestamp).timestamp()
