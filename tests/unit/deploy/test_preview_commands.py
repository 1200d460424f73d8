"""``rollcall preview``, ``plan`` and ``mode --plan``: what they print, write and refuse."""

import asyncio
import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from schemas.ids import TenantId
from tenants.administration.plans import PlanAdministration
from tenants.plans.plan import Plan
from tenants.policies.settings import Deprovisioning, OperationMode
from tests.support.at_work import at_work
from tests.support.lane import Lane
from tests.support.stores import open_sqlite_stores

Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROLLCALL_DATA", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    """Run a command over two tenants; at acme ann is to be erased, bob to be created, and both are pending."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    run("tenant", "create", "acme", "--mode", "sync", "--deprovisioning", "delete")
    run("tenant", "create", "globex")
    asyncio.run(_history(folder))
    return run


async def _history(folder: Path) -> None:
    (file,) = (folder / "data").glob("*.sqlite")
    async with open_sqlite_stores(str(file)) as stores:
        lane = Lane(stores, TenantId("acme"))
        ann = await lane.made(lane.create(userName="ann"))
        await lane.set_policies(mode=OperationMode.DRY_RUN, deprovisioning=Deprovisioning.DELETE)
        await lane.made(lane.delete(ann.resource_id))
        await lane.made(lane.create(userName="=bob"))


async def _have_created(folder: Path, name: str) -> None:
    (file,) = (folder / "data").glob("*.sqlite")
    async with open_sqlite_stores(str(file)) as stores:
        lane = Lane(stores, TenantId("acme"))
        for _ in range(10):
            lane.create(userName="nobody")
        await lane.made(lane.create(userName=name))


async def _have_eve_erased(folder: Path) -> None:
    """Have one more person erased, whom no plan names."""
    (file,) = (folder / "data").glob("*.sqlite")
    async with open_sqlite_stores(str(file)) as stores:
        other = Lane(stores, TenantId("acme"))
        for _ in range(10):
            other.create(userName="nobody")
        await other.set_policies(mode=OperationMode.SYNC)
        eve = await other.made(other.create(userName="eve"))
        await other.set_policies(mode=OperationMode.DRY_RUN)
        await other.made(other.delete(eve.resource_id))


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_preview_counts_and_lists(run: Run) -> None:
    shown = printed(run("preview", "acme", "--json"))
    assert {kind: count for kind, count in shown["counts"].items() if count} == {"create": 1, "erase": 1}
    assert [(item["name"], item["counts_as"]) for item in shown["items"]] == [("=bob", ["create"]), ("ann", ["erase"])]
    assert printed(run("preview", "globex", "--json"))["items"] == []


def test_the_preview_says_it_in_words(run: Run) -> None:
    assert "1 people created · 1 erased for good" in run("preview", "acme").stdout
    assert run("preview", "globex").stdout == "Nothing is pending.\n"


def test_the_preview_shows_names_that_look_like_markup(run: Run, folder: Path) -> None:
    asyncio.run(_have_created(folder, "[/bold]"))
    assert "[/bold]" in run("preview", "acme").stdout


def test_a_name_does_nothing_to_the_terminal(run: Run, folder: Path) -> None:
    asyncio.run(_have_created(folder, "\x1b[2J\x9b\u202ee"))
    shown = run("preview", "acme").stdout
    assert "\ufffd[2J\ufffd\ufffde" in shown
    assert not {"\x1b", "\x9b", "\u202e"} & set(shown)


def test_the_preview_is_filtered_and_paged(run: Run) -> None:
    (erased,) = printed(run("preview", "acme", "--effect", "erase", "--json"))["items"]
    assert erased["name"] == "ann"
    assert printed(run("preview", "acme", "--hold", "guard", "--json"))["items"] == []
    first = printed(run("preview", "acme", "--limit", "1", "--json"))
    rest = printed(run("preview", "acme", "--after", first["next"], "--json"))
    assert [item["name"] for item in (*first["items"], *rest["items"])] == ["=bob", "ann"]
    assert printed(run("preview", "acme", "--search", "BOB", "--limit", "0", "--json"))["items"] == []


def test_the_whole_filter_is_written_to_files(run: Run, folder: Path) -> None:
    assert run("preview", "acme", "--csv", str(folder / "p.csv"), "--limit", "1").exit_code == 0
    with (folder / "p.csv").open(encoding="utf-8", newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["'=bob", "ann"]
    lines = run("preview", "acme", "--jsonl", "-", "--search", "ann").stdout.splitlines()
    assert [json.loads(line)["effects"] for line in lines] == [["erase"]]


def test_a_plan_is_made_and_shown_with_whom_it_erases(run: Run) -> None:
    made = printed(run("plan", "create", "acme", "--json"))
    assert printed(run("plan", "show", "acme", "--json")) == made
    assert (made["counts"], made["erasures"], [item["kind"] for item in made["items"]]) == (
        {"create": 1, "erase": 1},
        1,
        ["erase"],
    )
    assert f"rollcall mode acme sync --plan {made['id']} --erase 1" in run("plan", "show", "acme", made["id"]).stdout


def test_a_plan_with_erasures_goes_to_sync_only_with_their_number(run: Run) -> None:
    plan = printed(run("plan", "create", "acme", "--json"))["id"]
    refused = run("mode", "acme", "sync", "--plan", plan, "--no-wait")
    assert (refused.exit_code, "--erase 1" in refused.stderr) == (1, True)
    assert printed(run("tenant", "show", "acme", "--json"))["mode"] == "dry_run"
    assert run("mode", "acme", "sync", "--plan", plan, "--erase", "1", "--no-wait").exit_code == 0
    assert printed(run("tenant", "show", "acme", "--json"))["mode"] == "sync"


def test_a_stale_plan_names_who_is_new_and_offers_another(run: Run, folder: Path) -> None:
    plan = printed(run("plan", "create", "acme", "--json"))["id"]
    asyncio.run(_have_eve_erased(folder))
    refused = run("mode", "acme", "sync", "--plan", plan, "--erase", "1", "--no-wait")
    assert refused.exit_code == 1
    assert "the plan is stale: 1 that it does not name" in refused.stderr
    assert ("erase eve" in refused.stderr, "ann" in refused.stderr) == (True, False)
    fresh = printed(run("plan", "show", "acme", "--json"))["id"]
    assert fresh in refused.stderr
    assert run("mode", "acme", "sync", "--plan", fresh, "--erase", "2", "--no-wait").exit_code == 0


def test_who_comes_between_confirming_and_the_switch_is_named_and_stays(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirm = PlanAdministration.confirm

    async def confirm_and_let_eve_in(*arguments: Any, **options: Any) -> Plan:
        plan = await confirm(*arguments, **options)
        await _have_eve_erased(folder)
        return plan

    plan = printed(run("plan", "create", "acme", "--json"))["id"]
    with at_work():
        with monkeypatch.context() as patch:
            patch.setattr(PlanAdministration, "confirm", confirm_and_let_eve_in)
            switched = run("mode", "acme", "sync", "--plan", plan, "--erase", "1", "--json")
        assert (switched.exit_code, "1 of 3 were not done" in switched.stderr) == (1, True)
        assert "the plan is stale" in json.loads(switched.stdout)["failures"][0]["reason"]
        assert [row["login"] for row in printed(run("accounts", "list", "acme", "--json"))] == ["=bob", "eve"]
        (held,) = printed(run("preview", "acme", "--hold", "unreviewed", "--json"))["items"]
        assert (held["name"], held["counts_as"]) == ("eve", ["erase"])
        fresh = printed(run("plan", "create", "acme", "--json"))["id"]
        assert run("mode", "acme", "sync", "--plan", fresh, "--erase", "1").exit_code == 0
        assert [row["login"] for row in printed(run("accounts", "list", "acme", "--json"))] == ["=bob"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("preview", "nobody"), 1),
        (("preview", "nobody", "--csv", "-"), 1),
        (("preview", "acme", "--after", "somewhere"), 1),
        (("preview", "acme", "--csv", "-", "--jsonl", "-"), 2),
        (("plan", "create", "nobody"), 1),
        (("plan", "show", "globex"), 1),
        (("plan", "show", "acme", "nothing"), 1),
        (("mode", "acme", "sync", "--plan", "nothing"), 1),
        (("mode", "acme", "dry-run", "--plan", "nothing"), 2),
        (("mode", "acme", "dry-run", "--erase", "1"), 2),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(run: Run, arguments: tuple[str, ...], code: int) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.startswith("rollcall: ")


def test_nobody_is_erased_by_a_switch_that_does_not_say_how_many(run: Run) -> None:
    for refused in (
        run("mode", "acme", "sync", "--yes"),
        run("mode", "acme", "sync", "--yes", "--erase", "2"),
        run("tenant", "set", "acme", "--mode", "sync"),
    ):
        assert (refused.exit_code, "--erase 1" in refused.stderr) == (1, True)
    assert run("mode", "acme", "sync", "--yes", "--erase", "1", "--no-wait").exit_code == 0
