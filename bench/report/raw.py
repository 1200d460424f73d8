"""The raw figures of a run as JSON, for comparing runs of one machine."""

import msgspec

from bench.measuring import Ledger
from bench.report.machine import Machine


def dump_raw(ledger: Ledger, machine: Machine) -> bytes:
    """Return everything measured, indented."""
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "machine": machine,
                "measurements": ledger.measurements,
                "notes": ledger.notes,
                "missing": ledger.missing,
            }
        )
    )
