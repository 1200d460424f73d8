"""``rollcall audit``: what it prints, and how it tells of a chain that does not hold."""

import csv
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app

COLUMNS = ("number", "at", "action", "outcome", "principal", "target")
Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROLLCALL_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def run(folder: Path) -> Run:
    """Run a command over two tenants, of which acme has four entries."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    run("tenant", "create", "acme")
    run("tenant", "create", "globex")
    run("token", "create", "acme")
    run("tenant", "suspend", "acme")
    run("tenant", "set", "acme", "--mode", "sync", "--display-name", "=1+1")
    return run


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def _numbers(result: Result) -> list[int]:
    return [entry["number"] for entry in printed(result)]


def test_entries_are_listed_by_what_is_asked(run: Run) -> None:
    ask = ("audit", "list", "acme", "--json")
    assert _numbers(run(*ask)) == [1, 2, 3, 4]
    assert _numbers(run(*ask, "--action", "tenant", "--newest")) == [4, 3, 1]
    assert _numbers(run(*ask, "--after", "1", "--limit", "2")) == [2, 3]
    assert _numbers(run(*ask, "--since", "2020-01-01", "--until", "2020-12-31")) == []
    assert _numbers(run(*ask, "--person", "acme", "--outcome", "applied")) == [1, 3, 4]
    assert run("audit", "list", "acme", "--action", "token").stdout.split()[:6] == [*COLUMNS]


def test_a_name_that_looks_like_markup_is_shown_as_it_is(run: Run) -> None:
    for name in ("[/b] R&D", "[red]R&D", ":x: R&D"):
        run("tenant", "set", "acme", "--display-name", name)
        assert name in run("tenant", "list").stdout


def test_a_chain_that_holds_is_said_to_hold(run: Run) -> None:
    result = run("audit", "verify", "acme")
    assert (result.exit_code, "4 entries" in result.stdout, "The chain holds." in result.stdout) == (0, True, True)
    assert printed(run("audit", "verify", "acme", "--json"))["holds"] is True


def test_one_flipped_byte_is_found_and_named_with_exit_code_1(run: Run, folder: Path) -> None:
    (file,) = folder.glob("*.sqlite")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute(
            """UPDATE audit SET details = replace(details, 'suspended', 'suspendee')
            WHERE tenant = 'acme' AND number = 3"""
        )
        assert other.execute("SELECT changes()").fetchone() == (1,)

    result = run("audit", "verify", "acme", "--json")

    assert result.exit_code == 1
    assert "entry 3 is not as written" in result.stderr
    assert json.loads(result.stdout)["holds"] is False
    assert run("audit", "verify", "globex").exit_code == 0


def test_a_removed_last_entry_is_missed(run: Run, folder: Path) -> None:
    (file,) = folder.glob("*.sqlite")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("DELETE FROM audit WHERE tenant = 'acme' AND number = 4")

    result = run("audit", "verify", "acme")

    assert result.exit_code == 1
    assert "entry 4 is missing at the end" in result.stderr


def test_an_export_is_lines_of_json(run: Run, tmp_path: Path) -> None:
    to_screen = run("audit", "export", "acme", "--action", "tenant")
    assert [json.loads(line)["number"] for line in to_screen.stdout.splitlines()] == [1, 3, 4]

    run("audit", "export", "acme", "--output", str(tmp_path / "audit.jsonl"))

    lines = (tmp_path / "audit.jsonl").read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 2, 3, 4]


def test_an_export_is_csv_for_spreadsheets(run: Run, tmp_path: Path) -> None:
    run("audit", "export", "acme", "--format", "csv", "--output", str(tmp_path / "audit.csv"))

    with (tmp_path / "audit.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == ["1", "2", "3", "4"]
    assert json.loads(rows[3]["details"])["changed"]["mode"] == ["dry_run", "sync"]


def test_a_timeline_is_told_by_target_and_request(run: Run) -> None:
    steps = printed(run("audit", "timeline", "acme", "--person", "acme", "--json"))
    assert [step["kind"] for step in steps] == ["request", "decision"] * 3
    assert "tenant.suspended" in run("audit", "timeline", "acme", "--person", "acme").stdout


def test_retention_is_set_and_carried_out(run: Run) -> None:
    assert printed(run("audit", "keep", "acme", "--days", "90", "--json")) == {"audit_days": 90}
    (noted,) = printed(run("audit", "list", "acme", "--newest", "--limit", "1", "--json"))
    assert noted["details"] == {"changed": {"audit_days": [400, 90]}}
    assert printed(run("audit", "forget", "acme", "--json")) == {"forgotten": 0}


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "nobody"),
        ("list", "acme", "--since", "yesterday"),
        ("verify", "nobody"),
        ("export", "nobody"),
        ("timeline", "acme"),
        ("timeline", "acme", "--person", "x", "--request", "y"),
        ("timeline", "acme", "--person", "nobody@example.com"),
        ("timeline", "acme", "--request", "nothing"),
        ("keep", "acme", "--days", "1"),
        ("forget", "nobody"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words_with_exit_code_1(run: Run, arguments: tuple[str, ...]) -> None:
    result = run("audit", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("rollcall: ")
    assert result.stdout == ""
