"""CSV that spreadsheets do not take for formulas."""

import csv
import io
from collections.abc import Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet computes (OWASP, CSV injection)."""


def safe_cell(text: str) -> str:
    """Return the text as a cell, behind an apostrophe where it would be computed."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def record(cells: Sequence[str]) -> str:
    """Return one record with its line end (RFC 4180)."""
    target = io.StringIO()
    csv.writer(target).writerow(cells)
    return target.getvalue()
