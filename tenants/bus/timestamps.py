"""Moments as the bus keeps them: RFC 3339, UTC, milliseconds."""

from datetime import UTC, datetime


def timestamp(unix_seconds: float) -> str:
    """Return the moment as text that sorts by time."""
    return datetime.fromtimestamp(unix_seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
