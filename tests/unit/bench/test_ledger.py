"""Medians, ratios and verdicts of the report."""

import pytest

from bench.measuring import Ledger, Measurement
from bench.options import parse_options
from bench.report.goals import Goal, goals, per_second
from bench.report.machine import Machine
from bench.report.page import render_page
from bench.subjects.jackson import JACKSON
from bench.subjects.rollcall import DISTRIBUTED
from bench.suites import pace, tenants, traffic


def measured(subject: str, requests: int, *, round_number: int = 1, errors: int = 0) -> Measurement:
    return Measurement(
        subject=subject,
        suite="traffic",
        phase=traffic.SYNC,
        at_once=8,
        round=round_number,
        requests=requests,
        seconds=1.0,
        p50_ms=1.0,
        p95_ms=2.0,
        p99_ms=3.0,
        errors=errors,
        first_error="create: status 500" if errors else "",
        cpu_ms={"gateway": 0.5, "database": 0.25},
        peak_mib={"gateway": 60.0},
        parts={},
    )


def test_ratios_are_taken_inside_a_round_and_only_then_their_median() -> None:
    ours = [measured(DISTRIBUTED, requests, round_number=number) for number, requests in enumerate((100, 400, 900))]
    theirs = [measured(JACKSON, requests, round_number=number) for number, requests in enumerate((100, 200, 100))]

    assert Ledger().ratio(per_second, ours, theirs) == 2.0


def test_a_round_without_its_counterpart_makes_no_ratio() -> None:
    ours, theirs = measured(DISTRIBUTED, 100, round_number=1), measured(JACKSON, 100, round_number=2)

    assert Ledger().ratio(per_second, [ours], [theirs]) is None


@pytest.mark.parametrize(
    ("goal", "verdict"),
    [
        (Goal("rate", 4.0, 4.0, "× J"), "met"),
        (Goal("rate", 3.9, 4.0, "× J", floor=3.0), "floor met"),
        (Goal("rate", 2.9, 4.0, "× J", floor=3.0), "**missed**"),
        (Goal("time", 6.1, 6.0, "ms", is_upper=True), "**missed**"),
        (Goal("time", 6.0, 6.0, "ms", is_upper=True), "met"),
        (Goal("time", None, 6.0, "ms", is_upper=True), "not measured"),
    ],
)
def test_a_goal_says_whether_it_is_met(goal: Goal, verdict: str) -> None:
    assert goal.verdict == verdict


def test_a_goal_without_figures_is_not_measured() -> None:
    assert {goal.verdict for goal in goals(Ledger(), crowd=50_000, pending=100_000)} == {"not measured"}


def test_the_page_tells_ratios_errors_and_what_is_missing() -> None:
    ledger = Ledger([measured(DISTRIBUTED, 300, errors=2), measured(JACKSON, 100)])
    ledger.missing["S"] = "it would not start\nno module named skeleton"

    page = render_page(
        ledger, Machine("2026-01-01", "2 × CPU", 0.1, {"Python": "3.11"}, {}), parse_options(["--quick"])
    )

    assert "| initial sync, 8 at once | ≥ 1.5 × J | met | 3.00 |" in page
    assert "2; the first: `create: status 500`" in page
    assert "not measured: S (no module named skeleton)" in page


def test_a_choice_of_phases_runs_only_the_suites_that_have_them() -> None:
    options = parse_options(["--only", "look-up,PUT"])

    assert options.wants("traffic", traffic.PHASES)
    assert not options.wants("pace", pace.PHASES)
    assert options.chosen_of("traffic") == {"look-up", "put"}


def test_a_chosen_suite_runs_whole_and_alone() -> None:
    options = parse_options(["--only", "tenants"])

    assert options.wants("tenants", tenants.PHASES)
    assert not options.wants("pace", pace.PHASES)
    assert options.chosen_of("tenants") == frozenset()


def test_only_a_complete_run_may_replace_the_page() -> None:
    assert parse_options([]).is_complete
    assert not any(
        parse_options(arguments).is_complete
        for arguments in (["--quick"], ["--no-peers"], ["--shape", "embedded"], ["--only", "sync"])
    )
