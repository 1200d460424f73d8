"""What others chose, like names, on its way to a terminal: shown as text, and not obeyed."""

import re

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment

_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but for tabs and line ends, and those that turn the direction of what follows."""


def harmless(text: str) -> str:
    """Return the text with a mark in the place of each character that a terminal would obey."""
    return _OBEYED.sub("\ufffd", text)


class Harmless:
    """A table or text none of whose content does anything to a terminal."""

    def __init__(self, content: RenderableType) -> None:
        """Show this."""
        self._content = content

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield what is shown; the console adds colours afterwards."""
        for segment in console.render(self._content, options):
            yield Segment(harmless(segment.text), segment.style, segment.control)
