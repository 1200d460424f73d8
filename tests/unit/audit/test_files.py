"""Audit entries as lines of files."""

import csv
import io
import json

import pytest
from msgspec import structs

from tenants.administration.audit_files import COLUMNS, csv_head, csv_line, json_line
from tests.support.builders import entry


def _cells(line: str) -> dict[str, str]:
    (cells,) = csv.reader(io.StringIO(line, newline=""))
    return dict(zip(COLUMNS, cells, strict=True))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str) -> None:
    cells = _cells(csv_line(entry(agent=f"{start}cmd|' /C calc'!A0", name=f"{start}1")))
    assert cells["agent"] == f"'{start}cmd|' /C calc'!A0"
    assert cells["name"] == f"'{start}1"


def test_csv_keeps_quotes_commas_and_lines() -> None:
    one = entry(agent='a "b", c\nd', details={"x": ['"', ",", "\n"]})
    cells = _cells(csv_line(one))
    assert cells["agent"] == one.agent
    assert json.loads(cells["details"]) == one.details
    assert tuple(next(csv.reader([csv_head()]))) == COLUMNS


def test_a_line_of_json_holds_all_of_the_entry() -> None:
    one = entry(details={"name": "ü\n\u2028"})
    line = json_line(one)
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert json.loads(line) == structs.asdict(one)
