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


def test_a_sandbox_that_forbids_it_is_told_and_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", forbidden)
    with capture_logs() as logs:
        be_scheduled("batch")

    assert [(entry["event"], entry["cause"]) for entry in logs] == [
        ("The scheduling policy stays as it is", "Operation not permitted")
    ]
