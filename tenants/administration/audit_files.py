"""Audit entries as lines of files: JSON Lines, and CSV that spreadsheets do not take for formulas."""

import json

from msgspec import structs

from tenants.administration.spreadsheets import record, safe_cell
from tenants.audit.port import AuditEntry

COLUMNS = AuditEntry.__struct_fields__


def json_line(entry: AuditEntry) -> str:
    """Return the entry as one line of JSON."""
    return json.dumps(structs.asdict(entry), ensure_ascii=False, separators=(",", ":")) + "\n"


def csv_head() -> str:
    """Return the line with the names of the columns."""
    return record(COLUMNS)


def csv_line(entry: AuditEntry) -> str:
    """Return the entry as one record of CSV (RFC 4180); details as JSON, dangerous cells behind an apostrophe."""
    return record([_cell(getattr(entry, name)) for name in COLUMNS])


def _cell(value: object) -> str:
    return safe_cell(json.dumps(value, ensure_ascii=False) if isinstance(value, dict | bool) else str(value))
