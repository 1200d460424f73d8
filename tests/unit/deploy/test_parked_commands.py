"""``rollcall parked`` in the embedded shape, where the serving process is another one: list, replay, discard."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.wiring import open_bus
from schemas.ids import TenantId
from tenants.bus.parked import parked_id
from tests.contract.bus.messages import command
from tests.support.stores import open_sqlite_stores

Run = Callable[..., Result]
ACME = TenantId("acme")


@pytest.fixture
def file(tmp_path: Path) -> str:
    """The store's file."""
    return str(tmp_path / "data" / "rollcall.sqlite")


@pytest.fixture
def run(tmp_path: Path, file: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command over a folder of the test's own; acme has two parked commands."""
    monkeypatch.setenv("ROLLCALL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    printed(run("tenant", "create", "acme", "--json"))
    asyncio.run(park(file, "a1", "a2"))
    return run


async def park(file: str, *names: str) -> None:
    """Park commands as a serving process does."""
    async with open_sqlite_stores(file) as stores, open_bus("inprocess://", name="t", shelf=stores.shelf) as bus:
        await bus.lanes.subscribe(ACME)
        for name in names:
            await bus.sender.send(ACME, [command(ACME, name)])
            for delivery in await bus.lanes.take(limit=1):
                await bus.lanes.park(delivery, f"because of {name}")


async def taken_back(file: str) -> list[str]:
    """Return what a serving process that starts now finds on the lane."""
    async with open_sqlite_stores(file) as stores, open_bus("inprocess://", name="t", shelf=stores.shelf) as bus:
        await bus.lanes.subscribe(ACME)
        return [one.id for delivery in await bus.lanes.take(limit=10) for one in delivery.commands]


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def id_of(name: str) -> str:
    return parked_id([command(ACME, name)])


def test_the_list_says_what_was_parked_and_why(run: Run) -> None:
    first, _ = printed(run("parked", "list", "acme", "--json"))

    assert (first["id"], first["reason"]) == (id_of("a1"), "because of a1")
    assert first["commands"] == [{"id": "a1", "kind": "create", "type": "User", "resource": "01" * 16}]


def test_the_list_shows_no_value_of_an_attribute(run: Run) -> None:
    assert "example.com" not in run("parked", "list", "acme").stdout


def test_a_replayed_command_is_taken_back_by_the_serving_process(run: Run, file: str) -> None:
    result = run("parked", "replay", "acme", id_of("a2"))

    assert (result.exit_code, "1 command was put back" in result.stdout) == (0, True)
    assert "serving process" in result.stderr
    assert asyncio.run(taken_back(file)) == ["a2"]
    assert [row["reason"] for row in printed(run("parked", "list", "acme", "--json"))] == ["because of a1"]


def test_all_are_discarded_when_somebody_says_so(run: Run) -> None:
    refused = run("parked", "discard", "acme", "--all")
    done = run("parked", "discard", "acme", "--all", "--yes")

    assert (refused.exit_code, done.exit_code) == (1, 0)
    assert "2 commands were thrown away" in done.stdout
    assert printed(run("parked", "list", "acme", "--json")) == []


@pytest.mark.parametrize("arguments", [[], ["123456789abc", "--all"]])
def test_it_has_to_be_said_what_is_meant(run: Run, arguments: list[str]) -> None:
    assert run("parked", "replay", "acme", *arguments).exit_code == 2


def test_what_is_not_parked_is_refused(run: Run) -> None:
    result = run("parked", "discard", "acme", "123456789abc")

    assert (result.exit_code, "123456789abc is not parked" in result.stderr) == (1, True)


def test_ids_that_are_not_parked_are_told_of_and_the_others_done(run: Run) -> None:
    result = run("parked", "discard", "acme", id_of("a1"), "123456789abc")

    assert (result.exit_code, "123456789abc is not parked" in result.stderr) == (0, True)
    assert "1 command was thrown away" in result.stdout
