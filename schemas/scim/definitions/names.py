"""What names in schemas may look like."""

import re

URI = re.compile(r"urn:[A-Za-z0-9][A-Za-z0-9-]{0,31}(?::[A-Za-z0-9._-]+)+", re.ASCII)
"""A schema's URI: a URN without the characters that mean something in paths, filters and lists of attributes."""
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}", re.ASCII)
"""An attribute's name (RFC 7643, 2.1), without ``$``, which is the RFC's own."""
_SHOWN = 64


def shown(name: object) -> str:
    """Return a name that somebody else wrote, so that it can stand in a message."""
    return str(name)[:_SHOWN]
