"""Items of a preview as lines of files: JSON Lines, and CSV that spreadsheets do not take for formulas."""

import json
from typing import Any

from tenants.administration.preview import PreviewItem
from tenants.administration.spreadsheets import record, safe_cell

COLUMNS = ("kind", "id", "name", "externalId", "group", "counts_as", "effects", "hold", "reason", "changes")


def item_of(item: PreviewItem) -> dict[str, Any]:
    """Return the item as plain values."""
    return {
        "kind": item.kind.value,
        "id": item.id,
        "name": item.name,
        "externalId": item.external_id,
        "group": item.group,
        "counts_as": [kind.value for kind in item.counts_as],
        "effects": [kind.value for kind in item.effects],
        "hold": item.hold.value if item.hold is not None else None,
        "reason": item.reason,
        "changes": {name: list(pair) for name, pair in item.changes.items()},
    }


def json_line(item: PreviewItem) -> str:
    """Return the item as one line of JSON."""
    return json.dumps(item_of(item), ensure_ascii=False, separators=(",", ":")) + "\n"


def csv_head() -> str:
    """Return the line with the names of the columns."""
    return record(COLUMNS)


def csv_line(item: PreviewItem) -> str:
    """Return the item as one record of CSV (RFC 4180); changes as JSON, dangerous cells behind an apostrophe."""
    values = item_of(item)
    values["changes"] = json.dumps(values["changes"], ensure_ascii=False)
    values["counts_as"], values["effects"] = (" ".join(values[name]) for name in ("counts_as", "effects"))
    return record(tuple(safe_cell(values[name] or "") for name in COLUMNS))
