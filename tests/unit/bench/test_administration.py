"""An administrator's work, measured: commands as they are used, and a worker's memory over the time of a release."""

from pathlib import Path

import pytest

from bench.measuring import Ledger
from bench.options import parse_options
from bench.report.goals import goals
from bench.report.machine import Machine
from bench.report.page import render_page
from bench.subjects.command_line import CommandFailedError, CommandLine
from bench.subjects.rollcall import DISTRIBUTED, EMBEDDED
from bench.suites import administration
from bench.suites.administration import growth_of

MACHINE = Machine("2026-01-01", "2 × CPU", 0.1, {"Python": "3.11"}, {})


@pytest.fixture
def command_line(tmp_path: Path) -> CommandLine:
    return CommandLine(
        {
            "ROLLCALL_STORE_URL": f"sqlite:///{tmp_path}/rollcall.db",
            "ROLLCALL_BUS_URL": "inprocess://",
            "ROLLCALL_DATA": str(tmp_path),
        }
    )


def test_a_command_tells_what_it_answered_how_long_it_took_and_what_it_held(command_line: CommandLine) -> None:
    looks: list[None] = []
    ran = command_line.run("tenant", "create", "acme", look=lambda: looks.append(None))

    assert ran.answer["id"] == "acme"
    assert ran.seconds > 0
    # An interpreter with the command line in it.
    assert ran.peak_mib > 20
    assert looks


def test_a_command_that_fails_is_no_figure(command_line: CommandLine) -> None:
    with pytest.raises(CommandFailedError, match="there is no tenant named nobody"):
        command_line.run("preview", "nobody")


def test_growth_is_what_is_held_at_the_end_beyond_a_quarter_of_the_time() -> None:
    assert growth_of([50.0, 80.0, 82.0, 83.0, 85.0]) == 5.0
    assert growth_of([80.0]) == 0.0


def test_an_administrators_goals_are_held_against_each_shape() -> None:
    ledger = Ledger(
        notes={
            DISTRIBUTED: {administration.RELEASED_PER_SECOND: 3_300.0, administration.PREVIEW_SECONDS: 6.0},
            EMBEDDED: {administration.RELEASED_PER_SECOND: 1_400.0},
        }
    )

    verdicts = {goal.what: goal.verdict for goal in goals(ledger, crowd=50_000, pending=100_000)}

    assert verdicts["release: accounts per second, 100,000 people, distributed"] == "met"
    assert verdicts["release: accounts per second, 100,000 people, embedded"] == "**missed**"
    assert verdicts["preview: seconds, 100,000 people, distributed"] == "**missed**"
    assert verdicts["drift: seconds, 100,000 people, embedded"] == "not measured"


def test_the_page_tells_of_an_administrators_work_where_it_was_measured() -> None:
    ledger = Ledger(notes={EMBEDDED: {administration.RELEASED_PER_SECOND: 5_100.0, administration.DRIFT_SECONDS: 3.2}})

    page = render_page(ledger, MACHINE, parse_options(["--only", "administration", "--crowd", "2000"]))

    assert "## An administrator's work on 2,000 people" in page
    assert "| drift: seconds | 3.20 |" in page
    assert "An administrator's work" not in render_page(Ledger(), MACHINE, parse_options([]))
