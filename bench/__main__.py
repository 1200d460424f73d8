"""``python -m bench``: see ``python -m bench --help``."""

import os
import sys
from datetime import UTC, datetime

from bench.options import parse_options
from bench.report.machine import describe_machine
from bench.report.page import render_page
from bench.report.raw import dump_raw
from bench.run import run
from bench.subjects.subject import ROOT, Stand
from tests.support.services import start_services
from tests.support.services.scratch import scratch

_PAGE = ROOT / "docs" / "performance.md"
_BUILD = ROOT / "build" / "bench"


def main(arguments: list[str]) -> int:
    """Measure, write the reports, and return 0 when everything chosen could be measured without an error."""
    options = parse_options(arguments)
    started, load = datetime.now(UTC), os.getloadavg()[0]
    with start_services(say=_say) as services, scratch("rollcall-bench-") as opened:
        ledger = run(options, Stand(services, opened))
        machine = describe_machine(services, started, load=load)
    page = render_page(ledger, machine, options)
    _BUILD.mkdir(parents=True, exist_ok=True)
    (_BUILD / "raw.json").write_bytes(dump_raw(ledger, machine))
    (_BUILD / "performance.md").write_text(page)
    if options.is_complete and not ledger.missing:
        _PAGE.write_text(page)
    sys.stdout.write(page)
    return 1 if ledger.missing or any(row.errors for row in ledger.measurements) else 0


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
