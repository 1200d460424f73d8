"""Audit entries as lines of files: JSON Lines, and CSV that spreadsheets do not take for formulas."""

import csv
import io
import json
from dataclasses import asdict, fields

from tenants.audit.port import AuditEntry

COLUMNS = tuple(field.name for field in fields(AuditEntry))
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet computes (OWASP, CSV injection)."""


def json_line(entry: AuditEntry) -> str:
    """Return the entry as one line of JSON."""
    return json.dumps(asdict(entry), ensure_ascii=False, separators=(",", ":")) + "\n"


def csv_head() -> str:
    """Return the line with the names of the columns."""
    return _line(COLUMNS)


def csv_line(entry: AuditEntry) -> str:
    """Return the entry as one record of CSV (RFC 4180); details as JSON, dangerous cells behind an apostrophe."""
    return _line([_cell(getattr(entry, name)) for name in COLUMNS])


def _cell(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | bool) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(cells: tuple[str, ...] | list[str]) -> str:
    target = io.StringIO()
    csv.writer(target).writerow(cells)
    return target.getvalue()
