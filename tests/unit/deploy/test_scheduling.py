import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs

from deploy.scheduling import be_scheduled


@pytest.mark.parametrize(("policy", "expected"), [("batch", os.SCHED_BATCH), ("normal", os.SCHED_OTHER)])
def test_a_thread_is_scheduled_as_asked(policy: str, expected: int) -> None:
    with ThreadPoolExecutor(1) as thread:
        thread.submit(be_scheduled, policy).result()

        assert thread.submit(os.sched_getscheduler, 0).result() == expected


@pytest.mark.parametrize("missing", ["sched_setscheduler", "SCHED_BATCH"])
def test_where_there_is_no_such_policy_nothing_is_done(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.delattr(os, missing)
    before = os.sched_getscheduler(0)

    be_scheduled("batch")

    assert os.sched_getscheduler(0) == before


def test_a_sandbox_that_forbids_it_is_told_and_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", forbidden)
    with capture_logs() as logs:
        be_scheduled("batch")

    assert [(entry["event"], entry["cause"]) for entry in logs] == [
        ("The scheduling policy stays as it is", "Operation not permitted")
    ]
