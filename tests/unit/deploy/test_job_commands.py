"""``rollcall mode|release|hold|accounts|job|replay``: what they print and do, with and without a worker at work."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.commands.session import settings_or_exit
from deploy.wiring import open_stores
from schemas.ids import TenantId
from tests.support.at_work import at_work
from tests.support.lane import Lane
from tests.support.office import make_people

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command over the tenants acme, in dry-run with three people pending, and globex."""
    monkeypatch.setenv("ROLLCALL_DATA", str(tmp_path / "data"))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    for tenant in ("acme", "globex"):
        assert run("tenant", "create", tenant).exit_code == 0
    asyncio.run(_people())
    return run


async def _people() -> None:
    async with open_stores(settings_or_exit().store_url) as stores:
        await make_people(Lane(stores, TenantId("acme")), 3, name="user")


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_switch_to_sync_is_confirmed_followed_to_its_end_and_told(run: Run) -> None:
    refused = run("mode", "acme", "sync")
    assert (refused.exit_code, "3 Users" in refused.stderr, "--yes" in refused.stderr) == (1, True, True)
    with at_work():
        job = printed(run("mode", "acme", "sync", "--yes", "--json"))
    assert (job["kind"], job["about"], job["state"], job["done"], job["failed"]) == ("release", "all", "done", 3, 0)
    assert len(printed(run("accounts", "list", "acme", "--json"))) == 3
    assert printed(run("mode", "acme", "dry-run", "--json")) == {"mode": "dry_run", "stopped": []}
    assert printed(run("mode", "acme", "sync", "--json")) == {"mode": "sync", "stopped": []}


def test_a_tenants_mode_that_is_set_goes_the_same_way_and_says_so(run: Run) -> None:
    result = run("tenant", "set", "acme", "--mode", "sync", "--json")
    (job,) = printed(run("job", "list", "acme", "--json"))
    assert (printed(result)["mode"], job["id"] in result.stderr, job["state"]) == ("sync", True, "running")
    assert printed(run("job", "list", "globex", "--json")) == []
    back = run("tenant", "set", "acme", "--mode", "dry_run")
    assert f"{job['id']} was stopped" in back.stderr
    assert printed(run("job", "show", "acme", job["id"], "--json"))["reason"] == "the tenant went back to dry-run"


def let_wait_until_sso(run: Run) -> None:
    """Leave the tenant in dry-run with people who wait for an activation that SSO does without."""
    assert run("tenant", "set", "acme", "--activation", "manual").exit_code == 0
    assert run("mode", "acme", "sync", "--yes").exit_code == 0
    assert run("mode", "acme", "dry-run").exit_code == 0
    assert run("tenant", "set", "acme", "--authentication", "sso").exit_code == 0


def test_whoever_waits_is_let_in_when_a_tenant_with_sso_goes_to_sync(run: Run) -> None:
    with at_work():
        let_wait_until_sso(run)
        accounts = printed(run("accounts", "list", "acme", "--json"))
        assert [row["status"] for row in accounts] == ["awaiting_activation"] * 3
        job = printed(run("mode", "acme", "sync", "--json"))
    assert (job["kind"], job["state"], job["done"]) == ("activate", "done", 3)
    assert [row["status"] for row in printed(run("accounts", "list", "acme", "--json"))] == ["active"] * 3


def test_two_jobs_that_a_change_of_mode_sets_off_are_both_told_of(run: Run) -> None:
    with at_work():
        let_wait_until_sso(run)
        assert run("hold", "set", "acme", "user1").exit_code == 0
        told = printed(run("mode", "acme", "sync", "--yes", "--json"))
    assert (told["kind"], [other["kind"] for other in told["others"]]) == ("release", ["activate"])


def test_people_are_released_and_set_aside_by_their_names(run: Run) -> None:
    with at_work():
        assert printed(run("hold", "set", "acme", "user1", "--reason", "later", "--json"))["done"] == 1
        assert printed(run("release", "acme", "user0", "--json"))["done"] == 1
        assert run("mode", "acme", "sync", "--yes").exit_code == 0
        logins = [row["login"] for row in printed(run("accounts", "list", "acme", "--json"))]
        assert logins == ["user0", "user2"]
        assert run("hold", "clear", "acme", "user1").exit_code == 0
        assert printed(run("replay", "acme", "--all", "--json"))["done"] == 3
    assert len(printed(run("accounts", "list", "acme", "--json"))) == 3


def test_people_are_chosen_by_a_filter(run: Run) -> None:
    with at_work():
        released = printed(run("release", "acme", "--filter", 'userName sw "USER" and not (userName ew "2")', "--json"))
        assert (released["about"], released["done"]) == ('Users: userName sw "USER" and not (userName ew "2")', 2)
        replayed = printed(run("replay", "acme", "--filter", 'userName eq "user1"', "--json"))
        assert (replayed["total"], replayed["done"]) == (1, 1)
        assert printed(run("replay", "acme", "--filter", "displayName pr", "--type", "Group", "--json"))["done"] == 0
    assert [row["login"] for row in printed(run("accounts", "list", "acme", "--json"))] == ["user0", "user1"]


def test_a_filter_is_shown_as_it_was_given(run: Run) -> None:
    text = 'emails[type eq "work"].value co "[/bold] :smile:"'
    assert run("replay", "acme", "--filter", text, "--no-wait").exit_code == 0
    (job,) = printed(run("job", "list", "acme", "--json"))
    assert text in run("job", "show", "acme", job["id"]).stdout


def test_a_filter_that_is_none_is_told_and_nothing_is_done(run: Run) -> None:
    for command in ("release", "replay"):
        refused = run(command, "acme", "--filter", "userName eq")
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "the filter does not parse at character 12: expected a value" in refused.stderr
        for usage in (
            ("user1", "--filter", "active pr"),
            ("--all", "--filter", "active pr"),
            ("--all", "--type", "User"),
        ):
            assert run(command, "acme", *usage).exit_code == 2
    assert printed(run("job", "list", "acme", "--json")) == []


def test_what_cannot_be_done_is_told_with_exit_code_1_and_wrong_usage_with_2(run: Run) -> None:
    for arguments in (("release", "acme", "nobody"), ("release", "acme", "--all"), ("job", "show", "acme", "nothing")):
        result = run(*arguments)
        assert (result.exit_code, result.stderr.startswith("rollcall: "), result.stdout) == (1, True, "")
    for usage in ("release acme", "accounts activate acme", "accounts flag acme a1"):
        assert run(*usage.split()).exit_code == 2


def test_a_job_of_which_something_fails_ends_with_exit_code_1(run: Run) -> None:
    with at_work():
        result = run("accounts", "activate", "acme", "nobody", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["failures"] == [{"item": "nobody", "reason": "there is no such account"}]
    assert "1 of 1 were not done" in result.stderr


def test_accounts_are_imported_listed_by_status_and_flagged(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "accounts.csv"
    file.write_text("lms_id,login,is_active\n7,old7,true\n8,old8,false\n")
    with at_work():
        assert [job["done"] for job in printed(run("accounts", "import", "acme", str(file), "--json"))] == [2]
        assert run("accounts", "flag", "acme", "old7", "--legal-hold").exit_code == 0
    rows = printed(run("accounts", "list", "acme", "--status", "active", "--json"))
    assert [(row["id"], row["marks"]) for row in rows] == [("7", ["imported", "legal hold"])]
    assert "old8" in run("accounts", "list", "acme").stdout
    broken = tmp_path / "broken.csv"
    broken.write_text("lms_id,login\n9,\n")
    assert "line 2" in run("accounts", "import", "acme", str(broken)).stderr


def test_a_job_that_nobody_waits_for_is_watched_later_or_stopped(run: Run) -> None:
    job = printed(run("release", "acme", "user0", "--no-wait", "--json"))
    assert job["state"] == "running"
    other = printed(run("release", "acme", "user1", "--no-wait", "--json"))
    assert printed(run("job", "stop", "acme", other["id"], "--json"))["state"] == "stopped"
    assert run("job", "resume", "acme", other["id"]).exit_code == 1
    with at_work():
        assert printed(run("job", "watch", "acme", job["id"], "--json"))["state"] == "done"
    assert run("job", "watch", "acme", other["id"]).exit_code == 1
    assert [row["login"] for row in printed(run("accounts", "list", "acme", "--json"))] == ["user0"]
