"""Sharing lanes: nobody keeps more busy lanes than an even share."""

from schemas.ids import TenantId, WorkerId
from schemas.messages.notices import WorkerReported
from workers.balance import WorkerReports, excess_lanes


def lanes(*numbers: int) -> tuple[TenantId, ...]:
    return tuple(TenantId(f"t{number}") for number in numbers)


def report(worker: str, *busy: int, leaving: bool = False) -> WorkerReported:
    return WorkerReported(WorkerId(worker), lanes(*busy), executed=1, leaving=leaving)


def heard(*reports: WorkerReported, at: float = 0.0) -> WorkerReports:
    known = WorkerReports(WorkerId("me"), lifetime_seconds=6.0)
    for each in reports:
        known.hear(each, now=at)
    return known


def test_a_lone_worker_keeps_all_its_lanes() -> None:
    assert excess_lanes(lanes(1, 2, 3), heard().current(now=0)) == ()


def test_what_exceeds_an_even_share_is_handed_over() -> None:
    assert excess_lanes(lanes(1, 2, 3, 4), heard(report("other")).current(now=0)) == lanes(3, 4)


def test_a_lane_that_two_served_since_their_last_reports_counts_once() -> None:
    assert excess_lanes(lanes(1, 2), heard(report("other", 2, 3)).current(now=0)) == ()


def test_one_busy_lane_stays_where_it_is() -> None:
    assert excess_lanes(lanes(1), heard(report("a"), report("b")).current(now=0)) == ()


def test_silent_and_leaving_workers_have_no_share() -> None:
    known = heard(report("silent"), report("leaving"))
    known.hear(report("leaving", leaving=True), now=5.0)
    assert excess_lanes(lanes(1, 2), known.current(now=7.0)) == ()


def test_ones_own_report_is_no_other_worker() -> None:
    assert heard(report("me", 1)).current(now=0) == {}


def test_four_workers_come_to_even_shares_in_a_few_rounds() -> None:
    """What a worker hands over goes to the next in line: worker 0 has all 40 lanes at first."""
    shares = [list(lanes(*range(40))), [], [], []]
    for _ in range(4):
        reports = [WorkerReported(WorkerId(str(n)), tuple(share), 1) for n, share in enumerate(shares)]
        for number, share in enumerate(list(map(tuple, shares))):
            others = {each.worker: each for each in reports if each.worker != str(number)}
            for lane in excess_lanes(share, others):
                shares[number].remove(lane)
                shares[(number + 1) % 4].append(lane)
    assert max(map(len, shares)) <= 20
