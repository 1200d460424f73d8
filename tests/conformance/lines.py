"""The lines of the two checklists: what the RFCs demand of a SCIM service, and what real provisioning clients need.

A line of the first is named like ``FIL-17``, a line of the second like ``13.17``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

LEVELS = {
    "M": "MUST",
    "m": "must*",
    "S": "SHOULD",
    "O": "MAY",
    "a": "arguable",
    "n": "note",
    "d": "design",
    "t": "tolerance",
}
"""What the letters of a section stand for; ``*`` behind one: servers often get it wrong."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a checklist."""

    id: str
    level: str
    """A key of ``LEVELS``."""
    is_often_wrong: bool

    @property
    def needs_test(self) -> bool:
        """Whether the suite has to prove it."""
        return self.level in "Mmt" or (self.level == "S" and self.is_often_wrong)


@dataclass(frozen=True, slots=True)
class Section:
    """Consecutive lines about one matter."""

    prefix: str
    title: str
    letters: str
    """One level a line, in order."""
    first: int = 1

    def lines(self) -> Iterator[Line]:
        """Yield the lines in order."""
        joint, width = (".", 1) if self.prefix == "13" else ("-", 2)
        for number, letter in enumerate(self.letters.split(), self.first):
            yield Line(f"{self.prefix}{joint}{number:0{width}d}", letter[0], letter.endswith("*"))


RFC_SECTIONS = (
    Section("HTT", "HTTP: methods, media types, URLs", "M m M S m S m O M S M M S M S m M M m m m m"),
    Section("DIS", "Discovery", "M M M M M M m S S O O M M M M M m M M S* M M m m M m O"),
    Section("SCH", "Attribute characteristics", "M M M S M m M M M M M m m M M M M M M M S m M O m M M M M M M S"),
    Section("COM", "Common attributes", "M M M M M M M M M M m m M m M M M m M m"),
    Section("ETG", "Versions and preconditions", "M S m M m m M m M m M M m m O m m O"),
    Section("CRE", "Create", "M M* S m M M M M* m M* m m m m m* O O M S m m m m m m m* m* M* M m m m"),
    Section("REA", "Read one", "M M m m m m O m"),
    Section("LST", "Lists", "M M M M m O M M M m S m"),
    Section(
        "FIL",
        "Filters",
        "m M m m m m m m m* m m M* M m m m M* M m m M m m m m m m S O m m m m* m m* O m m* m m M m* m m M "
        "M m m m m m S m",
    ),
    Section("SRT", "Sorting", "m m M M m m* m m m m m m"),
    Section("PAG", "Paging by index", "M M* M m M m m m m m m m m"),
    Section("CUR", "Paging by cursor (RFC 9865)", "m M M M M m S S S S m O M m m m M S M m m m"),
    Section("SEA", "Search by POST", "m M m m O m m m"),
    Section("ATT", "Projection", "M M m* M m* m m M M M m m M m m m"),
    Section("PUT", "Replace", "M M M O m M* M m m m m m m m m m m m"),
    Section(
        "PAT",
        "PATCH",
        "M M m M M m m* m* M* M M* M m m m M* m M* m m m* m m m m m m m m m S M* m m m m* M m m m m* m m M m "
        "m m m m m m M M* M m M* m m m m m m m a m",
    ),
    Section("DEL", "Delete", "M M M S m M O m m"),
    Section("BLK", "Bulk", "m m M m M M m M O M M M M M m M* m m M m m m M M m m M m m m m m m m"),
    Section("ME", "`/Me`", "S O M m m m"),
    Section("ERR", "Errors", "M* M m O m m m m m* m m m m m m m m m S m m m m n"),
    Section("CAS", "Upper and lower case", "m m m M M m m* m O"),
    Section("UNQ", "Uniqueness", "M m S S m m m m"),
    Section("EXT", "Extensions", "M m m m M m M m n"),
    Section("GRP", "Groups and membership", "m m m m m* M m m* O m m m m m"),
    Section("SEC", "Security and tenancy", "M* M S* m O M M M S m m m M m S m m M M m m"),
    Section("ASY", "Asynchronous requests, events (RFC 9967)", "m m m M M m M S M M M M m m M m m"),
    Section("CON", "Consistency", "m m M M M m M m M m m m"),
    Section("BRK", "Consequences for a message broker", "d d d d d d d d d d d d d d d d"),
)

TOLERANCE_SECTIONS = (
    Section("13", "Transport, authentication, media types", "t " * 13, first=1),
    Section("13", "Look-ups, lists, paging", "t " * 20, first=14),
    Section("13", "Create", "t " * 21, first=34),
    Section("13", "PUT", "t " * 6, first=55),
    Section("13", "PATCH: the message", "t " * 6, first=61),
    Section("13", "PATCH: Users", "t " * 24, first=67),
    Section("13", "PATCH: Groups", "t " * 13, first=91),
    Section("13", "Delete", "t " * 4, first=104),
    Section("13", "Discovery", "t " * 3, first=108),
    Section("13", "Tenancy and long runs", "t " * 5, first=111),
)

SECTIONS = RFC_SECTIONS + TOLERANCE_SECTIONS
