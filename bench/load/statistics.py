"""Percentiles, medians and the summary of one kind of exchange."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    """What one kind of exchange did under load."""

    requests: int
    """Exchanges answered as expected."""
    p50_ms: float
    p95_ms: float
    p99_ms: float


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile of ascending values: the smallest one that so many percent do not exceed.

    Raises:
        ValueError: there are no values, or the percentage is not above 0 and at most 100.
    """
    if not ordered:
        raise ValueError("No values, no percentile")
    if not 0 < percent <= 100:
        raise ValueError(f"{percent} is no percentage above 0")
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]


def summarise(latencies_seconds: Sequence[float]) -> Summary:
    """Return the summary of latencies in any order; zeros when there are none."""
    if not latencies_seconds:
        return Summary(0, 0.0, 0.0, 0.0)
    ordered = sorted(latencies_seconds)
    p50, p95, p99 = (percentile(ordered, percent) * 1000 for percent in (50, 95, 99))
    return Summary(len(ordered), p50, p95, p99)


def median_or_none(values: Sequence[float]) -> float | None:
    """Return the median; None when there are no values."""
    return statistics.median(values) if values else None
