"""``rollcall token``: what each token's line says, rotation and renaming."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from schemas.ids import TenantId, TokenId
from schemas.timestamps import timestamp
from tenants.registry.port import TokenRecord, TokenUse
from tests.support import builders
from tests.support.stores import open_sqlite_stores

Run = Callable[..., Result]
ACME = TenantId("acme")


@pytest.fixture
def file(tmp_path: Path) -> str:
    """The store's file."""
    return str(tmp_path / "data" / "rollcall.sqlite")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command of ``rollcall`` over a folder of the test's own, in a wide terminal; there is a tenant acme."""
    monkeypatch.setenv("ROLLCALL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    printed(run("tenant", "create", "acme", "--json"))
    return run


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def keep(file: str, *records: TokenRecord) -> None:
    async def add() -> None:
        async with open_sqlite_stores(file) as stores:
            for record in records:
                await stores.registry.add_token(record)

    asyncio.run(add())


def moment(days: float) -> str:
    """Return the moment so many days from now."""
    return timestamp((datetime.now(UTC) + timedelta(days=days)).timestamp())


@pytest.mark.parametrize(
    ("fields", "words", "state"),
    [
        ({"expires": moment(300)}, "  live  ", "live"),
        ({"expires": moment(11.5)}, "  ends in 12 days  ", "ending"),
        ({"expires": moment(0.5)}, "  ends in 1 day  ", "ending"),
        ({"expires": moment(300), "replaced_by": TokenId("t2")}, "  replaced, ends in 300 days  ", "live"),
        ({"expires": moment(-1)}, "  expired  ", "expired"),
        ({"expires": moment(300), "revoked": moment(-1)}, "  revoked  ", "revoked"),
        (
            {"expires": "2199-01-01T00:00:00.000Z", "revoked": "2198-03-01T10:02:00.000Z"},
            "  stops at 2198-03-01 10:02  ",
            "stopping",
        ),
    ],
)
def test_each_line_says_how_the_token_stands(
    run: Run, file: str, fields: dict[str, Any], words: str, state: str
) -> None:
    keep(file, builders.token(ACME, "t1", **fields))
    (_, line) = run("token", "list", "acme").stdout.splitlines()
    (row,) = printed(run("token", "list", "acme", "--json"))
    assert words in f"{line}  "
    assert row["state"] == state


def test_the_last_use_is_listed_as_it_was(run: Run, file: str) -> None:
    use = TokenUse("2026-11-25T10:02:03.000Z", "192.0.2.7", "[bold]Entra[/bold]")
    keep(file, builders.token(ACME, "used", last_use=use), builders.token(ACME, "unused", created=moment(0)))
    used, unused = run("token", "list", "acme").stdout.splitlines()[1:]
    assert "2026-11-25 10:02 from 192.0.2.7 by [bold]Entra[/bold]" in used
    assert unused.split()[-1] == "never"
    row, _ = printed(run("token", "list", "acme", "--json"))
    assert (row["last_used"], row["last_used_from"], row["last_used_by"]) == (use.at, use.address, use.agent)


def test_an_id_is_shown_whole_in_a_narrow_terminal(run: Run, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    keep(file, builders.token(ACME, "f" * 32))
    assert "f" * 32 in run("token", "list", "acme").stdout


@pytest.mark.parametrize(
    ("option", "state"), [((), "stopping"), (("--old-stops", "now"), "revoked"), (("--old-stops", "own-date"), "live")]
)
def test_a_rotation_shows_the_new_token_and_what_becomes_of_the_old_one(
    run: Run, option: tuple[str, ...], state: str
) -> None:
    old = printed(run("token", "create", "acme", "--name", "Entra", "--json"))
    made = printed(run("token", "rotate", "acme", "Entra", *option, "--json"))
    listed = {row["id"]: row for row in printed(run("token", "list", "acme", "--json"))}
    assert made["token"].endswith(made["last_four"])
    assert made["tenant_url"] == old["tenant_url"]
    assert made["replaces"] == listed[old["id"]] | {"days_left": made["replaces"]["days_left"]}
    assert (listed[old["id"]]["state"], listed[old["id"]]["replaced_by"]) == (state, made["id"])
    assert listed[made["id"]]["state"] == "live"


def test_the_new_token_of_a_rotation_has_the_end_and_name_that_are_asked_for(run: Run) -> None:
    run("token", "create", "acme", "--name", "Entra")
    end = f"{datetime.now(UTC) + timedelta(days=90):%Y-%m-%d}"
    made = printed(run("token", "rotate", "acme", "Entra", "--name", "Entra 2027", "--expires", end, "--json"))
    assert (made["name"], made["expires"]) == ("Entra 2027", f"{end}T23:59:59.000Z")


def test_people_are_told_when_the_old_token_stops(run: Run) -> None:
    old = printed(run("token", "create", "acme", "--name", "Entra", "--json"))
    lines = run("token", "rotate", "acme", "Entra").stdout.splitlines()
    assert lines[-1].startswith(f"The old token ({old['id']}): stops at ")


def test_a_token_gets_another_name(run: Run) -> None:
    made = printed(run("token", "create", "acme", "--json"))
    assert run("token", "rename", "acme", made["id"], "[Entra]").stdout == f"Token {made['id']} is named [Entra].\n"
    assert [row["name"] for row in printed(run("token", "list", "acme", "--json"))] == ["[Entra]"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("rotate", "acme", "nothing"),
        ("rotate", "nobody", "Entra"),
        ("rotate", "acme", "Entra", "--expires", "2199-01-01"),
        ("rename", "acme", "nothing", "Okta"),
        ("rename", "acme", "Entra", " "),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(run: Run, arguments: tuple[str, ...]) -> None:
    run("token", "create", "acme", "--name", "Entra")
    before = printed(run("token", "list", "acme", "--json"))
    result = run("token", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("rollcall: ")
    assert printed(run("token", "list", "acme", "--json")) == before


def test_the_operator_sets_how_many_tokens_may_live_at_once(run: Run) -> None:
    assert printed(run("tenant", "set", "acme", "--token-limit", "3", "--json"))["token_limit"] == 3
    assert [run("token", "create", "acme").exit_code for _ in range(4)] == [0, 0, 0, 1]
    assert run("tenant", "set", "acme", "--token-limit", "6").exit_code == 1
    assert printed(run("tenant", "create", "globex", "--json"))["token_limit"] == 2


def test_a_revocation_is_told_to_the_lms(run: Run) -> None:
    made = printed(run("token", "create", "acme", "--json"))
    run("token", "revoke", "acme", made["id"])
    (event,) = printed(run("events", "acme", "--json"))
    assert (event["type"], event["subject"]) == ("token.revoked", made["id"])
