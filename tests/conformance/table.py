"""Which tests prove which lines, as a page: ``python -m tests.conformance.table`` writes ``docs/conformance.md``."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conformance.elsewhere import ELSEWHERE
from tests.conformance.lines import LEVELS, SECTIONS, Line, Section

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"

_HEAD = r"""# Conformance

Which tests prove which lines of two checklists: what the RFCs demand (RFC 7643, 7644, 9865, 9967), and what real
provisioning clients need (13.x). The tests are in `tests/conformance/` and go through real sockets. *Both* means the
embedded shape, and the distributed one with two gateways and two workers on RabbitMQ and MongoDB. Levels are the RFCs'
own; must\* follows from a definition, a grammar or a table. ★: servers often get it wrong.

A reason in the place of tests: the line cannot be proved here, or asks for what is not offered. *Not asked for*: a
SHOULD without ★, a MAY, a note or a matter of design, which no test has to prove.

This page is written by `python -m tests.conformance.table`; a test holds it to the tests.
"""


@dataclass(frozen=True, slots=True, order=True)
class Proof:
    """A test, in a shape, that proves a line."""

    module: str
    name: str
    shape: str


class Collector:
    """Pytest's plug-in that notes the lines of the tests collected."""

    def __init__(self) -> None:
        """Know of none yet."""
        self.proofs: defaultdict[str, set[Proof]] = defaultdict(set)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what was collected."""
        for item in session.items:
            callspec = getattr(item, "callspec", None)
            shape = str(callspec.params.get("shape", "")) if callspec else ""
            proof = Proof(item.path.stem, getattr(item, "originalname", item.name), shape)
            for mark in item.iter_markers("line"):
                for id in mark.args:
                    self.proofs[id].add(proof)


def collected() -> Mapping[str, set[Proof]]:
    """Return the proofs of each line that a test names."""
    collector = Collector()
    # What pytest prints while it collects is not for whoever reads the page.
    code = pytest.main(["--collect-only", "-qq", "--no-summary", str(Path(__file__).parent)], plugins=[collector])
    if code != pytest.ExitCode.OK:
        sys.exit(f"The tests could not be collected: {code!r}")
    return collector.proofs


def faults(proofs: Mapping[str, set[Proof]]) -> Iterator[str]:
    """Yield what is wrong: lines without a test, tests of lines that do not exist, and the like."""
    lines = {line.id: line for section in SECTIONS for line in section.lines()}
    for id in sorted({*proofs, *ELSEWHERE} - {*lines}):
        yield f"{id} is no line of the checklists"
    for id in sorted({*proofs} & {*ELSEWHERE}):
        yield f"{id} has a test, and a reason not to have one"
    for id, tests in proofs.items():
        if _shapes(tests) != "both":
            yield f"{id} is proved in one shape only"
    missing = [id for id, line in lines.items() if line.needs_test and id not in proofs and id not in ELSEWHERE]
    if missing:
        yield f"without a test: {' '.join(missing)}"


def page(proofs: Mapping[str, set[Proof]]) -> str:
    """Return the page."""
    return _HEAD + "".join(_section(section, proofs) for section in SECTIONS)


def _section(section: Section, proofs: Mapping[str, set[Proof]]) -> str:
    rows = [_row(line, proofs.get(line.id, set())) for line in section.lines()]
    head = f"\n## {section.title}\n\n| Line | Level | Proved by | Shapes |\n|---|---|---|---|\n"
    return head + "".join(rows)


def _row(line: Line, proofs: set[Proof]) -> str:
    star = " ★" if line.is_often_wrong else ""
    told = _tests(proofs) or ELSEWHERE.get(line.id, "missing" if line.needs_test else "not asked for")
    level = LEVELS[line.level].replace("*", r"\*")
    return f"| {line.id}{star} | {level} | {told} | {_shapes(proofs)} |\n"


def _tests(proofs: Iterable[Proof]) -> str:
    names = sorted({(proof.module, proof.name) for proof in proofs})
    return "<br>".join(f"`{module}` {name.removeprefix('test_').replace('_', ' ')}" for module, name in names)


def _shapes(proofs: Iterable[Proof]) -> str:
    shapes = {proof.shape for proof in proofs}
    return "both" if shapes == {"embedded", "distributed"} else ", ".join(sorted(shapes))


def main(arguments: list[str]) -> None:
    """Write the page; with ``--check`` only say what is wrong."""
    proofs = collected()
    wrong = list(faults(proofs))
    if arguments != ["--check"]:
        PAGE.write_text(page(proofs))
    elif not PAGE.exists() or PAGE.read_text() != page(proofs):
        wrong.append(f"{PAGE.name} is out of date: run python -m tests.conformance.table")
    sys.exit("\n".join(wrong) or None)


if __name__ == "__main__":
    main(sys.argv[1:])
