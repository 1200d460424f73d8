"""The benchmark's percentiles, summaries and medians."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.load.statistics import Summary, median_or_none, percentile, summarise

LATENCIES = st.lists(st.floats(min_value=0, max_value=60), min_size=1).map(sorted)


def test_a_percentile_is_the_smallest_value_that_so_many_percent_do_not_exceed() -> None:
    values = [float(value) for value in range(1, 201)]

    assert [percentile(values, percent) for percent in (0.5, 50, 95, 99, 100)] == [1, 100, 190, 198, 200]


@given(values=LATENCIES, percent=st.floats(min_value=0.1, max_value=100))
def test_a_percentile_is_one_of_the_values_and_covers_its_share(values: list[float], percent: float) -> None:
    found = percentile(values, percent)

    assert found in values
    assert sum(value <= found for value in values) >= len(values) * percent / 100 - 1e-9


@pytest.mark.parametrize("percent", [0, -1, 100.1])
def test_what_is_no_percentage_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="percentage"):
        percentile([1.0], percent)


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="No values"):
        percentile([], 50)


def test_a_summary_does_not_depend_on_the_order_of_the_latencies() -> None:
    latencies = [0.004, 0.001, 0.003, 0.002]

    assert summarise(latencies) == summarise(sorted(latencies)) == Summary(4, p50_ms=2.0, p95_ms=4.0, p99_ms=4.0)


def test_the_summary_of_nothing_counts_nothing() -> None:
    assert summarise([]).requests == 0


def test_the_median_lies_in_the_middle_or_is_missing() -> None:
    assert median_or_none([3.0, 1.0, 100.0]) == 3.0
    assert median_or_none([]) is None
