"""``rollcall drift`` and the rehearsal of ``rollcall tenant set``: what is shown, and exit codes."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from schemas.ids import TenantId
from tenants.directory.writer import Need
from tests.support import builders
from tests.support.stores import open_sqlite_stores

Run = Callable[..., Result]
ACME = TenantId("acme")
ANN = builders.user(1, "ann")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command over a folder of the test's own; acme, in sync mode, has Ann, who lacks her account."""
    monkeypatch.setenv("ROLLCALL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    printed(run("tenant", "create", "acme", "--mode", "sync", "--json"))
    write(str(tmp_path / "data" / "rollcall.sqlite"), builders.Content(inserted=[ANN]))
    return run


def write(file: str, content: builders.Content) -> None:
    async def commit() -> None:
        async with open_sqlite_stores(file) as stores:
            await stores.writer.commit(builders.changes(await stores.writer.load(ACME, Need()), content))

    asyncio.run(commit())


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_report_counts_and_lists(run: Run) -> None:
    shown = printed(run("drift", "report", "acme", "--json"))

    assert {kind: count for kind, count in shown["counts"].items() if count} == {"missing_account": 1}
    assert shown["items"] == [
        {"class": "missing_account", "id": ANN.id, "name": "ann", "account": None, "differences": {}, "cure": "repair"}
    ]


def test_the_table_says_who_differs_in_what(run: Run) -> None:
    shown = run("drift", "report", "acme").stdout

    assert ANN.id in shown
    assert "missing_account" in shown


def test_a_class_may_be_chosen(run: Run) -> None:
    shown = printed(run("drift", "report", "acme", "--class", "status_differs", "--json"))

    assert (shown["items"], shown["counts"]["missing_account"]) == ([], 1)


def test_a_repair_starts_a_job_about_who_differs(run: Run) -> None:
    job = printed(run("drift", "repair", "acme", "--no-wait", "--json"))

    assert (job["kind"], job["about"]) == ("repair", "1 chosen")


def test_where_nothing_differs_there_is_nothing_to_repair(run: Run) -> None:
    result = run("drift", "repair", "acme", "--class", "cohort_name_differs")

    assert (result.exit_code, "nothing to repair" in result.stdout) == (0, True)


def test_a_repair_in_dry_run_is_refused(run: Run) -> None:
    run("tenant", "set", "acme", "--mode", "dry_run")

    result = run("drift", "repair", "acme")

    assert (result.exit_code, "dry-run" in result.stderr) == (1, True)


def test_memberships_that_are_left_out_are_told_of(run: Run) -> None:
    run("tenant", "set", "acme", "--mode", "dry_run")

    assert "Memberships are left out" in run("drift", "report", "acme").stderr


def test_a_rehearsal_tells_and_changes_nothing(run: Run, tmp_path: Path) -> None:
    write(str(tmp_path / "data" / "rollcall.sqlite"), builders.Content(accounts_inserted=[builders.account(1, ANN)]))

    told = printed(run("tenant", "set", "acme", "--authentication", "sso", "--dry-run", "--json"))

    assert told == {
        "changed": {"authentication": ["password", "sso"]},
        "consequences": [
            {
                "setting": "authentication",
                "count": 1,
                "what": "managed accounts sign in by SSO",
                "when": "only with --existing",
            }
        ],
    }
    assert printed(run("tenant", "show", "acme", "--json"))["authentication"] == "password"


def test_existing_accounts_are_changed_by_a_job_that_is_told_of(run: Run, tmp_path: Path) -> None:
    write(str(tmp_path / "data" / "rollcall.sqlite"), builders.Content(accounts_inserted=[builders.account(1, ANN)]))

    result = run("tenant", "set", "acme", "--authentication", "sso", "--existing", "--json")

    assert printed(result)["authentication"] == "sso"
    (job,) = printed(run("job", "list", "acme", "--json"))
    assert (job["kind"], job["id"] in result.stderr) == ("align", True)
