"""Who administers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """The person (or program) that an administrative act is written down to."""

    principal: str
    """Like ``operator:root``."""
    address: str = ""
    agent: str = ""


class RefusedError(Exception):
    """The act is refused; the message says why and what to do, for a person to read."""
