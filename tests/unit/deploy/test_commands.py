"""The command line: what it prints, and how it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command of ``rollcall`` over a folder of the test's own."""
    monkeypatch.setenv("ROLLCALL_DATA", str(tmp_path / "data"))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return run


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_tenant_is_made_in_dry_run_unless_told_otherwise(run: Run) -> None:
    assert printed(run("tenant", "create", "acme", "--json"))["mode"] == "dry_run"
    assert printed(run("tenant", "create", "globex", "--mode", "sync", "--json"))["mode"] == "sync"
    assert [row["id"] for row in printed(run("tenant", "list", "--json"))] == ["acme", "globex"]


def test_a_setting_is_changed_and_the_rest_stays(run: Run) -> None:
    run("tenant", "create", "acme", "--authentication", "sso")
    changed = printed(run("tenant", "set", "acme", "--mode", "sync", "--json"))
    assert (changed["mode"], changed["authentication"], changed["revision"]) == ("sync", "sso", 2)


def test_delays_of_erasures_are_set_kept_and_switched_off(run: Run) -> None:
    made = printed(run("tenant", "create", "acme", "--erase-after-days", "30", "--json"))
    assert (made["erase_after_days"], made["erase_inactive_after_days"]) == (30, 0)
    changed = printed(run("tenant", "set", "acme", "--erase-inactive-after-days", "90", "--json"))
    assert (changed["erase_after_days"], changed["erase_inactive_after_days"]) == (30, 90)
    assert printed(run("tenant", "set", "acme", "--erase-after-days", "0", "--json"))["erase_after_days"] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("tenant", "create", "acme"),
        ("tenant", "create", "No_Name"),
        ("tenant", "show", "nobody"),
        ("tenant", "set", "nobody", "--mode", "sync"),
        ("tenant", "set", "acme", "--erase-after-days", "-1"),
        ("tenant", "set", "acme", "--erase-inactive-after-days", "4000"),
        ("token", "create", "nobody"),
        ("token", "create", "acme", "--expires", "2020-01-01"),
        ("token", "create", "acme", "--expires", "2199-01-01"),
        ("token", "create", "acme", "--expires", "soon"),
        ("token", "revoke", "acme", "nothing"),
        ("audit", "list", "nobody"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words_with_exit_code_1(run: Run, arguments: tuple[str, ...]) -> None:
    run("tenant", "create", "acme")
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("rollcall: ")
    assert result.stdout == ""


def test_manual_activation_is_refused_under_single_sign_on(run: Run) -> None:
    run("tenant", "create", "acme", "--authentication", "sso")
    assert run("tenant", "set", "acme", "--activation", "manual").exit_code == 1


def test_a_token_is_shown_once_and_never_listed(run: Run) -> None:
    run("tenant", "create", "acme")
    made = printed(run("token", "create", "acme", "--name", "Entra", "--json"))
    listed = run("token", "list", "acme", "--json")
    assert made["token"].count(".") == 2
    assert made["token"] not in listed.stdout
    assert [(row["name"], row["state"], row["last_four"]) for row in printed(listed)] == [
        ("Entra", "live", made["token"][-4:])
    ]


def test_two_tokens_live_at_once_and_a_third_one_waits_for_a_revocation(run: Run) -> None:
    run("tenant", "create", "acme")
    first = printed(run("token", "create", "acme", "--json"))
    run("token", "create", "acme")
    assert run("token", "create", "acme").exit_code == 1
    assert printed(run("token", "revoke", "acme", first["id"], "--json"))["state"] == "revoked"
    assert run("token", "create", "acme").exit_code == 0


def test_what_was_done_is_in_the_audit_log_without_the_token(run: Run) -> None:
    run("tenant", "create", "acme")
    made = printed(run("token", "create", "acme", "--json"))
    run("tenant", "suspend", "acme")
    audit = run("audit", "list", "acme", "--json")
    assert [entry["action"] for entry in printed(audit)] == ["tenant.created", "token.created", "tenant.suspended"]
    assert made["token"] not in audit.stdout


def test_faulty_settings_end_with_exit_code_2(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLCALL_BUS_URL", "kafka://x")
    monkeypatch.setenv("ROLLCALL_LOG_LEVEL", "loud")
    result = run("tenant", "list")
    assert (result.exit_code, result.stderr.count("rollcall: ")) == (2, 2)


def test_a_gateway_alone_needs_a_broker(run: Run) -> None:
    assert run("gateway").exit_code == 2


def test_check_says_what_works_and_what_does_not(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("check").exit_code == 0
    monkeypatch.setenv("ROLLCALL_BUS_URL", "amqp://127.0.0.1:1/")
    monkeypatch.setenv("ROLLCALL_SIGNING_KEY", "k" * 32)
    result = run("check")
    assert result.exit_code == 3
    assert "ok     store" in result.stdout
    assert "wrong  bus" in result.stdout
